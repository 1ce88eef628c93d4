//! The desired side: a validated manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{AccountId, Amount, Code, Day, Email};

/// The desired organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// A label for reports, file names and metrics.
    pub organization: String,
    /// The manager that the manifest is for, if it names one.
    pub manager: Option<AccountId>,
    /// The policy: permitted actions and their limits.
    pub policy: Policy,
    /// The accepted findings.
    pub accept: Vec<Accepted>,
    /// The desired accounts. If empty, accounts are neither managed nor read.
    pub accounts: BTreeMap<Email, WantedAccount>,
    /// The listed users. If `None`, users are not managed.
    pub users: Option<BTreeMap<Email, WantedUser>>,
}

impl Desired {
    /// Returns a manifest that manages nothing.
    #[must_use]
    pub fn new(organization: String) -> Self {
        Self {
            organization,
            manager: None,
            policy: Policy::default(),
            accept: Vec::new(),
            accounts: BTreeMap::new(),
            users: None,
        }
    }
}

/// A desired account. A field that is `None` is not managed; on create it gets the default of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedAccount {
    /// The organization name.
    pub name: String,
    /// The email.
    pub email: Email,
    /// The id, which survives a change of email. If `None`, the email identifies the account.
    pub id: Option<AccountId>,
    /// True if the account may use Telnyx.
    pub enabled: Option<bool>,
    /// The channel limit.
    pub channel_limit: Option<u64>,
    /// True if custom pricing is allowed.
    pub custom_pricing: Option<bool>,
    /// True if the manager is charged. Cannot be changed after creation.
    pub rollup_billing: Option<bool>,
    /// The balance below which the account is reported. `None` if its balance is not read.
    pub min_balance: Option<Amount>,
    /// True if enabling the account also enables its connections again.
    pub reenable_connections: bool,
    /// The source of the password on create. If `None`, the account is created without one.
    pub password_from: Option<PasswordSource>,
}

impl WantedAccount {
    /// Returns an entry that manages no field.
    #[must_use]
    pub fn new(name: String, email: Email) -> Self {
        Self {
            name,
            email,
            id: None,
            enabled: None,
            channel_limit: None,
            custom_pricing: None,
            rollup_billing: None,
            min_balance: None,
            reenable_connections: false,
            password_from: None,
        }
    }
}

/// The source of a password, which is read by apply only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PasswordSource {
    /// The environment variable of this name, which begins with `TRUNKLINE_SECRET_`.
    Env(String),
    /// The file at this path.
    File(PathBuf),
}

/// A listed user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedUser {
    /// The email.
    pub email: Email,
    /// The presence of the user in the organization.
    pub presence: Presence,
    /// True if the user never counts as stale.
    pub keep: bool,
}

impl WantedUser {
    /// Returns an entry of a user who may be stale.
    #[must_use]
    pub fn new(email: Email, presence: Presence) -> Self {
        Self { email, presence, keep: false }
    }

    /// Returns true if the entry says `owner: true`.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.presence == Presence::Owner
    }
}

/// The presence of a user in the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The user may be in the organization.
    Present {
        /// The desired groups. If `None`, groups are not checked.
        groups: Option<BTreeSet<String>>,
        /// The last day of access, if it ends.
        until: Option<Day>,
    },
    /// The user owns the organization. The API may not list the owner, so the entry is never missing.
    Owner,
    /// The user must not be in the organization, whatever the policy for unlisted users.
    Absent,
}

/// A finding that is accepted until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The code of the finding.
    pub code: Code,
    /// The account or user. `None` for the organization.
    pub email: Option<Email>,
    /// The last day of the acceptance.
    pub until: Day,
    /// The reason.
    pub reason: Option<String>,
}

/// The policy: permitted actions and their limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The policy for unlisted accounts.
    pub unlisted_accounts: UnlistedAccounts,
    /// The policy for unlisted users.
    pub unlisted_users: UnlistedUsers,
    /// The safety limits.
    pub budgets: Budgets,
    /// Accounts and users that are exempt from destructive actions.
    pub protected: BTreeSet<Email>,
    /// The rules for the access of users.
    pub access: AccessPolicy,
}

/// The rules for the access of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessPolicy {
    /// The number of days without a sign-in after which a user is stale. `None` if sign-ins are not checked.
    pub stale_after: Option<u32>,
    /// The policy for listed users who are stale.
    pub stale_users: StaleUsers,
    /// The only users who may bypass single sign-on. `None` if that is not checked.
    pub sso_bypass: Option<BTreeSet<Email>>,
    /// The groups whose members must be granted them by their entry.
    pub privileged_groups: BTreeSet<String>,
}

/// The policy for listed users who are stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StaleUsers {
    /// Reports a finding.
    #[default]
    Report,
    /// Removes them.
    Remove,
}

/// The policy for unlisted accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnlistedAccounts {
    /// Ignores them.
    Ignore,
    /// Reports a finding.
    #[default]
    Report,
    /// Disables them.
    Disable,
}

/// The policy for unlisted users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnlistedUsers {
    /// Ignores them.
    Ignore,
    /// Reports a finding.
    #[default]
    Report,
    /// Removes them.
    Remove,
}

/// The safety limits of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Users removed, of all live users.
    pub removals: Budget,
    /// Accounts disabled, of all enabled ones. A channel limit set to 0 counts too.
    pub disables: Budget,
    /// Accounts enabled, of all disabled ones.
    pub enables: Budget,
    /// Channels taken away, of all allocated ones.
    pub channel_cut: Budget,
    /// Custom pricing withdrawn, of all accounts that have it.
    pub pricing_withdrawals: Budget,
    /// Accounts created. The API cannot delete an account.
    pub creates: u64,
}

impl Default for Budgets {
    fn default() -> Self {
        let quarter = Budget::Percent(25);
        Self {
            removals: quarter,
            disables: quarter,
            enables: quarter,
            channel_cut: Budget::Percent(50),
            pricing_withdrawals: quarter,
            creates: 100,
        }
    }
}

/// A safety limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Budget {
    /// A number.
    Count(u64),
    /// A percentage: rounded down, but at least 1 unless it is 0.
    Percent(u8),
}

impl Budget {
    /// The limit for a total of `whole`.
    #[must_use]
    pub fn limit(self, whole: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(0) => 0,
            Self::Percent(percent) => {
                let share = u128::from(whole) * u128::from(percent) / 100;
                u64::try_from(share).unwrap_or(u64::MAX).max(1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn a_percentage_is_rounded_down_but_at_least_1_unless_it_is_0() {
        let cases = [
            (Budget::Percent(25), 12, 3),
            (Budget::Percent(25), 7, 1),
            (Budget::Percent(25), 1, 1),
            (Budget::Percent(100), u64::MAX, u64::MAX),
            (Budget::Percent(0), 1000, 0),
            (Budget::Count(0), 1000, 0),
            (Budget::Count(5), 2, 5),
        ];
        for (budget, whole, limit) in cases {
            assert_eq!(budget.limit(whole), limit, "{budget:?} of {whole}");
        }
    }
}
