//! The sandbox's organization: plain data, without HTTP or files.
//!
//! Accounts and users are shared by reference count, so that a copy of the whole is cheap: every change is made in
//! a copy, which becomes the state only if the change succeeds (see [`super::store`]).

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::behavior::Behavior;

/// The status of a managed account. No answer of the API contains it; only the list filter reveals it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// In use.
    Enabled,
    /// Switched off by the manager, who can switch it on again.
    Disabled,
    /// Switched off by the provider; the manager cannot enable it.
    Blocked,
    /// Closed permanently; still listed on request, and its email stays taken.
    Cancelled,
}

/// A managed account, including fields that the API does not return.
#[derive(Debug, Clone)]
pub struct Account {
    /// A UUID.
    pub id: String,
    /// Unique among all accounts, regardless of case.
    pub email: String,
    /// `business_name` in a create.
    pub organization_name: String,
    /// Revealed by the list filter only.
    pub status: AccountStatus,
    /// Returned only by the answer to setting it.
    pub channel_limit: u64,
    /// `managed_account_allow_custom_pricing`.
    pub custom_pricing: bool,
    /// Without a balance of its own.
    pub rollup_billing: bool,
    /// Amounts as the API writes them.
    pub balance: SandboxBalance,
    /// Disabling turns the connections off; enabling turns them on only when asked to.
    pub connections_enabled: bool,
    /// To the millisecond; accounts created by request have increasing ones.
    pub created_at: Timestamp,
    /// Moves when a request changes something.
    pub updated_at: Timestamp,
    /// The V2 key.
    pub api_key: SecretString,
    /// The V1 token.
    pub api_token: SecretString,
}

/// The balance of an account: decimal numbers as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxBalance {
    /// Current balance; may be negative.
    pub balance: String,
    /// Credit limit.
    pub credit_limit: String,
    /// Balance plus credit limit.
    pub available_credit: String,
    /// ISO 4217 code.
    pub currency: String,
}

impl Default for SandboxBalance {
    fn default() -> Self {
        let zero = || "0.00".to_owned();
        Self {
            balance: zero(),
            credit_limit: zero(),
            available_credit: zero(),
            currency: "USD".to_owned(),
        }
    }
}

impl Account {
    /// The channels it holds of the pool. A cancelled account holds none.
    #[must_use]
    pub fn held_channels(&self) -> u64 {
        if self.status == AccountStatus::Cancelled { 0 } else { self.channel_limit }
    }
}

/// The role of a user in the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordType {
    /// Cannot be removed.
    OrganizationOwner,
    /// Any other user.
    OrganizationSubUser,
}

/// The sign-in status of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignInStatus {
    /// May sign in.
    Enabled,
    /// Switched off by the organization.
    Disabled,
    /// Switched off by the provider.
    Blocked,
}

/// A group of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserGroup {
    /// Identifies the group.
    pub id: String,
    /// Display name.
    pub name: String,
}

/// A user of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identifies the user.
    pub id: String,
    /// Unique among the users.
    pub email: String,
    /// `record_type`.
    pub role: RecordType,
    /// `user_status`.
    pub status: SignInStatus,
    /// In the order of the seed.
    pub groups: Vec<UserGroup>,
    /// `organization_user_bypasses_sso`.
    pub bypasses_sso: bool,
    /// To the millisecond.
    pub created_at: Timestamp,
    /// `None`: never.
    pub last_sign_in_at: Option<Timestamp>,
}

/// The manager, whose key the requests carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// `manager_account_id` of every account.
    pub id: String,
    /// `api_user` of every account.
    pub email: String,
    /// Returned with the channel pool.
    pub custom_pricing: bool,
}

/// The pool of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// All of them.
    pub allocatable: u64,
    /// The channels of a new account, limited by the pool.
    pub default_allotment: u64,
}

/// The whole organization.
#[derive(Debug, Clone)]
pub struct SandboxState {
    /// The owner of the key.
    pub manager: Arc<Manager>,
    /// The channel pool.
    pub pool: Pool,
    /// In the order of the seed, then of creation.
    pub accounts: Vec<Arc<Account>>,
    /// In the order of the seed.
    pub users: Vec<Arc<User>>,
    /// Variant of the API.
    pub(super) behavior: Arc<Behavior>,
}

impl SandboxState {
    /// The account with this id, cancelled or not.
    pub(super) fn account(&self, id: &str) -> Option<&Arc<Account>> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The user with this id.
    pub(super) fn user(&self, id: &str) -> Option<&Arc<User>> {
        self.users.iter().find(|user| user.id == id)
    }

    /// The channels that accounts hold, default allotments included.
    #[must_use]
    pub fn allocated(&self) -> u64 {
        self.accounts.iter().fold(0, |sum, account| sum.saturating_add(account.held_channels()))
    }

    /// Returns true if an account has this email, in any case. A cancelled account keeps its email.
    pub(super) fn email_is_taken(&self, email: &str) -> bool {
        let email = email.to_lowercase();
        self.accounts.iter().any(|account| account.email.to_lowercase() == email)
    }
}
