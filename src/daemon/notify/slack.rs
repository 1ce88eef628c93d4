//! The text for Slack and compatible services. Text from the API cannot link, mention or format anything.

use std::fmt::Write as _;

use crate::daemon::words::{count, difference, kind};
use crate::model::{Details, DifferenceKey, Event, Notification, Severity};
use crate::report;

/// The largest number of differences that a text lists.
const MAX_ITEMS: usize = 10;

/// The JSON of a notification for an incoming webhook.
#[must_use]
pub(super) fn body(organization: &str, notification: &Notification) -> String {
    let body = serde_json::json!({
        "text": text(organization, notification),
        "mrkdwn": false,
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    report::escape_json(&body.to_string())
}

/// The text of a notification: a headline, and a line for each of the first differences.
#[must_use]
pub fn text(organization: &str, notification: &Notification) -> String {
    let Notification { event, reminder, items, total, destructive, error, .. } = notification;
    let organization = escaped(organization);
    let differences = count(*total, "difference");
    let mut out = match event {
        Event::Opened if *reminder => format!("{organization}: {differences} still open"),
        Event::Opened => format!("{organization}: {differences} found"),
        Event::Changed => format!("{organization}: {differences} changed"),
        Event::Closed if is_readable(items) => {
            return format!("{organization}: can be read again");
        }
        Event::Closed => format!("{organization}: {differences} resolved"),
        Event::Unknown => {
            let still = if *reminder { "still " } else { "" };
            format!("{organization}: state {still}unknown: {}", escaped(error))
        }
        Event::HealSuspended => {
            format!("{organization}: healing suspended for an hour: {differences} keep coming back")
        }
    };
    if *destructive > 0 && *event != Event::Closed {
        let _ = write!(out, ", resolving {destructive} of them is destructive");
    }
    let critical = items.iter().any(|(key, _)| key.severity() == Severity::Critical);
    if critical && *event != Event::Closed {
        out = format!("CRITICAL: {out}");
    }
    for item in items.iter().take(MAX_ITEMS) {
        let _ = write!(out, "\n- {}", line(item));
    }
    let listed = items.len().min(MAX_ITEMS) as u64;
    if *total > listed {
        let _ = write!(out, "\nand {} more", total - listed);
    }
    out
}

/// Returns true if all that ended is an unknown state.
fn is_readable(items: &[(DifferenceKey, Details)]) -> bool {
    matches!(items, [(key, _)] if *key == DifferenceKey::unreadable())
}

fn line((key, details): &(DifferenceKey, Details)) -> String {
    let DifferenceKey { kind: of, email, code } = key;
    let mut out = match email {
        Some(email) => format!("{} {}: ", kind(of), escaped(email)),
        None => String::new(),
    };
    out += &escaped(&difference(code, details));
    if details.destructive {
        out += " (destructive)";
    }
    out
}

/// Escapes a text so that it cannot be a mention, a link or a control character.
fn escaped(text: &str) -> String {
    let text = report::escape_line(text);
    let mut out = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    for word in ["channel", "here", "everyone", "all"] {
        // Compatible services may look for these in plain text.
        out = out.replace(&format!("@{word}"), &format!("(at){word}"));
    }
    out.replace("://", ": //")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(email: &str, total: u64) -> Notification {
        let key = DifferenceKey {
            kind: "managed_account".to_owned(),
            email: Some(email.to_owned()),
            code: "channel_limit".to_owned(),
        };
        let changes = vec![("channel_limit".to_owned(), "40".to_owned(), "30".to_owned())];
        let details = Details { changes, destructive: true, ..Details::default() };
        Notification {
            id: "1".to_owned(),
            event: Event::Opened,
            at: 0,
            reminder: false,
            items: vec![(key, details); usize::try_from(total).unwrap()],
            total,
            destructive: total,
            error: String::new(),
            targets: std::collections::BTreeSet::new(),
        }
    }

    #[test]
    fn a_text_lists_ten_differences_and_counts_all() {
        assert_eq!(
            text("acme", &notification("a@shop.example", 1)),
            "acme: 1 difference found, resolving 1 of them is destructive\n- account a@shop.example: channel limit is 40, should be 30 (destructive)"
        );
        let many = text("acme", &notification("a@shop.example", 25));
        assert!(many.starts_with("acme: 25 differences found"), "{many}");
        assert!(many.ends_with("\nand 15 more") && many.lines().count() == 12, "{many}");
    }

    #[test]
    fn the_end_of_an_unknown_state_is_not_called_drift() {
        let items = vec![(DifferenceKey::unreadable(), Details::default())];
        let again = Notification { event: Event::Closed, items, ..notification("", 1) };
        assert_eq!(text("acme", &again), "acme: can be read again");
    }

    #[test]
    fn text_from_the_api_mentions_links_and_breaks_nothing() {
        for hostile in [
            "<!channel>",
            "<@U123>",
            "<https://evil.example|click>",
            "@everyone",
            "@here look",
            "https://evil.example/x",
            "a\nacme: all is well",
            "\u{202e}live",
        ] {
            let text = text("acme", &notification(hostile, 1));
            let bad = ["<", ">", "@everyone", "@here", "@channel", "://", "\u{202e}"];
            assert!(bad.iter().all(|bad| !text.contains(bad)), "{text}");
            assert_eq!(text.lines().count(), 2, "{text}");
        }
    }
}
