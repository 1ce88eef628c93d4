//! Watches organizations on a schedule and says when one drifts from its manifest, and when that is over.
//!
//! It detects and never writes to Telnyx, unless `--heal` names classes of action, and never a loss.
//!
//! A beat each second (`trigger`) wakes the worker of each organization, which looks in its
//! [`timetable`] whether a run is due. A run reads and plans (`pass`), which gives a [`sighting`]; a pure
//! function of that and of what is remembered ([`episodes`]) says what is news; news goes into the
//! [`outbox`], from where each target is told ([`notify`]). What is remembered is in the state, so
//! that a restart says nothing twice. Of several daemons with one state in a bucket one watches (`lease`). `life` starts and ends all that, and puts up how it stands as one
//! [`status`].

mod backoff;
mod board;
mod clash;
pub mod config;
mod connection;
pub mod episodes;
mod files;
mod heal;
mod lease;
mod life;
mod memory;
pub mod notify;
pub mod outbox;
mod pass;
pub mod schedule;
mod setup;
pub mod sighting;
pub mod status;
mod tally;
mod telling;
pub mod timetable;
mod trigger;
pub mod web;
mod words;
mod worker;

pub use connection::Pace;
pub use life::{Options, Source, run};
pub use setup::{Trouble, Usual};
