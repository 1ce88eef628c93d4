//! Finding what looks like a password in a manifest, so that no message repeats it.
//!
//! A manifest with a password is refused. The message about it must not carry the password to a terminal, a
//! pipeline log or a pull request comment.

use std::collections::HashSet;
use std::ops::Range;

use super::tree::{Node, TreeKey, TreeKind};

/// The prefix of the variables that may hold a password.
pub(super) const PREFIX: &str = "TRUNKLINE_SECRET_";

/// Words in the names of fields that hold a secret.
const WORDS: [&str; 8] =
    ["password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "credential"];

/// The field names of accounts and users. They never hold a secret, and there may be a hundred thousand of each.
const FREQUENT: [&str; 14] = [
    "name",
    "email",
    "id",
    "enabled",
    "channel_limit",
    "custom_pricing",
    "rollup_billing",
    "min_balance",
    "reenable_connections",
    "groups",
    "until",
    "keep",
    "absent",
    "owner",
];

/// Field names below `password_from` that are not passwords.
const PLAIN: [&str; 8] = ["env", "file", "value", "name", "path", "from", "var", "variable"];

/// A shorter secret is hidden at its own position only, not wherever the same text occurs.
const MIN_SEARCHED: usize = 4;

/// Decides whether the value of a field must be hidden.
pub(crate) type Hides = fn(&TreeKey<'_>, &Node<'_>) -> bool;

/// The parts of a file that must not be shown.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// The ranges of bytes, sorted and without overlaps.
    pub hidden: Vec<Range<usize>>,
    values: HashSet<String>,
}

impl Secrets {
    /// Finds the secrets in a tree.
    pub(super) fn of(root: &Node<'_>) -> Self {
        Self::below(root, |key, _| names_a_secret(key))
    }

    /// Finds the values of the fields that `hides` selects.
    pub(super) fn below(root: &Node<'_>, hides: Hides) -> Self {
        let mut secrets = Self::default();
        secrets.search(root, hides);
        if !secrets.values.is_empty() {
            secrets.search_values(root);
        }
        secrets.hidden.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in std::mem::take(&mut secrets.hidden) {
            match merged.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        secrets.hidden = merged;
        secrets
    }

    /// Returns true if a text is one of the secrets.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.values.contains(text)
    }

    fn search(&mut self, node: &Node<'_>, hides: Hides) {
        match &node.kind {
            TreeKind::Map(fields) => {
                for (key, value) in fields {
                    if hides(key, value) && !is_source(key, value) {
                        self.hide(value);
                    } else {
                        self.search(value, hides);
                    }
                }
            }
            TreeKind::List(items) => items.iter().for_each(|item| self.search(item, hides)),
            TreeKind::Nothing
            | TreeKind::Bool(_)
            | TreeKind::Whole(_)
            | TreeKind::Negative(_)
            | TreeKind::Fraction(_)
            | TreeKind::Text(_) => {}
        }
    }

    /// Hides every value below a node, and every unknown field name.
    fn hide(&mut self, node: &Node<'_>) {
        match &node.kind {
            TreeKind::Text(text) => {
                self.hidden.push(node.span.range());
                self.learn(text);
            }
            TreeKind::Bool(_)
            | TreeKind::Whole(_)
            | TreeKind::Negative(_)
            | TreeKind::Fraction(_) => {
                self.hidden.push(node.span.range());
            }
            TreeKind::Nothing => {}
            TreeKind::List(items) => items.iter().for_each(|item| self.hide(item)),
            TreeKind::Map(fields) => {
                for (key, value) in fields {
                    let name = key.name.as_deref().unwrap_or_default();
                    if !PLAIN.contains(&name) {
                        self.hidden.push(key.span.range());
                        self.learn(name);
                    }
                    self.hide(value);
                }
            }
        }
    }

    fn learn(&mut self, text: &str) {
        if text.len() >= MIN_SEARCHED {
            self.values.insert(text.to_owned());
        }
    }

    /// Hides the secrets wherever else they occur.
    fn search_values(&mut self, node: &Node<'_>) {
        match &node.kind {
            TreeKind::Text(text) if self.values.contains(text.as_ref()) => {
                self.hidden.push(node.span.range());
            }
            TreeKind::List(items) => items.iter().for_each(|item| self.search_values(item)),
            TreeKind::Map(fields) => fields.iter().for_each(|(_, value)| self.search_values(value)),
            TreeKind::Nothing
            | TreeKind::Bool(_)
            | TreeKind::Whole(_)
            | TreeKind::Negative(_)
            | TreeKind::Fraction(_)
            | TreeKind::Text(_) => {}
        }
    }
}

/// Returns true if a field of this name, or of a misspelled one, is likely to hold a secret.
pub(crate) fn looks_secret(name: &str) -> bool {
    // Most words are too short, and there may be millions.
    if name.len() < 5 {
        return false;
    }
    let name = name.to_lowercase().replace('-', "_");
    let close = |to: &str| {
        name.len().abs_diff(to.len()) <= 2 && strsim::damerau_levenshtein(&name, to) <= 2
    };
    WORDS.iter().any(|word| name.contains(word)) || close("password") || close("password_from")
}

fn names_a_secret(key: &TreeKey<'_>) -> bool {
    key.name.as_ref().is_some_and(|name| !FREQUENT.contains(&name.as_ref()) && looks_secret(name))
}

/// Returns true for a valid source of a password.
fn is_source(key: &TreeKey<'_>, value: &Node<'_>) -> bool {
    let TreeKind::Map(fields) = &value.kind else { return false };
    key.name.as_deref() == Some("password_from")
        && fields.iter().all(|(key, value)| match (key.name.as_deref(), &value.kind) {
            (Some("env"), TreeKind::Text(name)) => is_variable(name),
            (Some("file"), TreeKind::Text(_)) => true,
            _ => false,
        })
}

/// Returns true for the name of a variable that may hold a password.
pub(super) fn is_variable(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain))
}

/// Returns true if a text that cannot be parsed may contain a password.
pub(super) fn may_contain_password(text: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let mut rest = text;
    while let Some(begin) = rest.find(part_of_name) {
        let from = &rest[begin..];
        let end = from.find(|c| !part_of_name(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        rest = after;
        let harmless = FREQUENT.contains(&word) || word.starts_with(PREFIX);
        if !harmless && looks_secret(word) && !(word == "password_from" && begins_source(after)) {
            return true;
        }
    }
    false
}

/// Returns true if the text after `password_from` may be a valid source of a password.
fn begins_source(after: &str) -> bool {
    let value = after.strip_prefix(':').map(|value| value.trim_start_matches([' ', '\t']));
    value.is_some_and(|value| value.is_empty() || value.starts_with(['{', '\n', '\r', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_noticed_even_in_invalid_yaml() {
        for text in [
            "password: x",
            "  \"passwd\": x",
            "{ Pasword: x",
            "password x",
            "password_from: x",
            "a: 1\npassword-from: {",
            "api_key: [",
        ] {
            assert!(may_contain_password(text), "{text}");
        }
        for text in [
            "name: A\nemail: a@b.example",
            "password_from: { env: TRUNKLINE_SECRET_A }",
            "password_from:\n  file: a.txt",
            "password_from:",
            "",
        ] {
            assert!(!may_contain_password(text), "{text}");
        }
    }
}
