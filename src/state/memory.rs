//! A state file in this process: for trying, and for a demo that plans twice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::document::version;
use super::{Error, Holder};

/// A place in memory. Clones are the same place.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    bytes: Option<Vec<u8>>,
    holder: Option<Holder>,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        // No step leaves the state half changed, so one that panicked elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self) -> Option<Vec<u8>> {
        self.state().bytes.clone()
    }

    /// Replaces what is there, if it still is `over`.
    pub(super) fn replace(&self, bytes: &[u8], over: Option<&str>) -> Result<(), Error> {
        let mut state = self.state();
        if state.bytes.as_deref().map(version).as_deref() != over {
            return Err(Error::Conflict { place: "memory:".to_owned() });
        }
        state.bytes = Some(bytes.to_owned());
        Ok(())
    }

    pub(super) fn try_lock(&self, holder: &Holder) -> Option<MemoryHold> {
        let mut state = self.state();
        if state.holder.is_some() {
            return None;
        }
        state.holder = Some(holder.clone());
        Some(MemoryHold { memory: self.clone() })
    }

    pub(super) fn holder(&self) -> Option<Holder> {
        self.state().holder.clone()
    }
}

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub(super) struct MemoryHold {
    memory: Memory,
}

impl Drop for MemoryHold {
    fn drop(&mut self) {
        self.memory.state().holder = None;
    }
}
