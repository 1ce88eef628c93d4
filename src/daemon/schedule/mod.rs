//! The schedule of runs: a cron expression in a time zone.
//!
//! The cron library matches the wall clock only; changes of the clocks are handled here. A run in a skipped hour is due
//! at the change, and a run in a repeated hour is due the first time only. A schedule of every hour, however it is
//! written, goes on through both hours.

pub mod timetable;
pub(super) mod trigger;

use std::fmt;

use chrono::{DateTime, Utc};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::words::count;

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    text: String,
    zone: TimeZone,
    /// True if it matches every hour, so that it goes on through a repeated one.
    is_hourly: bool,
}

/// The problem of an invalid schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression cannot be parsed.
    #[error("invalid cron expression: {0}")]
    Cron(String),
    /// The expression never matches, such as the 30th of February.
    #[error("the schedule is never due")]
    Never,
    /// The zone does not exist.
    #[error("unknown time zone")]
    Zone,
}

impl Schedule {
    /// Parses an expression of five fields, or of six with seconds first.
    ///
    /// # Errors
    ///
    /// If the expression is invalid or never due, or the zone does not exist.
    pub fn parse(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        let zone = TimeZone::get(zone).map_err(|_| ScheduleError::Zone)?;
        let fields: Vec<&str> = text.split_whitespace().collect();
        if !matches!(fields.len(), 5 | 6) && !text.trim().starts_with('@') {
            let count = count(fields.len() as u64, "field");
            return Err(ScheduleError::Cron(format!("it has {count} instead of 5 or 6")));
        }
        let parser =
            CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron =
            parser.parse(text).map_err(|error| ScheduleError::Cron(plain(&error.to_string())))?;
        let is_hourly = match fields[..] {
            [_, hours, _, _, _] | [_, _, hours, _, _, _] => {
                let hours = parser.parse(&format!("0 {hours} * * *"));
                hours.is_ok_and(|hours| is_every_hour(&hours))
            }
            _ => is_every_hour(&cron),
        };
        let schedule = Self { cron, text: text.to_owned(), zone, is_hourly };
        match schedule.next(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never),
        }
    }

    /// Returns the first time after `after` at which a run is due, or `None` if there is none.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        if self.is_hourly { self.next_by_interval(after) } else { self.next_by_clock(after) }
    }

    /// Follows elapsed time: a wall-clock time that occurs twice matches twice.
    fn next_by_interval(&self, after: Timestamp) -> Option<Timestamp> {
        let (mut from, mut inclusive) = (after, false);
        loop {
            let offset = self.zone.to_offset(from);
            let wall = self.matching(offset.to_datetime(from), inclusive)?;
            let at = offset.to_timestamp(wall).ok()?;
            match self.zone.following(from).next().map(|change| change.timestamp()) {
                // After a clock change, search again with the new offset.
                Some(change) if change <= at => (from, inclusive) = (change, true),
                Some(_) | None => return Some(at),
            }
        }
    }

    /// Follows the wall clock, on which each time counts once.
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

    /// Converts a wall-clock time. A repeated time is its first occurrence; a skipped one is the clock change.
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

    /// Returns the first matching wall-clock time.
    fn matching(&self, from: civil::DateTime, inclusive: bool) -> Option<civil::DateTime> {
        // UTC stands for the wall clock here.
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

/// Returns true if the expression matches the first minute of every hour of a day.
fn is_every_hour(cron: &Cron) -> bool {
    let hours = |hour: i64| DateTime::<Utc>::from_timestamp(hour * 3_600, 0);
    (0..24).filter_map(hours).all(|time| cron.is_time_matching(&time).unwrap_or_default())
}

/// The error of the library without its generic prefix.
fn plain(error: &str) -> String {
    let words = error.rsplit_once("error: ").map_or(error, |(_, words)| words);
    let words = words.rsplit_once("pattern: ").map_or(words, |(_, words)| words);
    let words = words.rsplit_once("CronPattern ").map_or(words, |(_, words)| words);
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
    fn expressions_have_five_or_six_fields() {
        for good in ["*/5 * * * *", "0 */5 * * * *", "30 2 * * MON-FRI", "@hourly", "0 0 L * *"] {
            assert!(Schedule::parse(good, "UTC").is_ok(), "{good}");
        }
        for bad in ["", "*", "* * * *", "61 * * * *", "* * * * * * *", "soon", "0 0 31 X *"] {
            let fault = Schedule::parse(bad, "UTC").unwrap_err();
            assert!(matches!(fault, ScheduleError::Cron(_)), "{bad}: {fault}");
        }
        assert_eq!(Schedule::parse("0 0 30 2 *", "UTC"), Err(ScheduleError::Never));
        assert_eq!(Schedule::parse("0 0 * * *", "Europe/Bielefeld"), Err(ScheduleError::Zone));
    }

    #[test]
    fn a_skipped_hour_is_due_at_the_change_and_a_repeated_one_once() {
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
    fn intervals_are_even_through_clock_changes() {
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
    fn every_spelling_of_every_hour_has_the_same_runs() {
        for (from, until) in [
            ("2027-03-27T20:00:00Z", "2027-03-28T05:00:00Z"),
            ("2027-10-30T20:00:00Z", "2027-10-31T05:00:00Z"),
        ] {
            let all = |cron| due(cron, "Europe/Berlin", from, until);
            for same in
                ["@hourly", "0 0-23 * * *", "0 0-11,12-23 * * *", "0 */1 * * *", "0 0 0-23 * * *"]
            {
                assert_eq!(all(same), all("0 * * * *"), "{same}");
            }
            assert_eq!(all("30 0-23 * * *"), all("30 * * * *"));
            assert_eq!(all("0 */2 * * *"), all("0 0,2,4,6,8,10,12,14,16,18,20,22 * * *"));
            assert_eq!(all("@hourly").len(), 9);
        }
    }

    #[test]
    fn several_skipped_times_are_due_once() {
        let all =
            due("*/20 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", "2027-03-28T20:00:00Z");
        assert_eq!(all, ["2027-03-28T01:00:00Z"]);
        let twice =
            due("*/20 2 * * *", "Europe/Berlin", "2027-10-30T22:00:00Z", "2027-10-31T20:00:00Z");
        assert_eq!(twice, ["2027-10-31T00:00:00Z", "2027-10-31T00:20:00Z", "2027-10-31T00:40:00Z"]);
    }

    #[test]
    fn a_nightly_schedule_runs_once_a_night_all_year() {
        for zone in ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"] {
            for cron in ["30 2 * * *", "0 0 * * *", "59 1 * * *", "5 3 * * *"] {
                let all = due(cron, zone, "2026-12-31T23:59:59Z", "2027-12-31T23:59:59Z");
                assert_eq!(all.len(), 365, "{zone} {cron}");
            }
        }
    }
}
