//! What a plan belongs to, and the digest that says so.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::model::{
    Budget, Budgets, Desired, Email, Policy, UnlistedAccounts, UnlistedUsers, WantedAccount,
    WantedUser,
};

/// What a plan was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    let Desired { organization, manager, policy, accounts, users } = desired;
    let canonical = serde_json::json!({
        "organization": organization,
        "manager": manager.as_ref().map(crate::model::AccountId::as_str),
        "policy": canonical_policy(policy),
        "accounts": accounts.values().map(canonical_account).collect::<Vec<_>>(),
        "users": users.as_ref().map(|users| users.values().map(canonical_user).collect::<Vec<_>>()),
    });
    sha256(&canonical.to_string())
}

fn canonical_policy(policy: &Policy) -> serde_json::Value {
    let Policy { unlisted_accounts, unlisted_users, budgets, protected } = policy;
    let Budgets { removals, disables, enables, pricing_withdrawals } = budgets;
    let budgets = [removals, disables, enables, pricing_withdrawals];
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
        enabled,
        custom_pricing,
        rollup_billing,
        reenable_connections,
    } = account;
    serde_json::json!({
        "name": name,
        "email": email.folded(),
        "enabled": enabled,
        "custom_pricing": custom_pricing,
        "rollup_billing": rollup_billing,
        "reenable_connections": reenable_connections,
    })
}

fn canonical_user(user: &WantedUser) -> &str {
    let WantedUser { email } = user;
    email.folded()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_digest_is_sha256_in_hexadecimal() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(super::sha256(""), empty);
    }
}
