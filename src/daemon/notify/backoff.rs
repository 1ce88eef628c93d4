//! The wait before a failed delivery or state write is retried. It doubles, with jitter.

use std::time::Duration;

use tokio::time::Instant;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// The failures in a row and the end of the current wait.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::daemon) struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    pub(in crate::daemon) fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    /// Starts the next wait. `jitter`, from 0 to 1, is the share of its second half. `least` is what the target asked
    /// for.
    pub(in crate::daemon) fn failed(&mut self, now: Instant, jitter: f64, least: Duration) {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let wait = doubled.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
        self.until = Some(now + wait.max(least));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        assert!(backoff.is_over(now));
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            backoff.failed(now, 1.0, Duration::ZERO);
            assert!(!backoff.is_over(now + Duration::from_millis(seconds * 1000 - 1)));
            assert!(backoff.is_over(now + Duration::from_secs(seconds)));
        }
        backoff = Backoff::default();
        backoff.failed(now, 0.0, Duration::ZERO);
        assert!(backoff.is_over(now + FIRST / 2));
    }
}
