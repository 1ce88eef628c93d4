//! When a target that could not be told, or a state file that could not be written, is tried again: later each time,
//! and not all at once.

use std::time::Duration;

use tokio::time::Instant;

/// The first wait; it doubles.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(300);

/// How a target is doing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// `share`, from 0 to 1: how much of the second half of the wait is waited too. `least`: what the target has
    /// asked for.
    pub(super) fn failed(&mut self, now: Instant, share: f64, least: Duration) {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let wait = doubled.mul_f64(0.5 + share.clamp(0.0, 1.0) / 2.0);
        self.until = Some(now + wait.max(least));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes_and_begin_anew_after_a_success() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        assert!(backoff.is_over(now));
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            backoff.failed(now, 1.0, Duration::ZERO);
            assert!(!backoff.is_over(now + Duration::from_millis(seconds * 1000 - 1)));
            assert!(backoff.is_over(now + Duration::from_secs(seconds)));
        }
        backoff.succeeded();
        backoff.failed(now, 0.0, Duration::ZERO);
        assert!(backoff.is_over(now + FIRST / 2));
    }
}
