//! What the manifest wants, after it was found to be without a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::{AccountId, Code, Day, Email};

/// An organization as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// A label for reports, file names and metrics.
    pub organization: String,
    /// The manager that this manifest is for. `None`: it does not say.
    pub manager: Option<AccountId>,
    /// What may be done, and how much of it.
    pub policy: Policy,
    /// The findings that are known and fine.
    pub accept: Vec<Accepted>,
    /// The accounts that should exist. Empty: accounts are not managed, so they are not read.
    pub accounts: BTreeMap<Email, WantedAccount>,
    /// The users who may be in the organization. `None`: users are not managed.
    pub users: Option<BTreeMap<Email, WantedUser>>,
}

/// An account as it should be. `None` in a field: not managed; on create the API's default holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedAccount {
    /// The name of its organization.
    pub name: String,
    /// Its email.
    pub email: Email,
    /// Its identity, which survives a change of its email. `None`: its email identifies it.
    pub id: Option<AccountId>,
    /// Whether it may use Telnyx.
    pub enabled: Option<bool>,
    /// How many channels of the manager's pool it may use at once.
    pub channel_limit: Option<u64>,
    /// Whether it may have prices of its own.
    pub custom_pricing: Option<bool>,
    /// Whether its charges go to the manager. Cannot be changed after creation.
    pub rollup_billing: Option<bool>,
    /// Whether enabling it also enables its connections again.
    pub reenable_connections: bool,
    /// Where the password is read from when it is created. `None`: it is created without one.
    pub password_from: Option<PasswordSource>,
}

/// Where a password is read from, at apply and not before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PasswordSource {
    /// The variable of the environment with this name, which begins with `TRUNKLINE_SECRET_`.
    Env(String),
    /// The file at this path.
    File(PathBuf),
}

/// What the manifest says of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedUser {
    /// Its email.
    pub email: Email,
    /// Whether the user may be in the organization.
    pub presence: Presence,
}

impl WantedUser {
    /// True if the entry says `owner: true`.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.presence == Presence::Owner
    }
}

/// Whether a user may be in the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The user may.
    Present {
        /// The names of the groups that the user should be in. `None`: they are not checked.
        groups: Option<BTreeSet<String>>,
        /// The last day on which the user may. `None`: there is no such day.
        until: Option<Day>,
    },
    /// The user owns the organization. The API may not list the owner, so the entry is never missing.
    Owner,
    /// The user is to be gone, whatever the policy says of those who are not listed.
    Absent,
}

/// A finding that is known and fine, until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The kind of the finding.
    pub code: Code,
    /// The account or user that it is about. `None`: the organization.
    pub email: Option<Email>,
    /// The last day on which it is fine.
    pub until: Day,
    /// Why it is.
    pub reason: Option<String>,
}

/// What may be done, and how much of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What to do about live accounts that the manifest does not list.
    pub unlisted_accounts: UnlistedAccounts,
    /// What to do about users that the manifest does not list.
    pub unlisted_users: UnlistedUsers,
    /// How much may be taken away, or given, by one plan.
    pub budgets: Budgets,
    /// Accounts and users that suffer no loss of any kind.
    pub protected: BTreeSet<Email>,
}

/// What to do about live accounts that the manifest does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnlistedAccounts {
    /// Nothing, not even a word.
    Ignore,
    /// A finding.
    #[default]
    Report,
    /// Disable them.
    Disable,
}

/// What to do about users that the manifest does not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UnlistedUsers {
    /// Nothing, not even a word.
    Ignore,
    /// A finding.
    #[default]
    Report,
    /// Remove them.
    Remove,
}

/// How much one plan may do of each kind that deserves a second look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Users removed, of the live users.
    pub removals: Budget,
    /// Accounts disabled, of the enabled ones; a limit of channels set to zero counts too.
    pub disables: Budget,
    /// Accounts enabled, of the disabled ones.
    pub enables: Budget,
    /// Channels taken away, of those that are allocated.
    pub channel_cut: Budget,
    /// Custom pricing withdrawn, of the accounts that have it.
    pub pricing_withdrawals: Budget,
    /// Accounts created: nothing can delete one.
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

/// How many of something a plan may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// So many.
    Count(u64),
    /// So many of a hundred: rounded down, but at least one unless it is zero.
    Percent(u8),
}

impl Budget {
    /// How many of `whole` are allowed.
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
    fn a_percentage_is_rounded_down_but_allows_at_least_one_unless_it_is_zero() {
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
