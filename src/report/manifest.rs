//! A manifest without a fault, in a line.

use super::words::count;
use crate::model::Desired;

/// What a valid manifest has in it.
pub(super) fn text(desired: &Desired) -> String {
    format!("Valid: {}\n", contents(desired))
}

/// The organization and how much there is of what.
pub(super) fn contents(desired: &Desired) -> String {
    format!("{}, {}", desired.organization, counts(desired))
}

/// How much there is of what.
pub(super) fn counts(desired: &Desired) -> String {
    let Desired { organization: _, manager: _, policy: _, accept, accounts, users } = desired;
    let mut parts = vec![count(accounts.len(), "account", "accounts")];
    match users {
        Some(users) => parts.push(count(users.len(), "user", "users")),
        None => parts.push("users not managed".to_owned()),
    }
    if !accept.is_empty() {
        parts.push(count(accept.len(), "accepted finding", "accepted findings"));
    }
    parts.join(", ")
}
