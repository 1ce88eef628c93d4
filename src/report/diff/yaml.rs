//! Texts as YAML that means the same, on one line, with nothing harmful in it.

use std::fmt::Write as _;

use crate::model::is_harmful;

/// A field of an entry.
pub(super) fn field(name: &str, value: &str) -> String {
    format!("    {name}: {value}")
}

/// A remark below an entry.
pub(super) fn comment(text: &str) -> String {
    format!("    # {text}")
}

/// A field with names.
pub(super) fn list<'a>(name: &str, names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| scalar(name)).collect();
    field(name, &format!("[{}]", names.join(", ")))
}

/// A text as a scalar: plain where every parser takes it for that text, and quoted otherwise.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let inner =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '_' | '@' | '+' | '\'');
    // What begins with a digit may be a number or a day, and some words mean something.
    let begins = text.starts_with(char::is_alphabetic);
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let word = words.contains(&text.to_lowercase().as_str());
    begins && !word && !text.ends_with(' ') && text.chars().all(inner)
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // `##[` would be a command to the runner of a pipeline.
            '#' if before == '#' => out.push_str("\\x23"),
            // Writing to a string cannot fail.
            _ if is_harmful(c) => _ = write!(out, "\\U{:08X}", u32::from(c)),
            _ => out.push(c),
        }
        before = c;
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn texts_are_quoted_where_they_could_be_taken_for_something_else() {
        for plain in ["Larry's Cat Food", "larry+cat@catfood.example", "Ünal-Söhne"] {
            assert_eq!(scalar(plain), plain);
        }
        let cases = [
            ("", r#""""#),
            ("No", r#""No""#),
            ("12", r#""12""#),
            ("a: b", r#""a: b""#),
            (" a", r#"" a""#),
            (r#"a"\"#, r#""a\"\\""#),
            ("a\u{1b}\n", r#""a\U0000001B\U0000000A""#),
            ("x##[error]", r#""x#\x23[error]""#),
        ];
        for (text, wanted) in cases {
            assert_eq!(scalar(text), wanted);
        }
    }
}
