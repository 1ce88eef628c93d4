//! What a plan belongs to, and the digest that says so.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Accepted, AccountId, Budget, Budgets, Desired, Email, PasswordSource, Policy, Presence,
    UnlistedAccounts, UnlistedUsers, WantedAccount, WantedUser,
};

/// What a plan was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoundTo {
    /// The digest of what is wanted.
    pub desired: String,
    /// The manager whose accounts were read. `None`: there was no account to tell.
    pub manager_account_id: Option<String>,
    /// Where they were read.
    pub base_url: String,
}

/// `sha256:` and 64 hexadecimal digits.
pub(super) fn sha256(text: &str) -> String {
    let mut out = "sha256:".to_owned();
    for byte in digest(&SHA256, text.as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The digest of what is wanted: the same for every manifest that means the same.
#[must_use]
pub fn desired_digest(desired: &Desired) -> String {
    let Desired { organization, manager, policy, accept, accounts, users } = desired;
    let canonical = serde_json::json!({
        "organization": organization,
        "manager": manager.as_ref().map(AccountId::as_str),
        "policy": canonical_policy(policy),
        "accept": accept.iter().map(canonical_accepted).collect::<Vec<_>>(),
        "accounts": accounts.values().map(canonical_account).collect::<Vec<_>>(),
        "users": users.as_ref().map(|users| users.values().map(canonical_user).collect::<Vec<_>>()),
    });
    sha256(&canonical.to_string())
}

fn canonical_policy(policy: &Policy) -> serde_json::Value {
    let Policy { unlisted_accounts, unlisted_users, budgets, protected } = policy;
    let Budgets { removals, disables, enables, channel_cut, pricing_withdrawals } = budgets;
    let budgets = [removals, disables, enables, channel_cut, pricing_withdrawals];
    serde_json::json!({
        "unlisted_accounts": match unlisted_accounts {
            UnlistedAccounts::Ignore => "ignore",
            UnlistedAccounts::Report => "report",
            UnlistedAccounts::Disable => "disable",
        },
        "unlisted_users": match unlisted_users {
            UnlistedUsers::Ignore => "ignore",
            UnlistedUsers::Report => "report",
            UnlistedUsers::Remove => "remove",
        },
        "budgets": budgets.map(|budget| match budget {
            Budget::Count(count) => count.to_string(),
            Budget::Percent(percent) => format!("{percent}%"),
        }),
        "protected": protected.iter().map(Email::folded).collect::<Vec<_>>(),
    })
}

fn canonical_account(account: &WantedAccount) -> serde_json::Value {
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
    serde_json::json!({
        "name": name,
        "email": email.folded(),
        "id": id.as_ref().map(AccountId::as_str),
        "enabled": enabled,
        "channel_limit": channel_limit,
        "custom_pricing": custom_pricing,
        "rollup_billing": rollup_billing,
        "reenable_connections": reenable_connections,
        "password_from": password_from.as_ref().map(canonical_source),
    })
}

fn canonical_source(source: &PasswordSource) -> serde_json::Value {
    match source {
        PasswordSource::Env(name) => serde_json::json!({ "env": name }),
        PasswordSource::File(path) => serde_json::json!({ "file": path.to_string_lossy() }),
    }
}

fn canonical_user(user: &WantedUser) -> serde_json::Value {
    let WantedUser { email, presence } = user;
    let presence = match presence {
        Presence::Absent => serde_json::json!("absent"),
        Presence::Present { groups, until } => {
            let until = until.map(|day| day.to_string());
            serde_json::json!({ "groups": groups, "until": until })
        }
    };
    serde_json::json!({ "email": email.folded(), "presence": presence })
}

fn canonical_accepted(accepted: &Accepted) -> serde_json::Value {
    let Accepted { code, email, until, reason } = accepted;
    serde_json::json!({
        "code": code.name(),
        "email": email.as_ref().map(Email::folded),
        "until": until.to_string(),
        "reason": reason,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_digest_is_sha256_in_hexadecimal() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(super::sha256(""), empty);
    }
}
