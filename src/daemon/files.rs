//! Whether files have changed: by their times and sizes, without reading them.

use std::collections::{BTreeMap, BTreeSet};
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
    // Links may lead around in circles.
    let mut seen = BTreeSet::new();
    for path in paths {
        add(path, DEEPEST, &mut look, &mut seen);
    }
    look
}

fn add(path: &Path, deep: usize, look: &mut Look, seen: &mut BTreeSet<PathBuf>) {
    let found = fs::metadata(path).ok();
    let time = |found: &fs::Metadata| Some((found.modified().ok()?, found.len()));
    look.insert(path.to_owned(), found.as_ref().and_then(time));
    let is_new =
        |seen: &mut BTreeSet<PathBuf>| path.canonicalize().is_ok_and(|real| seen.insert(real));
    if deep > 0 && found.is_some_and(|found| found.is_dir()) && is_new(seen) {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            add(&entry.path(), deep - 1, look, seen);
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

    #[test]
    fn folders_that_links_lead_to_are_looked_into_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in ["a", "b", "c"] {
            fs::create_dir(path.join(name)).unwrap();
            for other in ["a", "b", "c"] {
                std::os::unix::fs::symlink(path.join(other), path.join(name).join(other)).unwrap();
            }
        }
        let seen = look(&[path.to_owned()]);
        assert!(seen.len() <= 1 + 3 + 9, "{}", seen.len());
        assert!(seen.contains_key(&path.join("a")) && seen.contains_key(&path.join("c")));
    }
}
