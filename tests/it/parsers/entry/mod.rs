//! Everything that comes in from outside as bytes, each with one function that feeds it to the program and holds what
//! becomes of it against what is promised for any bytes at all.
//!
//! The property tests, the corpus and the targets of `fuzz/` call the same functions. They panic when a promise is
//! broken, and otherwise say whether the bytes were taken.

pub(crate) mod answers;
pub(crate) mod daemon_config;
pub(crate) mod manifest;
pub(crate) mod problems;
pub(crate) mod saved_plan;
pub(crate) mod schema;
pub(crate) mod seal;
pub(crate) mod state;

use std::path::PathBuf;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use trunkline::model::is_harmful;

/// What became of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Taken {
    /// The program takes them for what they are to be.
    Accepted,
    /// The program refuses them, and says why.
    Refused,
}

/// What takes bytes in.
pub(crate) type Entry = fn(&[u8]) -> Taken;

/// Every entry point, by the name of its fuzz target and of its part of the corpus.
pub(crate) const ALL: [(&str, Entry); 5] = [
    ("answers", answers::answers),
    ("daemon_config", daemon_config::daemon_config),
    ("manifest", manifest::manifest),
    ("saved_plan", saved_plan::saved_plan),
    ("state", state::state),
];

thread_local! {
    /// A folder of this thread, which goes away with it.
    static FOLDER: TempDir = TempDir::new().unwrap();
    static RUNTIME: Runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

/// Where a file of this name is for this thread.
pub(crate) fn path(name: &str) -> PathBuf {
    FOLDER.with(|folder| folder.path().join(name))
}

/// Writes a file of this thread.
pub(crate) fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Runs something to its end, here.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// What is said to people moves no cursor, turns no direction, and ends no line but between things.
pub(crate) fn assert_harmless(said: &str) {
    assert!(!said.is_empty(), "nothing is said");
    let harmful = said.chars().find(|c| is_harmful(*c) && *c != '\n');
    assert_eq!(harmful, None, "{said:?}");
}
