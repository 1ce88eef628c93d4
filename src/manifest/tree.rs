//! A YAML file as a tree of nodes with their positions.
//!
//! The parser stops at the first value of a wrong type. This tree accepts any well-formed file, so that
//! reading it afterwards can report every problem.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};

/// A range of a file. There are millions of them, and a file is at most 64 MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// The first byte.
    offset: u32,
    /// The length in bytes; may be zero.
    length: u32,
    /// The line, from 1.
    line: u32,
    /// The column in characters, from 1.
    column: u32,
}

/// A value with its span.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub span: Span,
    pub kind: TreeKind<'a>,
}

/// A value.
#[derive(Debug)]
pub(crate) enum TreeKind<'a> {
    Nothing,
    Bool(bool),
    /// A number from 0.
    Whole(u64),
    /// A whole number below 0.
    Negative(i64),
    /// Any other number, with the span of its digits.
    Fraction(Span),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// The fields in the order of the file; a name may occur twice.
    Map(Vec<(TreeKey<'a>, Node<'a>)>),
}

/// The name of a field, with its span.
#[derive(Debug)]
pub(crate) struct TreeKey<'a> {
    pub span: Span,
    /// `None` if the key is a list or a map.
    pub name: Option<Cow<'a, str>>,
}

fn small(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

impl Span {
    /// An empty span at a byte of a text.
    pub(super) fn at(text: &str, offset: usize) -> Self {
        let at = floor_char_boundary(text, offset);
        Self { offset: 0, length: 0, line: 1, column: 1 }.part(text, at, 0)
    }

    /// This span from another byte on, with another length.
    pub(super) fn moved(self, offset: usize, length: usize) -> Self {
        Self { offset: small(offset), length: small(length), ..self }
    }

    /// This span with another length.
    pub(super) fn of_length(self, length: usize) -> Self {
        self.moved(self.offset(), length)
    }

    /// The first byte.
    pub(super) fn offset(self) -> usize {
        self.range().start
    }

    /// The line, from 1.
    pub(super) fn line(self) -> u64 {
        self.line.into()
    }

    /// The column in characters, from 1.
    pub(super) fn column(self) -> u64 {
        self.column.into()
    }

    /// A part of this span, given the text that begins at it, and an offset and a length in that text.
    pub(super) fn part(self, text: &str, at: usize, length: usize) -> Self {
        let before = &text[..at];
        let in_line = before.chars().rev().take_while(|c| *c != '\n').count();
        let lines = small(before.matches('\n').count());
        let column = if lines == 0 { self.column } else { 1 }.saturating_add(small(in_line));
        let line = self.line.saturating_add(lines);
        Self { line, column, ..self.moved(self.offset() + at, length) }
    }

    /// The span of a key, extended by the colon after it.
    pub(super) fn followed_by_colon(self, text: &str) -> Self {
        let after = text.get(self.range().end..).unwrap_or_default();
        let spaces = after.len() - after.trim_start_matches([' ', '\t']).len();
        let colon = after[spaces..].starts_with(':');
        self.of_length(self.range().len() + if colon { spaces + 1 } else { 0 })
    }

    /// The range of bytes.
    pub(crate) fn range(self) -> Range<usize> {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        number(self.offset)..number(self.offset.saturating_add(self.length))
    }
}

/// Returns the last character boundary of a text at or before a byte.
pub(super) fn floor_char_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

impl From<Location> for Span {
    fn from(location: Location) -> Self {
        let span = location.span();
        Self {
            offset: small(span.byte_offset().unwrap_or_default()),
            length: small(span.byte_len().unwrap_or_default()),
            line: small(location.line()),
            column: small(location.column()),
        }
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined } = Spanned::deserialize(deserializer)?;
        let kind = match value {
            TreeKind::Fraction(_) => TreeKind::Fraction(defined.into()),
            other => other,
        };
        Ok(Self { span: referenced.into(), kind })
    }
}

impl<'de> Deserialize<'de> for TreeKind<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = TreeKind<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(TreeKind::Nothing)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(TreeKind::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(TreeKind::Whole(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(value).map_or(TreeKind::Negative(value), TreeKind::Whole))
    }

    // A binary fraction would not be exact. The text at the span is.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(TreeKind::Fraction(Span::default()))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(TreeKind::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(TreeKind::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = seq.next_element()? {
            nodes.push(node);
        }
        Ok(TreeKind::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(TreeKind::Map(fields))
    }
}

impl<'de> Deserialize<'de> for TreeKey<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, defined: _ } = Spanned::deserialize(deserializer)?;
        let KeyName(name) = value;
        Ok(Self { span: referenced.into(), name })
    }
}

struct KeyName<'a>(Option<Cow<'a, str>>);

impl<'de> Deserialize<'de> for KeyName<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = KeyName<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(KeyName(Some(Cow::Borrowed("null"))))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.visit_string(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_string(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.visit_string(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.visit_string(value.to_string())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(KeyName(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(KeyName(Some(Cow::Owned(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(KeyName(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(KeyName(None))
    }
}
