//! Tables with aligned columns.

use unicode_width::UnicodeWidthStr;

use super::escape::line;

/// A table for a terminal, with escaped cells and no trailing spaces.
#[must_use]
pub fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = [header.map(str::to_owned)]
        .iter()
        .chain(rows)
        .map(|row| row.clone().map(|cell| line(&cell)))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str(cell);
            text.push_str(&" ".repeat(width - cell.width() + 2));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_aligned_for_any_content() {
        let rows = [
            ["1".to_owned(), "日本".to_owned(), "x".to_owned()],
            ["22".to_owned(), "a\nb".to_owned(), String::new()],
        ];
        let expected = ["ID  NAME     END", "1   日本     x", r"22  a\u{a}b", ""].join("\n");
        assert_eq!(table(["ID", "NAME", "END"], &rows), expected);
    }
}
