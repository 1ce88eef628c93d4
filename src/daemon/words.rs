//! The words for differences that the status page and Slack share: what differs, not which action would follow.

use crate::model::Details;

/// A number with its noun: `1 run`, `2 runs`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// The short name of a kind.
pub(super) fn kind(kind: &str) -> &str {
    match kind {
        "managed_account" => "account",
        "organization_user" => "user",
        other => other,
    }
}

/// Describes a difference in a phrase, with the reason if it has one.
pub(super) fn difference(code: &str, details: &Details) -> String {
    let Details { changes, message, reason, destructive: _ } = details;
    let phrase = match code {
        // A finding is a sentence already.
        _ if !message.is_empty() => message.clone(),
        "account_missing" => "does not exist yet".to_owned(),
        "account_unlisted" => "is enabled".to_owned(),
        "absent" | "user_unlisted" | "user_stale" => "is in the organization".to_owned(),
        _ => changes.iter().map(change).collect::<Vec<_>>().join("; "),
    };
    if reason.is_empty() { phrase } else { format!("{phrase} ({reason})") }
}

fn change((field, have, want): &(String, String, String)) -> String {
    match (field.as_str(), want.as_str()) {
        ("enabled", "true") => "is disabled, should be enabled".to_owned(),
        ("enabled", "false") => "is enabled, should be disabled".to_owned(),
        _ => {
            let have = if have.is_empty() { "not set" } else { have };
            format!("{} is {have}, should be {want}", field.replace('_', " "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_described_by_what_differs_and_not_by_the_action() {
        let change = |field: &str, have: &str, want: &str| Details {
            changes: vec![(field.to_owned(), have.to_owned(), want.to_owned())],
            ..Details::default()
        };
        let reason = |reason: &str| Details { reason: reason.to_owned(), ..Details::default() };
        for (code, details, text) in [
            (
                "channel_limit",
                change("channel_limit", "40", "25"),
                "channel limit is 40, should be 25",
            ),
            ("enabled", change("enabled", "false", "true"), "is disabled, should be enabled"),
            ("account_missing", change("name", "", "Larry"), "does not exist yet"),
            ("user_unlisted", reason("not listed"), "is in the organization (not listed)"),
        ] {
            assert_eq!(difference(code, &details), text);
        }
    }
}
