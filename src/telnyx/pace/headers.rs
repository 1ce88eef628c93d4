//! What an answer says about the rate limit.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Nothing that a server says keeps us waiting longer.
const LONGEST: Duration = Duration::from_secs(600);

/// What an answer says about the rate limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// How many requests a window has (`x-ratelimit-limit`).
    pub limit: Option<u32>,
    /// How many are left of them (`x-ratelimit-remaining`).
    pub remaining: Option<u32>,
    /// When there will be `limit` of them again (`x-ratelimit-reset`, seconds from now).
    pub reset: Option<Duration>,
    /// How long to be silent (`Retry-After`, seconds or a date).
    pub retry_after: Option<Duration>,
}

impl Said {
    pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
        let count = |name| text(name)?.parse::<u32>().ok();
        Self {
            limit: count("x-ratelimit-limit").filter(|limit| *limit > 0),
            remaining: count("x-ratelimit-remaining"),
            reset: text("x-ratelimit-reset").and_then(seconds),
            retry_after: retry_after(headers, now),
        }
    }
}

/// How long a server wants to be left alone, as its header `Retry-After` says: seconds or a date. No longer than
/// ten minutes.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds(value).or_else(|| until(value, now))
}

/// A number of seconds, with or without a fraction, clamped to what we are ready to wait.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    seconds.is_finite().then(|| Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64())))
}

/// The time until an HTTP date, clamped likewise.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    let wait = Duration::try_from(date.duration_since(now)).unwrap_or_default();
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_after(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        Said::read(&headers, "2026-03-01T12:00:00Z".parse().unwrap()).retry_after
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_is_clamped() {
        let cases = [
            ("2", Some(2.0)),
            ("0.5", Some(0.5)),
            ("-3", Some(0.0)),
            ("99999", Some(600.0)),
            ("Sun, 01 Mar 2026 12:00:30 GMT", Some(30.0)),
            ("Sun, 01 Mar 2026 11:00:00 GMT", Some(0.0)),
            ("Mon, 01 Mar 2027 12:00:00 GMT", Some(600.0)),
            ("soon", None),
            ("NaN", None),
        ];
        for (value, wanted) in cases {
            assert_eq!(retry_after(value), wanted.map(Duration::from_secs_f64), "{value}");
        }
    }

    #[test]
    fn a_limit_of_zero_is_no_limit_to_reckon_with() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-limit", "0".parse().unwrap());
        headers.insert("x-ratelimit-remaining", "many".parse().unwrap());
        assert_eq!(Said::read(&headers, Timestamp::UNIX_EPOCH), Said::default());
    }
}
