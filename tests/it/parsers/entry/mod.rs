//! The inputs from outside, each with a function that feeds bytes to the program and checks the promises for any
//! input.
//!
//! The property tests, the corpus and the targets of `fuzz/` call the same functions. They panic when a promise is
//! broken, and otherwise return whether the bytes were accepted.

pub(crate) mod answers;
pub(crate) mod daemon_config;
pub(crate) mod manifest;
pub(crate) mod problems;
pub(crate) mod saved_plan;
pub(crate) mod schema;
pub(crate) mod seal;
pub(crate) mod spreadsheet;
pub(crate) mod state;

use std::path::PathBuf;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use trunkline::model::is_harmful;

/// The result of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Taken {
    /// The program accepted it.
    Accepted,
    /// The program refused it with a reason.
    Refused,
}

/// A function that feeds bytes to the program.
pub(crate) type Entry = fn(&[u8]) -> Taken;

/// Every entry point, by the name of its fuzz target and of its part of the corpus.
pub(crate) const ALL: [(&str, Entry); 6] = [
    ("answers", answers::answers),
    ("daemon_config", daemon_config::daemon_config),
    ("manifest", manifest::manifest),
    ("saved_plan", saved_plan::saved_plan),
    ("spreadsheet", spreadsheet::spreadsheet),
    ("state", state::state),
];

thread_local! {
    /// A folder of this thread, which goes away with it.
    static FOLDER: TempDir = TempDir::new().unwrap();
    static RUNTIME: Runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

/// The path of a file of this thread.
pub(crate) fn path(name: &str) -> PathBuf {
    FOLDER.with(|folder| folder.path().join(name))
}

/// Writes a file of this thread.
pub(crate) fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Runs a future to completion.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Checks that a message contains no harmful characters except line breaks.
pub(crate) fn assert_harmless(said: &str) {
    assert!(!said.is_empty(), "nothing is said");
    let harmful = said.chars().find(|c| is_harmful(*c) && *c != '\n');
    assert_eq!(harmful, None, "{said:?}");
}
