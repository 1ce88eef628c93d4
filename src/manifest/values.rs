//! The values of single fields: each is taken whole, or what is wrong with it is noted.

use std::path::PathBuf;

use super::reading::{Fields, Reading, SAY_SOURCE, nearest};
use super::secrets::{PREFIX, is_variable};
use super::tree::{Kind, Node};
use crate::model::{
    AccountId, Budget, Code, Day, Email, PasswordSource, UnlistedAccounts, UnlistedUsers,
    is_harmful,
};

/// The version of the format, and the only one there is.
pub(super) const VERSION: u64 = 1;

/// An identity, a name and a reason are no longer than this, in characters.
pub const LONGEST_TEXT: usize = 255;

/// The words of `unlisted_accounts`.
pub(super) const UNLISTED_ACCOUNTS: [(&str, UnlistedAccounts); 3] = [
    ("ignore", UnlistedAccounts::Ignore),
    ("report", UnlistedAccounts::Report),
    ("disable", UnlistedAccounts::Disable),
];

/// The words of `unlisted_users`.
pub(super) const UNLISTED_USERS: [(&str, UnlistedUsers); 3] = [
    ("ignore", UnlistedUsers::Ignore),
    ("report", UnlistedUsers::Report),
    ("remove", UnlistedUsers::Remove),
];

pub(crate) fn version(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u64> {
    if matches!(node.kind, Kind::Whole(VERSION)) {
        return Some(VERSION);
    }
    let hint = match node.kind {
        Kind::Whole(_) | Kind::Negative(_) | Kind::Fraction => "this program reads version 1 only",
        Kind::Nothing | Kind::Bool(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
            "write `version: 1`, without quotes"
        }
    };
    reading.wrong(node, "the number 1").hint = Some(hint.into());
    None
}

pub(super) fn boolean(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<bool> {
    if let Kind::Bool(value) = node.kind {
        return Some(value);
    }
    let meant = match &node.kind {
        Kind::Text(text) => match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("write true, without quotes"),
            "no" | "off" | "n" | "false" => Some("write false, without quotes"),
            _ => None,
        },
        Kind::Nothing
        | Kind::Bool(_)
        | Kind::Whole(_)
        | Kind::Negative(_)
        | Kind::Fraction
        | Kind::List(_)
        | Kind::Map(_) => None,
    };
    reading.wrong(node, "true or false").hint = meant.map(Into::into);
    None
}

/// Whether a manifest takes a text as it is, for a name or a group.
#[must_use]
pub fn takes_text(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(is_harmful) && text.chars().count() <= LONGEST_TEXT
}

/// Whether a manifest takes a text as an email.
#[must_use]
pub fn takes_email(text: &str) -> bool {
    takes_text(text) && is_email(text)
}

/// Whether a manifest takes a text as an id.
#[must_use]
pub fn takes_id(text: &str) -> bool {
    takes_text(text) && !text.contains(char::is_whitespace)
}

/// Whether a manifest takes a text as the label of an organization.
#[must_use]
pub fn takes_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&text.len()) && !text.starts_with('.') && text.chars().all(plain)
}

/// A text without characters that nobody sees.
pub(crate) fn text(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let Kind::Text(text) = &node.kind else {
        let quotes = match node.kind {
            Kind::Bool(_) | Kind::Whole(_) | Kind::Negative(_) | Kind::Fraction => {
                Some("put it in quotes".into())
            }
            Kind::Nothing | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => None,
        };
        reading.wrong(node, "a text").hint = quotes;
        return None;
    };
    let subject = reading.subject();
    if text.trim().is_empty() {
        reading.fault(node.span, format!("{subject} is empty"));
        return None;
    }
    if let Some(harmful) = text.chars().find(|c| is_harmful(*c)) {
        let number = u32::from(harmful);
        let message =
            format!("{subject} has a character in it that cannot be seen, U+{number:04X}");
        reading.fault(node.span, message).hint = Some("type the text anew".into());
        return None;
    }
    if text.chars().count() > LONGEST_TEXT {
        reading.fault(node.span, format!("{subject} is longer than {LONGEST_TEXT} characters"));
        return None;
    }
    Some(text.clone().into_owned())
}

/// The label of an organization, which becomes part of file names and metrics.
pub(super) fn label(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    let label = text(reading, node)?;
    if takes_label(&label) {
        return Some(label);
    }
    let quoted = reading.quote(&label);
    let message = format!("{quoted} cannot be the label of an organization");
    let hint = "use 1 to 64 of a-z, A-Z, 0-9, - _ . and no dot in front";
    reading.fault(node.span, message).hint = Some(hint.into());
    None
}

/// An identity as Telnyx gave it: nothing is read out of it.
pub(super) fn account_id(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<AccountId> {
    let id = text(reading, node)?;
    if !id.contains(char::is_whitespace) {
        return Some(AccountId::new(id));
    }
    let quoted = reading.quote(&id);
    let fault = reading.fault(node.span, format!("{quoted} is no id of an account"));
    fault.hint = Some("it looks like 6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10".into());
    None
}

pub(super) fn email(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Email> {
    let text = text(reading, node)?;
    if is_email(&text) {
        return Some(Email::new(text));
    }
    let quoted = reading.quote(&text);
    let fault = reading.fault(node.span, format!("{quoted} is no email address"));
    fault.hint = Some("an address looks like ops@acme.example".into());
    None
}

/// Whether a text has the form of an address. Whether mail arrives there is not for us to say.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"');
    let good_domain = domain.contains('.') && domain.split('.').all(|label| !label.is_empty());
    !local.is_empty()
        && !local.contains('@')
        && good_domain
        && !text.contains(odd)
        && text.len() <= 254
}

pub(super) fn channel_limit(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u64> {
    whole(
        reading,
        node,
        "a whole number of channels",
        "the least is 0, which is no channels at all",
    )
}

/// A number that stands for itself, not for a share.
pub(super) fn count(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u64> {
    whole(reading, node, "a whole number", "the least is 0, which allows none")
}

fn whole(
    reading: &mut Reading<'_>,
    node: &Node<'_>,
    wanted: &str,
    least: &'static str,
) -> Option<u64> {
    match node.kind {
        Kind::Whole(limit) if u32::try_from(limit).is_ok() => return Some(limit),
        Kind::Whole(_) => {
            let message = format!("`{}` is at most {}", reading.field, u32::MAX);
            reading.fault(node.span, message);
        }
        Kind::Negative(_) => {
            let fault = reading.fault(node.span, format!("`{}` cannot be negative", reading.field));
            fault.hint = Some(least.into());
        }
        Kind::Text(_) => {
            let fault = reading.wrong(node, wanted);
            fault.hint = Some("write the digits alone, without quotes, such as 30".into());
        }
        Kind::Nothing | Kind::Bool(_) | Kind::Fraction | Kind::List(_) | Kind::Map(_) => {
            reading.wrong(node, wanted);
        }
    }
    None
}

pub(super) fn budget(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Budget> {
    match &node.kind {
        Kind::Whole(count) => return Some(Budget::Count(*count)),
        Kind::Text(text) => {
            if let Some(budget) = percentage(text) {
                return Some(budget);
            }
        }
        Kind::Nothing
        | Kind::Bool(_)
        | Kind::Negative(_)
        | Kind::Fraction
        | Kind::List(_)
        | Kind::Map(_) => {}
    }
    let fault = reading.wrong(node, "a number or a percentage");
    fault.hint = Some("a whole number from 0, such as 3, or a share from 0% to 100%".into());
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
    let Kind::Text(text) = &node.kind else {
        reading.wrong(node, "a day").hint = Some("a day looks like 2027-01-31".into());
        return None;
    };
    if let Ok(day) = text.parse() {
        return Some(day);
    }
    let quoted = reading.quote(text);
    let fault = reading.fault(node.span, format!("{quoted} is no day of the calendar"));
    fault.hint = Some("a day looks like 2027-01-31".into());
    None
}

/// The kind of a finding, of those that can be accepted.
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
            format!("{quoted} is only a notice: it never counts as drift"),
            "there is nothing to accept: leave this entry out".to_owned(),
        ),
        (None, Some(near)) => {
            (format!("{quoted} is no kind of finding"), format!("did you mean `{near}`?"))
        }
        (None, None) => (
            format!("{quoted} is no kind of finding"),
            format!("those that can be accepted are {}", names.join(", ")),
        ),
    };
    reading.fault(node.span, message).hint = Some(hint.into());
    None
}

/// The names of the kinds of findings that can be accepted.
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
    if let Kind::Text(text) = &node.kind
        && let Some((_, value)) = words.iter().find(|(word, _)| word == text)
    {
        return Some(*value);
    }
    let [(first, _), (second, _), (third, _)] = words;
    let near = match &node.kind {
        Kind::Text(text) => nearest(text, &[*first, *second, *third]),
        Kind::Nothing
        | Kind::Bool(_)
        | Kind::Whole(_)
        | Kind::Negative(_)
        | Kind::Fraction
        | Kind::List(_)
        | Kind::Map(_) => None,
    };
    let hint = near.map(|near| format!("did you mean `{near}`?").into());
    reading.wrong(node, &format!("{first}, {second} or {third}")).hint = hint;
    None
}

/// Where a password is read from.
pub(super) fn password_source(
    reading: &mut Reading<'_>,
    node: &Node<'_>,
) -> Option<PasswordSource> {
    if !matches!(node.kind, Kind::Map(_)) {
        let message = "`password_from` names the source of a password, and is none itself";
        reading.fault(node.span, message.to_owned()).hint = Some(SAY_SOURCE.into());
        return None;
    }
    let mut fields = Fields::of(reading, node, "`password_from`")?;
    let (both, neither) = match (fields.has("env"), fields.has("file")) {
        (true, true) => (true, false),
        (false, false) => (false, true),
        (true, false) | (false, true) => (false, false),
    };
    let span = fields.span();
    let env = fields.optional(reading, "env", variable);
    let file = fields.optional(reading, "file", text);
    fields.finish(reading);
    if both || neither {
        let message = if both { "names two sources" } else { "names no source" };
        let fault = reading.fault(span, format!("`password_from` {message}"));
        fault.hint = Some("it takes `env` or `file`, one of them".into());
        return None;
    }
    let file = file.map(|file| PasswordSource::File(PathBuf::from(file.value)));
    env.map(|env| PasswordSource::Env(env.value)).or(file)
}

/// The name of a variable. What is not one may be the password itself, and is never repeated.
fn variable(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<String> {
    if let Kind::Text(name) = &node.kind
        && is_variable(name)
    {
        return Some(name.clone().into_owned());
    }
    let message = format!("`env` takes the name of a variable that begins with {PREFIX}");
    let fault = reading.fault(node.span, message);
    fault.hint = Some("letters, digits and _ only; no other variable is read by a manifest".into());
    None
}
