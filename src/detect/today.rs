//! The date of a plan. It is read once, here, and passed to the planner.

use crate::model::{Day, InvalidDay};

/// Returns today's date in UTC.
///
/// # Errors
///
/// If the clock is outside the years of the calendar.
pub fn today() -> Result<Day, InvalidDay> {
    let date = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    date.to_string().parse()
}
