//! Reading CSV as RFC 4180 describes it: rows of cells, each with its place in the file.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

/// The largest number of columns. Cells of further columns are not stored, except for the first one with a text.
pub(super) const MOST_COLUMNS: usize = 1_000;

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// The text, without the quotes around it.
    pub text: String,
    pub place: Place,
    /// False if a quote is not closed, or followed by text.
    pub well_quoted: bool,
}

impl Cell {
    pub(super) fn is_blank(&self) -> bool {
        self.well_quoted && self.text.trim().is_empty()
    }
}

/// The place of a cell in the file. Line and column count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub line: u64,
    /// The column of the text, in characters.
    pub column: u64,
}

/// The rows of a file, without blank ones.
pub(super) struct Rows<'a> {
    text: &'a str,
    reader: Reader,
    /// The bytes that were read.
    read: usize,
    /// The place of the byte at `seen`.
    place: Place,
    seen: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn new(text: &'a str, separator: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(separator).build();
        Self { text, reader, read: 0, place: Place { line: 1, column: 1 }, seen: 0 }
    }

    /// Returns the next cell, and true if it ends a row.
    fn cell(&mut self) -> Option<(Cell, bool)> {
        let mut buffer = [0; 1024];
        let mut text = Vec::new();
        let start = self.read;
        let (ends_row, terminated) = loop {
            let rest = self.text.as_bytes().get(self.read..).unwrap_or_default();
            let (result, read, written) = self.reader.read_field(rest, &mut buffer);
            text.extend_from_slice(&buffer[..written]);
            self.read += read;
            match result {
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
                ReadFieldResult::Field { record_end } => break (record_end, read > 0),
                ReadFieldResult::End => return None,
            }
        };
        let end = self.read - usize::from(terminated);
        let raw = self.text.get(start..end).unwrap_or_default();
        // The rest of the line break before, and empty lines.
        let raw = raw.trim_start_matches(['\r', '\n']);
        self.advance(end - raw.len());
        let cell = Cell {
            text: String::from_utf8_lossy(&text).into_owned(),
            place: self.place,
            well_quoted: is_well_quoted(raw),
        };
        Some((cell, ends_row))
    }

    /// Moves `place` forward to a byte.
    fn advance(&mut self, to: usize) {
        let passed = self.text.get(self.seen..to).unwrap_or_default();
        let mut characters = passed.chars().peekable();
        while let Some(c) = characters.next() {
            let within_break = c == '\r' && characters.peek() == Some(&'\n');
            if c == '\n' || c == '\r' && !within_break {
                self.place = Place { line: self.place.line + 1, column: 1 };
            } else {
                self.place.column += 1;
            }
        }
        self.seen = to;
    }
}

impl Iterator for Rows<'_> {
    type Item = Vec<Cell>;

    fn next(&mut self) -> Option<Vec<Cell>> {
        let mut row = Vec::new();
        loop {
            let (cell, ends_row) = self.cell()?;
            if row.len() < MOST_COLUMNS || row.len() == MOST_COLUMNS && !cell.is_blank() {
                row.push(cell);
            }
            if ends_row && !row.iter().all(Cell::is_blank) {
                return Some(row);
            }
            if ends_row {
                row.clear();
            }
        }
    }
}

/// Returns false for a cell that begins with a quote and does not end with the closing one.
fn is_well_quoted(raw: &str) -> bool {
    let Some(rest) = raw.strip_prefix('"') else { return true };
    rest.strip_suffix('"').is_some_and(|inside| !inside.replace("\"\"", "").contains('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Vec<(String, u64, u64)>> {
        let cell = |cell: Cell| (cell.text, cell.place.line, cell.place.column);
        Rows::new(text, b',').map(|row| row.into_iter().map(cell).collect()).collect()
    }

    #[test]
    fn a_cell_has_its_text_and_its_place() {
        let cell = |text: &str, line, column| (text.to_owned(), line, column);
        let first = vec![cell("a", 1, 1), cell("b", 1, 3)];
        for line_break in ["\n", "\r\n", "\r"] {
            let text = "a,b\n\n,\n\"é\"\"\n,\",ü,c\n\n\n \"d\",".replace('\n', line_break);
            let second =
                vec![cell(&format!("é\"{line_break},"), 4, 1), cell("ü", 5, 4), cell("c", 5, 6)];
            let third = vec![cell(" \"d\"", 8, 1), cell("", 8, 6)];
            assert_eq!(read(&text), [first.clone(), second, third], "{text:?}");
        }
        assert_eq!(read(""), Vec::<Vec<_>>::new());
        assert_eq!(read("a,b"), [first]);
        let long = "x".repeat(5000);
        assert_eq!(read(&format!("{long},b")), [[cell(&long, 1, 1), cell("b", 1, 5002)]]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_noticed() {
        for (text, closed) in [
            ("\"\"", true),
            ("\"a\"\"\"", true),
            ("a\"", true),
            ("\"", false),
            ("\"a\"\"", false),
            ("\"a\"b", false),
            ("\"a\"b\"", false),
            ("\"a\n\n\n", false),
        ] {
            for end in ["", "\n", ",b\r\n"] {
                if !closed && text != "\"a\"b" && !end.is_empty() {
                    continue;
                }
                let rows: Vec<_> = Rows::new(&format!("{text}{end}"), b',').collect();
                let first = rows.first().and_then(|row| row.first());
                let found = first.is_none_or(|cell| cell.well_quoted);
                assert_eq!(found, closed, "{text:?} {end:?}");
            }
        }
    }

    #[test]
    fn columns_beyond_the_limit_are_not_stored() {
        let text = ",".repeat(2 * MOST_COLUMNS);
        let row = Rows::new(&format!("a{text}"), b',').next().unwrap();
        assert_eq!(row.len(), MOST_COLUMNS);
        let row = Rows::new(&format!("a{text}z,z"), b',').next().unwrap();
        assert_eq!(row.last().map(|cell| cell.text.as_str()), Some("z"));
        assert_eq!(row.len(), MOST_COLUMNS + 1);
    }
}
