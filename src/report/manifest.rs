//! The words for manifests: a valid one in one line, and the parts in which two differ.

use std::collections::BTreeSet;

use super::words::{count, field, guard};
use crate::manifest::canonical;
use crate::model::{Desired, Email, Half};
use crate::plan::{Loosened, ManifestField, Subject, UnlistedEffect};

/// The contents of a valid manifest.
pub(super) fn text(desired: &Desired) -> String {
    format!("Valid: {}\n", contents(desired))
}

/// The organization and the numbers of entries.
pub(super) fn contents(desired: &Desired) -> String {
    format!("{}, {}", desired.organization, counts(desired))
}

/// The numbers of entries.
pub(super) fn counts(desired: &Desired) -> String {
    let Desired { organization: _, manager: _, policy: _, accept, accounts, users } = desired;
    let mut parts = vec![match accounts.len() {
        0 => "accounts not managed".to_owned(),
        many => count(many, "account", "accounts"),
    }];
    match users {
        Some(users) => parts.push(count(users.len(), "user", "users")),
        None => parts.push("users not managed".to_owned()),
    }
    if !accept.is_empty() {
        parts.push(count(accept.len(), "accepted finding", "accepted findings"));
    }
    parts.join(", ")
}

/// A loosened part of a policy: the field, its base value and its head value.
pub(super) fn loosened(loosened: &Loosened) -> (&'static str, Option<String>, Option<String>) {
    match loosened {
        Loosened::Unmanaged(half) => {
            let field = match half {
                Half::Accounts => "accounts",
                Half::Users => "users",
            };
            (field, Some("managed".to_owned()), Some("not managed".to_owned()))
        }
        Loosened::UnlistedAccounts { base, head } => {
            let word = |unlisted| Some(canonical::unlisted_accounts_word(unlisted).to_owned());
            ("unlisted_accounts", word(*base), word(*head))
        }
        Loosened::UnlistedUsers { base, head } => {
            let word = |unlisted| Some(canonical::unlisted_users_word(unlisted).to_owned());
            ("unlisted_users", word(*base), word(*head))
        }
        Loosened::Budget { name, base, head } => {
            (guard(*name), Some(canonical::limit(*base)), Some(canonical::limit(*head)))
        }
        Loosened::Protected(email) => ("protected", Some(email.to_string()), None),
        Loosened::StaleAfter { base, head } => {
            let text = |days: Option<u32>| Some(days.map_or_else(not_set, canonical::days_text));
            ("stale_after", text(*base), text(*head))
        }
        Loosened::StaleUsers { base, head } => {
            let word = |stale| Some(canonical::stale_users_word(stale).to_owned());
            ("stale_users", word(*base), word(*head))
        }
        Loosened::SsoBypass { base, head } => {
            let text = |only: &BTreeSet<Email>| canonical::list(only.iter().map(Email::as_str));
            ("sso_bypass", Some(text(base)), Some(head.as_ref().map_or_else(not_set, text)))
        }
        Loosened::PrivilegedGroups { base, head } => {
            let text =
                |groups: &BTreeSet<String>| canonical::list(groups.iter().map(String::as_str));
            ("privileged_groups", Some(text(base)), Some(text(head)))
        }
    }
}

fn not_set() -> String {
    "not set".to_owned()
}

/// The name of a part of a manifest.
pub(super) fn part(part: ManifestField) -> String {
    let name = match part {
        ManifestField::Accept(code) => return format!("accept {}", code.name()),
        ManifestField::Budget(name) => guard(name),
        ManifestField::Field(of_account) => field(of_account),
        ManifestField::Organization => "organization",
        ManifestField::ManagerAccountId => "manager_account_id",
        ManifestField::UnlistedAccounts => "unlisted_accounts",
        ManifestField::UnlistedUsers => "unlisted_users",
        ManifestField::Protected => "protected",
        ManifestField::StaleAfter => "stale_after",
        ManifestField::StaleUsers => "stale_users",
        ManifestField::SsoBypass => "sso_bypass",
        ManifestField::PrivilegedGroups => "privileged_groups",
        ManifestField::MinBalance => "min_balance",
        ManifestField::Keep => "keep",
        ManifestField::Users => "users managed",
        ManifestField::Email => "email",
        ManifestField::Id => "id",
        ManifestField::ReenableConnections => "reenable_connections",
        ManifestField::PasswordFrom => "password_from",
        ManifestField::Groups => "groups",
        ManifestField::Until => "until",
        ManifestField::Absent => "absent",
        ManifestField::Owner => "owner",
    };
    name.to_owned()
}

/// The consequence for an account or user that is no longer listed.
pub(super) fn unlisted(subject: Subject, becomes: UnlistedEffect) -> &'static str {
    match (subject, becomes) {
        (Subject::User, UnlistedEffect::TakenAway) => {
            "leaves the organization (unlisted_users: remove)"
        }
        (_, UnlistedEffect::TakenAway) => "is disabled (unlisted_accounts: disable)",
        (_, UnlistedEffect::Reported) => "stays, and is reported as unlisted",
        (_, UnlistedEffect::Ignored) => "stays, and is ignored",
    }
}

pub(super) fn unlisted_word(becomes: UnlistedEffect) -> &'static str {
    match becomes {
        UnlistedEffect::TakenAway => "taken_away",
        UnlistedEffect::Reported => "reported",
        UnlistedEffect::Ignored => "ignored",
    }
}
