//! The problems of a seed, collected so that all are reported at once.

use std::{collections::HashMap, fmt::Display};

use jiff::{SignedDuration, Timestamp};

use crate::sandbox::stamp::to_millisecond;

/// Problems, each with its item.
#[derive(Default)]
pub(super) struct SeedProblems(Vec<String>);

impl SeedProblems {
    /// Returns all problems, if any.
    pub(super) fn finish(self) -> Result<(), Vec<String>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    pub(super) fn add(&mut self, item: &str, what: impl Display) {
        self.0.push(format!("{item}: {what}"));
    }

    /// Checks an email less strictly than a create: seeds may contain odd ones, to test clients.
    pub(super) fn email(&mut self, item: &str, email: &str) {
        if !email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        {
            self.add(item, "`email` is not an email address");
        }
    }

    /// Checks that an id is valid in a path without escapes.
    pub(super) fn id(&mut self, item: &str, id: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        if id.is_empty() || !id.chars().all(plain) {
            self.add(item, "`id` is not made of letters, digits and `-_.~`");
        }
    }

    pub(super) fn time(
        &mut self,
        item: &str,
        field: &str,
        text: Option<String>,
    ) -> Option<Timestamp> {
        let text = text?;
        let at = text.parse::<Timestamp>().ok().or_else(|| days_ago(&text));
        if at.is_none() {
            let example = "2024-01-31T12:00:00.000Z or `90d ago`";
            self.add(item, format_args!("`{field}` is not a time such as {example}"));
        }
        at.map(to_millisecond)
    }

    pub(super) fn unique(&mut self, list: &str, field: &str, values: impl Iterator<Item = String>) {
        let mut first = HashMap::new();
        for (at, value) in values.enumerate() {
            if let Some(before) = first.get(&value) {
                let value = value.escape_debug().to_string();
                self.add(
                    &format!("{list}[{at}]"),
                    format_args!("{field} {value} is also that of {list}[{before}]"),
                );
            } else {
                first.insert(value, at);
            }
        }
    }
}

/// A time before now: `90d ago`. A seed with such times stays as old as it was written.
fn days_ago(text: &str) -> Option<Timestamp> {
    let days = text.strip_suffix("d ago")?.parse::<u16>().ok()?;
    Timestamp::now().checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok()
}
