//! The rate limit: windows of one second, each beginning with its first request.

use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(1);
/// The limit that is told when there is none.
const GENEROUS: u32 = 1000;

/// Counts the requests of a key.
#[derive(Debug)]
pub(super) struct Limit {
    per_window: Option<u32>,
    begun: Instant,
    taken: u32,
}

/// What is told of the limit with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub limit: u32,
    pub remaining: u32,
    /// Seconds, rounded up.
    pub reset: u64,
    pub refused: bool,
}

impl Limit {
    pub(super) fn new(per_window: Option<u32>, now: Instant) -> Self {
        Self { per_window, begun: now, taken: 0 }
    }

    pub(super) fn take(&mut self, now: Instant) -> Told {
        if now.duration_since(self.begun) >= WINDOW || self.taken == 0 {
            self.begun = now;
            self.taken = 0;
        }
        let Some(limit) = self.per_window else {
            return Told { limit: GENEROUS, remaining: GENEROUS - 1, reset: 1, refused: false };
        };
        let refused = self.taken >= limit;
        if !refused {
            self.taken += 1;
        }
        // A window is a second long, so what is left of it is always rounded up to one.
        Told { limit, remaining: limit - self.taken, reset: 1, refused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_limit_of_a_second_is_refused() {
        let begun = Instant::now();
        let mut limit = Limit::new(Some(2), begun);
        let take = |limit: &mut Limit, millis| {
            let told = limit.take(begun + Duration::from_millis(millis));
            (told.remaining, told.refused)
        };
        assert_eq!(take(&mut limit, 500), (1, false));
        assert_eq!(take(&mut limit, 600), (0, false));
        assert_eq!(take(&mut limit, 1400), (0, true));
        assert_eq!(take(&mut limit, 1500), (1, false), "a second after its first request");
    }
}
