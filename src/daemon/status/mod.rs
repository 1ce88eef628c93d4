//! The status of the daemon, as shown by the page, JSON and metrics.
//!
//! Plain values: each of those escapes text from the API for its own format.

mod channel;

use jiff::Timestamp;

use crate::model::{Details, Difference, DifferenceKey};

pub(crate) use channel::StatusChannel;

/// The status of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaemonStatus {
    /// The time of the start.
    pub started: Timestamp,
    /// The time of the last tick of the main loop.
    pub ticked: Timestamp,
    /// The time at which the current configuration was loaded.
    pub loaded: Timestamp,
    /// The problems of a newer configuration or manifest that was rejected.
    pub rejected: Option<String>,
    /// True while the daemon shuts down.
    pub draining: bool,
    /// The number of live replicas that share the organizations, with this one.
    pub replicas: usize,
    /// The organizations, in the order of their labels.
    pub organizations: Vec<Organization>,
}

/// The status of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The label.
    pub organization: String,
    /// The leader while this daemon is on standby. `None` if this daemon is the leader.
    pub leader: Option<String>,
    /// Set while the backend of the leadership lease cannot be reached.
    pub cut_off: Option<CutOff>,
    /// The state in the last run.
    pub state: OrganizationState,
    /// The reason why the last run did not read everything.
    pub error: Option<String>,
    /// The time of the last run that read everything.
    pub last_success: Option<Timestamp>,
    /// The time of the next run.
    pub next_run: Option<Timestamp>,
    /// Recent runs, oldest first.
    pub runs: Vec<Run>,
    /// The open differences, in a fixed order.
    pub differences: Vec<ShownDifference>,
    /// True if the state could not be saved yet, so that a restart now may repeat notifications.
    pub unsaved: bool,
    /// Counters since the start.
    pub counts: RunCounts,
}

/// A backend of leadership that cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutOff {
    /// The time since which it cannot be reached.
    pub since: Timestamp,
    /// True if this process reached it before.
    pub was_reached: bool,
}

/// The state of an organization in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrganizationState {
    /// Nothing differs from the manifest, apart from notices.
    InSync,
    /// Something differs. If the run did not read everything, there may be more.
    Drifted,
    /// No run has finished yet, or Telnyx could not be read completely and no difference was found. Never reported as
    /// drift.
    Unknown,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The time of the start.
    pub at: Timestamp,
    /// The duration in milliseconds.
    pub milliseconds: u64,
    /// The state that it found.
    pub state: OrganizationState,
    /// The number of differences.
    pub differences: usize,
}

/// An open difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownDifference {
    /// The identity.
    pub key: DifferenceKey,
    /// The values in the last run.
    pub details: Details,
    /// The time of the first run that found it.
    pub since: Timestamp,
    /// The number of runs that found it.
    pub runs: u64,
}

impl ShownDifference {
    /// Returns a difference for the status, or `None` if it is not open.
    pub(super) fn of((key, difference): (&DifferenceKey, &Difference)) -> Option<Self> {
        let Difference { since, runs, details, equal_runs: _, clean_runs: _, notified } =
            difference;
        notified.as_ref()?;
        let since = Timestamp::from_second(i64::try_from(*since).ok()?).ok()?;
        Some(Self { key: key.clone(), details: details.clone(), since, runs: *runs })
    }
}

/// Counters of one organization since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Runs in sync.
    pub in_sync: u64,
    /// Runs with drift.
    pub drifted: u64,
    /// Runs that could not read Telnyx completely and found no difference.
    pub unknown: u64,
    /// Ticks during a run, which coalesced.
    pub coalesced: u64,
    /// Delivered notifications.
    pub delivered: u64,
    /// Failed deliveries.
    pub delivery_failures: u64,
    /// Notifications dropped from a full outbox.
    pub dropped: u64,
    /// Notifications in the outbox.
    pub waiting: u64,
    /// Healed differences.
    pub healed: u64,
    /// Requests to Telnyx.
    pub requests: u64,
}
