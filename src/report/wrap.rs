//! Lines of text for a terminal of a known width.

use unicode_width::UnicodeWidthStr;

/// The spaces before the continuation of a line, after those of the line itself.
const HANG: usize = 4;
/// Terminals narrower than this wrap lines themselves.
const NARROWEST: usize = 40;

/// Breaks each line that is wider than `width` columns between its fields, or between the words of a long field.
/// Fields are separated by two spaces or more. A code span stays on one line.
#[must_use]
pub fn wrap(text: &str, width: usize) -> String {
    let width = width.max(NARROWEST);
    let wrapped = |line: &str| {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        if columns(body) <= width { line.to_owned() } else { wrap_line(body, width) + end }
    };
    text.split_inclusive('\n').map(wrapped).collect()
}

fn wrap_line(line: &str, width: usize) -> String {
    let body = line.trim_start_matches(' ');
    let margin = line.len() - body.len();
    let mut hang = margin + HANG;
    let mut out = " ".repeat(margin);
    let mut column = margin;
    let mut fields = fields(body).into_iter().peekable();
    while let Some((field, gap)) = fields.next() {
        let needed = columns(field);
        // A last field of several words stays a column of its own if it begins early enough.
        let fits = |word: &String| column + columns(word) <= width;
        let is_column = column < width / 2
            && fields.peek().is_none()
            && field.contains(' ')
            && words(field).iter().all(fits);
        if column + needed > width && column > hang {
            if is_column {
                hang = column;
            } else {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                out.push_str(&" ".repeat(hang));
                column = hang;
            }
        }
        let filled = fill(field, column, hang, width);
        column = filled.rsplit('\n').next().map_or(0, columns)
            + if filled.contains('\n') { 0 } else { column };
        out.push_str(&filled);
        out.push_str(&" ".repeat(gap));
        column += gap;
    }
    out.truncate(out.trim_end_matches(' ').len());
    out
}

/// The fields of a line, each with the number of spaces after it.
fn fields(line: &str) -> Vec<(&str, usize)> {
    let mut fields = Vec::new();
    let mut rest = line;
    while let Some(end) = rest.find("  ") {
        let after = rest[end..].trim_start_matches(' ');
        fields.push((&rest[..end], rest.len() - end - after.len()));
        rest = after;
    }
    fields.push((rest, 0));
    fields
}

/// Breaks a text between its words. It begins at `column`; every other line begins after `indent` spaces.
pub(super) fn fill(text: &str, column: usize, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut at = column;
    for word in words(text) {
        let needed = columns(&word);
        if !out.is_empty() {
            if at + 1 + needed > width {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                at = indent;
            } else {
                out.push(' ');
                at += 1;
            }
        }
        out.push_str(&word);
        at += needed;
    }
    out
}

/// The words of a text, where a code span is part of one word.
fn words(text: &str) -> Vec<String> {
    let mut in_code = false;
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match words.last_mut() {
            Some(last) if in_code => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => words.push(word.to_owned()),
        }
        in_code ^= word.matches('`').count() % 2 == 1;
    }
    words
}

/// The width of a text, without its colours.
fn columns(text: &str) -> usize {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().map_or(0, UnicodeWidthStr::width);
    let rest = pieces.map(|piece| piece.split_once('m').map_or(0, |(_, rest)| rest.width()));
    first + rest.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::{columns, wrap};

    #[test]
    fn a_wide_line_is_broken_between_its_fields() {
        let line = "  - disable account    larry@catfood.example   enabled: true → false  (unlisted; cannot be undone)  [this change]\n";
        let expected = "  - disable account    larry@catfood.example   enabled: true → false
      (unlisted; cannot be undone)  [this change]\n";
        assert_eq!(wrap(line, 80), expected);
        assert_eq!(wrap(line, 120), line, "it fits");
        assert_eq!(wrap(expected, 80), expected);
    }

    #[test]
    fn a_long_field_is_broken_between_its_words_and_never_in_a_command() {
        let line = "  ! unlisted_user  jane@northwind.example  is not in the manifest; to add it, run `trunkline import --csv users.csv` and merge";
        let expected = "  ! unlisted_user  jane@northwind.example
      is not in the manifest; to add it, run
      `trunkline import --csv users.csv` and merge";
        assert_eq!(wrap(line, 60), expected);
        let list = "  unlisted_account     a managed account is in Telnyx and not in the manifest";
        let expected = "  unlisted_account     a managed account is in Telnyx and
                       not in the manifest";
        assert_eq!(wrap(list, 60), expected);
        let outcome = "skipped    create account     a.long.address@northwind.example: not sent";
        let expected = "skipped    create account
    a.long.address@northwind.example: not sent";
        assert_eq!(wrap(outcome, 60), expected, "a word that does not fit into the column");
    }

    #[test]
    fn no_word_and_no_colour_is_lost() {
        let line = "\u{1b}[31m- remove user  \u{1b}[0m  日本語日本語日本語@example  \u{1b}[2m(a reason that is long)\u{1b}[0m";
        let wrapped = wrap(line, 40);
        assert!(wrapped.lines().all(|line| columns(line) <= 40), "{wrapped}");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&wrapped), words(line));
        let long = "x".repeat(90);
        assert_eq!(wrap(&long, 80), long, "one word");
    }
}
