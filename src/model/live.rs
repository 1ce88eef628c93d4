//! What Telnyx says is there: one read of the live side.

use std::fmt;

use super::{AccountId, Email, UserId};

/// One read of the live side, as far as it was possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// The manager whose key was used. `None`: there is no account that says so.
    pub manager: Option<AccountId>,
    /// The accounts that are not cancelled.
    pub accounts: Vec<LiveAccount>,
    /// The cancelled accounts. Empty when they were not read because no entry of the manifest is missing.
    pub cancelled: Vec<LiveAccount>,
    /// The users of the organization. `None`: users are not managed, so they were not read.
    pub users: Option<Vec<LiveUser>>,
    /// The channels of the manager. `None`: no limits are managed, so they were not read.
    pub channels: Option<ChannelPool>,
    /// The email of the organization's owner, whom the list of users leaves out. Known from any account's
    /// `api_user`.
    pub owner: Option<Email>,
    /// The reasons why this read may lack something; empty when it is complete. From an incomplete half
    /// nothing is taken away and nothing is created.
    pub gaps: Vec<Gap>,
}

/// A reason why a half of an inventory may lack something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The half.
    pub half: Half,
    /// The reason, for people.
    pub reason: String,
}

/// A half of an inventory: neither needs the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// Accounts, cancelled ones and channels.
    Accounts,
    /// Users.
    Users,
}

impl Live {
    /// True if nothing is known to lack in a half.
    #[must_use]
    pub fn is_complete(&self, half: Half) -> bool {
        self.gaps.iter().all(|gap| gap.half != half)
    }
}

impl Gap {
    /// A gap in a half.
    #[must_use]
    pub fn new(half: Half, reason: impl Into<String>) -> Self {
        Self { half, reason: reason.into() }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// A managed account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveAccount {
    /// Its identity.
    pub id: AccountId,
    /// Its email.
    pub email: Email,
    /// The name of its organization, if it has one.
    pub name: Option<String>,
    /// The account that manages it.
    pub manager: Option<AccountId>,
    /// The email of the manager, which its keys of API version 1 use as their user (`api_user`).
    pub api_user: Option<Email>,
    /// Whether it may have prices of its own. `None`: the answer did not say.
    pub custom_pricing: Option<bool>,
    /// Whether its charges go to the manager. `None`: the answer did not say.
    pub rollup_billing: Option<bool>,
    /// Whether it may use Telnyx. `None`: Telnyx would not tell us, and nobody guesses.
    pub status: Option<Status>,
}

/// Whether an account may use Telnyx.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It may.
    Enabled,
    /// Its manager has disabled it.
    Disabled,
    /// Telnyx has blocked it; the manager cannot change that.
    Blocked,
}

/// A user of the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveUser {
    /// Its identity.
    pub id: UserId,
    /// Its email.
    pub email: Email,
    /// What it is in the organization.
    pub role: Role,
    /// Whether it may sign in. `None`: the answer did not say.
    pub status: Option<UserStatus>,
    /// The names of the groups it is in. `None`: they were not asked for.
    pub groups: Option<Vec<String>>,
}

/// What a user is in the organization (`record_type`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// `organization_owner`: never removed, whatever the manifest says.
    Owner,
    /// `organization_sub_user`.
    SubUser,
    /// Something that Telnyx did not have when this was written. Not known to be removable, so never removed.
    Other(String),
}

/// Whether a user may sign in (`user_status`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserStatus {
    /// The user may.
    Enabled,
    /// Somebody of the organization has disabled the user.
    Disabled,
    /// Telnyx has blocked the user.
    Blocked,
    /// Something that Telnyx did not have when this was written.
    Other(String),
}

/// The channels of the manager, all accounts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelPool {
    /// How many channels may be allocated in all.
    pub allocatable: u64,
    /// How many are allocated, those given by default at creation included.
    pub allocated: u64,
}
