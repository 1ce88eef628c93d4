//! The generic webhook: one JSON object per POST, signed over time and body.

use std::fmt::Write as _;

use jiff::Timestamp;
use ring::hmac;
use serde::Serialize;

use crate::model::{Details, DifferenceKey, Notification, Severity};
use crate::report;

#[derive(Serialize)]
struct WebhookBody<'a> {
    event: &'static str,
    organization: &'a str,
    /// The highest severity of the differences: `critical` or `warning`.
    severity: &'static str,
    /// The number of all differences, including those cut from `items`.
    total: u64,
    /// The number of all destructive differences.
    destructive: u64,
    items: Vec<Item<'a>>,
    id: &'a str,
    time: String,
    reminder: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    kind: &'a str,
    email: Option<&'a str>,
    code: &'a str,
    severity: &'static str,
    changes: Vec<ChangeBody<'a>>,
    message: &'a str,
    reason: &'a str,
    destructive: bool,
}

#[derive(Serialize)]
struct ChangeBody<'a> {
    field: &'a str,
    before: &'a str,
    after: &'a str,
}

/// The JSON of a notification. Harmful characters in text from the API are escaped.
#[must_use]
pub fn body(organization: &str, notification: &Notification) -> String {
    let Notification { id, event, at, reminder, items, total, destructive, error, targets: _ } =
        notification;
    let severity = items.iter().map(|(key, _)| key.severity()).min().unwrap_or(Severity::Warning);
    let seconds = i64::try_from(*at).unwrap_or_default();
    let body = WebhookBody {
        event: event.name(),
        organization,
        severity: severity.name(),
        total: *total,
        destructive: *destructive,
        items: items.iter().map(item).collect(),
        id,
        time: Timestamp::from_second(seconds).unwrap_or_default().to_string(),
        reminder: *reminder,
        error,
    };
    report::escape_json(&serde_json::to_string(&body).unwrap_or_default())
}

fn item((key, details): &(DifferenceKey, Details)) -> Item<'_> {
    let DifferenceKey { kind, email, code } = key;
    let Details { changes, message, reason, destructive } = details;
    Item {
        kind,
        email: email.as_deref(),
        code,
        severity: key.severity().name(),
        changes: changes
            .iter()
            .map(|(field, before, after)| ChangeBody { field, before, after })
            .collect(),
        message,
        reason,
        destructive: *destructive,
    }
}

/// The signature of a body in hexadecimal: HMAC-SHA256 over `TIME.BODY`. The time keeps an old notification from being
/// replayed.
#[must_use]
pub fn signature(key: &hmac::Key, time: &str, body: &str) -> String {
    let mut out = String::new();
    for byte in hmac::sign(key, format!("{time}.{body}").as_bytes()).as_ref() {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Event;

    #[test]
    fn a_signature_is_hmac_sha256_over_time_and_body() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
        // printf '1800000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let known = "1313ae9c874eb1a0868ad0b65f841c4243c23fdcfad69a3ada227726fad9960e";
        assert_eq!(signature(&key, "1800000000", "{}"), known);
    }

    #[test]
    fn a_body_is_one_line_of_json_whatever_the_api_returned() {
        let hostile = "a\"\u{1b}[2J\u{202e}\n@shop.example".to_owned();
        let key = DifferenceKey {
            kind: "managed_account".to_owned(),
            email: Some(hostile.clone()),
            code: "enabled".to_owned(),
        };
        let changes = vec![("enabled".to_owned(), "false".to_owned(), "true".to_owned())];
        let notification = Notification {
            id: "1".to_owned(),
            event: Event::Opened,
            at: 1_800_000_000,
            reminder: false,
            items: vec![(key, Details { changes, ..Details::default() })],
            total: 1,
            destructive: 0,
            error: String::new(),
            targets: std::collections::BTreeSet::new(),
        };
        let body = body("acme", &notification);
        assert!(body.is_ascii() && !body.contains(['\u{1b}', '\n']), "{body}");
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (&read["severity"], &read["items"][0]["severity"]),
            (&"warning".into(), &"warning".into())
        );
        assert_eq!(read["items"][0]["email"], hostile);
        assert_eq!(read["time"], "2027-01-15T08:00:00Z");
        assert_eq!(read["items"][0]["changes"][0]["after"], "true");
    }
}
