//! Detection of changed files by modification time and size, without reading them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The depth to which folders are followed.
const DEEPEST: usize = 16;

/// The modification times and sizes of files and folders. `None` for a missing one.
pub(in crate::daemon) type Snapshot = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// Takes a snapshot of files, and of everything below folders.
pub(in crate::daemon) fn snapshot(paths: &[PathBuf]) -> Snapshot {
    let mut snapshot = Snapshot::new();
    // Links may form a cycle.
    let mut seen = BTreeSet::new();
    for path in paths {
        add(path, DEEPEST, &mut snapshot, &mut seen);
    }
    snapshot
}

fn add(path: &Path, deep: usize, snapshot: &mut Snapshot, seen: &mut BTreeSet<PathBuf>) {
    let found = fs::metadata(path).ok();
    let time = |found: &fs::Metadata| Some((found.modified().ok()?, found.len()));
    snapshot.insert(path.to_owned(), found.as_ref().and_then(time));
    let is_new =
        |seen: &mut BTreeSet<PathBuf>| path.canonicalize().is_ok_and(|real| seen.insert(real));
    if deep > 0 && found.is_some_and(|found| found.is_dir()) && is_new(seen) {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            add(&entry.path(), deep - 1, snapshot, seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_anywhere_below_a_folder_is_detected() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let paths = [folder.path().to_owned(), folder.path().join("missing")];
        let before = snapshot(&paths);
        assert_eq!(snapshot(&paths), before);
        fs::write(below.join("c.yaml"), "1").unwrap();
        let with = snapshot(&paths);
        assert_ne!(with, before);
        fs::write(below.join("c.yaml"), "12").unwrap();
        assert_ne!(snapshot(&paths), with);
    }

    #[test]
    fn linked_folders_are_followed_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in ["a", "b", "c"] {
            fs::create_dir(path.join(name)).unwrap();
            for other in ["a", "b", "c"] {
                std::os::unix::fs::symlink(path.join(other), path.join(name).join(other)).unwrap();
            }
        }
        let seen = snapshot(&[path.to_owned()]);
        assert!(seen.len() <= 1 + 3 + 9, "{}", seen.len());
        assert!(seen.contains_key(&path.join("a")) && seen.contains_key(&path.join("c")));
    }
}
