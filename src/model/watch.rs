//! What a watcher must remember of an organization, so that a restart says nothing twice and forgets nothing.

use std::collections::{BTreeMap, BTreeSet};

/// What a watcher remembers of one organization. Times are seconds since 1970 (UTC).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// What differs, or did a moment ago.
    pub episodes: BTreeMap<Item, Episode>,
    /// How long nobody has been able to say how the organization is.
    pub unknown: Unknown,
    /// What is to be told and has not arrived everywhere, oldest first.
    pub outbox: Vec<Message>,
}

/// Something that can differ from the manifest: this is what makes it the same one in the next run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// `managed_account`, `organization_user` or `organization`.
    pub kind: String,
    /// The email of the account or user, in lower case. `None`: it is about the organization.
    pub email: Option<String>,
    /// The name of the action that would end it, or the code of the finding.
    pub what: String,
}

impl Item {
    /// That nobody can say how the organization is: what is told to be over once somebody can again.
    #[must_use]
    pub fn unreadable() -> Self {
        let (kind, what) = ("organization".to_owned(), "unknown".to_owned());
        Self { kind, email: None, what }
    }
}

/// What differs in an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Field by field: the field, what is there, what is wanted. Empty for a finding.
    pub changes: Vec<(String, String, String)>,
    /// What a finding says. Empty for an action.
    pub message: String,
    /// Whether ending it takes something away.
    pub destructive: bool,
}

/// An item from its first sighting to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// When it was first seen.
    pub since: u64,
    /// In how many runs it was seen.
    pub sightings: u64,
    /// What differed when it was last seen.
    pub seen: Difference,
    /// In how many runs in a row it was seen just so.
    pub equal: u32,
    /// In how many runs in a row it was not seen.
    pub clean: u32,
    /// What has been announced of it. `None`: nothing yet.
    pub told: Option<Told>,
}

/// What has been announced of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What differed then.
    pub difference: Difference,
    /// When that was.
    pub at: u64,
}

/// How long nobody has been able to say how an organization is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    /// In how many runs in a row.
    pub runs: u32,
    /// When that was announced. `None`: not yet.
    pub told: Option<u64>,
}

/// Something that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its identity: whoever gets it twice knows it by this.
    pub id: String,
    /// What has happened.
    pub event: Event,
    /// When that was.
    pub at: u64,
    /// Whether it was told before, and still is so.
    pub reminder: bool,
    /// What it is about; of very many only the first.
    pub items: Vec<(Item, Difference)>,
    /// How many it is about.
    pub total: u64,
    /// Why nobody can say how the organization is. Empty unless that is what has happened.
    pub reason: String,
    /// The names of the targets that do not have it yet.
    pub targets: BTreeSet<String>,
}

/// What can happen to an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Something has begun to differ.
    Opened,
    /// What differs is something else now.
    Changed,
    /// It does not differ any more.
    Closed,
    /// Nobody can say how the organization is.
    Unknown,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Opened, Self::Changed, Self::Closed, Self::Unknown];

    /// Its name in notifications.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "drift_opened",
            Self::Changed => "drift_changed",
            Self::Closed => "drift_closed",
            Self::Unknown => "unknown",
        }
    }
}
