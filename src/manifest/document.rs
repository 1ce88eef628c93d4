//! The manifest as it is written: nothing here is checked beyond its form.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_yaml::Spanned;

use crate::model::{Budget, UnlistedAccounts, UnlistedUsers};

/// One manifest file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub version: Spanned<u64>,
    pub organization: Spanned<String>,
    pub manager_account_id: Option<Spanned<String>>,
    #[serde(default)]
    pub policy: PolicyEntry,
    #[serde(default)]
    pub defaults: Defaults,
    #[serde(default)]
    pub accounts: Vec<AccountEntry>,
    pub users: Option<Spanned<Vec<UserEntry>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    #[serde(default)]
    pub unlisted_accounts: AccountsPolicy,
    #[serde(default)]
    pub unlisted_users: UsersPolicy,
    pub max_removals: Option<BudgetEntry>,
    pub max_disables: Option<BudgetEntry>,
    pub max_enables: Option<BudgetEntry>,
    pub max_pricing_withdrawals: Option<BudgetEntry>,
    #[serde(default)]
    pub protected: Vec<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AccountsPolicy {
    Ignore,
    #[default]
    Report,
    Disable,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum UsersPolicy {
    Ignore,
    #[default]
    Report,
    Remove,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Defaults {
    #[serde(default)]
    pub account: AccountDefaults,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountDefaults {
    pub enabled: Option<bool>,
    pub custom_pricing: Option<bool>,
    pub rollup_billing: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountEntry {
    pub name: Spanned<String>,
    pub email: Spanned<String>,
    pub enabled: Option<bool>,
    pub custom_pricing: Option<bool>,
    pub rollup_billing: Option<bool>,
    #[serde(default)]
    pub reenable_connections: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEntry {
    pub email: Spanned<String>,
}

/// A budget: `3` or `25%`.
#[derive(Clone, Copy, Debug)]
pub(super) struct BudgetEntry(pub Budget);

impl From<AccountsPolicy> for UnlistedAccounts {
    fn from(policy: AccountsPolicy) -> Self {
        match policy {
            AccountsPolicy::Ignore => Self::Ignore,
            AccountsPolicy::Report => Self::Report,
            AccountsPolicy::Disable => Self::Disable,
        }
    }
}

impl From<UsersPolicy> for UnlistedUsers {
    fn from(policy: UsersPolicy) -> Self {
        match policy {
            UsersPolicy::Ignore => Self::Ignore,
            UsersPolicy::Report => Self::Report,
            UsersPolicy::Remove => Self::Remove,
        }
    }
}

impl<'de> Deserialize<'de> for BudgetEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BudgetVisitor).map(Self)
    }
}

struct BudgetVisitor;

impl Visitor<'_> for BudgetVisitor {
    type Value = Budget;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of 0 or more, or a percentage from 0% to 100%")
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Budget, E> {
        Ok(Budget::Count(count))
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<Budget, E> {
        u64::try_from(count)
            .map(Budget::Count)
            .map_err(|_| E::custom("a budget cannot be negative"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Budget, E> {
        let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<u8>().ok());
        percent.filter(|percent| *percent <= 100).map(Budget::Percent).ok_or_else(|| {
            E::custom(format_args!("{text:?} is neither a number nor a percentage such as 25%"))
        })
    }
}
