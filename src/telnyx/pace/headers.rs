//! The headers that describe a rate limit.

use std::cmp::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The longest wait for a rate limit.
const LONGEST: Duration = Duration::from_secs(600);

/// A reset further away than this is a point in time.
const LONGEST_RESET: f64 = 3600.0;

/// The rate limit that an answer describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RateLimit {
    /// Requests in a window.
    pub limit: Option<u32>,
    /// Requests that are left in the window.
    pub remaining: Option<u32>,
    /// Time until the window ends.
    pub reset: Option<Duration>,
    /// The end of the window as a Unix time in whole seconds, if the server names it so.
    pub ends: Option<i64>,
    /// Time for which the server asks for no request.
    pub retry_after: Option<Duration>,
}

impl RateLimit {
    /// Reads the `x-ratelimit-…` headers, and those of every IETF draft: `RateLimit-Limit` and its like,
    /// `RateLimit: limit=20, remaining=3, reset=1`, and `RateLimit: "name";r=3;t=1` with `RateLimit-Policy`.
    pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.collect::<Vec<_>>().join(", ")
        };
        let header = |name: &str| {
            let vendor = text(&format!("x-ratelimit-{name}"));
            if vendor.is_empty() { text(&format!("ratelimit-{name}")) } else { vendor }
        };
        let named = text("ratelimit");
        let (limit, window) =
            tightest_policy(&[&header("limit"), &named, &text("ratelimit-policy")]);
        let (remaining, reset) = tightest(&named);
        let (counts, reset_text) = (numbers(&header("remaining")), header("reset"));
        let reset = until(&reset_text, now).or_else(|| {
            let delays = numbers(&reset_text).into_iter().map(|number| delay(number, now));
            delays.chain(reset.map(delta)).max()
        });
        let ends = timestamp(&reset_text)
            .map(Timestamp::as_second)
            .or_else(|| numbers(&reset_text).into_iter().filter_map(unix_time).map(whole).max());
        Self {
            limit: limit.map(count),
            remaining: counts.into_iter().chain(remaining).map(count).min(),
            // A window that does not say when it ends may have just begun.
            reset: reset.or_else(|| window.map(delta)),
            ends,
            retry_after: retry_after(headers, now),
        }
    }
}

/// The policy with the fewest requests in these fields: its limit and, if it says so, its window.
fn tightest_policy(fields: &[&str]) -> (Option<f64>, Option<f64>) {
    let policy = |text: &str| {
        let limit = first(text).or_else(|| parameter(text, &["q", "limit"]));
        Some((limit.filter(|limit| *limit >= 1.0)?, parameter(text, &["w", "window"])))
    };
    let policies: Vec<_> =
        fields.iter().flat_map(|field| field.split(',')).filter_map(policy).collect();
    let limit = policies.iter().map(|(limit, _)| *limit).reduce(f64::min);
    let window =
        policies.iter().filter(|(it, _)| Some(*it) == limit).find_map(|(_, window)| *window);
    (limit, window)
}

/// The number at the start of each policy in a field, before its parameters.
fn numbers(text: &str) -> Vec<f64> {
    text.split(',').filter_map(first).collect()
}

fn first(policy: &str) -> Option<f64> {
    number(policy.split(';').next()?)
}

/// The first parameter that has one of these names.
fn parameter(text: &str, names: &[&str]) -> Option<f64> {
    text.split([',', ';']).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        names.contains(&name.trim()).then(|| number(value))?
    })
}

/// The remaining requests and the reset of the policy that has the fewest left.
fn tightest(text: &str) -> (Option<f64>, Option<f64>) {
    if text.contains("remaining=") {
        return (parameter(text, &["remaining"]), parameter(text, &["reset"]));
    }
    let policies =
        text.split(',').map(|policy| (parameter(policy, &["r"]), parameter(policy, &["t"])));
    let counted = policies.filter(|(remaining, _)| remaining.is_some());
    counted
        .min_by(|one, other| one.partial_cmp(other).unwrap_or(Ordering::Equal))
        .unwrap_or_default()
}

fn number(text: &str) -> Option<f64> {
    text.trim().trim_matches('"').parse::<f64>().ok().filter(|number| number.is_finite())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a limit beyond it is none"
)]
fn count(number: f64) -> u32 {
    number as u32
}

/// The time until a reset, which is a number of seconds or a Unix time.
fn delay(reset: f64, now: Timestamp) -> Duration {
    delta(unix_time(reset).map_or(reset, |time| time - now.as_duration().as_secs_f64()))
}

/// The Unix time of a reset, in seconds. A number up to an hour is a delay.
fn unix_time(reset: f64) -> Option<f64> {
    // Beyond the year 5000 it is a number of milliseconds.
    let seconds = if reset > 1e11 { reset / 1000.0 } else { reset };
    (reset > LONGEST_RESET).then_some(seconds)
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn whole(number: f64) -> i64 {
    number.ceil() as i64
}

/// A number of seconds, clamped to the longest wait.
fn delta(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64()))
}

/// The longest wait that a header `Retry-After` asks for, in seconds or as a point in time: at most ten minutes.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    // No server means a wait of decades.
    let wait = |number: f64| if number > 1e9 { delay(number, now) } else { delta(number) };
    let values = headers.get_all(RETRY_AFTER).iter().filter_map(|value| value.to_str().ok());
    let waits = values
        .flat_map(|text| until(text, now).into_iter().chain(numbers(text).into_iter().map(wait)));
    waits.max()
}

/// The time until an HTTP date or an ISO time, clamped to the longest wait.
fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let wait = Duration::try_from(timestamp(text)?.duration_since(now)).unwrap_or_default();
    Some(wait.min(LONGEST))
}

/// An HTTP date or an ISO time.
fn timestamp(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim());
    date.ok().or_else(|| text.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_after(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        RateLimit::read(&headers, "2026-03-01T12:00:00Z".parse().unwrap()).retry_after
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
            ("1772366407", Some(7.0)),
            ("2026-03-01T12:00:07Z", Some(7.0)),
            ("7, 7", Some(7.0)),
            ("soon", None),
            ("NaN", None),
        ];
        for (value, wanted) in cases {
            assert_eq!(retry_after(value), wanted.map(Duration::from_secs_f64), "{value}");
        }
    }

    #[test]
    fn the_longest_of_several_waits_counts() {
        let mut headers = HeaderMap::new();
        for wait in ["2", "7"] {
            headers.append(RETRY_AFTER, wait.parse().unwrap());
        }
        let read = RateLimit::read(&headers, Timestamp::UNIX_EPOCH).retry_after;
        assert_eq!(read, Some(Duration::from_secs(7)));
    }

    #[test]
    fn a_limit_of_zero_is_ignored() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-limit", "0".parse().unwrap());
        headers.insert("x-ratelimit-remaining", "many".parse().unwrap());
        assert_eq!(RateLimit::read(&headers, Timestamp::UNIX_EPOCH), RateLimit::default());
    }

    #[test]
    fn every_documented_form_describes_the_same_limit() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let at = (now.as_second() + 9).to_string();
        let at_milliseconds = ((now.as_second() + 9) * 1000).to_string();
        let vendor = |limit, reset| {
            [
                ("x-ratelimit-limit", limit),
                ("x-ratelimit-remaining", "3"),
                ("x-ratelimit-reset", reset),
            ]
        };
        let (http, iso) = ("Sun, 01 Mar 2026 12:00:09 GMT", "2026-03-01T12:00:09Z");
        let forms: [&[(&str, &str)]; 14] = [
            &vendor("20", "9"),
            &vendor("20, 20;window=9", "9"),
            &vendor("20, 20;w=9", at.as_str()),
            &vendor("20;w=9", at_milliseconds.as_str()),
            &[
                ("ratelimit-limit", "20, 20;w=9"),
                ("ratelimit-remaining", "3"),
                ("ratelimit-reset", "9"),
            ],
            &[("ratelimit", "limit=20, remaining=3, reset=9"), ("ratelimit-policy", "20;w=9")],
            &[
                ("ratelimit", r#""day";r=900;t=80000, "burst";r=3;t=9"#),
                ("ratelimit-policy", r#""burst";q=20;w=9, "day";q=1000;w=86400"#),
            ],
            &[("x-ratelimit-limit", "20, 20;w=9"), ("x-ratelimit-remaining", "3")],
            &vendor("\"20\"", "9"),
            &vendor("1000, 20;w=9", "9"),
            &vendor("20", http),
            &vendor("20", iso),
            &[("x-ratelimit-limit", "1000;w=3600, 20;w=9"), ("x-ratelimit-remaining", "900, 3")],
            &[
                ("x-ratelimit-limit", "1000"),
                ("x-ratelimit-limit", "20;w=9"),
                ("x-ratelimit-remaining", "900"),
                ("x-ratelimit-remaining", "3"),
            ],
        ];
        for form in forms {
            let mut headers = HeaderMap::new();
            for (name, value) in form {
                headers.append(*name, value.parse().unwrap());
            }
            let read = RateLimit::read(&headers, now);
            let described = (read.limit, read.remaining, read.reset);
            assert_eq!(described, (Some(20), Some(3), Some(Duration::from_secs(9))), "{form:?}");
        }
    }

    #[test]
    fn a_reset_is_clamped_and_one_in_the_past_is_no_wait() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (reset, seconds) in [("3600", 600), ("99999999999", 600), ("1000000", 0), ("-1", 0)] {
            let mut headers = HeaderMap::new();
            headers.insert("x-ratelimit-reset", reset.parse().unwrap());
            let read = RateLimit::read(&headers, now).reset;
            assert_eq!(read, Some(Duration::from_secs(seconds)), "{reset}");
        }
    }
}
