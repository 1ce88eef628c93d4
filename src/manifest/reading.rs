//! Reading a tree field by field, and recording every problem.

use std::borrow::Cow;

use super::mistakes;
use super::secrets::{Secrets, looks_secret};
use super::texts::has_invisible;
use super::tree::{Node, Span, TreeKey, TreeKind};

/// A span in one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceLocation {
    /// The index of the file.
    pub file: usize,
    pub span: Span,
}

/// A value with its location.
#[derive(Clone, Debug)]
pub(crate) struct Written<T> {
    pub value: T,
    pub location: SourceLocation,
}

/// A problem with its location.
#[derive(Debug)]
pub(crate) struct SourceProblem {
    pub location: SourceLocation,
    pub message: String,
    pub hint: Option<Cow<'static, str>>,
    /// Another location involved, and its role.
    pub related: Option<(SourceLocation, &'static str)>,
}

/// The state of reading one file.
pub(crate) struct Reading<'a> {
    pub file: usize,
    /// True if the manifest has no other file.
    pub alone: bool,
    pub text: &'a str,
    pub(super) secrets: &'a Secrets,
    pub problems: &'a mut Vec<SourceProblem>,
    /// The field whose value is being read.
    pub field: &'static str,
    /// True if the value is an item of the field's list.
    pub item: bool,
}

/// Reads the fields of a map.
pub(crate) struct FieldReader<'n, 'a> {
    /// The map in the words of a message: "an account".
    what: &'static str,
    span: Span,
    entries: &'n [(TreeKey<'a>, Node<'a>)],
    known: Vec<&'static str>,
}

impl Reading<'_> {
    pub(crate) fn location(&self, span: Span) -> SourceLocation {
        SourceLocation { file: self.file, span }
    }

    pub(crate) fn written<T>(&self, node: &Node<'_>, value: T) -> Written<T> {
        Written { value, location: self.location(node.span) }
    }

    pub(crate) fn problem(&mut self, span: Span, message: String) -> &mut SourceProblem {
        let location = self.location(span);
        let at = self.problems.len();
        self.problems.push(SourceProblem { location, message, hint: None, related: None });
        &mut self.problems[at]
    }

    /// Records that the value of the field is of a wrong type.
    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, expected: &str) -> &mut SourceProblem {
        let there = self.describe(node);
        let message = format!("{} must be {expected}, not {there}", self.subject());
        self.problem(node.span, message)
    }

    /// The value being read, in the words of a message.
    pub(crate) fn subject(&self) -> String {
        let entry = if self.item { "an entry of " } else { "" };
        format!("{entry}`{}`", self.field)
    }

    /// A value, in the words of a message.
    fn describe(&self, node: &Node<'_>) -> String {
        match &node.kind {
            TreeKind::Nothing => "nothing".to_owned(),
            TreeKind::Bool(value) => value.to_string(),
            TreeKind::Whole(number) => format!("the number {number}"),
            TreeKind::Negative(number) => format!("the number {number}"),
            TreeKind::Fraction(_) => match self.raw(node) {
                Some(raw) => format!("the number {raw}"),
                None => "a fraction".to_owned(),
            },
            TreeKind::Text(text) if text.is_empty() => "an empty string".to_owned(),
            TreeKind::Text(text) => format!("the string {}", self.quote(text)),
            TreeKind::List(_) => "a list".to_owned(),
            TreeKind::Map(_) => "a group of fields".to_owned(),
        }
    }

    /// Quotes a text of the file. A secret is hidden, and a long text is cut.
    pub(crate) fn quote(&self, text: &str) -> String {
        if self.secrets.contains(text) { "\"[hidden]\"".to_owned() } else { quoted(text) }
    }

    /// A short value as written in the file.
    fn raw(&self, node: &Node<'_>) -> Option<&str> {
        let raw = self.text.get(node.span.range())?;
        (!raw.is_empty() && raw.len() <= 30 && !raw.starts_with('*')).then_some(raw)
    }

    /// Reads each item of a list. Invalid items are recorded as problems and left out.
    pub(crate) fn items<T>(
        &mut self,
        node: &Node<'_>,
        expected: &str,
        mut read: impl FnMut(&mut Self, &Node<'_>) -> Option<T>,
    ) -> Option<Vec<Written<T>>> {
        let TreeKind::List(items) = &node.kind else {
            let hint = match node.kind {
                TreeKind::Text(_) => "Write a list: in brackets, or one entry per line after `- `.",
                _ => "Write one entry per line, each after `- `.",
            };
            self.wrong_type(node, expected).hint = Some(hint.into());
            return None;
        };
        let field = self.field;
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            (self.field, self.item) = (field, true);
            if has_invisible(self, item) {
                continue;
            }
            if let Some(value) = read(self, item) {
                values.push(self.written(item, value));
            }
        }
        Some(values)
    }
}

impl<'n, 'a> FieldReader<'n, 'a> {
    /// Starts reading a node that must be a map.
    pub(crate) fn of(
        reading: &mut Reading<'_>,
        node: &'n Node<'a>,
        what: &'static str,
    ) -> Option<Self> {
        let TreeKind::Map(entries) = &node.kind else {
            let there = reading.describe(node);
            let (message, hint) = match node.kind {
                TreeKind::Nothing if what == MANIFEST => ("this file is empty".to_owned(), BEGIN),
                _ if what == MANIFEST => (format!("expected a manifest, found {there}"), BEGIN),
                TreeKind::Text(ref text) if text.contains('@') => (
                    format!("expected {what} with its fields, found {there}"),
                    "Write `email: ` before the address.",
                ),
                _ => (
                    format!("expected {what} with its fields, found {there}"),
                    "Write `field: value`, one per line.",
                ),
            };
            reading.problem(node.span, message).hint = Some(hint.into());
            return None;
        };
        Some(Self { what, span: node.span, entries, known: Vec::with_capacity(16) })
    }

    /// The span of the map.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Returns true if the field is present, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.name.as_deref() == Some(name))
    }

    /// Reads the value of a field. If the field occurs twice, that is a problem, and the first value counts.
    pub(crate) fn optional<T>(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        mut read: impl FnMut(&mut Reading<'_>, &Node<'_>) -> Option<T>,
    ) -> Option<Written<T>> {
        self.known.push(name);
        let mut first = None;
        let mut first_value = None;
        for (key, value) in self.entries {
            if key.name.as_deref() != Some(name) {
                continue;
            }
            (reading.field, reading.item) = (name, false);
            // A second value is read too, so that its problems are reported in the same run.
            let read = if matches!(value.kind, TreeKind::Nothing) {
                let hint = if mistakes::cut_comment(
                    reading.text,
                    key.span.followed_by_colon(reading.text),
                )
                .is_some()
                {
                    "YAML reads the text after `#` as a comment: put the value in quotes."
                } else {
                    "Set a value, or leave the field out."
                };
                let problem = reading.problem(key.span, format!("`{name}` has no value"));
                problem.hint = Some(hint.into());
                None
            } else if has_invisible(reading, value) {
                None
            } else {
                read(reading, value).map(|read| reading.written(value, read))
            };
            if let Some(first) = first {
                let first = reading.location(first);
                let problem = reading.problem(key.span, format!("`{name}` is set twice"));
                problem.related = Some((first, "first set here"));
                problem.hint = Some("Keep one of them.".into());
            } else {
                first = Some(key.span);
                first_value = read;
            }
        }
        first_value
    }

    /// Reads the value of a required field.
    pub(crate) fn required<T>(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        hint: &'static str,
        read: impl FnMut(&mut Reading<'_>, &Node<'_>) -> Option<T>,
    ) -> Option<Written<T>> {
        if !self.has(name) {
            let problem =
                reading.problem(self.span, format!("missing field `{name}` in {}", self.what));
            problem.hint = Some(hint.into());
        }
        self.optional(reading, name, read)
    }

    /// Records a problem for every field that was not read.
    pub(crate) fn finish(self, reading: &mut Reading<'_>) {
        for (key, value) in self.entries {
            match &key.name {
                Some(name) if self.known.contains(&name.as_ref()) => {}
                Some(name) if self.is_password(name, value) => {
                    let problem = reading
                        .problem(key.span, "a manifest must not contain a password".to_owned());
                    problem.hint = Some(USE_PASSWORD_SOURCE.into());
                }
                Some(name) => self.unknown(reading, key, name),
                None => {
                    reading.problem(key.span, "a field name must be a plain word".to_owned());
                }
            }
        }
    }

    /// Returns true if a field holds a password instead of its source.
    fn is_password(&self, name: &str, value: &Node<'_>) -> bool {
        let literal = !matches!(value.kind, TreeKind::Map(_));
        literal && self.known.contains(&"password_from") && looks_secret(name)
    }

    fn unknown(&self, reading: &mut Reading<'_>, key: &TreeKey<'_>, name: &str) {
        if let Some((span, c)) = mistakes::invisible_in(reading.text, key.span) {
            let message = format!("this field name contains {}", mistakes::describe(c));
            reading.problem(span, message).hint = Some("Delete the character.".into());
            return;
        }
        let quoted = reading.quote(name);
        let problem = reading.problem(key.span, format!("unknown field {quoted} in {}", self.what));
        problem.hint = Some(if name == "<<" {
            "Merge keys are not supported; use `defaults` for what accounts have in common.".into()
        } else if let Some(ours) = ours(name).filter(|ours| self.known.contains(ours)) {
            format!("Use `{ours}`.").into()
        } else if let Some(near) = nearest(name, &self.known) {
            format!("Did you mean `{near}`?").into()
        } else {
            format!("The fields are {}.", self.known.join(", ")).into()
        });
    }
}

/// The root of a file, in the words of a message.
pub(crate) const MANIFEST: &str = "a manifest";

/// The hint for a file without its first field.
pub(crate) const BEGIN: &str = "Begin the file with `version: 1`.";

/// The hint for a password in a manifest.
pub(crate) const USE_PASSWORD_SOURCE: &str = "Write `password_from: { env: TRUNKLINE_SECRET_… }` or `{ file: … }`, which is read at apply. \
     Change the password if it was a real one.";

/// The manifest's name for a field of the Telnyx API.
fn ours(name: &str) -> Option<&'static str> {
    match name {
        "organization_name" | "business_name" => Some("name"),
        "managed_account_allow_custom_pricing" | "allow_custom_pricing" => Some("custom_pricing"),
        "reenable_all_connections" => Some("reenable_connections"),
        _ => None,
    }
}

/// Quotes a text, and cuts a long one.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

/// The known name closest to a misspelled one, if any is close.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name = name.to_lowercase().replace('-', "_");
    let by_distance = |known: &&'k str| (strsim::damerau_levenshtein(&name, known), *known);
    let (distance, near) = known.iter().map(by_distance).min()?;
    if distance <= (name.len().max(near.len()) / 3).max(1) {
        return Some(near);
    }
    // A part of the name: `manager_id`, `pricing`.
    let within = |known: &&str| name.split('_').all(|part| known.split('_').any(|of| of == part));
    let mut halves = known.iter().copied().filter(within);
    halves.next().filter(|_| halves.next().is_none())
}
