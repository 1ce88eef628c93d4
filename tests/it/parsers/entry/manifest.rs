//! A manifest: reading, `fmt`, the schema, and the canonical text.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use trunkline::manifest::{self, Formatted, Layout};
use trunkline::model::Desired;

use super::problems::assert_sound;
use super::{Taken, file, schema};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&manifest::schema()).unwrap());

/// Reads a manifest file.
///
/// An accepted one keeps its meaning after `fmt`, which is idempotent, and in its canonical text, and the schema
/// accepts it. A refused one has problems with positions in the file.
pub(crate) fn manifest(bytes: &[u8]) -> Taken {
    let path = file("manifest.yaml", bytes);
    let read = manifest::load(&path);
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert_eq!(manifest::parse(&path, text), read, "a text is not what a file with it is");
    }
    match read {
        Ok(desired) => {
            let text = std::str::from_utf8(bytes).unwrap();
            assert_formatted(&path, text, &desired);
            assert_rewritten(&desired);
            let misfits = schema::misfits(&SCHEMA, text);
            assert_eq!(
                misfits,
                Vec::<String>::new(),
                "the schema refuses what is accepted: {text}"
            );
            Taken::Accepted
        }
        Err(problems) => {
            assert_sound(&problems, &path, bytes);
            assert_eq!(manifest::format(&path), Err(problems), "what is refused is formatted");
            Taken::Refused
        }
    }
}

fn parse(text: &str) -> Desired {
    manifest::parse(Path::new("manifest.yaml"), text)
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn format(path: &Path) -> (String, Layout) {
    let formatted = manifest::format(path).unwrap();
    let [Formatted { text, state, .. }] = &formatted[..] else { panic!("one file") };
    (text.clone(), *state)
}

fn assert_formatted(path: &Path, text: &str, desired: &Desired) {
    let (new, state) = format(path);
    assert_eq!(parse(&new), *desired, "fmt changes the meaning of {text}\nto that of {new}");
    let before = text.strip_prefix('\u{feff}').unwrap_or(text);
    assert_eq!(new != before, state == Layout::Changed, "{text}");
    if state == Layout::Changed {
        let again = format(&file("formatted.yaml", new.as_bytes()));
        assert_eq!(again, (new, Layout::Canonical), "fmt is not done at once with {text}");
    }
}

/// Checks that the canonical text has the same meaning, and that `fmt` does not change it.
fn assert_rewritten(desired: &Desired) {
    let text = manifest::canonical(desired);
    assert_eq!(parse(&text), *desired, "{text}");
    let again = format(&file("written.yaml", text.as_bytes()));
    assert_eq!(again, (text, Layout::Canonical));
}
