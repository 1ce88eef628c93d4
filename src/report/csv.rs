//! Comma-separated values as in RFC 4180, with lines that end in a line feed.

use super::escape;

/// Rows as CSV. Cells are quoted where needed, and escaped so that none is a formula to a spreadsheet.
#[must_use]
pub fn csv(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let quote = |cell: &String| {
        let special = cell.contains([',', '"', '\n', '\r']);
        if special { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() }
    };
    let line = |row: Vec<String>| row.iter().map(quote).collect::<Vec<_>>().join(",") + "\n";
    escape::csv(&rows.into_iter().map(line).collect::<String>())
}
