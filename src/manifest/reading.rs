//! Taking a tree apart, field by field, and noting everything that does not fit.

use std::borrow::Cow;

use super::secrets::{Secrets, looks_secret};
use super::tree::{Key, Kind, Node, Span};

/// A place in one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    /// Which of the files, in their order.
    pub file: usize,
    pub span: Span,
}

/// A value, and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Written<T> {
    pub value: T,
    pub spot: Spot,
}

/// Something that does not fit.
#[derive(Debug)]
pub(crate) struct Fault {
    pub spot: Spot,
    pub message: String,
    pub hint: Option<Cow<'static, str>>,
    /// Another place that has to do with it, and what is there.
    pub related: Option<(Spot, &'static str)>,
}

/// One file while it is taken apart.
pub(crate) struct Reading<'a> {
    pub file: usize,
    /// Whether it is the only one.
    pub alone: bool,
    pub text: &'a str,
    pub(super) secrets: &'a Secrets,
    pub faults: &'a mut Vec<Fault>,
    /// The field whose value is looked at.
    pub field: &'static str,
    /// Whether it is one of the values of its list.
    pub item: bool,
}

/// The fields of a map while they are taken out of it.
pub(crate) struct Fields<'n, 'a> {
    /// What the map is: "an account".
    what: &'static str,
    span: Span,
    entries: &'n [(Key<'a>, Node<'a>)],
    known: Vec<&'static str>,
}

impl Reading<'_> {
    pub(crate) fn spot(&self, span: Span) -> Spot {
        Spot { file: self.file, span }
    }

    pub(crate) fn written<T>(&self, node: &Node<'_>, value: T) -> Written<T> {
        Written { value, spot: self.spot(node.span) }
    }

    pub(crate) fn fault(&mut self, span: Span, message: String) -> &mut Fault {
        let spot = self.spot(span);
        let at = self.faults.len();
        self.faults.push(Fault { spot, message, hint: None, related: None });
        &mut self.faults[at]
    }

    /// Notes that the field takes something else than what is there.
    pub(crate) fn wrong(&mut self, node: &Node<'_>, wanted: &str) -> &mut Fault {
        let there = self.describe(node);
        let message = format!("{} takes {wanted}, not {there}", self.subject());
        self.fault(node.span, message)
    }

    /// What the value that is looked at is called.
    pub(crate) fn subject(&self) -> String {
        let entry = if self.item { "an entry of " } else { "" };
        format!("{entry}`{}`", self.field)
    }

    /// A value in the words of a message.
    fn describe(&self, node: &Node<'_>) -> String {
        match &node.kind {
            Kind::Nothing => "nothing".to_owned(),
            Kind::Bool(value) => value.to_string(),
            Kind::Whole(number) => format!("the number {number}"),
            Kind::Negative(number) => format!("the number {number}"),
            Kind::Fraction => match self.raw(node) {
                Some(raw) => format!("the number {raw}"),
                None => "such a number".to_owned(),
            },
            Kind::Text(text) if text.is_empty() => "an empty text".to_owned(),
            Kind::Text(text) => format!("the text {}", self.quote(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a group of fields".to_owned(),
        }
    }

    /// A text of the file in quotes, unless it may not be shown; a long one in part.
    pub(crate) fn quote(&self, text: &str) -> String {
        const LONGEST: usize = 60;
        if self.secrets.hold(text) {
            return "\"[hidden]\"".to_owned();
        }
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("\"{}…\"", &text[..end]),
            None => format!("\"{text}\""),
        }
    }

    /// A short value as it stands in the file.
    fn raw(&self, node: &Node<'_>) -> Option<&str> {
        let raw = self.text.get(node.span.range())?;
        (!raw.is_empty() && raw.len() <= 30 && !raw.starts_with('*')).then_some(raw)
    }

    /// Takes each item of a list; what does not fit is noted and left out.
    pub(crate) fn items<T>(
        &mut self,
        node: &Node<'_>,
        wanted: &str,
        mut read: impl FnMut(&mut Self, &Node<'_>) -> Option<T>,
    ) -> Option<Vec<Written<T>>> {
        let Kind::List(items) = &node.kind else {
            let hint = "write one entry a line, each after `- `";
            self.wrong(node, wanted).hint = Some(hint.into());
            return None;
        };
        let field = self.field;
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            (self.field, self.item) = (field, true);
            if let Some(value) = read(self, item) {
                values.push(self.written(item, value));
            }
        }
        Some(values)
    }
}

impl<'n, 'a> Fields<'n, 'a> {
    /// The fields of a value that should have some.
    pub(crate) fn of(
        reading: &mut Reading<'_>,
        node: &'n Node<'a>,
        what: &'static str,
    ) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            let there = reading.describe(node);
            let (message, hint) = match node.kind {
                Kind::Nothing if what == MANIFEST => ("this file says nothing".to_owned(), BEGIN),
                _ if what == MANIFEST => (format!("this is no manifest, but {there}"), BEGIN),
                _ => (
                    format!("{what} has fields, and this is {there}"),
                    "write `field: value`, one a line",
                ),
            };
            reading.fault(node.span, message).hint = Some(hint.into());
            return None;
        };
        Some(Self { what, span: node.span, entries, known: Vec::new() })
    }

    /// Where they begin.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Whether a field is there, whatever its value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(key, _)| key.name.as_deref() == Some(name))
    }

    /// Takes the value of a field. When it is there twice, that is noted, and the first one taken.
    pub(crate) fn optional<T>(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        mut read: impl FnMut(&mut Reading<'_>, &Node<'_>) -> Option<T>,
    ) -> Option<Written<T>> {
        self.known.push(name);
        let mut first = None;
        let mut taken = None;
        for (key, value) in self.entries {
            if key.name.as_deref() != Some(name) {
                continue;
            }
            (reading.field, reading.item) = (name, false);
            // A second value is read too: what is wrong in it should be told in the same run.
            let read = if matches!(value.kind, Kind::Nothing) {
                let fault = reading.fault(key.span, format!("`{name}` has no value"));
                fault.hint = Some("give it one, or leave the field out".into());
                None
            } else {
                read(reading, value).map(|read| reading.written(value, read))
            };
            if let Some(first) = first {
                let first = reading.spot(first);
                let fault = reading.fault(key.span, format!("`{name}` is here a second time"));
                fault.related = Some((first, "it is here first"));
                fault.hint = Some("keep one of them".into());
            } else {
                first = Some(key.span);
                taken = read;
            }
        }
        taken
    }

    /// Takes the value of a field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        reading: &mut Reading<'_>,
        name: &'static str,
        hint: &'static str,
        read: impl FnMut(&mut Reading<'_>, &Node<'_>) -> Option<T>,
    ) -> Option<Written<T>> {
        if !self.has(name) {
            let fault = reading.fault(self.span, format!("{} needs `{name}`", self.what));
            fault.hint = Some(hint.into());
        }
        self.optional(reading, name, read)
    }

    /// Notes every field that nobody has asked for.
    pub(crate) fn finish(self, reading: &mut Reading<'_>) {
        for (key, value) in self.entries {
            match &key.name {
                Some(name) if self.known.contains(&name.as_ref()) => {}
                Some(name) if self.is_password(name, value) => {
                    let fault =
                        reading.fault(key.span, "a manifest never holds a password".to_owned());
                    fault.hint = Some(SAY_SOURCE.into());
                }
                Some(name) => self.unknown(reading, key, name),
                None => {
                    reading.fault(key.span, "the name of a field is a plain word".to_owned());
                }
            }
        }
    }

    /// Whether a field is a password where its source should be.
    fn is_password(&self, name: &str, value: &Node<'_>) -> bool {
        let literal = !matches!(value.kind, Kind::Map(_));
        literal && self.known.contains(&"password_from") && looks_secret(name)
    }

    fn unknown(&self, reading: &mut Reading<'_>, key: &Key<'_>, name: &str) {
        let quoted = reading.quote(name);
        let fault = reading.fault(key.span, format!("{} has no field {quoted}", self.what));
        fault.hint = Some(if name == "<<" {
            "merge keys are not understood; `defaults` is for what accounts have in common".into()
        } else if let Some(ours) = ours(name).filter(|ours| self.known.contains(ours)) {
            format!("here it is called `{ours}`").into()
        } else if let Some(near) = nearest(name, &self.known) {
            format!("did you mean `{near}`?").into()
        } else {
            format!("its fields are {}", self.known.join(", ")).into()
        });
    }
}

/// What a whole file is.
pub(crate) const MANIFEST: &str = "a manifest";

/// How a file begins.
pub(crate) const BEGIN: &str = "begin the file with `version: 1`";

/// What to do about a password.
pub(crate) const SAY_SOURCE: &str = "write `password_from: { env: TRUNKLINE_SECRET_… }` or `{ file: … }`, which is read at apply; \
     and change the password if it was a real one";

/// Our name for what Telnyx calls otherwise.
fn ours(name: &str) -> Option<&'static str> {
    match name {
        "organization_name" | "business_name" => Some("name"),
        "managed_account_allow_custom_pricing" | "allow_custom_pricing" => Some("custom_pricing"),
        "reenable_all_connections" => Some("reenable_connections"),
        _ => None,
    }
}

/// The known name that somebody most likely meant.
pub(crate) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name = name.to_lowercase().replace('-', "_");
    let by_distance = |known: &&'k str| (strsim::damerau_levenshtein(&name, known), *known);
    let (distance, near) = known.iter().map(by_distance).min()?;
    if distance <= (name.len().max(near.len()) / 3).max(1) {
        return Some(near);
    }
    // Not misspelt, but half of it: `manager_id`, `pricing`.
    let within = |known: &&str| name.split('_').all(|part| known.split('_').any(|of| of == part));
    let mut halves = known.iter().copied().filter(within);
    halves.next().filter(|_| halves.next().is_none())
}
