//! The state: facts that cannot be read from Telnyx again.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccountId, Code, DaemonMemory, DifferenceKey, Email, UserId};

/// The state of one organization. An empty one is always valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The channel limits that Telnyx acknowledged.
    pub limits: BTreeMap<AccountId, u64>,
    /// The remainder of the pool. `None` until it was read.
    pub remainder: Option<Remainder>,
    /// The creates that no list shows yet.
    pub creates: BTreeMap<Email, Create>,
    /// The last known email of each account. An email that the manifest declares and no account has any more is kept:
    /// it identifies the former account.
    pub emails: BTreeMap<AccountId, Email>,
    /// The last known email of each user, kept by the same rule.
    pub users: BTreeMap<UserId, Email>,
    /// The users whose removal Telnyx acknowledged but whom the last read still showed.
    pub removed: BTreeSet<UserId>,
    /// True if nothing is remembered between runs (`--state none` or `memory:`).
    pub forgotten: bool,
    /// The time at which each create in [`Create::Sending`] was about to be sent, in seconds since 1970 (UTC).
    pub sent_at: BTreeMap<Email, u64>,
    /// The seals of saved plans that were applied completely, with their expiry in seconds since 1970 (UTC).
    pub used: BTreeMap<String, u64>,
    /// The memory of the daemon. No other command changes it.
    pub memory: DaemonMemory,
}

/// The part of the channel pool that the acknowledged limits do not explain, at the last read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// The allocated channels minus the sum of the acknowledged limits.
    pub channels: i64,
    /// The live accounts without an acknowledged limit.
    pub unrecorded: BTreeSet<AccountId>,
}

/// The progress of a create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Create {
    /// Planned; not sent.
    Intended,
    /// Possibly sent; the outcome is unknown.
    Sending,
    /// Telnyx created this account, and no list shows it yet.
    Acknowledged(AccountId),
}

impl State {
    /// The time at which the daemon first saw a negative balance of an account that is still open, in seconds since
    /// 1970 (UTC).
    #[must_use]
    pub fn negative_since(&self, email: &Email) -> Option<u64> {
        let key = DifferenceKey {
            kind: "managed_account".to_owned(),
            email: Some(email.folded().to_owned()),
            code: Code::NegativeBalance.name().to_owned(),
        };
        self.memory.differences.get(&key).map(|difference| difference.since)
    }

    /// The sum of the acknowledged limits.
    #[must_use]
    pub fn acknowledged(&self) -> i64 {
        self.limits.values().fold(0, |sum: i64, limit| {
            sum.saturating_add(i64::try_from(*limit).unwrap_or(i64::MAX))
        })
    }
}
