//! What must be remembered because Telnyx will not tell it.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccountId, Email, UserId, Watch};

/// What must be remembered about one organization. An empty one is always allowed: less is known then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The limits of channels that Telnyx has acknowledged: what a PATCH was answered with.
    pub limits: BTreeMap<AccountId, u64>,
    /// What the pool had beside those limits. `None`: not taken yet.
    pub remainder: Option<Remainder>,
    /// The creates that have begun and that no list has shown yet.
    pub creates: BTreeMap<Email, Create>,
    /// The email of each account as it was last seen. One that the manifest still wants and that no account
    /// has any more is kept: it tells who the account was.
    pub emails: BTreeMap<AccountId, Email>,
    /// The email of each user as it was last seen. Kept as long as that of an account.
    pub users: BTreeMap<UserId, Email>,
    /// The users whose removal Telnyx has acknowledged and whom the last read still showed.
    pub removed: BTreeSet<UserId>,
    /// True if nothing is remembered between runs (`--state none` or `memory:`).
    pub forgotten: bool,
    /// When the creates that are `Sending` were about to be sent, in seconds since 1970 (UTC).
    pub sent_at: BTreeMap<Email, u64>,
    /// The saved plans that were applied to their end, by their seals, each with when it expires anyway, in
    /// seconds since 1970 (UTC).
    pub used: BTreeMap<String, u64>,
    /// What whoever watches the organization remembers of it. Nothing else reads or changes it.
    pub watch: Watch,
}

/// What a pool had beside the acknowledged limits, when it was last looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// The channels that were allocated, less the sum of the acknowledged limits.
    pub channels: i64,
    /// The live accounts whose limit was not acknowledged.
    pub unrecorded: BTreeSet<AccountId>,
}

/// How far a create has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Create {
    /// It was going to be sent; nothing has left yet.
    Intended,
    /// It may have been sent, and nobody knows what became of it.
    Sending,
    /// Telnyx has created this account, and no list has shown it yet.
    Acknowledged(AccountId),
}

impl State {
    /// The sum of the acknowledged limits.
    #[must_use]
    pub fn acknowledged(&self) -> i64 {
        self.limits.values().fold(0, |sum: i64, limit| {
            sum.saturating_add(i64::try_from(*limit).unwrap_or(i64::MAX))
        })
    }
}
