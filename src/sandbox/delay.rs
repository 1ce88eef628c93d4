//! Delayed visibility: lists that lag behind changes, and keys of new accounts that appear late.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{behavior::KeyDelivery, state::State};

/// Delays in memory; a restart ends them.
#[derive(Default)]
pub(super) struct Delays {
    /// Earlier states, oldest first, with the list requests that each is still shown to.
    outdated: Mutex<VecDeque<(u64, Arc<State>)>>,
    /// Reads until the key of an account appears; `None` is never.
    keys: Mutex<HashMap<String, Option<u64>>>,
}

impl Delays {
    /// Records the state before a change.
    pub(super) fn changed(&self, before: Arc<State>) {
        let late = before.behavior.lists_late;
        if late > 0 {
            lock(&self.outdated).push_back((late, before));
        }
    }

    /// The state that a list request sees.
    pub(super) fn listed(&self, current: Arc<State>) -> Arc<State> {
        let mut outdated = lock(&self.outdated);
        let seen = outdated.front().map_or(current, |(_, state)| Arc::clone(state));
        for (left, _) in outdated.iter_mut() {
            *left -= 1;
        }
        outdated.retain(|(left, _)| *left > 0);
        seen
    }

    /// Records a new account.
    pub(super) fn created(&self, id: &str, delivery: KeyDelivery) {
        let reads = match delivery {
            KeyDelivery::Immediate => return,
            KeyDelivery::Never => None,
            KeyDelivery::AfterReads(reads) => Some(reads),
        };
        lock(&self.keys).insert(id.to_owned(), reads);
    }

    /// Returns true if an answer has the key of this account.
    pub(super) fn has_key(&self, id: &str) -> bool {
        !lock(&self.keys).contains_key(id)
    }

    /// Counts a retrieve that comes before the key.
    pub(super) fn retrieved(&self, id: &str) {
        let mut keys = lock(&self.keys);
        match keys.get_mut(id) {
            Some(Some(0)) => _ = keys.remove(id),
            Some(Some(left)) => *left -= 1,
            Some(None) | None => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
