//! A manifest file in memory, and what of it may be shown.

use std::ops::Range;
use std::path::PathBuf;

use super::problem::{Excerpt, Place};
use super::secrets::may_hold_one;
use super::tree::Span;

/// How much of a line is shown before and after a place, in bytes: a line may be a whole file.
const AROUND: usize = 120;

/// What is shown in the place of a password.
const HIDDEN: &str = "[hidden]";

/// A file: where it is, and its text without a byte order mark.
#[derive(Debug)]
pub(super) struct Source {
    pub path: PathBuf,
    pub text: String,
}

impl Source {
    /// A place with what stands there, but for what is `hidden` (sorted, without overlaps).
    pub(super) fn place(&self, span: Span, hidden: &[Range<usize>]) -> Place {
        let Span { offset, length, line, column } = span;
        Place { line, column, excerpt: Some(self.excerpt(offset, length, hidden)) }
    }

    /// A place in a text that no tree can be made of. What stands there is not shown if there may be a
    /// password: nobody knows where it would begin and end.
    pub(super) fn unguarded(&self, span: Span) -> Place {
        let begin = boundary(&self.text, span.offset);
        let rest = &self.text[begin..];
        let end = begin + rest.find(['\n', '\r']).unwrap_or(rest.len());
        let place = self.place(span, &[]);
        if may_hold_one(&self.text[..end]) { Place { excerpt: None, ..place } } else { place }
    }

    /// The place of a byte.
    pub(super) fn point(&self, offset: usize) -> Span {
        let before = &self.text[..boundary(&self.text, offset)];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Span { offset, length: 0, line: number(line), column: number(column) }
    }

    fn excerpt(&self, offset: usize, length: usize, hidden: &[Range<usize>]) -> Excerpt {
        let begin = boundary(&self.text, offset);
        let window = self.window(begin);
        let end = boundary(&self.text, begin.saturating_add(length)).min(window.end);
        let mut cut = Cut::new(&self.text, begin..end.max(begin));
        if !self.begins_line(window.start) {
            cut.say("…");
        }
        let first = hidden.partition_point(|range| range.end <= window.start);
        let mut at = window.start;
        for range in hidden[first..].iter().take_while(|range| range.start < window.end) {
            cut.copy(at..range.start.clamp(at, window.end));
            at = range.end.clamp(at, window.end);
            cut.hide(range.start.max(window.start)..at);
        }
        cut.copy(at..window.end);
        if !self.ends_line(window.end) {
            cut.say("…");
        }
        cut.excerpt
    }

    /// What is shown around a byte: its line, or the near part of that.
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

/// The last boundary of a character that is not after a byte.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// An excerpt that is being put together, piece by piece, from left to right.
struct Cut<'a> {
    text: &'a str,
    /// What is meant, in bytes of the file.
    meant: Range<usize>,
    /// Whether something of it has been marked.
    marked: bool,
    excerpt: Excerpt,
}

impl<'a> Cut<'a> {
    fn new(text: &'a str, meant: Range<usize>) -> Self {
        let excerpt = Excerpt { text: String::new(), mark: 0..0 };
        Self { text, meant, marked: false, excerpt }
    }

    /// Takes a piece of the file as it is.
    fn copy(&mut self, piece: Range<usize>) {
        let into = self.excerpt.text.len();
        let shown = |at: usize| into + at.clamp(piece.start, piece.end) - piece.start;
        self.mark(&piece, shown(self.meant.start)..shown(self.meant.end));
        self.excerpt.text.push_str(&self.text[piece]);
    }

    /// Takes something else for a piece of the file.
    fn hide(&mut self, piece: Range<usize>) {
        let into = self.excerpt.text.len();
        self.mark(&piece, into..into + HIDDEN.len());
        self.say(HIDDEN);
    }

    fn say(&mut self, text: &str) {
        self.excerpt.text.push_str(text);
    }

    /// Extends the mark by what of a piece is meant.
    fn mark(&mut self, piece: &Range<usize>, shown: Range<usize>) {
        let Range { start, end } = self.meant;
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
        let source = Source { path: PathBuf::new(), text: text.to_owned() };
        let Excerpt { text, mark } = source.excerpt(offset, length, std::slice::from_ref(&hidden));
        format!("{}<{}>{}", &text[..mark.start], &text[mark.clone()], &text[mark.end..])
    }

    #[test]
    fn an_excerpt_is_the_line_with_a_mark() {
        assert_eq!(excerpt("a: 1\nbé: 22\r\nc: 3", 10, 2, 0..0), "bé: <22>");
        assert_eq!(excerpt("a: 1\nb: 2", 4, 0, 0..0), "a: 1<>");
        assert_eq!(excerpt("a: |\n x\n y", 3, 6, 0..0), "a: <|>");
        assert_eq!(excerpt("", 5, 5, 0..0), "<>");
        // In the middle of a character.
        assert_eq!(excerpt("é", 1, 9, 0..0), "<é>");
    }

    #[test]
    fn what_is_hidden_is_not_in_it() {
        assert_eq!(excerpt("p: word, x: 1", 12, 1, 3..7), "p: [hidden], x: <1>");
        assert_eq!(excerpt("p: word, x: 1", 3, 4, 3..7), "p: <[hidden]>, x: 1");
        assert_eq!(excerpt("p: |\n  word\nx: 1", 7, 1, 3..11), "<[hidden]>");
        assert_eq!(excerpt("{p: word}", 0, 9, 4..8), "<{p: [hidden]}>");
        assert_eq!(excerpt("a: 1 # p", 8, 0, 0..4), "[hidden] # p<>");
    }

    #[test]
    fn of_a_long_line_only_what_is_near_is_shown() {
        let long = format!("{}here{}", "a".repeat(5000), "z".repeat(5000));
        let shown = excerpt(&long, 5000, 4, 0..1);
        assert!(shown.starts_with("…a") && shown.ends_with("z…"), "{shown}");
        assert!(shown.contains("a<here>z") && shown.len() < 300, "{shown}");
    }
}
