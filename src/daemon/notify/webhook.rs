//! The generic webhook: one JSON object a POST, signed over time and body.

use std::fmt::Write as _;

use jiff::Timestamp;
use ring::hmac;
use serde::Serialize;

use crate::model::{Difference, Item, Message};
use crate::report;

#[derive(Serialize)]
struct Body<'a> {
    event: &'static str,
    organization: &'a str,
    items: Vec<ItemBody<'a>>,
    id: &'a str,
    time: String,
    /// How many it is about; `items` names the first of very many.
    total: u64,
    /// Whether it was told before, and still is so.
    reminder: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

#[derive(Serialize)]
struct ItemBody<'a> {
    kind: &'a str,
    email: Option<&'a str>,
    what: &'a str,
    changes: Vec<ChangeBody<'a>>,
    message: &'a str,
    destructive: bool,
}

#[derive(Serialize)]
struct ChangeBody<'a> {
    field: &'a str,
    before: &'a str,
    after: &'a str,
}

/// A message as JSON. What is harmful in names from the other side is escaped.
#[must_use]
pub fn body(organization: &str, message: &Message) -> String {
    let Message { id, event, at, reminder, items, total, reason, targets: _ } = message;
    let seconds = i64::try_from(*at).unwrap_or_default();
    let body = Body {
        event: event.name(),
        organization,
        items: items.iter().map(item).collect(),
        id,
        time: Timestamp::from_second(seconds).unwrap_or_default().to_string(),
        total: *total,
        reminder: *reminder,
        error: reason,
    };
    report::escape_json(&serde_json::to_string(&body).unwrap_or_default())
}

fn item((item, difference): &(Item, Difference)) -> ItemBody<'_> {
    let Item { kind, email, what } = item;
    let Difference { changes, message, destructive } = difference;
    ItemBody {
        kind,
        email: email.as_deref(),
        what,
        changes: changes
            .iter()
            .map(|(field, before, after)| ChangeBody { field, before, after })
            .collect(),
        message,
        destructive: *destructive,
    }
}

/// The signature of a body at a time, in hexadecimal: HMAC-SHA256 over `TIME.BODY`. With the time in
/// it an old notification cannot be sent again as a new one.
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
    fn a_body_is_one_line_of_json_whatever_the_names_hold() {
        let hostile = "a\"\u{1b}[2J\u{202e}\n@shop.example".to_owned();
        let item = Item {
            kind: "managed_account".to_owned(),
            email: Some(hostile.clone()),
            what: "enable_account".to_owned(),
        };
        let changes = vec![("enabled".to_owned(), "false".to_owned(), "true".to_owned())];
        let message = Message {
            id: "1".to_owned(),
            event: Event::Opened,
            at: 1_800_000_000,
            reminder: false,
            items: vec![(item, Difference { changes, ..Difference::default() })],
            total: 1,
            reason: String::new(),
            targets: std::collections::BTreeSet::new(),
        };
        let body = body("acme", &message);
        assert!(body.is_ascii() && !body.contains(['\u{1b}', '\n']), "{body}");
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["items"][0]["email"], hostile);
        assert_eq!(read["time"], "2027-01-15T08:00:00Z");
        assert_eq!(read["items"][0]["changes"][0]["after"], "true");
    }
}
