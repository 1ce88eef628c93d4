//! Writing the layout of a file as canonical text.

use unicode_width::UnicodeWidthStr;

use super::layout::{CommentLine, LayoutBlock, LayoutFile, LayoutRow, RowValue};

/// A line and its trailing comment. Trailing comments of consecutive lines in a block are aligned.
struct OutputLine {
    text: String,
    trailing: Option<String>,
    block: usize,
}

#[derive(Default)]
struct OutputBuilder {
    lines: Vec<OutputLine>,
    blocks: usize,
}

/// Writes a file in the canonical layout.
pub(super) fn write(file: &LayoutFile<'_>) -> String {
    let LayoutFile { head, root } = file;
    let mut output = OutputBuilder::default();
    for line in head {
        output.head(line);
    }
    output.root(root);
    let OutputBuilder { lines, blocks: _ } = output;
    let mut out = String::new();
    for (line, column) in lines.iter().zip(columns(&lines)) {
        out.push_str(&line.text);
        if let Some(comment) = &line.trailing {
            out.push_str(&" ".repeat(column.saturating_sub(line.text.width())));
            out.push_str(comment);
        }
        out.push('\n');
    }
    out
}

/// The columns of the trailing comments.
fn columns(lines: &[OutputLine]) -> Vec<usize> {
    let mut columns = Vec::new();
    for run in lines.chunk_by(|one, next| one.block == next.block && !next.text.is_empty()) {
        let commented = run.iter().filter(|line| line.trailing.is_some());
        let widest = commented.map(|line| line.text.width()).max().unwrap_or(0);
        columns.extend(run.iter().map(|_| widest + 2));
    }
    columns
}

impl OutputBuilder {
    fn line(&mut self, block: usize, text: String, trailing: Option<&str>) {
        self.lines.push(OutputLine { text, trailing: trailing.map(str::to_owned), block });
    }

    /// The number of a new block.
    fn new_block(&mut self) -> usize {
        self.blocks += 1;
        self.blocks
    }

    /// An empty line, unless there is one already or nothing above it.
    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.text.is_empty()) {
            let block = self.new_block();
            self.line(block, String::new(), None);
        }
    }

    fn head(&mut self, line: &str) {
        if line.trim().is_empty() {
            self.blank();
        } else {
            let block = self.new_block();
            self.line(block, line.to_owned(), None);
        }
    }

    /// Writes the top-level fields, with an empty line above each that spans several lines.
    fn root(&mut self, root: &LayoutBlock<'_>) {
        let LayoutBlock { rows, tail } = root;
        let block = self.new_block();
        for (index, row) in rows.iter().enumerate() {
            let section = match row.value {
                RowValue::Map(_) | RowValue::List(_) => true,
                RowValue::Inline(_) | RowValue::Raw(..) => false,
            };
            if index > 0 && section {
                self.blank();
            }
            self.row(block, row, 0, "", index == 0);
        }
        self.comments(tail, 0, false);
    }

    fn block(&mut self, block: &LayoutBlock<'_>, indent: usize, first: &str) {
        let LayoutBlock { rows, tail } = block;
        let number = self.new_block();
        for (index, row) in rows.iter().enumerate() {
            let begin = if index == 0 { first } else { "" };
            self.row(number, row, indent, begin, index == 0);
        }
        self.comments(tail, indent, false);
    }

    /// Writes a row at an indentation. A non-empty `begin` replaces the indentation of its first line.
    fn row(&mut self, block: usize, row: &LayoutRow<'_>, indent: usize, begin: &str, first: bool) {
        let LayoutRow { lead, blank, key, value, trailing } = row;
        // Comments above the first field of an item are written above its dash.
        let lead = if begin.is_empty() { &lead[..] } else { &[] };
        self.comments(lead, indent, first);
        // No empty line above the first row of a block.
        if *blank && (!first || !lead.is_empty() || indent == 0) {
            self.blank();
        }
        // Comments above the first field of an item move above the item.
        let above = match value {
            RowValue::Map(map) if key.is_none() && trailing.is_none() => map.rows.first(),
            RowValue::Map(_) | RowValue::List(_) | RowValue::Inline(_) | RowValue::Raw(..) => None,
        };
        self.comments(above.map_or(&[], |row| &row.lead), indent, first && lead.is_empty());
        let mut head = if begin.is_empty() { " ".repeat(indent) } else { begin.to_owned() };
        match key {
            Some(key) => head.extend([*key, ":"]),
            None => head.push('-'),
        }
        match value {
            RowValue::Inline(text) => {
                head.extend([" ", text]);
                self.line(block, head, *trailing);
            }
            RowValue::Raw(text, column) => {
                self.raw(block, &head, text, (*column, indent), *trailing);
            }
            // The first field of an item is on the line of its dash, unless there is a comment.
            RowValue::Map(map) if above.is_some() => {
                self.block(map, indent + 2, &format!("{head} "));
            }
            RowValue::Map(inner) | RowValue::List(inner) => {
                self.line(block, head, *trailing);
                self.block(inner, indent + 2, "");
            }
        }
    }

    /// Writes a value over several lines, which keep their relative indentation.
    fn raw(
        &mut self,
        block: usize,
        head: &str,
        text: &str,
        (from, to): (usize, usize),
        trailing: Option<&str>,
    ) {
        let shifted = |line: &str| {
            let space = line.len() - line.trim_start_matches(' ').len();
            let space = (space + to).saturating_sub(from);
            format!("{}{}", " ".repeat(space), line.trim_start_matches(' '))
        };
        let mut lines: Vec<String> = vec![format!("{head} ")];
        for (index, line) in text.lines().enumerate() {
            match lines.last_mut().filter(|_| index == 0) {
                Some(first) => first.push_str(line),
                None if line.trim().is_empty() => lines.push(String::new()),
                None => lines.push(shifted(line)),
            }
        }
        let last = lines.len() - 1;
        for (index, line) in lines.into_iter().enumerate() {
            let block = if index == 0 { block } else { self.new_block() };
            self.line(block, line, trailing.filter(|_| index == last));
        }
    }

    fn comments(&mut self, comments: &[CommentLine<'_>], indent: usize, first: bool) {
        for (index, comment) in comments.iter().enumerate() {
            if comment.blank && !(first && index == 0) {
                self.blank();
            }
            let block = self.new_block();
            self.line(block, format!("{}{}", " ".repeat(indent), comment.text), None);
        }
    }
}
