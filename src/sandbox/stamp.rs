//! Times as the API writes them: `2018-02-02T22:25:27.521Z`.

use jiff::{Timestamp, ToSpan};

/// Formats a time to the millisecond.
pub(super) fn stamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Truncates to the millisecond, so that the kept and the written time are equal.
pub(super) fn to_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Returns `now`, or a millisecond after `last` if that is later, so that times increase.
pub(super) fn after(last: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let now = to_millisecond(now);
    last.and_then(|last| last.checked_add(1.millisecond()).ok()).map_or(now, |next| next.max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_always_has_three_digits_of_a_second() -> Result<(), jiff::Error> {
        assert_eq!(stamp("2018-02-02T22:25:27Z".parse()?), "2018-02-02T22:25:27.000Z");
        assert_eq!(stamp("2018-02-02T23:25:27.521999+01:00".parse()?), "2018-02-02T22:25:27.521Z");
        Ok(())
    }

    #[test]
    fn the_extremes_of_time_do_not_panic() {
        assert!(after(Some(Timestamp::MAX), Timestamp::UNIX_EPOCH) >= Timestamp::UNIX_EPOCH);
        assert!(after(Some(Timestamp::MIN), Timestamp::UNIX_EPOCH) >= Timestamp::UNIX_EPOCH);
    }
}
