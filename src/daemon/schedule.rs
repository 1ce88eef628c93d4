//! When a run is due: what a user writes as a cron expression, in a time zone.
//!
//! The expression is read and matched against the wall clock only; what the wall clock of a zone does twice
//! a year is decided here. A run at a fixed hour that a change of the clocks leaves out is due at the
//! moment of the change, and one whose hour comes twice is due the first time only. A schedule
//! whose hours begin with `*` is one of intervals: it goes on through both hours.

use std::fmt;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// When runs are due.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    text: String,
    zone: TimeZone,
    /// Whether it goes on through an hour that comes twice.
    by_interval: bool,
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The expression cannot be read. Why.
    #[error("this is no cron expression: {0}")]
    Cron(String),
    /// It names no moment that will ever come, such as the 30th of February.
    #[error("this schedule is never due")]
    Never,
    /// There is no such zone.
    #[error("there is no time zone of this name")]
    Zone,
}

impl Schedule {
    /// Reads an expression of five fields, or of six of which the first are the seconds.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is never due, or there is no such zone.
    pub fn parse(text: &str, zone: &str) -> Result<Self, Fault> {
        let zone = TimeZone::get(zone).map_err(|_| Fault::Zone)?;
        let fields: Vec<&str> = text.split_whitespace().collect();
        if !matches!(fields.len(), 5 | 6) && !text.trim().starts_with('@') {
            let count = fields.len();
            return Err(Fault::Cron(format!("it has {count} fields, not 5 or 6")));
        }
        let parser =
            CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| Fault::Cron(plain(&error.to_string())))?;
        let hours = if fields.len() == 6 { fields.get(2) } else { fields.get(1) };
        let hourly = text.trim().eq_ignore_ascii_case("@hourly");
        let by_interval = hourly || hours.is_some_and(|hours| hours.starts_with('*'));
        let schedule = Self { cron, text: text.to_owned(), zone, by_interval };
        match schedule.next(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(Fault::Never),
        }
    }

    /// The first moment after `after` at which a run is due. `None`: there is none any more.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        if self.by_interval { self.next_by_interval(after) } else { self.next_by_clock(after) }
    }

    /// Goes along with real time: the wall clock counts as it is shown at each moment.
    fn next_by_interval(&self, after: Timestamp) -> Option<Timestamp> {
        let (mut from, mut inclusive) = (after, false);
        loop {
            let offset = self.zone.to_offset(from);
            let wall = self.matching(offset.to_datetime(from), inclusive)?;
            let at = offset.to_timestamp(wall).ok()?;
            match self.zone.following(from).next().map(|change| change.timestamp()) {
                // From there on the wall clock shows something else.
                Some(change) if change <= at => (from, inclusive) = (change, true),
                Some(_) | None => return Some(at),
            }
        }
    }

    /// Goes along the wall clock, on which each moment comes once.
    fn next_by_clock(&self, after: Timestamp) -> Option<Timestamp> {
        let mut wall = self.zone.to_offset(after).to_datetime(after);
        loop {
            wall = self.matching(wall, false)?;
            let at = self.moment(wall)?;
            if at > after {
                return Some(at);
            }
        }
    }

    /// The moment of a time on the wall clock: of two the first, and for none that of the change.
    fn moment(&self, wall: civil::DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
            AmbiguousOffset::Fold { before, after: _ } => before.to_timestamp(wall).ok(),
            AmbiguousOffset::Gap { before: _, after } => {
                let early = after.to_timestamp(wall).ok()?;
                self.zone.following(early).next().map(|change| change.timestamp())
            }
        }
    }

    /// The first time on a wall clock that fits the expression.
    fn matching(&self, from: civil::DateTime, inclusive: bool) -> Option<civil::DateTime> {
        // The parser's library knows no clock but its own: UTC stands for the wall clock here.
        let from = Offset::UTC.to_timestamp(from).ok()?;
        let from = DateTime::<Utc>::from_timestamp(from.as_second(), 0)?;
        let found = self.cron.find_next_occurrence(&from, inclusive).ok()?;
        let found = Timestamp::from_second(found.timestamp()).ok()?;
        Some(Offset::UTC.to_datetime(found))
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.zone == other.zone
    }
}

impl Eq for Schedule {}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The library's words without their beginning, which says nothing.
fn plain(error: &str) -> String {
    let words = error.rsplit_once("error: ").map_or(error, |(_, words)| words);
    let words = words.rsplit_once("pattern: ").map_or(words, |(_, words)| words);
    words.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(cron: &str, zone: &str, from: &str, until: &str) -> Vec<String> {
        let schedule = Schedule::parse(cron, zone).unwrap();
        let until: Timestamp = until.parse().unwrap();
        let mut at: Timestamp = from.parse().unwrap();
        let mut all = Vec::new();
        while let Some(next) = schedule.next(at).filter(|next| *next <= until) {
            assert!(next > at, "{next} after {at}");
            all.push(next.to_string());
            at = next;
        }
        all
    }

    #[test]
    fn five_fields_and_six_are_read_and_others_are_not() {
        for good in ["*/5 * * * *", "0 */5 * * * *", "30 2 * * MON-FRI", "@hourly", "0 0 L * *"] {
            assert!(Schedule::parse(good, "UTC").is_ok(), "{good}");
        }
        for bad in ["", "*", "* * * *", "61 * * * *", "* * * * * * *", "soon", "0 0 31 X *"] {
            let fault = Schedule::parse(bad, "UTC").unwrap_err();
            assert!(matches!(fault, Fault::Cron(_)), "{bad}: {fault}");
        }
        assert_eq!(Schedule::parse("0 0 30 2 *", "UTC"), Err(Fault::Never));
        assert_eq!(Schedule::parse("0 0 * * *", "Europe/Bielefeld"), Err(Fault::Zone));
    }

    #[test]
    fn a_fixed_hour_that_is_left_out_is_due_at_the_change_and_one_that_comes_twice_once() {
        let nights = |from, until| due("30 2 * * *", "Europe/Berlin", from, until);
        assert_eq!(
            nights("2027-03-27T00:00:00Z", "2027-03-29T12:00:00Z"),
            ["2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]
        );
        assert_eq!(
            nights("2027-10-30T00:00:00Z", "2027-11-01T12:00:00Z"),
            ["2027-10-30T00:30:00Z", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]
        );
    }

    #[test]
    fn intervals_are_even_through_both_changes() {
        for (from, until) in [
            ("2027-03-27T23:00:00Z", "2027-03-28T05:00:00Z"),
            ("2027-10-30T23:00:00Z", "2027-10-31T05:00:00Z"),
        ] {
            let all = due("*/15 * * * *", "Europe/Berlin", from, until);
            let all: Vec<Timestamp> = all.iter().map(|at| at.parse().unwrap()).collect();
            assert_eq!(all.len(), 24, "{all:?}");
            assert!(all.windows(2).all(|two| two[1].as_second() - two[0].as_second() == 900));
        }
    }

    #[test]
    fn each_hour_is_the_same_by_its_name_and_by_its_fields() {
        for (from, until) in [
            ("2027-03-27T20:00:00Z", "2027-03-28T05:00:00Z"),
            ("2027-10-30T20:00:00Z", "2027-10-31T05:00:00Z"),
        ] {
            let all = |cron| due(cron, "Europe/Berlin", from, until);
            assert_eq!(all("@hourly"), all("0 * * * *"));
            assert_eq!(all("@hourly").len(), 9);
        }
    }

    #[test]
    fn several_times_within_what_is_left_out_are_due_once() {
        let all =
            due("*/20 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", "2027-03-28T20:00:00Z");
        assert_eq!(all, ["2027-03-28T01:00:00Z"]);
        let twice =
            due("*/20 2 * * *", "Europe/Berlin", "2027-10-30T22:00:00Z", "2027-10-31T20:00:00Z");
        assert_eq!(twice, ["2027-10-31T00:00:00Z", "2027-10-31T00:20:00Z", "2027-10-31T00:40:00Z"]);
    }

    #[test]
    fn a_year_of_nights_has_one_run_a_night_wherever_the_clocks_change() {
        for zone in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"] {
            for cron in ["30 2 * * *", "0 0 * * *", "59 1 * * *", "5 3 * * *"] {
                let all = due(cron, zone, "2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z");
                assert_eq!(all.len(), 365, "{zone} {cron}");
            }
        }
    }
}
