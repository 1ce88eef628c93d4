//! A manifest file in memory, and the excerpts of it that may be shown.

use std::ops::Range;
use std::path::PathBuf;

use super::problem::{Excerpt, Position};
use super::secrets::may_contain_password;
use super::tree::{Span, floor_char_boundary as boundary};

/// The bytes of a line that are shown before and after a position; a line may be a whole file.
const AROUND: usize = 120;

/// The replacement for a password.
const HIDDEN: &str = "[hidden]";

/// A file with its path, and its text without a byte order mark.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub path: PathBuf,
    pub text: String,
}

impl SourceFile {
    /// A position with an excerpt that leaves out `hidden` (sorted ranges without overlaps).
    pub(super) fn position(&self, span: Span, hidden: &[Range<usize>]) -> Position {
        let excerpt = self.excerpt(span.offset(), span.range().len(), hidden);
        Position { line: span.line(), column: span.column(), excerpt: Some(excerpt) }
    }

    /// A position in a file that cannot be parsed. The excerpt is left out if the text before it may hold a
    /// password, because its extent is unknown.
    pub(super) fn unparsed_position(&self, span: Span) -> Position {
        let begin = boundary(&self.text, span.offset());
        let rest = &self.text[begin..];
        let end = begin + rest.find(['\n', '\r']).unwrap_or(rest.len());
        let position = self.position(span, &[]);
        if may_contain_password(&self.text[..end]) {
            Position { excerpt: None, ..position }
        } else {
            position
        }
    }

    fn excerpt(&self, offset: usize, length: usize, hidden: &[Range<usize>]) -> Excerpt {
        let begin = boundary(&self.text, offset);
        let window = self.window(begin);
        let end = boundary(&self.text, begin.saturating_add(length)).min(window.end);
        let mut builder = ExcerptBuilder::new(&self.text, begin..end.max(begin));
        if !self.begins_line(window.start) {
            builder.push("…");
        }
        let first = hidden.partition_point(|range| range.end <= window.start);
        let mut at = window.start;
        for range in hidden[first..].iter().take_while(|range| range.start < window.end) {
            builder.copy(at..range.start.clamp(at, window.end));
            at = range.end.clamp(at, window.end);
            builder.hide(range.start.max(window.start)..at);
        }
        builder.copy(at..window.end);
        if !self.ends_line(window.end) {
            builder.push("…");
        }
        builder.excerpt
    }

    /// The line of a byte, or the part of the line near it.
    fn window(&self, begin: usize) -> Range<usize> {
        let from = boundary(&self.text, begin.saturating_sub(AROUND));
        let to = boundary(&self.text, begin.saturating_add(AROUND));
        let start = self.text[from..begin].rfind(['\n', '\r']).map_or(from, |at| from + at + 1);
        let end = self.text[begin..to].find(['\n', '\r']).map_or(to, |at| begin + at);
        start..end
    }

    fn begins_line(&self, at: usize) -> bool {
        at == 0 || self.text[..at].ends_with(['\n', '\r'])
    }

    fn ends_line(&self, at: usize) -> bool {
        at == self.text.len() || self.text[at..].starts_with(['\n', '\r'])
    }
}

/// Builds an excerpt piece by piece, from left to right.
struct ExcerptBuilder<'a> {
    text: &'a str,
    /// The bytes of the file to mark.
    target: Range<usize>,
    /// True once a part of the target has been marked.
    marked: bool,
    excerpt: Excerpt,
}

impl<'a> ExcerptBuilder<'a> {
    fn new(text: &'a str, target: Range<usize>) -> Self {
        let excerpt = Excerpt { text: String::new(), mark: 0..0 };
        Self { text, target, marked: false, excerpt }
    }

    /// Appends a piece of the file.
    fn copy(&mut self, piece: Range<usize>) {
        let into = self.excerpt.text.len();
        let shown = |at: usize| into + at.clamp(piece.start, piece.end) - piece.start;
        self.mark(&piece, shown(self.target.start)..shown(self.target.end));
        self.excerpt.text.push_str(&self.text[piece]);
    }

    /// Appends a replacement for a piece of the file.
    fn hide(&mut self, piece: Range<usize>) {
        let into = self.excerpt.text.len();
        self.mark(&piece, into..into + HIDDEN.len());
        self.push(HIDDEN);
    }

    fn push(&mut self, text: &str) {
        self.excerpt.text.push_str(text);
    }

    /// Extends the mark by the part of a piece that belongs to the target.
    fn mark(&mut self, piece: &Range<usize>, shown: Range<usize>) {
        let Range { start, end } = self.target;
        let touches = start < piece.end && end > piece.start
            || (start == end || start == piece.end) && (piece.start..=piece.end).contains(&start);
        if touches {
            let begin = if self.marked { self.excerpt.mark.start } else { shown.start };
            self.excerpt.mark = begin..shown.end;
            self.marked = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, offset: usize, length: usize, hidden: Range<usize>) -> String {
        let source = SourceFile { path: PathBuf::new(), text: text.to_owned() };
        let Excerpt { text, mark } = source.excerpt(offset, length, std::slice::from_ref(&hidden));
        format!("{}<{}>{}", &text[..mark.start], &text[mark.clone()], &text[mark.end..])
    }

    #[test]
    fn an_excerpt_is_the_line_with_a_mark() {
        assert_eq!(excerpt("a: 1\nbé: 22\r\nc: 3", 10, 2, 0..0), "bé: <22>");
        assert_eq!(excerpt("a: 1\nb: 2", 4, 0, 0..0), "a: 1<>");
        assert_eq!(excerpt("a: |\n x\n y", 3, 6, 0..0), "a: <|>");
        assert_eq!(excerpt("", 5, 5, 0..0), "<>");
        // An offset inside a character.
        assert_eq!(excerpt("é", 1, 9, 0..0), "<é>");
    }

    #[test]
    fn hidden_ranges_are_replaced() {
        assert_eq!(excerpt("p: word, x: 1", 12, 1, 3..7), "p: [hidden], x: <1>");
        assert_eq!(excerpt("p: word, x: 1", 3, 4, 3..7), "p: <[hidden]>, x: 1");
        assert_eq!(excerpt("p: |\n  word\nx: 1", 7, 1, 3..11), "<[hidden]>");
        assert_eq!(excerpt("{p: word}", 0, 9, 4..8), "<{p: [hidden]}>");
        assert_eq!(excerpt("a: 1 # p", 8, 0, 0..4), "[hidden] # p<>");
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let long = format!("{}here{}", "a".repeat(5000), "z".repeat(5000));
        let shown = excerpt(&long, 5000, 4, 0..1);
        assert!(shown.starts_with("…a") && shown.ends_with("z…"), "{shown}");
        assert!(shown.contains("a<here>z") && shown.len() < 300, "{shown}");
    }
}
