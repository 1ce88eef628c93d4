//! A state in this process, for tests and the demo.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::document::version;
use super::{Error, LockHolder};

/// A state in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryStore {
    state: Arc<Mutex<MemoryContents>>,
}

#[derive(Debug, Default)]
struct MemoryContents {
    bytes: Option<Vec<u8>>,
    holder: Option<LockHolder>,
}

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, MemoryContents> {
        // No step leaves the contents half changed, so a poisoned lock is harmless.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self) -> Option<Vec<u8>> {
        self.state().bytes.clone()
    }

    /// Replaces the contents if they still have the version `over`.
    pub(super) fn replace(&self, bytes: &[u8], over: Option<&str>) -> Result<(), Error> {
        let mut state = self.state();
        if state.bytes.as_deref().map(version).as_deref() != over {
            return Err(Error::Conflict { place: "memory:".to_owned() });
        }
        state.bytes = Some(bytes.to_owned());
        Ok(())
    }

    pub(super) fn try_lock(&self, holder: &LockHolder) -> Option<MemoryLock> {
        let mut state = self.state();
        if state.holder.is_some() {
            return None;
        }
        state.holder = Some(holder.clone());
        Some(MemoryLock { memory: self.clone() })
    }

    pub(super) fn holder(&self) -> Option<LockHolder> {
        self.state().holder.clone()
    }
}

/// The lock, until it is dropped.
#[derive(Debug)]
pub(super) struct MemoryLock {
    memory: MemoryStore,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.memory.state().holder = None;
    }
}
