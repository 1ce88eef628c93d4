//! Times, relative to now and in UTC. Computed here, not in the browser.

use jiff::{SignedDuration, Timestamp};

/// The view of a time.
pub(super) struct Moment {
    /// RFC 3339, for machines.
    pub iso: String,
    /// `2026-03-01 12:00 UTC`.
    pub absolute: String,
    /// `3 h 5 min ago`, `in 12 min`, `just now`.
    pub relative: String,
}

impl Moment {
    pub(super) fn new(time: Timestamp, now: Timestamp) -> Self {
        Self {
            iso: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            absolute: time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            relative: relative(time, now),
        }
    }
}

fn relative(time: Timestamp, now: Timestamp) -> String {
    let away = time.duration_since(now);
    match away.as_secs() {
        0 => "just now".to_owned(),
        1.. => format!("in {}", span(away)),
        _ => format!("{} ago", span(away)),
    }
}

/// A duration in its two largest units: `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
pub(super) fn span(length: SignedDuration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => both(hours, "h", minutes % 60, "min"),
        (days, hours, _) => both(days, "d", hours % 24, "h"),
    }
}

fn both(large: u64, unit: &str, small: u64, smaller: &str) -> String {
    if small == 0 { format!("{large} {unit}") } else { format!("{large} {unit} {small} {smaller}") }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::Moment;

    #[test]
    fn a_time_is_shown_in_its_two_largest_units() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (seconds, text) in [
            (0, "just now"),
            (59, "in 59 s"),
            (-60, "1 min ago"),
            (-3_599, "59 min ago"),
            (-3_600, "1 h ago"),
            (11_100, "in 3 h 5 min"),
            (-187_200, "2 d 4 h ago"),
            (-86_400 * 400, "400 d ago"),
        ] {
            let moment = Moment::new(now + SignedDuration::from_secs(seconds), now);
            assert_eq!(moment.relative, text);
        }
    }
}
