//! The clock of a plan: its date is read once, here, and given to the planner.

use crate::model::{Day, InvalidDay};

/// Returns today's date in UTC.
///
/// # Errors
///
/// When the clock is outside of the years that the calendar has.
pub fn today() -> Result<Day, InvalidDay> {
    let date = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
    date.to_string().parse()
}
