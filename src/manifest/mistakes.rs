//! Common mistakes that YAML accepts silently, or rejects with a misleading message.

use std::collections::BTreeMap;
use std::path::Path;

use granit_parser::{Event, Parser};

use super::parse::SyntaxError;
use super::reading::nearest;
use super::tree::{Node, Span, TreeKey, TreeKind, floor_char_boundary};
use crate::model::{is_harmful, shell_word};

/// Returns true for a character that a reader cannot see, or cannot tell from a space.
pub(super) fn is_invisible(c: char) -> bool {
    if matches!(c, ' '..='~') {
        return false;
    }
    let space = c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n' | '\r');
    space || c == '\u{ad}' || is_harmful(c) && !matches!(c, '\t' | '\n' | '\r')
}

/// A character in the words of a message, such as "U+00A0, a no-break space".
pub(super) fn describe(c: char) -> String {
    let name = match c {
        '\t' => "a tab",
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => "a line break",
        '\u{a0}' => "a no-break space",
        '\u{ad}' => "a soft hyphen",
        '\u{200b}' => "a zero width space",
        '\u{200c}' => "a zero width non-joiner",
        '\u{200d}' => "a zero width joiner",
        '\u{202f}' => "a narrow no-break space",
        '\u{2060}' => "a word joiner",
        '\u{3000}' => "an ideographic space",
        '\u{feff}' => "a byte order mark",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a mark that changes the text direction"
        }
        c if c.is_whitespace() => "an unusual space",
        c if c.is_control() => "a control character",
        _ => "an invisible character",
    };
    format!("U+{:04X}, {name}", u32::from(c))
}

/// Finds the first invisible character that is written as it is in a part of the file.
pub(super) fn invisible_in(text: &str, span: Span) -> Option<(Span, char)> {
    let raw = text.get(span.range())?;
    let (at, c) = raw.char_indices().find(|(_, c)| is_invisible(*c))?;
    Some((span.part(raw, at, c.len_utf8()), c))
}

/// Finds a comment behind a plain value whose `#` is joined to the next word. YAML drops ` #5 Dental` from
/// `Suite #5 Dental`.
pub(super) fn cut_comment(text: &str, value: Span) -> Option<Span> {
    let raw = text.get(value.range())?;
    if raw.starts_with(['"', '\'', '|', '>', '*']) {
        return None;
    }
    let line = text[value.range().end..].lines().next().unwrap_or_default();
    let comment = line.trim_start_matches([' ', '\t']);
    let joined = comment.strip_prefix('#')?.chars().next()?;
    if joined.is_whitespace() || matches!(joined, '#' | '!') || comment.len() == line.len() {
        return None;
    }
    let up_to_comment = &text[value.offset()..value.range().end + line.len() - comment.len()];
    Some(value.part(up_to_comment, up_to_comment.len(), comment.trim_end().len()))
}

/// Returns the typographic quote at the start of a value that is in such quotes. To YAML they are text.
pub(super) fn typographic_quotes(raw: &str) -> Option<char> {
    let opening = |c: char| matches!(c, '“' | '”' | '„' | '‟' | '‘' | '’' | '‚' | '«' | '»');
    let first = raw.chars().next().filter(|c| opening(*c))?;
    (raw.chars().count() > 1 && raw.ends_with(opening)).then_some(first)
}

/// Finds the anchors that no alias refers to. YAML drops `&Sons` from `name: &Sons Ltd`.
pub(super) fn unused_anchors(text: &str) -> Vec<(Span, String)> {
    // Parsing again takes time, and almost no manifest has an anchor.
    if !text.contains('&') {
        return Vec::new();
    }
    let options = granit_parser::options! { emit_anchor_events: true };
    let mut unused = BTreeMap::new();
    for event in Parser::new_from_str_with_options(text, options) {
        let Ok((event, span)) = event else { break };
        match event {
            Event::Anchor(id, name) => {
                unused.insert(id, (span, name.into_owned()));
            }
            Event::Alias(id) => {
                unused.remove(&id);
            }
            _ => {}
        }
    }
    let problems = unused.into_values().filter_map(|(span, name)| {
        let range = span.byte_range()?;
        let location = Span::at(text, range.start).of_length(range.len());
        Some((location, format!("YAML reads `&{name}` as an anchor, and no alias refers to it")))
    });
    problems.collect()
}

/// The hint for a file that is not a manifest at all.
const FIRST: &str = "A manifest begins with `version: 1` and `organization: NAME`. To write a first one, run `trunkline init`.";

/// The fields of a manifest.
const FIELDS: [&str; 8] = [
    "version",
    "organization",
    "manager_account_id",
    "policy",
    "accept",
    "defaults",
    "accounts",
    "users",
];

/// Returns true if no field belongs to a manifest, even with a spelling mistake.
fn is_foreign(fields: &[(TreeKey<'_>, Node<'_>)]) -> bool {
    let is_ours = |name: &str| FIELDS.contains(&name) || nearest(name, &FIELDS).is_some();
    fields.len() > 1 && !fields.iter().any(|(key, _)| key.name.as_deref().is_none_or(is_ours))
}

/// Recognizes a file that is not a manifest, and returns a message and a hint.
pub(super) fn other_format(path: &Path, root: &Node<'_>) -> Option<(&'static str, String)> {
    let TreeKind::Map(fields) = &root.kind else { return None };
    let has = |name: &str| fields.iter().any(|(key, _)| key.name.as_deref() == Some(name));
    if !has("format_version") {
        return is_foreign(fields).then(|| {
            ("this is not a manifest: it has none of the fields of one", FIRST.to_owned())
        });
    }
    let path = shell_word(&path.display().to_string());
    Some(if has("seal") {
        ("this is a saved plan, not a manifest", format!("Run `trunkline apply --plan {path}`."))
    } else if has("serial") || has("check") {
        (
            "this is a state file, not a manifest",
            format!(
                "Run `trunkline plan MANIFEST --state {path}`, with the file or folder of the manifest."
            ),
        )
    } else {
        (
            "this is a report of trunkline in JSON, not a manifest",
            "Name the manifest that the report was made from.".to_owned(),
        )
    })
}

/// Replaces the parser's message where the file shows the cause.
pub(super) fn explain(text: &str, error: SyntaxError) -> SyntaxError {
    if let Some(span) = conflict_marker(text) {
        return SyntaxError {
            span: Some(span),
            message: "this is a merge conflict marker".to_owned(),
            hint: Some(
                "Resolve the conflict: keep one side, and delete the lines that begin with `<<<<<<<`, `=======` and `>>>>>>>`.",
            ),
        };
    }
    let Some(span) = error.span else { return error };
    if let Some((at, c)) = find_near(text, span.offset(), is_invisible) {
        return SyntaxError {
            span: Some(Span::at(text, at).of_length(c.len_utf8())),
            message: format!("unexpected {}", describe(c)),
            hint: Some("Replace it with an ordinary space, or delete it."),
        };
    }
    if error.message.contains("mapping values are not allowed")
        && let Some(error) = misplaced_field(text, span)
    {
        return error;
    }
    let tab =
        find_near(text, span.offset(), |c| c == '\t').filter(|_| error.message.contains("tab"));
    match tab {
        Some((at, _)) => SyntaxError {
            span: Some(Span::at(text, at).of_length(1)),
            message: "YAML does not allow a tab here".to_owned(),
            hint: Some("Indent with spaces."),
        },
        None => SyntaxError { span: Some(span), ..error },
    }
}

/// The cause of a field where YAML allows none: the entry or the field above it.
fn misplaced_field(text: &str, span: Span) -> Option<SyntaxError> {
    let start = text[..floor_char_boundary(text, span.offset())].rfind('\n')?;
    let here = text[start + 1..].lines().next()?;
    let above = text[..start].lines().rev().find(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    })?;
    let column = |line: &str| line.len() - line.trim_start_matches(['-', ' ']).len();
    let content = above.trim_start_matches(['-', ' ']);
    let indented = here.len() - here.trim_start_matches(' ').len();
    let (line, message, hint) = if above.trim_start().starts_with("- ") && !content.contains(": ") {
        let hint = "Write `- email: ` before an address, or `- name: ` before a name.";
        (above, "this entry begins with a value that has no field name".to_owned(), hint)
    } else if column(above) < indented && !content.ends_with(':') {
        let message = format!(
            "this field is indented by {indented} spaces, and the one above by {}",
            column(above)
        );
        (here, message, "Indent both equally.")
    } else {
        return None;
    };
    let offset = if std::ptr::eq(line, here) { start + 1 } else { text[..start].rfind(above)? };
    let spaces = line.len() - line.trim_start().len();
    let span = Span::at(text, offset + spaces).of_length(line.trim().len());
    Some(SyntaxError { span: Some(span), message, hint: Some(hint) })
}

/// The first line that a failed merge has left behind.
fn conflict_marker(text: &str) -> Option<Span> {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let marker = |mark: &str| {
            content.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        if marker("<<<<<<<") || marker("=======") || marker(">>>>>>>") || marker("|||||||") {
            return Some(Span::at(text, offset).of_length(content.len()));
        }
        offset += line.len();
    }
    None
}

/// Finds a character on the line of a syntax error, or on the one above or below it: the parser often stops
/// late.
fn find_near(text: &str, offset: usize, wanted: fn(char) -> bool) -> Option<(usize, char)> {
    let offset = floor_char_boundary(text, offset);
    let line = text[..offset].rfind('\n').unwrap_or(0);
    let start = text[..line].rfind('\n').map_or(0, |end| end + 1);
    let below = text[offset..].split_inclusive('\n').take(2).map(str::len).sum::<usize>();
    let near = &text[start..offset + below];
    let (at, c) = near.char_indices().find(|(_, c)| wanted(*c))?;
    Some((start + at, c))
}
