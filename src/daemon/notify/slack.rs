//! A text for Slack and all that take the same. Names from the other side link nowhere and call nobody.

use std::fmt::Write as _;

use crate::model::{Difference, Event, Item, Message};
use crate::report;

/// So many items a text shows; the rest is counted.
const SHOWN: usize = 10;

/// A message as the JSON that an incoming webhook takes.
#[must_use]
pub(super) fn body(organization: &str, message: &Message) -> String {
    let body = serde_json::json!({
        "text": text(organization, message),
        // Neither formatting nor links nor mentions are looked for in it.
        "mrkdwn": false,
        "parse": "none",
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
    });
    report::escape_json(&body.to_string())
}

/// A message as text of a few lines.
#[must_use]
pub fn text(organization: &str, message: &Message) -> String {
    let Message { id: _, event, at: _, reminder, items, total, reason, targets: _ } = message;
    let still = if *reminder { "still " } else { "" };
    let things = if *total == 1 { "thing" } else { "things" };
    let mut out = match event {
        Event::Opened => format!("{organization}: {total} {things} {still}drifted"),
        Event::Changed => format!("{organization}: {total} {things} drifted further"),
        Event::Closed if is_readable(items) => {
            return format!("{organization}: it can be read again how it is");
        }
        Event::Closed => format!("{organization}: {total} {things} in sync again"),
        Event::Unknown => {
            format!("{organization}: nobody can {still}say how it is: {}", harmless(reason))
        }
    };
    for item in items.iter().take(SHOWN) {
        let _ = write!(out, "\n- {}", line(item));
    }
    let shown = items.len().min(SHOWN) as u64;
    if *total > shown {
        let _ = write!(out, "\nand {} more", total - shown);
    }
    out
}

/// Whether all that is over is that nobody could say how it is.
fn is_readable(items: &[(Item, Difference)]) -> bool {
    matches!(items, [(item, _)] if *item == Item::unreadable())
}

fn line((item, difference): &(Item, Difference)) -> String {
    let Item { kind: _, email, what } = item;
    let Difference { changes, message, destructive } = difference;
    let mut out = what.replace('_', " ");
    if let Some(email) = email {
        let _ = write!(out, " {}", harmless(email));
    }
    for (field, before, after) in changes {
        let before = if before.is_empty() { "nothing" } else { before };
        let _ = write!(out, ", {field} {} → {}", harmless(before), harmless(after));
    }
    if !message.is_empty() {
        let _ = write!(out, " {}", harmless(message));
    }
    if *destructive {
        out += " (takes something away)";
    }
    out
}

/// A name in which nothing is a mention, a link or a control.
fn harmless(text: &str) -> String {
    let text = report::escape_line(text);
    let mut out = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    for word in ["channel", "here", "everyone", "all"] {
        // What is compatible with Slack may look for these in plain text.
        out = out.replace(&format!("@{word}"), &format!("(at){word}"));
    }
    out.replace("://", ": //")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(email: &str, total: u64) -> Message {
        let item = Item {
            kind: "managed_account".to_owned(),
            email: Some(email.to_owned()),
            what: "set_channel_limit".to_owned(),
        };
        let changes = vec![("channel_limit".to_owned(), "40".to_owned(), "30".to_owned())];
        let difference = Difference { changes, message: String::new(), destructive: true };
        Message {
            id: "1".to_owned(),
            event: Event::Opened,
            at: 0,
            reminder: false,
            items: vec![(item, difference); usize::try_from(total).unwrap()],
            total,
            reason: String::new(),
            targets: std::collections::BTreeSet::new(),
        }
    }

    #[test]
    fn a_text_says_who_what_and_how_and_counts_the_rest() {
        assert_eq!(
            text("acme", &message("a@shop.example", 1)),
            "acme: 1 thing drifted\n- set channel limit a@shop.example, channel_limit 40 → 30 (takes something away)"
        );
        let many = text("acme", &message("a@shop.example", 25));
        assert!(many.ends_with("\nand 15 more"), "{many}");
    }

    #[test]
    fn that_it_can_be_read_again_is_no_drift_that_is_over() {
        let items = vec![(Item::unreadable(), Difference::default())];
        let again = Message { event: Event::Closed, items, ..message("", 1) };
        assert_eq!(text("acme", &again), "acme: it can be read again how it is");
    }

    #[test]
    fn a_name_calls_nobody_links_nowhere_and_stays_on_its_line() {
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
            let text = text("acme", &message(hostile, 1));
            let bad = ["<", ">", "@everyone", "@here", "@channel", "://", "\u{202e}"];
            assert!(bad.iter().all(|bad| !text.contains(bad)), "{text}");
            assert_eq!(text.lines().count(), 2, "{text}");
        }
    }
}
