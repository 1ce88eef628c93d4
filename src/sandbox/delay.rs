//! Delayed visibility: lists that lag behind changes, and secrets of new accounts that appear late.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    behavior::{Behavior, SecretDelivery},
    state::SandboxState,
};

/// Delays in memory; a restart ends them.
#[derive(Default)]
pub(super) struct Delays {
    /// Earlier states, oldest first, with the list requests that each is still shown to.
    outdated: Mutex<VecDeque<(u64, Arc<SandboxState>)>>,
    /// Reads until a secret of an account appears, by id and field; `None` is never.
    secrets: Mutex<HashMap<(String, &'static str), Option<u64>>>,
}

impl Delays {
    /// Records the state before a change.
    pub(super) fn changed(&self, before: Arc<SandboxState>) {
        let late = before.behavior.lists_late;
        if late > 0 {
            lock(&self.outdated).push_back((late, before));
        }
    }

    /// The state that a list request sees.
    pub(super) fn listed(&self, current: Arc<SandboxState>) -> Arc<SandboxState> {
        let mut outdated = lock(&self.outdated);
        let seen = outdated.front().map_or(current, |(_, state)| Arc::clone(state));
        for (left, _) in outdated.iter_mut() {
            *left -= 1;
        }
        outdated.retain(|(left, _)| *left > 0);
        seen
    }

    /// Records a new account.
    pub(super) fn created(&self, id: &str, behavior: &Behavior) {
        let deliveries = [("api_key", behavior.api_key), ("api_token", behavior.api_token)];
        for (field, delivery) in deliveries {
            let reads = match delivery {
                SecretDelivery::Immediate => continue,
                SecretDelivery::Never => None,
                SecretDelivery::AfterReads(reads) => Some(reads),
            };
            lock(&self.secrets).insert((id.to_owned(), field), reads);
        }
    }

    /// Returns the secrets that answers about this account lack.
    pub(super) fn missing(&self, id: &str) -> Vec<&'static str> {
        let secrets = lock(&self.secrets);
        let delayed = secrets.keys().filter(|(account, _)| account == id);
        delayed.map(|(_, field)| *field).collect()
    }

    /// Counts a retrieve that comes before the secrets.
    pub(super) fn retrieved(&self, id: &str) {
        lock(&self.secrets).retain(|(account, _), left| match left {
            Some(0) => account != id,
            Some(left) => {
                *left -= u64::from(account == id);
                true
            }
            None => true,
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
