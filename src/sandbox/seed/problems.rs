//! What is wrong with a seed: checks that remember what they found, so that all of it is reported at once.

use std::{collections::HashMap, fmt::Display};

use jiff::Timestamp;

use crate::sandbox::stamp::to_millisecond;

/// Everything that is wrong, each with the item it is about.
#[derive(Default)]
pub(super) struct SeedProblems(Vec<String>);

impl SeedProblems {
    /// All of them, if there are any.
    pub(super) fn finish(self) -> Result<(), Vec<String>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    pub(super) fn add(&mut self, item: &str, what: impl Display) {
        self.0.push(format!("{item}: {what}"));
    }

    /// Looser than what a create takes: a seed may well hold the odd ones that a client has to survive.
    pub(super) fn email(&mut self, item: &str, email: &str) {
        if !email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        {
            self.add(item, "`email` is not an email address");
        }
    }

    /// An id is a segment of a path, and never in need of an escape.
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
        let at = text?.parse::<Timestamp>().ok();
        if at.is_none() {
            self.add(
                item,
                format_args!("`{field}` is not a time such as 2024-01-31T12:00:00.000Z"),
            );
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
