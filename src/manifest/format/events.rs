//! The tokens of a file, by the same parser that reads manifests.

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::content::{Content, ContentBuilder};

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Comment,
    Alias,
    /// A scalar; true if it is on one line and has no anchor and no tag.
    Scalar(bool),
    /// The start of a map; true if it is in brackets.
    Map(bool),
    /// The start of a list; true if it is in brackets.
    List(bool),
    /// The start of a map or a list with an anchor or a tag.
    Tagged,
    End,
    /// The explicit end of the document, `...`.
    DocumentEnd,
    Other,
}

/// A token with its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: TokenKind,
    /// The first byte.
    pub start: usize,
    /// The byte after the last one. An end without a bracket extends to the next token.
    pub end: usize,
}

/// The tokens of a text in order, and its content, or `None` if it is not valid YAML.
pub(super) fn events(text: &str) -> Option<(Vec<Token>, Content<'_>)> {
    let mut tokens = Vec::new();
    let mut content = ContentBuilder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let range = span.byte_range()?;
        let one_line = || !text[range.clone()].contains(['\n', '\r']);
        let kind = match &event {
            Event::Comment(..) => TokenKind::Comment,
            Event::Scalar(_, style, anchor, tag) => TokenKind::Scalar(
                one_line()
                    && *anchor == 0
                    && tag.is_none()
                    && !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
            ),
            Event::SequenceStart(_, anchor, tag) | Event::MappingStart(_, anchor, tag)
                if *anchor != 0 || tag.is_some() =>
            {
                TokenKind::Tagged
            }
            Event::SequenceStart(style, ..) => TokenKind::List(*style == StructureStyle::Flow),
            Event::MappingStart(style, ..) => TokenKind::Map(*style == StructureStyle::Flow),
            Event::SequenceEnd | Event::MappingEnd => TokenKind::End,
            Event::DocumentEnd if !range.is_empty() => TokenKind::DocumentEnd,
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd => TokenKind::Other,
            // An alias, or an event that these parser options do not emit.
            _ => TokenKind::Alias,
        };
        match kind {
            TokenKind::Comment => content.comment(&text[range.clone()]),
            _ => content.add(&event),
        }
        tokens.push(Token { kind, start: range.start, end: range.end });
    }
    Some((tokens, content.finish()))
}
