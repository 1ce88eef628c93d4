//! How many are likely to record something soon: it is worth waiting for them, as one write is enough for all.
//!
//! Who has recorded that a create is sent comes back when it is answered, so the same ones come again and
//! again. Those who were seen at once are expected at once; when some stay away, fewer are. Waiting ends as soon
//! as nobody else comes for a while, and what a while is follows from how far apart they came before.

use std::time::Duration;

/// The shortest and the longest while.
const WHILE: (Duration, Duration) = (Duration::from_millis(40), Duration::from_secs(1));
/// The longest time that the first one waits, whoever comes.
pub(super) const LONGEST: Duration = Duration::from_secs(3);

/// What is known of those who record.
#[derive(Debug)]
pub(super) struct Crowd {
    /// How many are expected.
    expected: usize,
    /// How far apart they come at most.
    apart: Duration,
}

impl Default for Crowd {
    fn default() -> Self {
        // Who comes first is not kept waiting: there may be nobody else.
        Self { expected: 1, apart: WHILE.0 }
    }
}

impl Crowd {
    /// Whether somebody is missing yet.
    pub(super) fn misses_some(&self, there: usize) -> bool {
        there < self.expected
    }

    /// How long it is worth waiting for the next one.
    pub(super) fn patience(&self) -> Duration {
        (self.apart * 3).clamp(WHILE.0, WHILE.1)
    }

    /// So many have come, the last two at most `apart` from each other, and nobody is waited for any more.
    pub(super) fn gathered(&mut self, there: usize, apart: Duration) {
        if there >= self.expected {
            self.apart = apart.max(self.apart * 7 / 8);
        } else {
            // They are slower than was thought, or some are gone for good.
            let missing = self.expected - there;
            self.expected -= missing.div_ceil(2);
            self.apart = (self.apart * 2).clamp(WHILE.0, WHILE.1);
        }
    }

    /// So many were there at once: some in a write, the others waiting for the next.
    pub(super) fn seen(&mut self, at_once: usize) {
        self.expected = self.expected.max(at_once);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn who_comes_alone_is_not_kept_waiting() {
        let mut crowd = Crowd::default();
        for _ in 0..3 {
            assert!(!crowd.misses_some(1));
            crowd.gathered(1, Duration::ZERO);
            crowd.seen(1);
        }
    }

    #[test]
    fn those_who_were_there_at_once_are_expected_until_they_stay_away() {
        let mut crowd = Crowd::default();
        crowd.seen(16);
        assert!(crowd.misses_some(15) && !crowd.misses_some(16));
        crowd.gathered(8, 5 * MS);
        assert!(crowd.misses_some(11) && !crowd.misses_some(12));
        let rounds = (0..).take_while(|_| {
            crowd.gathered(1, Duration::ZERO);
            crowd.misses_some(1)
        });
        assert!(rounds.count() < 4, "one alone is soon believed to be alone");
    }

    #[test]
    fn patience_follows_how_far_apart_they_come_within_bounds() {
        let mut crowd = Crowd::default();
        crowd.seen(2);
        assert_eq!(crowd.patience(), 120 * MS);
        crowd.gathered(2, 200 * MS);
        assert_eq!(crowd.patience(), 600 * MS);
        for _ in 0..40 {
            crowd.gathered(2, MS);
        }
        assert_eq!(crowd.patience(), WHILE.0);
        for _ in 0..10 {
            crowd.seen(2);
            crowd.gathered(1, Duration::ZERO);
        }
        assert_eq!(crowd.patience(), WHILE.1);
    }
}
