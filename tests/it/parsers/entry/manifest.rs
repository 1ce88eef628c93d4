//! A manifest: what is read of it, `fmt`, the schema, and what the program writes itself.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use trunkline::manifest::{self, Formatted, Layout};
use trunkline::model::Desired;

use super::problems::assert_sound;
use super::{Taken, file, schema};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&manifest::schema()).unwrap());

/// Takes a manifest file.
///
/// One that is accepted means the same after `fmt`, which is done once, and when what it means is written anew;
/// and the schema accepts it too. One that is refused is so for reasons, each at a place of it.
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
            assert_written_anew(&desired);
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
    let [Formatted { path: _, text, state }] = &formatted[..] else { panic!("one file") };
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

/// What the program writes of it, as `import` does, is read as the same, and is canonical.
fn assert_written_anew(desired: &Desired) {
    let text = manifest::canonical(desired);
    assert_eq!(parse(&text), *desired, "{text}");
    let again = format(&file("written.yaml", text.as_bytes()));
    assert_eq!(again, (text, Layout::Canonical));
}
