//! The memory of the daemon for one organization. It survives restarts, so that nothing is notified twice or forgotten.

use std::collections::{BTreeMap, BTreeSet};

use super::Code;

/// The memory of the daemon for one organization. Times are seconds since 1970 (UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaemonMemory {
    /// Differences that are open, or not yet closed.
    pub differences: BTreeMap<DifferenceKey, Difference>,
    /// The runs in a row that could not read the organization.
    pub unknown: UnknownRuns,
    /// Recent heals of each difference, for longer than the difference itself lasts.
    pub heals: BTreeMap<DifferenceKey, Heals>,
    /// Notifications that are not delivered to every target yet, oldest first.
    pub outbox: Vec<Notification>,
}

/// The identity of a difference across runs. Its values are not part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferenceKey {
    /// `managed_account`, `organization_user` or `organization`.
    pub kind: String,
    /// The email of the account or user in lower case. `None` for the organization itself.
    pub email: Option<String>,
    /// The field that differs, or the code of the finding.
    pub code: String,
}

/// The urgency of a difference, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something is lost soon that cannot be restored: Telnyx abolishes an account whose balance stays below zero.
    Critical,
    /// Any other difference.
    Warning,
}

impl Severity {
    /// The name in notifications.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

impl DifferenceKey {
    /// The urgency of the difference.
    #[must_use]
    pub fn severity(&self) -> Severity {
        if self.code == Code::NegativeBalance.name() {
            Severity::Critical
        } else {
            Severity::Warning
        }
    }

    /// The key under which the end of an unknown state is notified.
    #[must_use]
    pub fn unreadable() -> Self {
        let (kind, code) = ("organization".to_owned(), "unknown".to_owned());
        Self { kind, email: None, code }
    }
}

/// The values of a difference in one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Details {
    /// Field, live value and desired value. Empty for a finding.
    pub changes: Vec<(String, String, String)>,
    /// The text of a finding. Empty for an action.
    pub message: String,
    /// The reason for an action, such as a removal. Empty if the entry declares it.
    pub reason: String,
    /// True if resolving the difference takes something away.
    pub destructive: bool,
}

/// A difference, from the first run that finds it until it is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The time of the first run that found it.
    pub since: u64,
    /// The number of runs that found it.
    pub runs: u64,
    /// The values in the last run that found it.
    pub details: Details,
    /// The number of runs in a row with equal values.
    pub equal_runs: u32,
    /// The number of runs in a row that did not find it.
    pub clean_runs: u32,
    /// The last notification. `None` until the difference opens.
    pub notified: Option<Notified>,
}

/// The content and time of a notification about a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notified {
    /// The values that were notified.
    pub details: Details,
    /// The time of the notification.
    pub at: u64,
}

/// The runs in a row that could not read the organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnknownRuns {
    /// Their number.
    pub runs: u32,
    /// The time of the last notification about it. `None` before the first.
    pub notified_at: Option<u64>,
}

/// The recent heals of one difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heals {
    /// The time of each heal in the last hour, oldest first.
    pub at: Vec<u64>,
    /// The end of a suspension that was notified. `None` while healing is allowed.
    pub suspended_until: Option<u64>,
}

/// A notification in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// A unique identity. A receiver recognizes a repeated delivery by it.
    pub id: String,
    /// The event.
    pub event: Event,
    /// The time of the event.
    pub at: u64,
    /// True if everything in it was notified before and is still open.
    pub reminder: bool,
    /// The differences, the most urgent first and then destructive ones. A long list is cut.
    pub items: Vec<(DifferenceKey, Details)>,
    /// The number of all differences, including those cut from `items`.
    pub total: u64,
    /// The number of all destructive differences, including those cut from `items`.
    pub destructive: u64,
    /// The error that makes the state unknown. Empty for other events.
    pub error: String,
    /// The names of the targets that still have to receive it.
    pub targets: BTreeSet<String>,
}

/// The kinds of notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Differences opened.
    Opened,
    /// Open differences have other values than notified before.
    Changed,
    /// Differences closed.
    Closed,
    /// The organization cannot be read.
    Unknown,
    /// Healing stopped for differences that keep coming back.
    HealSuspended,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 5] =
        [Self::Opened, Self::Changed, Self::Closed, Self::Unknown, Self::HealSuspended];

    /// The name in notifications.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "drift_opened",
            Self::Changed => "drift_changed",
            Self::Closed => "drift_closed",
            Self::Unknown => "unknown",
            Self::HealSuspended => "heal_suspended",
        }
    }
}
