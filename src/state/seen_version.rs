//! The version of a state that was read or written last.

use std::sync::{Arc, Mutex, PoisonError};

/// The version with the digest of its text, if it is known. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct SeenVersion<V>(Arc<Mutex<Option<(String, V)>>>);

impl<V: Clone> SeenVersion<V> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    /// The version, if its text has this digest.
    pub(super) fn of(&self, digest: &str) -> Option<V> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().filter(|(text, _)| text == digest).map(|(_, version)| version.clone())
    }

    pub(super) fn set(&self, seen: Option<(String, V)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}
