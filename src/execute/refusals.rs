//! Detection of a server that refuses every request: then the remaining actions are skipped.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::outcome::SkipReason;
use crate::telnyx::{Error, ErrorKind};

/// The consecutive actions that must be refused for the same reason before the rest is skipped.
const LIMIT: u32 = 3;
/// The same limit for a failing server, which may recover.
const FAILURES: u32 = 10;

/// The refusals of consecutive actions, in the order of their answers.
#[derive(Default)]
pub(super) struct Refusals(Mutex<Counter>);

#[derive(Default)]
struct Counter {
    last: Option<SkipReason>,
    in_a_row: u32,
    /// Set for the rest of the execution.
    tripped: Option<SkipReason>,
}

impl Refusals {
    /// Counts the error of an action. An error that concerns only this action resets the count.
    pub(super) fn count(&self, error: &Error) {
        let Some(reason) = reason(error) else { return self.reset() };
        let mut counter = self.lock();
        let repeated = counter.last == Some(reason);
        counter.in_a_row = if repeated { counter.in_a_row + 1 } else { 1 };
        counter.last = Some(reason);
        let limit = if reason == SkipReason::ServerFails { FAILURES } else { LIMIT };
        if counter.in_a_row >= limit {
            counter.tripped.get_or_insert(reason);
        }
    }

    /// Resets the count after an accepted request.
    pub(super) fn reset(&self) {
        let mut counter = self.lock();
        (counter.last, counter.in_a_row) = (None, 0);
    }

    /// The reason to skip all remaining actions, if the server refuses every request.
    pub(super) fn tripped(&self) -> Option<SkipReason> {
        self.lock().tripped
    }

    /// Skips all remaining actions, because the session sends nothing more. Returns the reason.
    pub(super) fn trip(&self) -> SkipReason {
        let mut counter = self.lock();
        let reason = counter.last.unwrap_or(SkipReason::KeyRefused);
        *counter.tripped.get_or_insert(reason)
    }

    fn lock(&self) -> MutexGuard<'_, Counter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reason to skip other actions, if the error has nothing to do with its action.
fn reason(error: &Error) -> Option<SkipReason> {
    match error.kind {
        ErrorKind::RateLimited => Some(SkipReason::RateLimited),
        ErrorKind::Unauthorized => Some(SkipReason::KeyRefused),
        ErrorKind::Forbidden
            if matches!(error.code(), Some("10007" | "10009" | "20002" | "20012" | "20013")) =>
        {
            Some(SkipReason::KeyRefused)
        }
        ErrorKind::Server(_)
        | ErrorKind::Connect(_)
        | ErrorKind::Timeout
        | ErrorKind::Broken(_)
        | ErrorKind::Answer(_) => Some(SkipReason::ServerFails),
        _ => None,
    }
}
