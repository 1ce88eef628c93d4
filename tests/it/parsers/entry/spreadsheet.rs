//! A spreadsheet, saved as CSV.

use std::path::Path;

use trunkline::manifest::{self, Sheet, SheetKind, SheetProblems, read_sheet};
use trunkline::model::is_harmful;

use super::problems::assert_sound;
use super::{Taken, file};

/// Reads a spreadsheet.
///
/// The text of an accepted one is a manifest in canonical layout with the same entries. A refused one has problems with
/// positions, and no problem shows cells that it is not about.
pub(crate) fn spreadsheet(bytes: &[u8]) -> Taken {
    let path = Path::new("sheet.csv");
    let read = |bytes: &[u8], kind| read_sheet(path, bytes.to_vec(), kind);
    let sheet = read(bytes, None);
    if !bytes.starts_with("\u{feff}".as_bytes()) {
        let marked = read(&["\u{feff}".as_bytes(), bytes].concat(), None);
        // A workbook or another encoding is recognized by its first bytes.
        let same =
            marked == sheet || std::str::from_utf8(bytes).is_err() || bytes.starts_with(b"PK");
        assert!(same, "a byte order mark changes it: {marked:?}\n{sheet:?}");
    }
    match sheet {
        Ok(sheet) => {
            assert_written(&sheet);
            assert_eq!(read(bytes, Some(sheet.kind)).as_ref(), Ok(&sheet));
            Taken::Accepted
        }
        Err(SheetProblems { first, more }) => {
            assert_sound(&first, path, bytes);
            assert!(first.0.len() == 50 || first.0.len() < 50 && more == 0);
            let excerpt = |problem: &manifest::Problem| {
                problem.place.as_ref().is_some_and(|place| place.excerpt.is_some())
            };
            assert!(!first.0.iter().any(excerpt), "{first:?}");
            Taken::Refused
        }
    }
}

fn assert_written(sheet: &Sheet) {
    let (expected, other) = match sheet.kind {
        SheetKind::Accounts => (sheet.accounts.len(), sheet.users.len()),
        SheetKind::Users => (sheet.users.len(), sheet.accounts.len()),
    };
    assert!(expected == sheet.count() && expected > 0 && other == 0, "{sheet:?}");
    let text = sheet.yaml("acme");
    let harmful = text.chars().find(|c| is_harmful(*c) && *c != '\n');
    assert_eq!(harmful, None, "{text:?}");
    let path = file("sheet.yaml", text.as_bytes());
    assert_eq!(manifest::load(&path).as_ref(), Ok(&sheet.desired("acme")), "{text}");
    let formatted = manifest::format(&path).unwrap();
    assert_eq!(formatted[0].state, manifest::Layout::Canonical, "{text}");
}
