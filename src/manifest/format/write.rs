//! From the layout of a file to the canonical text.

use unicode_width::UnicodeWidthStr;

use super::syntax::{Block, Comment, File, Row, Value};

/// A line, and what is behind it. Comments of neighbours in one block stand below each other.
struct Line {
    text: String,
    behind: Option<String>,
    block: usize,
}

#[derive(Default)]
struct Writing {
    lines: Vec<Line>,
    blocks: usize,
}

/// A file in the canonical layout.
pub(super) fn write(file: &File<'_>) -> String {
    let File { head, root } = file;
    let mut writing = Writing::default();
    for line in head {
        writing.head(line);
    }
    writing.root(root);
    let Writing { lines, blocks: _ } = writing;
    let mut out = String::new();
    for (line, column) in lines.iter().zip(columns(&lines)) {
        out.push_str(&line.text);
        if let Some(comment) = &line.behind {
            out.push_str(&" ".repeat(column.saturating_sub(line.text.width())));
            out.push_str(comment);
        }
        out.push('\n');
    }
    out
}

/// Where the comment behind each line begins.
fn columns(lines: &[Line]) -> Vec<usize> {
    let mut columns = Vec::new();
    for run in lines.chunk_by(|one, next| one.block == next.block && !next.text.is_empty()) {
        let commented = run.iter().filter(|line| line.behind.is_some());
        let widest = commented.map(|line| line.text.width()).max().unwrap_or(0);
        columns.extend(run.iter().map(|_| widest + 2));
    }
    columns
}

impl Writing {
    fn line(&mut self, block: usize, text: String, behind: Option<&str>) {
        self.lines.push(Line { text, behind: behind.map(str::to_owned), block });
    }

    /// A block that has no other line.
    fn alone(&mut self) -> usize {
        self.blocks += 1;
        self.blocks
    }

    /// An empty line, unless there is one already or nothing above it.
    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.text.is_empty()) {
            let block = self.alone();
            self.line(block, String::new(), None);
        }
    }

    fn head(&mut self, line: &str) {
        if line.trim().is_empty() {
            self.blank();
        } else {
            let block = self.alone();
            self.line(block, line.to_owned(), None);
        }
    }

    /// The sections of a manifest; each that is more than a line has an empty line above it.
    fn root(&mut self, root: &Block<'_>) {
        let Block { rows, tail } = root;
        let block = self.alone();
        for (place, row) in rows.iter().enumerate() {
            let section = match row.value {
                Value::Map(_) | Value::List(_) => true,
                Value::Inline(_) | Value::Raw(..) => false,
            };
            if place > 0 && section {
                self.blank();
            }
            self.row(block, row, 0, "", place == 0);
        }
        self.comments(tail, 0, false);
    }

    fn block(&mut self, block: &Block<'_>, indent: usize, first: &str) {
        let Block { rows, tail } = block;
        let number = self.alone();
        for (place, row) in rows.iter().enumerate() {
            let begin = if place == 0 { first } else { "" };
            self.row(number, row, indent, begin, place == 0);
        }
        self.comments(tail, indent, false);
    }

    /// A row at an indentation. `begin`: what its line begins with instead of space.
    fn row(&mut self, block: usize, row: &Row<'_>, indent: usize, begin: &str, first: bool) {
        let Row { lead, blank, key, value, behind } = row;
        // Below a dash there is no room for what is above a field: it is above the dash.
        let lead = if begin.is_empty() { &lead[..] } else { &[] };
        self.comments(lead, indent, first);
        // The first of a block stands right below its name, and the first of a file below what is above it.
        if *blank && (!first || !lead.is_empty() || indent == 0) {
            self.blank();
        }
        // What stands above the first field of an item stands above the item.
        let above = match value {
            Value::Map(map) if key.is_none() && behind.is_none() => map.rows.first(),
            Value::Map(_) | Value::List(_) | Value::Inline(_) | Value::Raw(..) => None,
        };
        self.comments(above.map_or(&[], |row| &row.lead), indent, first && lead.is_empty());
        let margin = if begin.is_empty() { " ".repeat(indent) } else { begin.to_owned() };
        let name = key.map_or("-".to_owned(), |key| format!("{key}:"));
        let head = format!("{margin}{name}");
        match value {
            Value::Inline(text) => self.line(block, format!("{head} {text}"), *behind),
            Value::Raw(text, column) => self.raw(block, &head, text, (*column, indent), *behind),
            // The fields of an item begin on the line of its dash, unless there is a comment.
            Value::Map(map) if above.is_some() => {
                self.block(map, indent + 2, &format!("{head} "));
            }
            Value::Map(inner) | Value::List(inner) => {
                self.line(block, head, *behind);
                self.block(inner, indent + 2, "");
            }
        }
    }

    /// A value over several lines: they keep how they stand to each other.
    fn raw(
        &mut self,
        block: usize,
        head: &str,
        text: &str,
        (from, to): (usize, usize),
        behind: Option<&str>,
    ) {
        let shifted = |line: &str| {
            let space = line.len() - line.trim_start_matches(' ').len();
            let space = (space + to).saturating_sub(from);
            format!("{}{}", " ".repeat(space), line.trim_start_matches(' '))
        };
        let mut lines: Vec<String> = vec![format!("{head} ")];
        for (place, line) in text.lines().enumerate() {
            match lines.last_mut().filter(|_| place == 0) {
                Some(first) => first.push_str(line),
                None if line.trim().is_empty() => lines.push(String::new()),
                None => lines.push(shifted(line)),
            }
        }
        let last = lines.len() - 1;
        for (place, line) in lines.into_iter().enumerate() {
            let block = if place == 0 { block } else { self.alone() };
            self.line(block, line, behind.filter(|_| place == last));
        }
    }

    fn comments(&mut self, comments: &[Comment<'_>], indent: usize, first: bool) {
        for (place, comment) in comments.iter().enumerate() {
            if comment.blank && !(first && place == 0) {
                self.blank();
            }
            let block = self.alone();
            self.line(block, format!("{}{}", " ".repeat(indent), comment.text), None);
        }
    }
}
