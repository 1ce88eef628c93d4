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
    // What YAML takes for the end of a line; the last line may be the empty one behind the last end.
    let lines: Vec<&str> =
        text.split('\n').flat_map(|line| line.trim_end_matches('\r').split('\r')).collect();
    let number = usize::try_from(*line).unwrap();
    assert!((1..=lines.len() + 1).contains(&number), "line {line} of {text:?}");
    let length = lines.get(number - 1).map_or(0, |line| line.chars().count());
    let column = usize::try_from(*column).unwrap();
    assert!((1..=length + 2).contains(&column), "{line}:{column} of {text:?}");
    if let Some(Excerpt { text: shown, mark }) = excerpt {
        assert!(shown.get(mark.clone()).is_some(), "{mark:?} of {shown:?}");
        assert!(!shown.contains(['\n', '\r']), "{shown:?}");
    }
}
