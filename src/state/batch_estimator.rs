//! Estimates how many callers will record a change soon, so that their changes share one write.
//!
//! A caller that records a create comes back with its answer, so the same callers come again and again. Callers that
//! were seen at the same time are expected together; the estimate shrinks when some stay away. The wait ends once no
//! further caller comes for a while. That while follows from the intervals between earlier callers.

use std::time::Duration;

/// The bounds of the wait for one further caller.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(40), Duration::from_secs(1));
/// The longest wait of the first caller.
pub(super) const LONGEST: Duration = Duration::from_secs(3);

/// An estimate of the callers of the next write.
#[derive(Debug)]
pub(super) struct BatchEstimator {
    /// The expected number of callers.
    expected: usize,
    /// The expected interval between two callers.
    interval: Duration,
}

impl Default for BatchEstimator {
    fn default() -> Self {
        // The first caller does not wait: it may be the only one.
        Self { expected: 1, interval: PATIENCE.0 }
    }
}

impl BatchEstimator {
    /// Returns true if more callers than `present` are expected.
    pub(super) fn expects_more(&self, present: usize) -> bool {
        present < self.expected
    }

    /// The time to wait for one further caller.
    pub(super) fn patience(&self) -> Duration {
        (self.interval * 3).clamp(PATIENCE.0, PATIENCE.1)
    }

    /// Learns from the end of a wait: the number of callers, and the longest interval between two of them.
    pub(super) fn gathered(&mut self, present: usize, interval: Duration) {
        if present >= self.expected {
            self.interval = interval.max(self.interval * 7 / 8);
        } else {
            // The callers are slower than estimated, or some have finished.
            let missing = self.expected - present;
            self.expected -= missing.div_ceil(2);
            self.interval = (self.interval * 2).clamp(PATIENCE.0, PATIENCE.1);
        }
    }

    /// Learns that callers were waiting at the same time, some in a write and others for the next.
    pub(super) fn waited_together(&mut self, callers: usize) {
        self.expected = self.expected.max(callers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_single_caller_never_waits() {
        let mut estimator = BatchEstimator::default();
        for _ in 0..3 {
            assert!(!estimator.expects_more(1));
            estimator.gathered(1, Duration::ZERO);
            estimator.waited_together(1);
        }
    }

    #[test]
    fn callers_seen_together_are_expected_until_they_stay_away() {
        let mut estimator = BatchEstimator::default();
        estimator.waited_together(16);
        assert!(estimator.expects_more(15) && !estimator.expects_more(16));
        estimator.gathered(8, 5 * MS);
        assert!(estimator.expects_more(11) && !estimator.expects_more(12));
        let rounds = (0..).take_while(|_| {
            estimator.gathered(1, Duration::ZERO);
            estimator.expects_more(1)
        });
        assert!(rounds.count() < 4, "a single caller soon does not wait");
    }

    #[test]
    fn patience_follows_the_interval_within_bounds() {
        let mut estimator = BatchEstimator::default();
        estimator.waited_together(2);
        assert_eq!(estimator.patience(), 120 * MS);
        estimator.gathered(2, 200 * MS);
        assert_eq!(estimator.patience(), 600 * MS);
        for _ in 0..40 {
            estimator.gathered(2, MS);
        }
        assert_eq!(estimator.patience(), PATIENCE.0);
        for _ in 0..10 {
            estimator.waited_together(2);
            estimator.gathered(1, Duration::ZERO);
        }
        assert_eq!(estimator.patience(), PATIENCE.1);
    }
}
