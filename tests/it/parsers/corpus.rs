//! The corpus of `fuzz/`, through the same entry points: a file is named by what has to become of it.

use std::fs;
use std::path::{Path, PathBuf};

use super::entry::{ALL, Entry, Taken};

/// A folder of the corpus has no more files than a person can look through.
const MOST: usize = 40;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name)
}

fn replay(name: &str, entry: Entry) {
    let (mut accepted, mut refused) = (0, 0);
    for file in fs::read_dir(folder(name)).unwrap().map(|file| file.unwrap().path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.len() < 64 << 10, "{} is too large to be looked at", file.display());
        let taken = std::panic::catch_unwind(|| entry(&bytes));
        let taken = taken.unwrap_or_else(|_| panic!("{} breaks a promise", file.display()));
        match (taken, file.file_name().and_then(|name| name.to_str()).unwrap()) {
            (Taken::Accepted, name) if name.starts_with("accepted-") => accepted += 1,
            (Taken::Refused, name) if name.starts_with("refused-") => refused += 1,
            (taken, _) => panic!("{} is {taken:?}", file.display()),
        }
    }
    assert!(accepted >= 2 && refused >= 5, "{name}: {accepted} accepted, {refused} refused");
    assert!(accepted + refused <= MOST, "{name}: {accepted} and {refused} are too many");
}

#[test]
fn everything_in_the_corpus_is_accepted_or_refused_as_its_name_says() {
    for (name, entry) in ALL {
        replay(name, entry);
    }
}

#[test]
fn every_entry_point_has_a_target_and_a_corpus_and_there_are_no_others() {
    let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
    let names = |path: PathBuf| {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> =
            entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(folder("")), known);
    assert_eq!(names(folder("../fuzz_targets")), known);
}
