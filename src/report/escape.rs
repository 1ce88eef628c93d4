//! Names from the other side, made harmless for the place they are printed in.

use std::fmt::Write as _;

use crate::model::is_harmful;

/// A text for one line of a terminal or a log: what is harmful is shown as its number.
#[must_use]
pub fn line(text: &str) -> String {
    defused(keeping(text, &[]))
}

/// The same for what never stands at the beginning of a line. `before` is what stands before it.
pub(super) fn inside(text: &str, before: &str) -> String {
    let text = keeping(text, &[]).replace("##", "#\\u{23}");
    let joins = before.ends_with('#') && text.starts_with('#');
    if joins { text.replacen('#', "\\u{23}", 1) } else { text }
}

/// A text that starts no command of a pipeline, whose runner reads its log: such commands are
/// `::error::` at the beginning of a line, and `##[error]` or `##vso[error]` anywhere.
fn defused(text: String) -> String {
    let starts = text.trim_start().starts_with("::");
    if !starts && !text.contains("##") {
        return text;
    }
    let text = if starts { text.replacen(':', "\\u{3a}", 1) } else { text };
    text.replace("##", "#\\u{23}")
}

/// A text of several lines, such as CSV: its line breaks and tabs stay. No line starts a command of a pipeline.
#[must_use]
pub fn lines(text: &str) -> String {
    let text = keeping(text, &['\n', '\r', '\t']);
    text.split_inclusive(['\n', '\r']).map(|line| defused(line.to_owned())).collect()
}

/// CSV from the other side: harmless as [`lines`], and in no cell a formula to a spreadsheet. One that begins
/// like a formula gets a `'` in front, which spreadsheets take for the sign of a text.
#[must_use]
pub fn csv(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut begins, mut quoted) = (true, false);
    for c in text.chars() {
        if begins && matches!(c, '=' | '+' | '-' | '@' | '\t') {
            out.push('\'');
        }
        out.push(c);
        begins = match c {
            '"' => begins && !quoted,
            ',' | '\n' | '\r' => !quoted,
            _ => false,
        };
        quoted ^= c == '"';
    }
    lines(&out)
}

fn keeping(text: &str, kept: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) && !kept.contains(&c) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// JSON text in which what is harmful is escaped. Such characters stand inside of strings only,
/// except for line breaks between values, which are kept.
#[must_use]
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) && c != '\n' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    // The same for commands of a pipeline, which could stand inside of strings only too.
    out.replace("##", "#\\u0023")
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_harmful_is_left_and_json_means_the_same() {
        let hostile = "a\u{1b}[2J\r\nb\u{202e}c\u{85}d\u{7f}";
        assert_eq!(super::line(hostile), r"a\u{1b}[2J\u{d}\u{a}b\u{202e}c\u{85}d\u{7f}");
        assert_eq!(super::lines("a,b\r\n\u{1b}[2J"), "a,b\r\n\\u{1b}[2J");
        let json = super::json(&serde_json::to_string(hostile).unwrap());
        assert!(json.is_ascii(), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
    }

    #[test]
    fn no_cell_is_a_formula() {
        let cells = "email,groups\r\n=cmd()|x,\"=a,b\"\r\na=1,\"x\n=y\"\n\"\",@z\n\"a\"\"\",-1";
        let read = "email,groups\r\n'=cmd()|x,\"'=a,b\"\r\na=1,\"x\n=y\"\n\"\",'@z\n\"a\"\"\",'-1";
        assert_eq!(super::csv(cells), read);
    }

    #[test]
    fn no_text_starts_a_command_of_a_pipeline() {
        assert_eq!(super::line(" ::error::x"), r" \u{3a}:error::x");
        assert_eq!(super::line("a ###[error]x"), r"a #\u{23}#[error]x");
        assert_eq!(super::line("a::b #1"), "a::b #1");
        assert_eq!(super::lines("a::b\r\n\"x\n ::error::\""), "a::b\r\n\"x\n \\u{3a}:error::\"");
        assert_eq!(super::inside(":: #[error]", "a #"), ":: #[error]");
        assert_eq!(super::inside("#[error]", "a #"), r"\u{23}[error]");
        let json = super::json(&serde_json::to_string("a ###[error]x").unwrap());
        assert!(!json.contains("##"), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), "a ###[error]x");
    }
}
