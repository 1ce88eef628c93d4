//! Reading texts: names, labels, ids and email addresses.

use super::mistakes;
use super::reading::Reading;
use super::tree::{Node, TreeKind};
use crate::model::{AccountId, Email, is_harmful};

/// The maximum length of a name, a group and a reason, in characters.
pub const LONGEST_TEXT: usize = 255;

/// Returns true if a manifest accepts a text as a name or a group.
#[must_use]
pub fn takes_text(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(is_harmful) && text.chars().count() <= LONGEST_TEXT
}

/// Returns true if a manifest accepts a text as an email.
#[must_use]
pub fn takes_email(text: &str) -> bool {
    takes_text(text) && is_email(text)
}

/// Returns true if a manifest accepts a text as an id, and keeps its spelling.
#[must_use]
pub fn takes_id(text: &str) -> bool {
    uuid(text).is_some_and(|id| id == text)
}

/// Returns true if a manifest accepts a text as the label of an organization.
#[must_use]
pub fn takes_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&text.len()) && !text.starts_with('.') && text.chars().all(plain)
}

/// Records the first invisible character that is written as it is in a value, whatever kind of value is expected.
pub(super) fn has_invisible(reading: &mut Reading<'_>, node: &Node<'_>) -> bool {
    if !matches!(node.kind, TreeKind::Text(_)) {
        return false;
    }
    let Some((span, c)) = mistakes::invisible_in(reading.text, node.span) else { return false };
    let raw = reading.text.get(node.span.range()).unwrap_or_default();
    let hint = if is_harmful(c) || raw.starts_with(c) || raw.ends_with(c) {
        "Delete the character.".to_owned()
    } else {
        format!(
            "Use an ordinary space or delete it; if it belongs there, write \\u{:04x} in double quotes.",
            u32::from(c)
        )
    };
    let message = format!("{} contains {}", reading.subject(), mistakes::describe(c));
    reading.problem(span, message).hint = Some(hint.into());
    true
}

/// A text without invisible characters. [`has_invisible`] has checked those that are written as they are.
pub(crate) fn text(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let TreeKind::Text(text) = &node.kind else {
        let quotes = match node.kind {
            TreeKind::Bool(_)
            | TreeKind::Whole(_)
            | TreeKind::Negative(_)
            | TreeKind::Fraction(_) => Some("Put it in quotes.".into()),
            TreeKind::Nothing | TreeKind::Text(_) | TreeKind::List(_) | TreeKind::Map(_) => None,
        };
        reading.wrong_type(node, "a string").hint = quotes;
        return None;
    };
    if text.trim().is_empty() {
        reading.problem(node.span, format!("{} is empty", reading.subject()));
        return None;
    }
    if let Some(harmful) = text.chars().find(|c| is_harmful(*c)) {
        let message = format!("{} contains {}", reading.subject(), mistakes::describe(harmful));
        let hint = match harmful {
            '\n' | '\r' => "Write the value on one line, without `|` or `>` in front.",
            _ => "Delete the character.",
        };
        reading.problem(node.span, message).hint = Some(hint.into());
        return None;
    }
    if let Some(quote) = reading.text.get(node.span.range()).and_then(mistakes::typographic_quotes)
    {
        let message = format!(
            "{} is in typographic quotes ({quote}), which YAML keeps as part of the text",
            reading.subject()
        );
        let hint = "Use straight quotes (\" or ') instead, or put straight quotes around the typographic ones.";
        reading.problem(node.span, message).hint = Some(hint.into());
        return None;
    }
    if text.chars().count() > LONGEST_TEXT {
        let message = format!("{} is longer than {LONGEST_TEXT} characters", reading.subject());
        reading.problem(node.span, message);
        return None;
    }
    Some(text.clone().into_owned())
}

/// A text that may contain spaces, and so may be cut short by a comment.
pub(super) fn free_text(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let text = text(reading, node)?;
    let Some(comment) = mistakes::cut_comment(reading.text, node.span) else { return Some(text) };
    let message =
        format!("{} ends here: YAML reads the rest of the line as a comment", reading.subject());
    let hint = "Put the whole value in quotes, or write a space after the `#` if it is a comment.";
    reading.problem(comment, message).hint = Some(hint.into());
    None
}

/// The label of an organization, which becomes a part of file names and metrics.
pub(super) fn label(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let label = text(reading, node)?;
    if takes_label(&label) {
        return Some(label);
    }
    let quoted = reading.quote(&label);
    let message = format!("{quoted} is not a valid organization label");
    let hint = "Use 1 to 64 of a-z, A-Z, 0-9, - _ . and no dot in front.";
    reading.problem(node.span, message).hint = Some(hint.into());
    None
}

/// The id of an account: a UUID in any spelling, returned in the one that Telnyx uses.
pub(super) fn account_id(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<AccountId> {
    if matches!(node.kind, TreeKind::Map(_)) {
        reading.wrong_type(node, "a string").hint = Some("Put an id in braces in quotes.".into());
        return None;
    }
    let id = text(reading, node)?;
    if let Some(id) = uuid(&id) {
        return Some(AccountId::new(id));
    }
    let quoted = reading.quote(&id);
    let problem = reading.problem(node.span, format!("{quoted} is not an account id"));
    problem.hint = Some("An id is a UUID such as 6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10.".into());
    None
}

pub(super) fn email(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Email> {
    let text = text(reading, node)?;
    if is_email(&text) {
        return Some(Email::new(text));
    }
    let (escaped, hint) = refused_email(&text);
    let quoted = reading.quote(if reading.secrets.contains(&text) { &text } else { &escaped });
    reading.problem(node.span, format!("{quoted} is not an email address")).hint =
        Some(hint.into());
    None
}

/// The text of an invalid address with its non-ASCII characters escaped, and a hint.
pub(super) fn refused_email(text: &str) -> (String, &'static str) {
    let hint = if text.is_ascii() {
        "An address looks like ops@acme.example."
    } else {
        "Telnyx accepts ASCII addresses only; write an international domain in its xn-- form."
    };
    (text.chars().map(escape_non_ascii).collect(), hint)
}

/// Escapes a character that may look like another one.
fn escape_non_ascii(c: char) -> String {
    if c.is_ascii() { c.into() } else { c.escape_unicode().to_string() }
}

/// Returns the usual spelling of a UUID, which may be in upper case, in braces, without dashes or a URN.
pub(super) fn uuid(text: &str) -> Option<String> {
    Some(uuid::Uuid::try_parse(text).ok()?.to_string())
}

/// Returns true for the addresses that the API accepts: a dot-separated local part, an `@`, and a domain of at
/// least two labels, all ASCII.
fn is_email(text: &str) -> bool {
    let word = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
        !part.is_empty() && part.chars().all(allowed)
    };
    let label = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        word(part) && part.chars().all(allowed) && !part.starts_with('-') && !part.ends_with('-')
    };
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            local.split('.').all(word) && domain.contains('.') && domain.split('.').all(label)
        })
}
