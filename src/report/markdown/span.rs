//! Names in Markdown: always inside of code spans, which they cannot close.
//!
//! Links, mentions, HTML and emphasis have no effect inside of a code span. Only a run of backticks, a line
//! break, or a `|` in a table could end it.

use super::super::escape::line;
use super::super::words::Names;

/// The formatting of names in a list or a paragraph.
pub(super) const NAMES: Names = Names { spoken: code, plain: code, command: code };
/// The formatting of names in a table.
pub(super) const CELLS: Names = Names { spoken: cell, plain: cell, command: cell };

/// A text as a code span.
pub(super) fn code(text: &str) -> String {
    span(&line(text))
}

/// A text as a code span in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in line(text).chars() {
        match c {
            // Parsers disagree on `\|` after a backslash.
            '|' if before == '\\' => out.push_str("\\u{7c}"),
            '|' => out.push_str("\\|"),
            _ => out.push(c),
        }
        before = c;
    }
    span(&out)
}

/// A block of code with one command.
pub(super) fn block(command: &str) -> String {
    let command = line(command);
    let fence = "`".repeat(longest_run(&command).max(2) + 1);
    format!("{fence}sh\n{command}\n{fence}\n")
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

fn span(text: &str) -> String {
    if text.is_empty() {
        return "`\"\"`".to_owned();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // A parser strips one space from each side.
    let touches = text.starts_with('`') || text.ends_with('`');
    let spaced = text.starts_with(' ') && text.ends_with(' ') && text.trim() != "";
    let pad = if touches || spaced { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::{block, cell, code};

    #[test]
    fn no_name_closes_its_span() {
        let cases = [
            ("a", "`a`"),
            ("", "`\"\"`"),
            ("a`b", "``a`b``"),
            ("`a", "`` `a ``"),
            ("a``", "``` a`` ```"),
            (" a ", "`  a  `"),
            ("a\nb", "`a\\u{a}b`"),
        ];
        for (text, expected) in cases {
            assert_eq!(code(text), expected);
        }
        assert_eq!(block("run '```'"), "````sh\nrun '```'\n````\n");
        assert_eq!(cell("a|b"), r"`a\|b`");
        assert_eq!(cell(r"a\|b"), r"`a\\u{7c}b`");
    }
}
