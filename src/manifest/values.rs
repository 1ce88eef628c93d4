//! Reading the values of single fields. Each function returns a valid value, or records a problem.

use std::path::PathBuf;

use super::mistakes;
use super::reading::{FieldReader, Reading, USE_PASSWORD_SOURCE, nearest};
use super::secrets::{PREFIX, is_variable};
use super::tree::{Node, TreeKind};
use crate::model::{
    AccountId, Budget, Code, Day, Email, PasswordSource, UnlistedAccounts, UnlistedUsers,
    is_harmful,
};

/// The only version of the format.
pub(super) const VERSION: u64 = 1;

/// The maximum length of a name, a group and a reason, in characters.
pub const LONGEST_TEXT: usize = 255;

/// Quotes that word processors write instead of " and '.
const TYPOGRAPHIC_QUOTES: [char; 4] = ['“', '”', '‘', '’'];

/// The values of `unlisted_accounts`.
pub(super) const UNLISTED_ACCOUNTS: [(&str, UnlistedAccounts); 3] = [
    ("ignore", UnlistedAccounts::Ignore),
    ("report", UnlistedAccounts::Report),
    ("disable", UnlistedAccounts::Disable),
];

/// The values of `unlisted_users`.
pub(super) const UNLISTED_USERS: [(&str, UnlistedUsers); 3] = [
    ("ignore", UnlistedUsers::Ignore),
    ("report", UnlistedUsers::Report),
    ("remove", UnlistedUsers::Remove),
];

pub(crate) fn version(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u64> {
    if matches!(node.kind, TreeKind::Whole(VERSION)) {
        return Some(VERSION);
    }
    let hint = match node.kind {
        TreeKind::Whole(_) | TreeKind::Negative(_) | TreeKind::Fraction => {
            "Only version 1 is supported."
        }
        TreeKind::Nothing
        | TreeKind::Bool(_)
        | TreeKind::Text(_)
        | TreeKind::List(_)
        | TreeKind::Map(_) => "Write `version: 1`, without quotes.",
    };
    reading.wrong_type(node, "the number 1").hint = Some(hint.into());
    None
}

pub(super) fn boolean(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<bool> {
    if let TreeKind::Bool(value) = node.kind {
        return Some(value);
    }
    let hint = match &node.kind {
        TreeKind::Text(text) => match text.trim_matches(TYPOGRAPHIC_QUOTES).to_lowercase().as_str()
        {
            "yes" | "on" | "y" | "true" => Some("Write true, without quotes."),
            "no" | "off" | "n" | "false" => Some("Write false, without quotes."),
            _ => None,
        },
        TreeKind::Nothing
        | TreeKind::Bool(_)
        | TreeKind::Whole(_)
        | TreeKind::Negative(_)
        | TreeKind::Fraction
        | TreeKind::List(_)
        | TreeKind::Map(_) => None,
    };
    reading.wrong_type(node, "true or false").hint = hint.map(Into::into);
    None
}

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

/// A text without invisible characters.
pub(crate) fn text(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let TreeKind::Text(text) = &node.kind else {
        let quotes = match node.kind {
            TreeKind::Bool(_) | TreeKind::Whole(_) | TreeKind::Negative(_) | TreeKind::Fraction => {
                Some("Put it in quotes.".into())
            }
            TreeKind::Nothing | TreeKind::Text(_) | TreeKind::List(_) | TreeKind::Map(_) => None,
        };
        reading.wrong_type(node, "a string").hint = quotes;
        return None;
    };
    let subject = reading.subject();
    if text.trim().is_empty() {
        reading.problem(node.span, format!("{subject} is empty"));
        return None;
    }
    if let Some(harmful) = text.chars().find(|c| is_harmful(*c)) {
        let span = match mistakes::invisible_in(reading.text, node.span) {
            Some((span, _)) => span,
            None => node.span,
        };
        let message = format!("{subject} contains {}", mistakes::describe(harmful));
        let hint = match harmful {
            '\n' | '\r' => "Write the value on one line, without `|` or `>` in front.",
            _ => "Delete the character.",
        };
        reading.problem(span, message).hint = Some(hint.into());
        return None;
    }
    if let Some((span, c)) = mistakes::invisible_in(reading.text, node.span) {
        let message = format!("{subject} contains {}", mistakes::describe(c));
        let hint = format!(
            "Use an ordinary space or delete it; if it belongs there, write \\u{:04x} in double quotes.",
            u32::from(c)
        );
        reading.problem(span, message).hint = Some(hint.into());
        return None;
    }
    if let Some(quote) = reading.text.get(node.span.range()).and_then(mistakes::typographic_quotes)
    {
        let message = format!(
            "{subject} is in typographic quotes ({quote}), which YAML keeps as part of the text"
        );
        let hint = "Use straight quotes (\" or ') instead, or put straight quotes around the typographic ones.";
        reading.problem(node.span, message).hint = Some(hint.into());
        return None;
    }
    if text.chars().count() > LONGEST_TEXT {
        reading.problem(node.span, format!("{subject} is longer than {LONGEST_TEXT} characters"));
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
    let escaped: String = text.chars().map(escape_non_ascii).collect();
    let quoted = reading.quote(if reading.secrets.hold(&text) { &text } else { &escaped });
    let hint = if text.is_ascii() {
        "An address looks like ops@acme.example."
    } else {
        "Telnyx accepts ASCII addresses only; write an international domain in its xn-- form."
    };
    reading.problem(node.span, format!("{quoted} is not an email address")).hint =
        Some(hint.into());
    None
}

/// Escapes a character that may look like another one.
fn escape_non_ascii(c: char) -> String {
    if c.is_ascii() { c.into() } else { c.escape_unicode().to_string() }
}

/// Returns the usual spelling of a UUID, which may be in upper case, in braces, without dashes or a URN.
fn uuid(text: &str) -> Option<String> {
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

pub(super) fn channel_limit(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u64> {
    whole(
        reading,
        node,
        "a whole number of channels",
        "The minimum is 0, which allows no channels.",
    )
}

/// A number that is not a percentage.
pub(super) fn count(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u64> {
    whole(reading, node, "a whole number", "The minimum is 0, which allows none.")
}

fn whole(
    reading: &mut Reading<'_>,
    node: &Node<'_>,
    expected: &str,
    minimum: &'static str,
) -> Option<u64> {
    match node.kind {
        TreeKind::Whole(limit) if u32::try_from(limit).is_ok() => return Some(limit),
        TreeKind::Whole(_) => {
            let message = format!("`{}` must be at most {}", reading.field, u32::MAX);
            reading.problem(node.span, message);
        }
        TreeKind::Negative(_) => {
            let problem =
                reading.problem(node.span, format!("`{}` must not be negative", reading.field));
            problem.hint = Some(minimum.into());
        }
        TreeKind::Text(_) => {
            let problem = reading.wrong_type(node, expected);
            problem.hint = Some("Write digits without quotes, such as 30.".into());
        }
        TreeKind::Nothing
        | TreeKind::Bool(_)
        | TreeKind::Fraction
        | TreeKind::List(_)
        | TreeKind::Map(_) => {
            reading.wrong_type(node, expected);
        }
    }
    None
}

pub(super) fn budget(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Budget> {
    match &node.kind {
        TreeKind::Whole(count) => return Some(Budget::Count(*count)),
        TreeKind::Text(text) => {
            if let Some(budget) = percentage(text) {
                return Some(budget);
            }
        }
        TreeKind::Nothing
        | TreeKind::Bool(_)
        | TreeKind::Negative(_)
        | TreeKind::Fraction
        | TreeKind::List(_)
        | TreeKind::Map(_) => {}
    }
    let problem = reading.wrong_type(node, "a number or a percentage");
    problem.hint = Some("Write a whole number such as 3, or a percentage from 0% to 100%.".into());
    None
}

fn percentage(text: &str) -> Option<Budget> {
    let digits = text.strip_suffix('%')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'));
    let percent = digits.parse().ok().filter(|percent| plain && *percent <= 100)?;
    Some(Budget::Percent(percent))
}

pub(super) fn day(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Day> {
    let TreeKind::Text(text) = &node.kind else {
        reading.wrong_type(node, "a date").hint = Some("A day looks like 2027-01-31.".into());
        return None;
    };
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let quoted = reading.quote(text);
    let problem = reading.problem(node.span, format!("{quoted} is not a valid date"));
    problem.hint = Some("A day looks like 2027-01-31.".into());
    None
}

/// The code of a finding that can be accepted.
pub(super) fn code(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Code> {
    let name = text(reading, node)?;
    let found = Code::ALL.into_iter().find(|code| code.name() == name);
    if let Some(code) = found.filter(|code| code.is_drift()) {
        return Some(code);
    }
    let names: Vec<_> = acceptable().collect();
    let quoted = reading.quote(&name);
    let (message, hint) = match (found, nearest(&name, &names)) {
        (Some(_), _) => (
            format!("{quoted} is a notice, which never counts as drift"),
            "Delete this entry.".to_owned(),
        ),
        (None, Some(near)) => {
            (format!("{quoted} is not the code of a finding"), format!("Did you mean `{near}`?"))
        }
        (None, None) => (
            format!("{quoted} is not the code of a finding"),
            format!("The codes that can be accepted are {}.", names.join(", ")),
        ),
    };
    reading.problem(node.span, message).hint = Some(hint.into());
    None
}

/// The codes of the findings that can be accepted.
pub(super) fn acceptable() -> impl Iterator<Item = &'static str> {
    Code::ALL.into_iter().filter(|code| code.is_drift()).map(Code::name)
}

pub(super) fn unlisted_accounts(
    reading: &mut Reading<'_>,
    node: &Node<'_>,
) -> Option<UnlistedAccounts> {
    one_of(reading, node, &UNLISTED_ACCOUNTS)
}

pub(super) fn unlisted_users(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<UnlistedUsers> {
    one_of(reading, node, &UNLISTED_USERS)
}

fn one_of<T: Copy>(
    reading: &mut Reading<'_>,
    node: &Node<'_>,
    words: &[(&str, T); 3],
) -> Option<T> {
    if let TreeKind::Text(text) = &node.kind
        && let Some((_, value)) = words.iter().find(|(word, _)| word == text)
    {
        return Some(*value);
    }
    let [(first, _), (second, _), (third, _)] = words;
    let near = match &node.kind {
        TreeKind::Text(text) => nearest(text, &[*first, *second, *third]),
        TreeKind::Nothing
        | TreeKind::Bool(_)
        | TreeKind::Whole(_)
        | TreeKind::Negative(_)
        | TreeKind::Fraction
        | TreeKind::List(_)
        | TreeKind::Map(_) => None,
    };
    let hint = near.map(|near| format!("Did you mean `{near}`?").into());
    reading.wrong_type(node, &format!("{first}, {second} or {third}")).hint = hint;
    None
}

/// The source of a password.
pub(super) fn password_source(
    reading: &mut Reading<'_>,
    node: &Node<'_>,
) -> Option<PasswordSource> {
    if !matches!(node.kind, TreeKind::Map(_)) {
        let message = "`password_from` must name the source of a password, not contain one";
        reading.problem(node.span, message.to_owned()).hint = Some(USE_PASSWORD_SOURCE.into());
        return None;
    }
    let mut fields = FieldReader::of(reading, node, "`password_from`")?;
    let (both, neither) = match (fields.has("env"), fields.has("file")) {
        (true, true) => (true, false),
        (false, false) => (false, true),
        (true, false) | (false, true) => (false, false),
    };
    let span = fields.span();
    let env = fields.optional(reading, "env", variable);
    let file = fields.optional(reading, "file", free_text);
    fields.finish(reading);
    if both || neither {
        let message = if both { "names two sources" } else { "names no source" };
        let problem = reading.problem(span, format!("`password_from` {message}"));
        problem.hint = Some("Set either `env` or `file`.".into());
        return None;
    }
    let file = file.map(|file| PasswordSource::File(PathBuf::from(file.value)));
    env.map(|env| PasswordSource::Env(env.value)).or(file)
}

/// The name of a variable. An invalid name may be a password, and is never shown.
fn variable(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    if let TreeKind::Text(name) = &node.kind
        && is_variable(name)
    {
        return Some(name.clone().into_owned());
    }
    let message = format!("`env` must be the name of a variable that begins with {PREFIX}");
    let problem = reading.problem(node.span, message);
    problem.hint = Some("Use letters, digits and _; other variables are never read.".into());
    None
}
