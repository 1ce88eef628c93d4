//! A file as it is laid out: rows, what stands above and behind them, and values as they are written.
//!
//! Whatever is not laid out as a manifest is gives no file at all: nobody guesses.

use super::events::{Kind, Mark, events};
use super::order::Shape;

/// A file.
#[derive(Debug)]
pub(super) struct File<'a> {
    /// What stands before the first field: comments, and perhaps the mark of a document.
    pub head: Vec<&'a str>,
    pub root: Block<'a>,
}

/// The fields of a map or the items of a list, one below the other.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    pub rows: Vec<Row<'a>>,
    /// The comments below the last of them.
    pub tail: Vec<Comment<'a>>,
}

/// A field or an item.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// The comments above it.
    pub lead: Vec<Comment<'a>>,
    /// Whether an empty line is above it.
    pub blank: bool,
    /// The name of a field as it is written. `None`: it is an item.
    pub key: Option<&'a str>,
    pub value: Value<'a>,
    /// The comment behind it.
    pub behind: Option<&'a str>,
}

/// A comment on a line of its own.
#[derive(Debug)]
pub(super) struct Comment<'a> {
    pub text: &'a str,
    /// Whether an empty line is above it.
    pub blank: bool,
    column: usize,
}

#[derive(Debug)]
pub(super) enum Value<'a> {
    Map(Block<'a>),
    List(Block<'a>),
    /// On one line.
    Inline(String),
    /// Over several lines, or with a mark: taken as it is. Its field or dash stands at this column.
    Raw(&'a str, usize),
}

/// Takes a file apart. `None`: it is not laid out as a manifest is.
pub(super) fn read(text: &str) -> Option<File<'_>> {
    let mut reading = Reading { text, events: events(text)?, at: 0, moves: true };
    reading.moves = !reading.events.iter().any(|one| one.kind == Kind::Alias);
    let begins = |one: &Mark| !matches!(one.kind, Kind::Comment | Kind::Other);
    reading.at = reading.events.iter().position(begins)?;
    let first = reading.next()?;
    if first.kind != Kind::Map(false) {
        return None;
    }
    let begin = reading.line(first.start);
    // What follows the mark of a document on its line is nothing that we move.
    if begin != first.start {
        return None;
    }
    let mut left = Vec::new();
    let mut root = reading.map(Shape::Manifest, 0, &mut left)?;
    root.tail.extend(left);
    reading.tail(&mut root.tail)?;
    Some(File { head: text[..begin].lines().map(str::trim_end).collect(), root })
}

struct Reading<'a> {
    text: &'a str,
    events: Vec<Mark>,
    at: usize,
    /// Whether fields may change places: what an alias stands for must come before it.
    moves: bool,
}

impl<'a> Reading<'a> {
    fn peek(&self) -> Option<Mark> {
        self.events.get(self.at).copied()
    }

    fn next(&mut self) -> Option<Mark> {
        self.at += 1;
        self.events.get(self.at - 1).copied()
    }

    /// Where the line of a byte begins.
    fn line(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    fn column(&self, at: usize) -> usize {
        at - self.line(at)
    }

    /// Whether the line above that of a byte is empty.
    fn blank(&self, at: usize) -> bool {
        let Some(end) = self.line(at).checked_sub(1) else { return false };
        self.text[self.line(end)..end].trim().is_empty()
    }

    /// Whether nothing but space is before a byte on its line.
    fn begins_line(&self, at: usize) -> bool {
        self.text[self.line(at)..at].trim().is_empty()
    }

    fn comment(&self, mark: Mark) -> Comment<'a> {
        let text = self.text[mark.start..mark.end].trim_end();
        Comment { text, blank: self.blank(mark.start), column: self.column(mark.start) }
    }

    /// Takes the comments that are on lines of their own.
    fn own_lines(&mut self, into: &mut Vec<Comment<'a>>) {
        while let Some(mark) = self.peek() {
            if mark.kind != Kind::Comment || !self.begins_line(mark.start) {
                return;
            }
            into.push(self.comment(mark));
            self.at += 1;
        }
    }

    /// Takes the comment that is behind what ends at a byte.
    fn behind(&mut self, end: usize) -> Option<&'a str> {
        let mark = self.peek().filter(|mark| mark.kind == Kind::Comment)?;
        let same_line = self.line(mark.start) == self.line(end);
        same_line.then(|| {
            self.at += 1;
            self.text[mark.start..mark.end].trim_end()
        })
    }

    /// The fields of a map whose start was taken. What comments there are below it and do not belong to it
    /// go to `left`.
    fn map(
        &mut self,
        shape: Shape,
        column: usize,
        left: &mut Vec<Comment<'a>>,
    ) -> Option<Block<'a>> {
        let mut block = Block::default();
        let mut lead = std::mem::take(left);
        loop {
            self.own_lines(&mut lead);
            let key = self.next()?;
            match key.kind {
                Kind::End => break,
                Kind::Scalar(true) => {}
                Kind::Comment
                | Kind::Alias
                | Kind::Scalar(false)
                | Kind::Map(_)
                | Kind::List(_)
                | Kind::Marked
                | Kind::Marker
                | Kind::Other => return None,
            }
            let written = &self.text[key.start..key.end];
            let name = bare(written);
            let colon = self.text[key.end..].find(|c| c != ' ').map(|at| key.end + at)?;
            if !self.text[colon..].starts_with(':') {
                return None;
            }
            let blank = self.blank(key.start) && self.begins_line(key.start);
            let mut after = Vec::new();
            let (value, behind) = self.value(shape.of(name), colon + 1, column, &mut after)?;
            let lead = std::mem::replace(&mut lead, after);
            block.rows.push(Row { lead, blank, key: Some(written), value, behind });
        }
        split(column, lead, &mut block.tail, left);
        if self.moves {
            let place = |row: &Row<'_>| shape.place(bare(row.key.unwrap_or_default()));
            block.rows.sort_by_key(place);
        }
        Some(block)
    }

    /// The items of a list whose start was taken; `parent` is the column of the field that it is the value of.
    fn list(
        &mut self,
        shape: Shape,
        parent: usize,
        left: &mut Vec<Comment<'a>>,
    ) -> Option<Block<'a>> {
        let mut block = Block::default();
        let mut lead = std::mem::take(left);
        let mut column = parent + 1;
        loop {
            self.own_lines(&mut lead);
            let item = self.peek()?;
            if item.kind == Kind::End {
                self.at += 1;
                break;
            }
            let dash = self.dash(item)?;
            // A list may stand right below its field; a comment there is one of the next field.
            column = self.column(dash).max(parent + 1);
            let blank = self.blank(dash);
            let mut after = Vec::new();
            let (value, behind) = self.value(shape, dash + 1, self.column(dash), &mut after)?;
            let lead = std::mem::replace(&mut lead, after);
            block.rows.push(Row { lead, blank, key: None, value, behind });
        }
        split(column, lead, &mut block.tail, left);
        Some(block)
    }

    /// The dash of an item: the first thing on its line, or on one above if only comments are between.
    fn dash(&self, item: Mark) -> Option<usize> {
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

    /// The value after a colon or a dash, and the comment behind it. `column` is that of its field or dash.
    fn value(
        &mut self,
        shape: Shape,
        from: usize,
        column: usize,
        left: &mut Vec<Comment<'a>>,
    ) -> Option<(Value<'a>, Option<&'a str>)> {
        let behind = self.behind(from);
        let mut above = Vec::new();
        self.own_lines(&mut above);
        let begin = self.at;
        // A comment behind the first dash of a list may be told before the list.
        let kind = |at: usize| self.events.get(at).map(|mark| mark.kind);
        if (kind(begin), kind(begin + 1)) == (Some(Kind::Comment), Some(Kind::List(false))) {
            self.events.swap(begin, begin + 1);
        }
        let mark = self.next()?;
        let value = match mark.kind {
            Kind::Map(false) => {
                let column = self.column(mark.start).max(column + 1);
                let map = self.map(shape, column, &mut above)?;
                left.append(&mut above);
                return Some((Value::Map(map), behind));
            }
            Kind::List(false) => {
                let list = self.list(shape, column, &mut above)?;
                left.append(&mut above);
                return Some((Value::List(list), behind));
            }
            Kind::Scalar(true) => Value::Inline(self.text[mark.start..mark.end].to_owned()),
            Kind::Map(true) | Kind::List(true) => {
                let end = self.skip()?;
                let after = self.at;
                if self.is_plain(begin, mark.start..end) {
                    self.at = begin;
                    let text = self.flow(shape)?;
                    self.at = after;
                    Value::Inline(text)
                } else {
                    Value::Raw(&self.text[mark.start..end], column)
                }
            }
            Kind::Scalar(false) | Kind::Alias => self.raw(from, mark.end, column)?,
            Kind::Marked => {
                let value = self.marked(from, column, left)?;
                return (above.is_empty() && behind.is_none()).then_some((value, None));
            }
            Kind::Comment | Kind::End | Kind::Marker | Kind::Other => return None,
        };
        let end = self.text[..self.events[self.at - 1].end].trim_end().len();
        let after = self.behind(end);
        // A comment between a name and a value on the next line has no place in the layout, nor have two.
        let fits = above.is_empty() && !(behind.is_some() && after.is_some());
        fits.then_some((value, behind.or(after)))
    }

    /// A map or a list with an anchor or a tag, whose start was taken.
    fn marked(
        &mut self,
        from: usize,
        column: usize,
        left: &mut Vec<Comment<'a>>,
    ) -> Option<Value<'a>> {
        let begin = self.at;
        let end = self.skip()?;
        // The comments below it come before its end, and are not its own.
        let inside = &self.events[begin..self.at];
        let below = inside.iter().filter(|mark| mark.kind == Kind::Comment && mark.start >= end);
        let below: Vec<Mark> = below.copied().collect();
        let own_lines = below.iter().all(|mark| self.begins_line(mark.start));
        left.extend(below.into_iter().map(|mark| self.comment(mark)));
        self.raw(from, end, column).filter(|_| own_lines)
    }

    /// A value as it stands, from what follows its field to a byte.
    fn raw(&self, from: usize, end: usize, column: usize) -> Option<Value<'a>> {
        let text = self.text.get(from..end)?.trim_end().trim_start_matches(' ');
        // It begins on the line of its field, and nothing was taken out of it.
        let whole = !text.is_empty() && !text.starts_with(['\n', '\r', '#']);
        whole.then_some(Value::Raw(text, column))
    }

    /// Passes what a map or a list has in it: where that ends.
    fn skip(&mut self) -> Option<usize> {
        let mut depth = 1;
        let mut end = 0;
        while depth > 0 {
            let mark = self.next()?;
            match mark.kind {
                Kind::Map(_) | Kind::List(_) | Kind::Marked => depth += 1,
                Kind::End => depth -= 1,
                Kind::Comment | Kind::Alias | Kind::Scalar(_) | Kind::Marker | Kind::Other => {}
            }
            // The end of what is not in brackets is where the next thing begins.
            if mark.kind != Kind::Comment && (mark.kind != Kind::End || mark.end > mark.start) {
                end = end.max(mark.end);
            }
        }
        Some(end)
    }

    /// Whether what is in brackets is on one line and has nothing in it that needs care.
    fn is_plain(&self, begin: usize, range: std::ops::Range<usize>) -> bool {
        let plain = |mark: &Mark| {
            matches!(mark.kind, Kind::Scalar(true) | Kind::Map(true) | Kind::List(true) | Kind::End)
        };
        !self.text[range].contains(['\n', '\r']) && self.events[begin..self.at].iter().all(plain)
    }

    /// What is in brackets, with its fields in their order.
    fn flow(&mut self, shape: Shape) -> Option<String> {
        let mark = self.next()?;
        match mark.kind {
            Kind::List(true) => {
                let mut items = Vec::new();
                while self.peek()?.kind != Kind::End {
                    items.push(self.flow(shape)?);
                }
                self.at += 1;
                Some(format!("[{}]", items.join(", ")))
            }
            Kind::Map(true) => {
                let mut fields = Vec::new();
                while self.peek()?.kind != Kind::End {
                    let name = self.flow(Shape::Other)?;
                    let value = self.flow(shape.of(bare(&name)))?;
                    fields.push((shape.place(bare(&name)), format!("{name}: {value}")));
                }
                self.at += 1;
                fields.sort_by_key(|(place, _)| *place);
                let fields: Vec<String> = fields.into_iter().map(|(_, field)| field).collect();
                let empty = fields.is_empty();
                Some(if empty { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) })
            }
            Kind::Scalar(true) => Some(self.text[mark.start..mark.end].to_owned()),
            Kind::Comment
            | Kind::Alias
            | Kind::Scalar(false)
            | Kind::Map(false)
            | Kind::List(false)
            | Kind::Marked
            | Kind::End
            | Kind::Marker
            | Kind::Other => None,
        }
    }

    /// The comments after everything. Nothing else may be there.
    fn tail(&mut self, into: &mut Vec<Comment<'a>>) -> Option<()> {
        while let Some(mark) = self.peek() {
            match mark.kind {
                Kind::Comment if self.begins_line(mark.start) => into.push(self.comment(mark)),
                Kind::Other => {}
                Kind::Comment
                | Kind::Alias
                | Kind::Scalar(_)
                | Kind::Map(_)
                | Kind::List(_)
                | Kind::Marked
                | Kind::End
                | Kind::Marker => return None,
            }
            self.at += 1;
        }
        Some(())
    }
}

/// A name without quotes.
fn bare(name: &str) -> &str {
    name.trim_matches(['"', '\''])
}

/// Which of the comments below a block are its own: those that are indented as it is.
fn split<'a>(
    column: usize,
    comments: Vec<Comment<'a>>,
    own: &mut Vec<Comment<'a>>,
    left: &mut Vec<Comment<'a>>,
) {
    let mut comments = comments.into_iter().peekable();
    while let Some(comment) = comments.next_if(|comment| comment.column >= column) {
        own.push(comment);
    }
    left.extend(comments);
}
