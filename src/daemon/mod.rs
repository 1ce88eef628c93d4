//! Watches organizations on a schedule and says when one drifts from its manifest, and when that is over.
//!
//! It detects and never writes to Telnyx, unless `--heal` names classes of action, and never a loss.

pub mod episodes;
pub mod outbox;
pub mod schedule;
pub mod sighting;
pub mod status;
pub mod timetable;
