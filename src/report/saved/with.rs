//! What the execution of a saved plan needs beside its actions: the manifest, with everything filled in.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Accepted, AccountId, Budget, Budgets, Code, Desired, Email, PasswordSource, Policy, Presence,
    UnlistedAccounts, UnlistedUsers, WantedAccount, WantedUser,
};

/// What a plan was made of: the manifest, with everything filled in.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::report) struct With {
    /// The manager that the manifest is for; null when it does not say.
    manager_account_id: Option<String>,
    /// What may be done, and how much of it.
    policy: PolicyDoc,
    /// The findings that are known and fine.
    accept: Vec<AcceptedDoc>,
    /// The accounts that should exist. A field that is not there is not managed.
    accounts: Vec<AccountDoc>,
    /// The users who may be in the organization; null when they are not managed.
    users: Option<Vec<UserDoc>>,
}

/// What may be done, and how much of it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
struct PolicyDoc {
    /// What to do about live accounts that are not listed.
    unlisted_accounts: AccountsWord,
    /// What to do about users who are not listed.
    unlisted_users: UsersWord,
    /// How many users may be removed.
    max_removals: BudgetDoc,
    /// How many accounts may be disabled.
    max_disables: BudgetDoc,
    /// How many accounts may be enabled.
    max_enables: BudgetDoc,
    /// How many channels may be taken away.
    max_channel_cut: BudgetDoc,
    /// From how many accounts custom pricing may be withdrawn.
    max_pricing_withdrawals: BudgetDoc,
    /// The accounts and users that suffer no loss of any kind.
    protected: Vec<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UnlistedAccounts")]
enum AccountsWord {
    Ignore,
    Report,
    Disable,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "UnlistedUsers")]
enum UsersWord {
    Ignore,
    Report,
    Remove,
}

/// A number, or a percentage.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Budget")]
enum BudgetDoc {
    Count(u64),
    Percent(#[schemars(regex(pattern = "^[0-9]{1,3}%$"))] String),
}

/// A finding that is known and fine, until a day.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Accepted")]
struct AcceptedDoc {
    /// The kind of the finding.
    code: String,
    /// The account or user that it is about; null when it is the organization.
    email: Option<String>,
    /// The last day on which it is fine.
    until: String,
    /// Why it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// An account as it should be.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WantedAccount")]
struct AccountDoc {
    /// The name of its organization.
    name: String,
    /// Its email.
    email: String,
    /// Its identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Whether it may use Telnyx.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// How many channels of the manager's pool it may use at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel_limit: Option<u64>,
    /// Whether it may have prices of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom_pricing: Option<bool>,
    /// Whether its charges go to the manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rollup_billing: Option<bool>,
    /// Whether enabling it also enables its connections again.
    reenable_connections: bool,
    /// Where its password is read from when it is created: the name, never the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_from: Option<SourceDoc>,
}

/// Where a password is read from.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "PasswordSource")]
enum SourceDoc {
    /// The variable of the environment with this name.
    Env(String),
    /// The file at this path.
    File(String),
}

/// What the manifest says of one user.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WantedUser")]
struct UserDoc {
    /// The user's email.
    email: String,
    /// Whether the user is to be gone, whatever the policy says.
    absent: bool,
    /// The groups that the user should be in; not there when they are not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    /// The last day on which the user may be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl From<&Desired> for With {
    fn from(desired: &Desired) -> Self {
        let Desired { organization: _, manager, policy, accept, accounts, users } = desired;
        Self {
            manager_account_id: manager.as_ref().map(ToString::to_string),
            policy: policy.into(),
            accept: accept.iter().map(AcceptedDoc::from).collect(),
            accounts: accounts.values().map(AccountDoc::from).collect(),
            users: users.as_ref().map(|users| users.values().map(UserDoc::from).collect()),
        }
    }
}

impl From<&Policy> for PolicyDoc {
    fn from(policy: &Policy) -> Self {
        let Policy { unlisted_accounts, unlisted_users, budgets, protected } = policy;
        let Budgets { removals, disables, enables, channel_cut, pricing_withdrawals } = *budgets;
        Self {
            unlisted_accounts: match unlisted_accounts {
                UnlistedAccounts::Ignore => AccountsWord::Ignore,
                UnlistedAccounts::Report => AccountsWord::Report,
                UnlistedAccounts::Disable => AccountsWord::Disable,
            },
            unlisted_users: match unlisted_users {
                UnlistedUsers::Ignore => UsersWord::Ignore,
                UnlistedUsers::Report => UsersWord::Report,
                UnlistedUsers::Remove => UsersWord::Remove,
            },
            max_removals: removals.into(),
            max_disables: disables.into(),
            max_enables: enables.into(),
            max_channel_cut: channel_cut.into(),
            max_pricing_withdrawals: pricing_withdrawals.into(),
            protected: protected.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<Budget> for BudgetDoc {
    fn from(budget: Budget) -> Self {
        match budget {
            Budget::Count(count) => Self::Count(count),
            Budget::Percent(percent) => Self::Percent(format!("{percent}%")),
        }
    }
}

impl From<&Accepted> for AcceptedDoc {
    fn from(accepted: &Accepted) -> Self {
        let Accepted { code, email, until, reason } = accepted;
        Self {
            code: code.name().to_owned(),
            email: email.as_ref().map(ToString::to_string),
            until: until.to_string(),
            reason: reason.clone(),
        }
    }
}

impl From<&WantedAccount> for AccountDoc {
    fn from(account: &WantedAccount) -> Self {
        let WantedAccount {
            name,
            email,
            id,
            enabled,
            channel_limit,
            custom_pricing,
            rollup_billing,
            reenable_connections,
            password_from,
        } = account;
        Self {
            name: name.clone(),
            email: email.to_string(),
            id: id.as_ref().map(ToString::to_string),
            enabled: *enabled,
            channel_limit: *channel_limit,
            custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
            reenable_connections: *reenable_connections,
            password_from: password_from.as_ref().map(|source| match source {
                PasswordSource::Env(name) => SourceDoc::Env(name.clone()),
                PasswordSource::File(path) => SourceDoc::File(path.to_string_lossy().into_owned()),
            }),
        }
    }
}

impl From<&WantedUser> for UserDoc {
    fn from(user: &WantedUser) -> Self {
        let WantedUser { email, presence } = user;
        let email = email.to_string();
        match presence {
            Presence::Absent => Self { email, absent: true, groups: None, until: None },
            Presence::Present { groups, until } => Self {
                email,
                absent: false,
                groups: groups.as_ref().map(|groups| groups.iter().cloned().collect()),
                until: until.map(|until| until.to_string()),
            },
        }
    }
}

impl With {
    /// What is wanted of the organization with this label. What does not fit a document that was written
    /// from it, such as an email that is there twice, is found out by writing it again.
    pub(super) fn desired(self, organization: String) -> Result<Desired, String> {
        let Self { manager_account_id, policy, accept, accounts, users } = self;
        let accounts = accounts.into_iter().map(|account| {
            let account = WantedAccount::from(account);
            (account.email.clone(), account)
        });
        Ok(Desired {
            organization,
            manager: manager_account_id.map(AccountId::new),
            policy: policy.policy()?,
            accept: accept.into_iter().map(AcceptedDoc::accepted).collect::<Result<_, _>>()?,
            accounts: accounts.collect(),
            users: users
                .map(|users| users.into_iter().map(UserDoc::entry).collect::<Result<_, _>>())
                .transpose()?,
        })
    }
}

impl PolicyDoc {
    fn policy(self) -> Result<Policy, String> {
        Ok(Policy {
            unlisted_accounts: match self.unlisted_accounts {
                AccountsWord::Ignore => UnlistedAccounts::Ignore,
                AccountsWord::Report => UnlistedAccounts::Report,
                AccountsWord::Disable => UnlistedAccounts::Disable,
            },
            unlisted_users: match self.unlisted_users {
                UsersWord::Ignore => UnlistedUsers::Ignore,
                UsersWord::Report => UnlistedUsers::Report,
                UsersWord::Remove => UnlistedUsers::Remove,
            },
            budgets: Budgets {
                removals: self.max_removals.budget()?,
                disables: self.max_disables.budget()?,
                enables: self.max_enables.budget()?,
                channel_cut: self.max_channel_cut.budget()?,
                pricing_withdrawals: self.max_pricing_withdrawals.budget()?,
            },
            protected: self.protected.into_iter().map(Email::new).collect(),
        })
    }
}

impl BudgetDoc {
    fn budget(self) -> Result<Budget, String> {
        match self {
            Self::Count(count) => Ok(Budget::Count(count)),
            Self::Percent(text) => text
                .strip_suffix('%')
                .and_then(|percent| percent.parse().ok())
                .map(Budget::Percent)
                .ok_or_else(|| format!("{text:?} is no budget")),
        }
    }
}

impl AcceptedDoc {
    fn accepted(self) -> Result<Accepted, String> {
        let Self { code, email, until, reason } = self;
        let known = Code::ALL.into_iter().find(|known| known.name() == code);
        Ok(Accepted {
            code: known.ok_or_else(|| format!("{code:?} is no finding"))?,
            email: email.map(Email::new),
            until: until.parse().map_err(|error| format!("{until:?}: {error}"))?,
            reason,
        })
    }
}

impl From<AccountDoc> for WantedAccount {
    fn from(account: AccountDoc) -> Self {
        let AccountDoc {
            name,
            email,
            id,
            enabled,
            channel_limit,
            custom_pricing,
            rollup_billing,
            reenable_connections,
            password_from,
        } = account;
        Self {
            name,
            email: Email::new(email),
            id: id.map(AccountId::new),
            enabled,
            channel_limit,
            custom_pricing,
            rollup_billing,
            reenable_connections,
            password_from: password_from.map(|source| match source {
                SourceDoc::Env(name) => PasswordSource::Env(name),
                SourceDoc::File(path) => PasswordSource::File(PathBuf::from(path)),
            }),
        }
    }
}

impl UserDoc {
    fn entry(self) -> Result<(Email, WantedUser), String> {
        let Self { email, absent, groups, until } = self;
        let day = |until: String| until.parse().map_err(|error| format!("{until:?}: {error}"));
        let until = until.map(day).transpose()?;
        let presence = if absent {
            Presence::Absent
        } else {
            Presence::Present { groups: groups.map(|groups| groups.into_iter().collect()), until }
        };
        let email = Email::new(email);
        Ok((email.clone(), WantedUser { email, presence }))
    }
}
