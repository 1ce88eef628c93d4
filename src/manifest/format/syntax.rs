//! Parsing the layout of a file.
//!
//! An unusual layout is rejected as a whole, never guessed at.

use super::events::{Token, TokenKind};
use super::layout::{CommentLine, LayoutBlock, LayoutFile, LayoutRow, RowValue};
use super::order::LayoutSection;

/// Parses the layout of a text with these tokens, or returns `None` if it is unusual.
pub(super) fn read(text: &str, events: Vec<Token>) -> Option<LayoutFile<'_>> {
    let mut parser = LayoutParser { text, events, at: 0, reorders: true };
    parser.reorders = !parser.events.iter().any(|one| one.kind == TokenKind::Alias);
    let begins = |one: &Token| !matches!(one.kind, TokenKind::Comment | TokenKind::Other);
    parser.at = parser.events.iter().position(begins)?;
    let first = parser.next()?;
    if first.kind != TokenKind::Map(false) {
        return None;
    }
    let begin = parser.line(first.start);
    // A field on the line of `---` cannot be moved.
    if begin != first.start {
        return None;
    }
    let mut left = Vec::new();
    let mut root = parser.map(LayoutSection::Manifest, 0, &mut left)?;
    root.tail.extend(left);
    parser.tail(&mut root.tail)?;
    Some(LayoutFile { head: text[..begin].lines().map(str::trim_end).collect(), root })
}

pub(super) struct LayoutParser<'a> {
    pub(super) text: &'a str,
    pub(super) events: Vec<Token>,
    pub(super) at: usize,
    /// True if fields may be reordered: an anchor must come before its aliases.
    reorders: bool,
}

impl<'a> LayoutParser<'a> {
    pub(super) fn peek(&self) -> Option<Token> {
        self.events.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.events.get(self.at - 1).copied()
    }

    /// The start of the line of a byte.
    fn line(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    fn column(&self, at: usize) -> usize {
        at - self.line(at)
    }

    /// Returns true if the line above that of a byte is empty.
    fn blank(&self, at: usize) -> bool {
        let Some(end) = self.line(at).checked_sub(1) else { return false };
        self.text[self.line(end)..end].trim().is_empty()
    }

    /// Returns true if only spaces precede a byte on its line.
    fn begins_line(&self, at: usize) -> bool {
        self.text[self.line(at)..at].trim().is_empty()
    }

    fn comment(&self, token: Token) -> CommentLine<'a> {
        let text = self.text[token.start..token.end].trim_end();
        CommentLine { text, blank: self.blank(token.start), column: self.column(token.start) }
    }

    /// Reads comments on separate lines.
    fn own_lines(&mut self, into: &mut Vec<CommentLine<'a>>) {
        while let Some(token) = self.peek() {
            if token.kind != TokenKind::Comment || !self.begins_line(token.start) {
                return;
            }
            into.push(self.comment(token));
            self.at += 1;
        }
    }

    /// Reads the comment on the line that ends a value at a byte.
    fn trailing(&mut self, end: usize) -> Option<&'a str> {
        let token = self.peek().filter(|token| token.kind == TokenKind::Comment)?;
        let same_line = self.line(token.start) == self.line(end);
        same_line.then(|| {
            self.at += 1;
            self.text[token.start..token.end].trim_end()
        })
    }

    /// Reads the fields of a map after its start. Comments below it that belong to the next entry go to `left`.
    fn map(
        &mut self,
        section: LayoutSection,
        column: usize,
        left: &mut Vec<CommentLine<'a>>,
    ) -> Option<LayoutBlock<'a>> {
        let mut block = LayoutBlock::default();
        let mut lead = std::mem::take(left);
        loop {
            self.own_lines(&mut lead);
            let key = self.next()?;
            match key.kind {
                TokenKind::End => break,
                TokenKind::Scalar(true) => {}
                TokenKind::Comment
                | TokenKind::Alias
                | TokenKind::Scalar(false)
                | TokenKind::Map(_)
                | TokenKind::List(_)
                | TokenKind::Tagged
                | TokenKind::DocumentEnd
                | TokenKind::Other => return None,
            }
            let written = &self.text[key.start..key.end];
            let name = bare(written);
            let colon = self.text[key.end..].find(|c| c != ' ').map(|at| key.end + at)?;
            if !self.text[colon..].starts_with(':') {
                return None;
            }
            let blank = self.blank(key.start) && self.begins_line(key.start);
            let mut after = Vec::new();
            let (value, trailing) = self.value(section.of(name), colon + 1, column, &mut after)?;
            let lead = std::mem::replace(&mut lead, after);
            block.rows.push(LayoutRow { lead, blank, key: Some(written), value, trailing });
        }
        split(column, lead, &mut block.tail, left);
        if self.reorders {
            let index = |row: &LayoutRow<'_>| section.index(bare(row.key.unwrap_or_default()));
            block.rows.sort_by_key(index);
        }
        Some(block)
    }

    /// Reads the items of a list after its start; `parent` is the column of its field.
    fn list(
        &mut self,
        section: LayoutSection,
        parent: usize,
        left: &mut Vec<CommentLine<'a>>,
    ) -> Option<LayoutBlock<'a>> {
        let mut block = LayoutBlock::default();
        let mut lead = std::mem::take(left);
        let mut column = parent + 1;
        loop {
            self.own_lines(&mut lead);
            let item = self.peek()?;
            if item.kind == TokenKind::End {
                self.at += 1;
                break;
            }
            let dash = self.dash(item)?;
            // A list may have the indentation of its field; a comment there belongs to the next field.
            column = self.column(dash).max(parent + 1);
            let blank = self.blank(dash);
            let mut after = Vec::new();
            let (value, trailing) = self.value(section, dash + 1, self.column(dash), &mut after)?;
            let lead = std::mem::replace(&mut lead, after);
            block.rows.push(LayoutRow { lead, blank, key: None, value, trailing });
        }
        split(column, lead, &mut block.tail, left);
        Some(block)
    }

    /// The dash of an item: at the start of its line, or of a line above with only comments between.
    fn dash(&self, item: Token) -> Option<usize> {
        let mut line = self.line(item.start);
        loop {
            let rest = &self.text[line..];
            let indent = rest.len() - rest.trim_start_matches(' ').len();
            let content = rest[indent..].lines().next().unwrap_or_default().trim_end();
            if content == "-" || content.starts_with("- ") {
                return Some(line + indent);
            }
            let passes = content.is_empty() || content.starts_with(['#', '&', '!']);
            if line == 0 || !(passes || line + indent == item.start) {
                return None;
            }
            line = self.line(line - 1);
        }
    }

    /// Reads the value after a colon or a dash, and its trailing comment. `column` is that of its field or dash.
    fn value(
        &mut self,
        section: LayoutSection,
        from: usize,
        column: usize,
        left: &mut Vec<CommentLine<'a>>,
    ) -> Option<(RowValue<'a>, Option<&'a str>)> {
        let trailing = self.trailing(from);
        let mut above = Vec::new();
        self.own_lines(&mut above);
        let begin = self.at;
        // The parser may report a comment after the first dash of a list before the list.
        let kind = |at: usize| self.events.get(at).map(|token| token.kind);
        if (kind(begin), kind(begin + 1))
            == (Some(TokenKind::Comment), Some(TokenKind::List(false)))
        {
            self.events.swap(begin, begin + 1);
        }
        let token = self.next()?;
        let value = match token.kind {
            TokenKind::Map(false) => {
                let column = self.column(token.start).max(column + 1);
                let map = self.map(section, column, &mut above)?;
                left.append(&mut above);
                return Some((RowValue::Map(map), trailing));
            }
            TokenKind::List(false) => {
                let list = self.list(section, column, &mut above)?;
                left.append(&mut above);
                return Some((RowValue::List(list), trailing));
            }
            TokenKind::Scalar(true) => {
                RowValue::Inline(self.text[token.start..token.end].to_owned())
            }
            TokenKind::Map(true) | TokenKind::List(true) => {
                let end = self.skip()?;
                let after = self.at;
                if self.is_plain(begin, token.start..end) {
                    self.at = begin;
                    let text = self.flow(section)?;
                    self.at = after;
                    RowValue::Inline(text)
                } else {
                    RowValue::Raw(&self.text[token.start..end], column)
                }
            }
            TokenKind::Scalar(false) | TokenKind::Alias => self.raw(from, token.end, column)?,
            TokenKind::Tagged => {
                let value = self.tagged(from, column, left)?;
                return (above.is_empty() && trailing.is_none()).then_some((value, None));
            }
            TokenKind::Comment | TokenKind::End | TokenKind::DocumentEnd | TokenKind::Other => {
                return None;
            }
        };
        let end = self.text[..self.events[self.at - 1].end].trim_end().len();
        let after = self.trailing(end);
        // The layout has no room for a comment between a name and its value, or for two comments.
        let fits = above.is_empty() && !(trailing.is_some() && after.is_some());
        fits.then_some((value, trailing.or(after)))
    }

    /// Reads a map or a list with an anchor or a tag, after its start.
    fn tagged(
        &mut self,
        from: usize,
        column: usize,
        left: &mut Vec<CommentLine<'a>>,
    ) -> Option<RowValue<'a>> {
        let begin = self.at;
        let end = self.skip()?;
        // The comments below it precede its end token, but belong to the next entry.
        let inside = &self.events[begin..self.at];
        let below =
            inside.iter().filter(|token| token.kind == TokenKind::Comment && token.start >= end);
        let below: Vec<Token> = below.copied().collect();
        let own_lines = below.iter().all(|token| self.begins_line(token.start));
        left.extend(below.into_iter().map(|token| self.comment(token)));
        self.raw(from, end, column).filter(|_| own_lines)
    }

    /// A value as written, from the end of its field to a byte.
    fn raw(&self, from: usize, end: usize, column: usize) -> Option<RowValue<'a>> {
        let text = self.text.get(from..end)?.trim_end().trim_start_matches(' ');
        // The value must begin on the line of its field.
        let whole = !text.is_empty() && !text.starts_with(['\n', '\r', '#']);
        whole.then_some(RowValue::Raw(text, column))
    }

    /// Reads the comments at the end. Nothing else may follow.
    fn tail(&mut self, into: &mut Vec<CommentLine<'a>>) -> Option<()> {
        while let Some(token) = self.peek() {
            match token.kind {
                TokenKind::Comment if self.begins_line(token.start) => {
                    into.push(self.comment(token));
                }
                TokenKind::Other => {}
                TokenKind::Comment
                | TokenKind::Alias
                | TokenKind::Scalar(_)
                | TokenKind::Map(_)
                | TokenKind::List(_)
                | TokenKind::Tagged
                | TokenKind::End
                | TokenKind::DocumentEnd => return None,
            }
            self.at += 1;
        }
        Some(())
    }
}

/// A field name without quotes.
pub(super) fn bare(name: &str) -> &str {
    name.trim_matches(['"', '\''])
}

/// Splits the comments below a block: those with its indentation belong to it.
fn split<'a>(
    column: usize,
    comments: Vec<CommentLine<'a>>,
    own: &mut Vec<CommentLine<'a>>,
    left: &mut Vec<CommentLine<'a>>,
) {
    let mut comments = comments.into_iter().peekable();
    while let Some(comment) = comments.next_if(|comment| comment.column >= column) {
        own.push(comment);
    }
    left.extend(comments);
}
