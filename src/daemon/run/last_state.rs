//! The state for runs, which the last leader needs while the backend cannot be reached.

use std::sync::{Arc, Mutex, PoisonError};

use crate::model::State;
use crate::state::{Binding, Error, Store};

/// A store, and the state that was read there last. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct LastState {
    store: Store,
    last: Arc<Mutex<Option<State>>>,
}

impl LastState {
    pub(in crate::daemon) fn new(store: Store) -> Self {
        Self { store, last: Arc::default() }
    }

    pub(in crate::daemon) fn store(&self) -> &Store {
        &self.store
    }

    /// Reads the state. If the backend fails, returns the one that was read last: a run only reads.
    ///
    /// # Errors
    ///
    /// Fails when the state is damaged, newer or foreign, and when it was never read.
    pub(super) async fn load(&self, binding: &Binding) -> Result<State, Error> {
        let loaded = self.store.load(binding).await;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match (loaded, &*last) {
            (Ok(record), _) => {
                *last = Some(record.state.clone());
                Ok(record.state)
            }
            (Err(error), Some(state)) if error.is_of_the_backend() => Ok(state.clone()),
            (Err(error), _) => Err(error),
        }
    }
}
