//! How the daemon stands: one value, made anew after every run, that the web and the metrics show.
//!
//! Plain values. Whoever shows them escapes what came from the API for the place it is shown in.

use jiff::Timestamp;

use crate::model::{self, Difference, Item};

/// How the daemon stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// When it was started.
    pub started: Timestamp,
    /// When the loop last turned: what is alive moves this.
    pub turned: Timestamp,
    /// When the configuration in use was read.
    pub loaded: Timestamp,
    /// Why a newer configuration or manifest is not in use. `None`: what is on disk is what is in use.
    pub refused: Option<String>,
    /// Whether it is draining: it has been told to end.
    pub draining: bool,
    /// The organizations, in the order of their labels.
    pub organizations: Vec<Organization>,
}

/// How one organization stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its label.
    pub organization: String,
    /// Which other daemon watches it, while this one stands by. `None`: this one watches.
    pub watched_by: Option<String>,
    /// What the last run has found.
    pub state: State,
    /// Why it is unknown, if it is.
    pub error: Option<String>,
    /// When a run last read everything.
    pub last_success: Option<Timestamp>,
    /// When the next run is due.
    pub next_run: Option<Timestamp>,
    /// The last runs, oldest first; a bounded number of them.
    pub runs: Vec<Run>,
    /// What is drifted and was announced, in a fixed order.
    pub episodes: Vec<Episode>,
    /// Whether the state does not have what is remembered: after an end now it would be told again.
    pub unwritten: bool,
    /// How often each thing has happened since the start.
    pub counts: Counts,
}

/// What a run has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Everything is as the manifest says, but for notices.
    InSync,
    /// Something differs.
    Drifted,
    /// Nobody can say: there was no run yet, or Telnyx did not answer. Never called drift.
    Unknown,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// What it has found.
    pub state: State,
    /// How many things differed.
    pub items: usize,
}

/// A difference that lasts, from its announcement to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// What it is about: `managed_account`, `organization_user` or `organization`.
    pub kind: String,
    /// The email of the account or user. `None`: the organization.
    pub email: Option<String>,
    /// The name of the action that would end it, or the code of the finding.
    pub what: String,
    /// What differs, field by field: the field, what is there, what is wanted. Empty for a finding.
    pub changes: Vec<(String, String, String)>,
    /// What a finding says. Empty for an action.
    pub message: String,
    /// Whether ending it takes something away.
    pub destructive: bool,
    /// When it was first seen.
    pub since: Timestamp,
    /// In how many runs it was seen.
    pub sightings: u64,
}

impl Episode {
    /// An episode as it is shown. `None`: it was not announced yet.
    pub(super) fn of((item, episode): (&Item, &model::Episode)) -> Option<Self> {
        let Item { kind, email, what } = item.clone();
        let model::Episode { since, sightings, seen, equal: _, clean: _, told } = episode;
        let Difference { changes, message, destructive } = seen.clone();
        told.as_ref()?;
        let since = Timestamp::from_second(i64::try_from(*since).ok()?).ok()?;
        Some(Self {
            kind,
            email,
            what,
            changes,
            message,
            destructive,
            since,
            sightings: *sightings,
        })
    }
}

/// How often each thing has happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs that found everything in sync.
    pub in_sync: u64,
    /// Runs that found drift.
    pub drifted: u64,
    /// Runs that could not tell.
    pub unknown: u64,
    /// Ticks that came while a run was under way, and were taken together.
    pub coalesced: u64,
    /// Notifications that were delivered.
    pub notified: u64,
    /// Attempts to deliver one that failed.
    pub notify_failures: u64,
    /// Notifications that wait to be delivered.
    pub waiting: u64,
    /// Actions that healing has done.
    pub healed: u64,
    /// Requests to Telnyx.
    pub requests: u64,
}
