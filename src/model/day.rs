//! A calendar day.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar. Days in a manifest are in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    of_month: u8,
}

/// The error for a text or a triple that is not a calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidDay;

impl Day {
    /// Creates a day. `month` and `day` count from 1.
    ///
    /// # Errors
    ///
    /// Fails when the day does not exist, or its year does not have four digits.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, InvalidDay> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => 0,
        };
        let exists = (1..=9999).contains(&year) && (1..=days).contains(&day);
        if exists { Ok(Self { year, month, of_month: day }) } else { Err(InvalidDay) }
    }

    /// The number of days from `earlier` to this day; negative if `earlier` is later.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        self.number() - earlier.number()
    }

    /// The number of days from a fixed day long ago.
    fn number(self) -> i64 {
        let Self { year, month, of_month } = self;
        // Years begin in March here, so that a leap day is the last day of its year.
        let (year, month) = (i64::from(year), i64::from(month));
        let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
        let days_before_month = (153 * month + 2) / 5;
        365 * year + year / 4 - year / 100 + year / 400 + days_before_month + i64::from(of_month)
    }
}

impl FromStr for Day {
    type Err = InvalidDay;

    /// Parses exactly `YYYY-MM-DD`.
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else {
            return Err(InvalidDay);
        };
        let digits = |part: &str, length| {
            part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
            return Err(InvalidDay);
        }
        let number = |part: &str| part.parse::<u16>().map_err(|_| InvalidDay);
        let small = |part: &str| part.parse::<u8>().map_err(|_| InvalidDay);
        Self::new(number(year)?, small(month)?, small(day)?)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, of_month } = self;
        write!(f, "{year:04}-{month:02}-{of_month:02}")
    }
}

impl fmt::Display for InvalidDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a calendar day")
    }
}

impl std::error::Error for InvalidDay {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_across_months_and_leap_years() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let cases = [
            ("2026-03-01", "2026-02-28", 1),
            ("2028-03-01", "2028-02-28", 2),
            ("2026-11-28", "2026-08-30", 90),
            ("2027-01-01", "2026-01-01", 365),
            ("2100-03-01", "2100-02-28", 1),
            ("1970-01-01", "2000-01-01", -10_957),
            ("2026-05-05", "2026-05-05", 0),
        ];
        for (later, earlier, days) in cases {
            assert_eq!(day(later).days_since(day(earlier)), days, "{later} {earlier}");
        }
    }

    #[test]
    fn only_calendar_days_parse_and_they_are_ordered() {
        for good in ["2026-01-31", "2028-02-29", "2000-02-29", "0001-12-01", "9999-12-31"] {
            assert_eq!(good.parse::<Day>().map(|day| day.to_string()).as_deref(), Ok(good));
        }
        let bad = [
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "0000-01-01",
            "2026-1-01",
            "26-01-01",
            "2026-01-01T00:00:00Z",
            "+026-01-01",
            "",
        ];
        for bad in bad {
            assert_eq!(bad.parse::<Day>(), Err(InvalidDay), "{bad}");
        }
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert!(day("2026-12-31") < day("2027-01-01") && day("2027-01-09") < day("2027-01-10"));
    }
}
