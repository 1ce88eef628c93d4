//! A valid manifest, in one line.

use super::words::count;
use crate::model::Desired;

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
