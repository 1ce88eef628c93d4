//! Reading the values of single fields. Each function returns a valid value, or records a problem.

use std::path::PathBuf;

use super::reading::{FieldReader, Reading, USE_PASSWORD_SOURCE, nearest};
use super::secrets::{PREFIX, is_variable};
use super::texts::{free_text, text};
use super::tree::{Node, TreeKind};
use crate::model::{
    Amount, Budget, Code, Day, PasswordSource, StaleUsers, UnlistedAccounts, UnlistedUsers,
};

/// The only version of the format.
pub(super) const VERSION: u64 = 1;

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

/// The values of `stale_users`.
pub(super) const STALE_USERS: [(&str, StaleUsers); 2] =
    [("report", StaleUsers::Report), ("remove", StaleUsers::Remove)];

/// Words that users write for a value, and the values that they mean, where the field has one of them.
const SYNONYMS: [(&str, &str); 10] = [
    ("deactivate", "disable"),
    ("delete", "disable"),
    ("delete", "remove"),
    ("disable", "remove"),
    ("keep", "ignore"),
    ("none", "ignore"),
    ("notify", "report"),
    ("remove", "disable"),
    ("skip", "ignore"),
    ("warn", "report"),
];

/// The longest `stale_after`, in days.
pub(super) const LONGEST_STALE_AFTER: u32 = 9_999;

pub(crate) fn version(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u64> {
    if matches!(node.kind, TreeKind::Whole(VERSION)) {
        return Some(VERSION);
    }
    let hint = match node.kind {
        TreeKind::Whole(_) | TreeKind::Negative(_) | TreeKind::Fraction(_) => {
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
        | TreeKind::Fraction(_)
        | TreeKind::List(_)
        | TreeKind::Map(_) => None,
    };
    reading.wrong_type(node, "true or false").hint = hint.map(Into::into);
    None
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

/// An amount of money, read from its digits.
pub(super) fn amount(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<Amount> {
    const AN_AMOUNT: &str = "an amount such as 25.00";
    match node.kind {
        TreeKind::Whole(whole) => return Some(whole.into()),
        TreeKind::Fraction(digits) => {
            let amount = reading.text.get(digits.range()).and_then(|text| text.parse().ok());
            match amount {
                Some(amount) if Amount::is_negative(amount) => {}
                Some(amount) => return Some(amount),
                None => {
                    let hint = "Write digits with at most one decimal point.";
                    reading.wrong_type(node, AN_AMOUNT).hint = Some(hint.into());
                    return None;
                }
            }
        }
        TreeKind::Negative(_) => {}
        TreeKind::Text(_) => {
            let hint = "Write digits without quotes, currency or thousands separators.";
            reading.wrong_type(node, AN_AMOUNT).hint = Some(hint.into());
            return None;
        }
        TreeKind::Nothing | TreeKind::Bool(_) | TreeKind::List(_) | TreeKind::Map(_) => {
            reading.wrong_type(node, AN_AMOUNT);
            return None;
        }
    }
    let message = format!("`{}` must not be negative", reading.field);
    let hint = "The minimum is 0: an account below it has a negative balance.";
    reading.problem(node.span, message).hint = Some(hint.into());
    None
}

/// Parses a number of days as `stale_after` allows it, such as `90d`.
#[must_use]
pub fn parse_days(text: &str) -> Option<u32> {
    let digits = text.strip_suffix('d').filter(|digits| is_number(digits));
    let days = digits.and_then(|digits| digits.parse().ok());
    days.filter(|days| (1..=LONGEST_STALE_AFTER).contains(days))
}

/// A number of days, such as `90d`.
pub(super) fn days(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<u32> {
    let days = match &node.kind {
        TreeKind::Text(text) => parse_days(text),
        TreeKind::Nothing
        | TreeKind::Bool(_)
        | TreeKind::Whole(_)
        | TreeKind::Negative(_)
        | TreeKind::Fraction(_)
        | TreeKind::List(_)
        | TreeKind::Map(_) => None,
    };
    if days.is_some() {
        return days;
    }
    let hint = format!("Write a number of days from 1d to {LONGEST_STALE_AFTER}d.");
    reading.wrong_type(node, "a number of days such as 90d").hint = Some(hint.into());
    None
}

/// Returns true for a number from 1, without leading zeros.
fn is_number(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
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
        | TreeKind::Fraction(_)
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
        | TreeKind::Fraction(_)
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
    let digits = |byte: (usize, u8)| match byte.0 {
        4 | 7 => byte.1 == b'-',
        _ => byte.1.is_ascii_digit(),
    };
    let has_the_form = text.len() == 10 && text.bytes().enumerate().all(digits);
    let hint =
        if has_the_form { "The calendar has no such day." } else { "A day looks like 2027-01-31." };
    let problem = reading.problem(node.span, format!("{quoted} is not a valid date"));
    problem.hint = Some(hint.into());
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

pub(super) fn stale_users(reading: &mut Reading<'_>, node: &Node<'_>) -> Option<StaleUsers> {
    one_of(reading, node, &STALE_USERS)
}

fn one_of<T: Copy>(reading: &mut Reading<'_>, node: &Node<'_>, words: &[(&str, T)]) -> Option<T> {
    if let TreeKind::Text(text) = &node.kind
        && let Some((_, value)) = words.iter().find(|(word, _)| word == text)
    {
        return Some(*value);
    }
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let near = match &node.kind {
        TreeKind::Text(text) => {
            let mut meant = SYNONYMS.iter().filter(|(synonym, _)| text.to_lowercase() == *synonym);
            let meant = meant.find(|(_, word)| words.contains(word));
            meant.map(|(_, word)| *word).or_else(|| nearest(text, &words))
        }
        TreeKind::Nothing
        | TreeKind::Bool(_)
        | TreeKind::Whole(_)
        | TreeKind::Negative(_)
        | TreeKind::Fraction(_)
        | TreeKind::List(_)
        | TreeKind::Map(_) => None,
    };
    let hint = near.map(|near| format!("Did you mean `{near}`?").into());
    let expected = match &words[..] {
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
        [] => String::new(),
    };
    reading.wrong_type(node, &expected).hint = hint;
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
