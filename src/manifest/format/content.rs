//! The content of a file, which formatting must not change: its values, with the fields of each map in any order, and
//! its comments.

use std::hash::{DefaultHasher, Hash, Hasher as _};

use granit_parser::Event;

/// The content of a text. Texts of equal content differ only in their layout.
#[derive(Debug, PartialEq)]
pub(super) struct Content<'a> {
    /// The hash of all values.
    values: u64,
    /// In the order of their texts.
    comments: Vec<&'a str>,
}

/// A content under construction.
#[derive(Debug, Default)]
pub(super) struct ContentBuilder<'a> {
    /// The lists and maps that have no end yet, the outermost first.
    open: Vec<Branch>,
    root: Branch,
    comments: Vec<&'a str>,
}

/// The hashes of the values of a list, or of the names and values of a map, and of what it starts with.
#[derive(Debug, Default)]
struct Branch {
    start: u64,
    is_map: bool,
    parts: Vec<u64>,
}

impl<'a> ContentBuilder<'a> {
    pub(super) fn comment(&mut self, text: &'a str) {
        self.comments.push(text.trim_end());
    }

    /// Adds an event. The brackets of lists and maps are layout.
    pub(super) fn add(&mut self, event: &Event<'_>) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.value(hash(("scalar", text, style, anchor, tag)));
            }
            Event::Alias(anchor) => self.value(hash(("alias", anchor))),
            Event::SequenceStart(_, anchor, tag) => self.begin(false, hash(("list", anchor, tag))),
            Event::MappingStart(_, anchor, tag) => self.begin(true, hash(("map", anchor, tag))),
            Event::SequenceEnd | Event::MappingEnd => {
                let ended = self.open.pop().unwrap_or_default();
                self.value(ended.hash());
            }
            _ => {}
        }
    }

    fn begin(&mut self, is_map: bool, start: u64) {
        self.open.push(Branch { start, is_map, parts: Vec::new() });
    }

    fn value(&mut self, hash: u64) {
        self.open.last_mut().unwrap_or(&mut self.root).parts.push(hash);
    }

    pub(super) fn finish(self) -> Content<'a> {
        let Self { open: _, root, mut comments } = self;
        comments.sort_unstable();
        Content { values: root.hash(), comments }
    }
}

impl Branch {
    fn hash(self) -> u64 {
        let Self { start, is_map, parts } = self;
        if !is_map {
            return hash((start, parts));
        }
        let mut fields: Vec<u64> = parts.chunks(2).map(hash).collect();
        fields.sort_unstable();
        hash((start, fields))
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
