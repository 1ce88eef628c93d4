//! Checks organizations for drift on a schedule, and notifies when drift opens, changes and closes.
//!
//! It only reads from Telnyx, unless `--heal` names classes of changes. Nothing destructive is ever healed.
//!
//! A tick each second ([`schedule`]) wakes the worker of each organization. When a run is due it reads and plans (`run`).
//! A pure function of the result and of what is remembered ([`drift`]) decides which differences open, change and close.
//! Their notifications wait in an outbox until every target has them ([`notify`]). The memory is in the state, so a
//! restart repeats nothing. Of several daemons with a shared state one is the leader (`leadership`). `supervisor` starts, reloads
//! and stops everything, and [`web`] shows the [`status`].

pub mod config;
pub mod drift;
pub(crate) mod leadership;
pub mod notify;
mod run;
pub mod schedule;
pub mod status;
mod supervisor;
pub mod web;
mod words;
mod worker;

pub use config::{Defaults, SetupError};
pub use run::RequestLimits;
pub use supervisor::{ConfigSource, Options, run};
