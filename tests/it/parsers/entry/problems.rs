//! Checks of the problems of any YAML file.

use std::path::Path;

use trunkline::manifest::{Excerpt, Position, Problem, Problems, Related};
use trunkline::report::{self, Style};

use super::assert_harmless;

/// Checks that problems name the file and positions within it, and can be shown.
pub(crate) fn assert_sound(problems: &Problems, path: &Path, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    assert!(!problems.0.is_empty(), "refused, and nothing is wrong: {text:?}");
    for Problem { kind: _, file, place, message, hint, related } in &problems.0 {
        assert_eq!(file, path);
        assert!(!message.is_empty() && hint.as_ref().is_none_or(|hint| !hint.is_empty()));
        let others = related.iter().map(|Related { file, place, message }| {
            assert!(file == path && !message.is_empty());
            place
        });
        place.iter().chain(others).for_each(|place| assert_within(place, text));
    }
    assert_harmless(&problems.to_string());
    for colour in [false, true] {
        assert!(!report::problems(problems, Style { colour }).is_empty());
    }
}

/// Checks that the position is a line of the text, and a column of it or the one after the last.
fn assert_within(place: &Position, text: &str) {
    let Position { line, column, excerpt } = place;
    // A lone carriage return ends a line in YAML, but not in a file that is not UTF-8.
    let of_yaml = text.replace("\r\n", "\n").replace('\r', "\n");
    let (line, column) = (usize::try_from(*line).unwrap(), usize::try_from(*column).unwrap());
    let is_of = |text: &str| {
        let length = text.split('\n').nth(line - 1).map_or(0, |line| line.chars().count());
        line <= text.split('\n').count() + 1 && (1..=length + 2).contains(&column)
    };
    assert!(line > 0 && (is_of(text) || is_of(&of_yaml)), "{line}:{column} of {text:?}");
    if let Some(Excerpt { text: shown, mark }) = excerpt {
        assert!(shown.get(mark.clone()).is_some(), "{mark:?} of {shown:?}");
        assert!(!shown.contains(['\n', '\r']), "{shown:?}");
    }
}
