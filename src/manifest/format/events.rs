//! What is where in a file, by the same parser that reads manifests: there are no two opinions of it.

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

/// All comments of a text, sorted. `None`: it is no YAML.
pub(super) fn comments(text: &str) -> Option<Vec<&str>> {
    let events = events(text)?;
    let comments = events.iter().filter(|one| one.kind == Kind::Comment);
    let mut texts: Vec<&str> = comments.map(|one| text[one.start..one.end].trim_end()).collect();
    texts.sort_unstable();
    Some(texts)
}

/// What is somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Comment,
    Alias,
    /// Whether it is on one line and has no anchor and no tag.
    Scalar(bool),
    /// Whether it is in brackets.
    Map(bool),
    List(bool),
    /// A map or a list with an anchor or a tag.
    Marked,
    End,
    /// The end of the document that somebody has marked.
    Marker,
    Other,
}

/// What is from one byte to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last one; that of an end without a bracket is where the next thing begins.
    pub end: usize,
}

/// What is in a text, in its order. `None`: it is no YAML.
pub(super) fn events(text: &str) -> Option<Vec<Mark>> {
    let mut marks = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let range = span.byte_range()?;
        let one_line = !text[range.clone()].contains(['\n', '\r']);
        let kind = match event {
            Event::Comment(..) => Kind::Comment,
            Event::Scalar(_, style, anchor, tag) => Kind::Scalar(
                one_line
                    && anchor == 0
                    && tag.is_none()
                    && !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
            ),
            Event::SequenceStart(_, anchor, tag) | Event::MappingStart(_, anchor, tag)
                if anchor != 0 || tag.is_some() =>
            {
                Kind::Marked
            }
            Event::SequenceStart(style, ..) => Kind::List(style == StructureStyle::Flow),
            Event::MappingStart(style, ..) => Kind::Map(style == StructureStyle::Flow),
            Event::SequenceEnd | Event::MappingEnd => Kind::End,
            Event::DocumentEnd if !range.is_empty() => Kind::Marker,
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd => Kind::Other,
            // An alias, or what only other settings of the parser give.
            _ => Kind::Alias,
        };
        marks.push(Mark { kind, start: range.start, end: range.end });
    }
    Some(marks)
}
