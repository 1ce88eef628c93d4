//! Escapes texts from the API and from manifests for the place they are printed in.

use std::fmt::Write as _;

use crate::model::is_harmful;

/// A text for one line of a terminal or a log, with harmful characters as escapes.
#[must_use]
pub fn line(text: &str) -> String {
    defused(keeping(text, &[]))
}

/// As [`line()`], for a text that never begins a line. `before` is the text before it.
pub(super) fn inside(text: &str, before: &str) -> String {
    let text = keeping(text, &[]).replace("##", "#\\u{23}");
    let joins = before.ends_with('#') && text.starts_with('#');
    if joins { text.replacen('#', "\\u{23}", 1) } else { text }
}

/// A text without workflow commands, which a runner would read from its log: `::error::` at the beginning of a
/// line, and `##[error]` or `##vso[error]` anywhere.
fn defused(text: String) -> String {
    let starts = text.trim_start().starts_with("::");
    if !starts && !text.contains("##") {
        return text;
    }
    let text = if starts { text.replacen(':', "\\u{3a}", 1) } else { text };
    text.replace("##", "#\\u{23}")
}

/// A text of several lines, such as CSV. Line breaks and tabs are kept; no line starts a workflow command.
#[must_use]
pub fn lines(text: &str) -> String {
    let text = keeping(text, &['\n', '\r', '\t']);
    text.split_inclusive(['\n', '\r']).map(|line| defused(line.to_owned())).collect()
}

/// CSV from the API, escaped as by [`lines`]. A cell that begins like a formula gets a leading `'`, which makes it
/// a text to spreadsheets. A negative number stays a number.
#[must_use]
pub fn csv(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut begins, mut quoted) = (true, false);
    for (at, c) in text.char_indices() {
        let formula = match c {
            '-' => !is_number(&text[at + 1..]),
            '=' | '+' | '@' | '\t' => true,
            _ => false,
        };
        if begins && formula {
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

/// Returns true if the cell at the start of `rest` is digits with at most one decimal point between them.
fn is_number(rest: &str) -> bool {
    let cell = rest.split([',', '\n', '\r', '"']).next().unwrap_or_default();
    let (whole, part) = cell.split_once('.').unwrap_or((cell, "0"));
    [whole, part]
        .iter()
        .all(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
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

/// JSON with harmful characters escaped. They can only be inside of strings, except for line breaks between values,
/// which are kept.
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
    // Workflow commands, too, can only be inside of strings.
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
        let cells = "email,groups\r\n=cmd()|x,\"=a,b\"\r\na=1,\"x\n=y\"\n\"\",@z\n\"a\"\"\",-1+1,-5.\n-5.00,\"-5\",-,--1";
        let read = "email,groups\r\n'=cmd()|x,\"'=a,b\"\r\na=1,\"x\n=y\"\n\"\",'@z\n\"a\"\"\",'-1+1,'-5.\n-5.00,\"-5\",'-,'--1";
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
