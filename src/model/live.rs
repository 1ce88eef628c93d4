//! The live side, as Telnyx reports it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{AccountId, Amount, Day, Email, UserId};

/// One read of the live side, which may be incomplete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// The manager of the key, if an account names it.
    pub manager: Option<AccountId>,
    /// The accounts, except cancelled ones.
    pub accounts: Vec<LiveAccount>,
    /// The cancelled accounts. They are read only if an entry of the manifest is missing.
    pub cancelled: Vec<LiveAccount>,
    /// The users. `None` if users are not managed and so were not read.
    pub users: Option<Vec<LiveUser>>,
    /// The channel pool. `None` if no limits are managed and so it was not read.
    pub channels: Option<ChannelPool>,
    /// The balances of accounts whose entries declare a minimum, where Telnyx returned one.
    pub balances: BTreeMap<AccountId, Balance>,
    /// The emails of organization owners: the `api_user` of every account. The list of users need not contain
    /// an owner.
    pub owners: BTreeSet<Email>,
    /// The reasons why this read may be incomplete. For an incomplete half, nothing destructive is done and nothing
    /// is created.
    pub gaps: Vec<Gap>,
}

/// A reason why a half of an inventory may be incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The half.
    pub half: Half,
    /// The reason, for people.
    pub reason: String,
}

/// A half of an inventory, independent of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Half {
    /// Accounts, including cancelled ones, and channels.
    Accounts,
    /// Users.
    Users,
}

impl Live {
    /// Returns true if a half has no gap.
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
    /// The id.
    pub id: AccountId,
    /// The email.
    pub email: Email,
    /// The organization name, if any.
    pub name: Option<String>,
    /// The account that manages it.
    pub manager: Option<AccountId>,
    /// The email of the manager: the user of API version 1 (`api_user`).
    pub api_user: Option<Email>,
    /// True if custom pricing is allowed. `None` if the answer lacks it.
    pub custom_pricing: Option<bool>,
    /// True if the manager is charged. `None` if the answer lacks it.
    pub rollup_billing: Option<bool>,
    /// The status. `None` if it is unknown; it is never guessed.
    pub status: Option<Status>,
}

/// The status of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The account may use Telnyx.
    Enabled,
    /// The manager disabled the account.
    Disabled,
    /// Telnyx blocked the account, which the manager cannot change.
    Blocked,
}

/// A user of the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveUser {
    /// The id.
    pub id: UserId,
    /// The email.
    pub email: Email,
    /// The role in the organization.
    pub role: Role,
    /// The status. `None` if the answer lacks it.
    pub status: Option<UserStatus>,
    /// The group names. `None` if they were not read.
    pub groups: Option<Vec<String>>,
    /// The day of the user's creation, in UTC. `None` if it is unknown.
    pub created: Option<Day>,
    /// The last sign-in to the portal.
    pub last_sign_in: LastSignIn,
    /// True if the user may sign in without single sign-on. `None` if the answer lacks it.
    pub bypasses_sso: Option<bool>,
}

impl LiveUser {
    /// Returns a user with an unknown status, groups, dates and SSO setting.
    #[must_use]
    pub fn new(id: UserId, email: Email, role: Role) -> Self {
        Self {
            id,
            email,
            role,
            status: None,
            groups: None,
            created: None,
            last_sign_in: LastSignIn::Unknown,
            bypasses_sso: None,
        }
    }
}

/// The last sign-in of a user to the portal (`last_sign_in_at`). Use of the API is not a sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LastSignIn {
    /// The answer lacks it, or it cannot be read.
    #[default]
    Unknown,
    /// The user has never signed in.
    Never,
    /// The day, in UTC.
    On(Day),
}

/// The role of a user (`record_type`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// `organization_owner`, who is never removed.
    Owner,
    /// `organization_sub_user`.
    SubUser,
    /// An unknown role. Such a user is never removed.
    Other(String),
}

/// The status of a user (`user_status`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserStatus {
    /// The user may sign in.
    Enabled,
    /// The organization disabled the user.
    Disabled,
    /// Telnyx blocked the user.
    Blocked,
    /// An unknown status.
    Other(String),
}

impl UserStatus {
    /// The name that Telnyx uses.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Blocked => "blocked",
            Self::Other(other) => other,
        }
    }
}

/// The balance of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Balance {
    /// The amount.
    pub amount: Amount,
    /// The currency (ISO 4217), if the answer names it.
    pub currency: Option<String>,
}

/// The channel pool of the manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelPool {
    /// The number of channels that can be allocated.
    pub allocatable: u64,
    /// The number of allocated channels, including defaults at creation.
    pub allocated: u64,
}
