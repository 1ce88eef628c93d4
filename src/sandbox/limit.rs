//! The rate limit: windows of one second, each of which starts with its first request.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const WINDOW: Duration = Duration::from_secs(1);

/// The limit that an unlimited sandbox reports, which no client reaches.
const GENEROUS: u32 = 1000;

/// Counts the requests of the only key.
pub(super) struct Limiter {
    per_second: Option<u32>,
    window: Mutex<Option<LimitWindow>>,
}

struct LimitWindow {
    start: Instant,
    used: u32,
}

/// The decision for one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Admission {
    pub(super) allowed: bool,
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Seconds until the window ends, rounded up.
    pub(super) reset: u64,
}

impl Limiter {
    pub(super) fn new(per_second: Option<u32>) -> Self {
        Self { per_second, window: Mutex::new(None) }
    }

    /// Counts a request. Without a limit, each counts as the first of its window.
    pub(super) fn take(&self, now: Instant) -> Admission {
        let Some(limit) = self.per_second else {
            return Admission { allowed: true, limit: GENEROUS, remaining: GENEROUS - 1, reset: 1 };
        };
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let current =
            window.take().filter(|window| now.saturating_duration_since(window.start) < WINDOW);
        let LimitWindow { start, used } = current.unwrap_or(LimitWindow { start: now, used: 0 });
        let allowed = used < limit;
        let used = used + u32::from(allowed);
        *window = Some(LimitWindow { start, used });
        let left = WINDOW.saturating_sub(now.saturating_duration_since(start));
        Admission {
            allowed,
            limit,
            remaining: limit - used,
            reset: left.as_secs() + u64::from(left.subsec_nanos() > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_second_from_its_first_request() {
        let limiter = Limiter::new(Some(2));
        let start = Instant::now();
        let at = |millis| limiter.take(start + Duration::from_millis(millis));
        assert_eq!(at(0), Admission { allowed: true, limit: 2, remaining: 1, reset: 1 });
        assert_eq!(at(900), Admission { allowed: true, limit: 2, remaining: 0, reset: 1 });
        assert_eq!(at(999), Admission { allowed: false, limit: 2, remaining: 0, reset: 1 });
        assert_eq!(at(1000), Admission { allowed: true, limit: 2, remaining: 1, reset: 1 });
    }

    #[test]
    fn a_limit_of_zero_allows_nothing() {
        assert!(!Limiter::new(Some(0)).take(Instant::now()).allowed);
    }
}
