//! Whether files have changed: by their times and sizes, without reading them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders are looked into no deeper than this.
const DEEPEST: usize = 16;

/// How some files and folders looked at a time.
pub(super) type Look = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// Looks at files, and at all that is below folders. One that is not there looks like none.
pub(super) fn look(paths: &[PathBuf]) -> Look {
    let mut look = Look::new();
    for path in paths {
        add(path, DEEPEST, &mut look);
    }
    look
}

fn add(path: &Path, deep: usize, look: &mut Look) {
    let found = fs::metadata(path).ok();
    let time = |found: &fs::Metadata| Some((found.modified().ok()?, found.len()));
    look.insert(path.to_owned(), found.as_ref().and_then(time));
    if deep > 0 && found.is_some_and(|found| found.is_dir()) {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            add(&entry.path(), deep - 1, look);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_anywhere_below_is_noticed_and_none_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let paths = [folder.path().to_owned(), folder.path().join("missing")];
        let before = look(&paths);
        assert_eq!(look(&paths), before);
        fs::write(below.join("c.yaml"), "1").unwrap();
        let with = look(&paths);
        assert_ne!(with, before);
        fs::write(below.join("c.yaml"), "12").unwrap();
        assert_ne!(look(&paths), with);
    }
}
