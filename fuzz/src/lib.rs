//! The entry points of the tests, for the targets: what is tried here is held against the very same promises.

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/it/parsers/entry/mod.rs"]
mod entry;
mod support;

/// Feeds bytes to the entry point of this name.
pub fn take(name: &str, bytes: &[u8]) {
    let (_, entry) = entry::ALL.into_iter().find(|(known, _)| *known == name).expect("a target");
    entry(bytes);
}
