//! What holds for the problems of any YAML file that is read with places.

use std::path::Path;

use trunkline::manifest::{Excerpt, Place, Problem, Problems, Related};
use trunkline::report::{self, Style};

use super::assert_harmless;

/// Problems name this file and places that it has, and can be shown.
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

/// The place is one of the text: a line, and a column of it or the one behind its last.
fn assert_within(place: &Place, text: &str) {
    let Place { line, column, excerpt } = place;
    // To YAML a carriage return alone ends a line too; to a file that is no text it does not.
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
