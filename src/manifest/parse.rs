//! Parsing the text of a file into a tree.

use serde_yaml::Error;
use serde_yaml::budget::BudgetBreach;
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};

use super::mistakes;
use super::tree::{Node, Span};

/// A syntax error.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub span: Option<Span>,
    pub message: String,
    pub hint: Option<&'static str>,
}

/// Parses a text. Any well-formed text is accepted, even with duplicate keys.
pub(super) fn parse(text: &str) -> Result<Node<'_>, SyntaxError> {
    serde_yaml::from_str_with_options(text, options())
        .map_err(|error| mistakes::explain(text, syntax_error(text, &error)))
}

/// The parser's budgets, raised for 64 MiB of manifest (100,000 accounts are 1.2 million nodes). Aliases stay
/// few, because they can expand a small file into a large one. The depth stays low (a manifest is four levels
/// deep), because each level takes kilobytes of stack.
fn options() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_nodes: 8_000_000,
            max_events: 16_000_000,
            max_documents: 1,
            max_depth: 16,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_recorded_anchor_events: 100_000,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        // 010 is 8 to some parsers and 10 to others.
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        strict_booleans: true,
        with_snippet: false,
    }
}

fn syntax_error(text: &str, error: &Error) -> SyntaxError {
    let error = error.without_snippet();
    let location = error.location().filter(|location| location.line() > 0);
    // The location is that of the alias, the error that of the value behind it.
    let error = if let Error::AliasError { error, .. } = error { error } else { error };
    let (message, hint) = words(error);
    let span = location.map(|location| match location.span().byte_offset() {
        Some(_) => Span::from(location),
        None => point(text, Span::from(location)),
    });
    SyntaxError { span, message, hint }
}

/// Completes a span of which only line and column are known.
fn point(text: &str, span: Span) -> Span {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let begin = text.split_inclusive('\n').take(number(span.line())).map(str::len).sum();
    let line = text[begin..].split('\n').next().unwrap_or_default();
    let column = line.char_indices().nth(number(span.column())).map_or(line.len(), |(at, _)| at);
    span.moved(begin + column, 0)
}

fn words(error: &Error) -> (String, Option<&'static str>) {
    match error {
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. }
        | Error::MultipleDocuments { .. } => (
            "a second document begins here".to_owned(),
            Some(
                "A manifest is one document: delete the `---`, or split it into two files in a folder.",
            ),
        ),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            ("this is nested too deeply for a manifest".to_owned(), None)
        }
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            "this file is too large once its aliases are expanded".to_owned(),
            Some("Repeat the values instead of using aliases (*name), or use `defaults`."),
        ),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            ("this alias refers to a value that contains it".to_owned(), None)
        }
        Error::UnknownAnchor { .. } => (
            "no anchor above has this name".to_owned(),
            Some("Put a value that begins with `*` in quotes."),
        ),
        Error::UnsupportedTag { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::InvalidScalar { .. } => (
            "YAML tags are not supported".to_owned(),
            Some("Put a value that begins with `!` in quotes, or delete the tag."),
        ),
        Error::Eof { .. } => {
            ("the file ends unexpectedly".to_owned(), Some("Check its last lines."))
        }
        // The parser has a lower limit for brackets.
        other if other.to_string().starts_with("recursion limit exceeded") => {
            ("this is nested too deeply for a manifest".to_owned(), None)
        }
        other if other.to_string().contains("trailing content after single-quoted") => (
            "an apostrophe ends this text too early".to_owned(),
            Some("Put a text that contains an apostrophe in double quotes."),
        ),
        other if other.to_string().contains("did not find expected '-' indicator") => (
            "this line is not indented like the entries above".to_owned(),
            Some(
                "Give each `- ` of a list the same indentation, and put fields two spaces to the right.",
            ),
        ),
        other => {
            let text = other.to_string();
            // The location is reported separately.
            let message = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]);
            let message = message.trim_end_matches([',', ' ']);
            (message.to_owned(), syntax_hint(message))
        }
    }
}

/// A hint for the most likely cause of a parser message.
fn syntax_hint(message: &str) -> Option<&'static str> {
    let has = |words: &str| message.contains(words);
    if has("tab") {
        Some("Indent with spaces: YAML does not allow tabs here.")
    } else if has("block scalar") {
        Some("Put a value that begins with `>` or `|` in quotes.")
    } else if has("unexpected character") {
        Some("Put a value that begins with this character in quotes.")
    } else if has("mapping values are not allowed") {
        Some("Put a value that contains `: ` in quotes, or check the indentation.")
    } else if has("quote") {
        Some("Close the quote.")
    } else if has("anchor") || has("alias") {
        Some("Put a value that begins with `*` or `&` in quotes.")
    } else if has("bracket") || has("flow") {
        Some(
            "Close every [ with ] and every { with }, and separate entries by commas; a `#` after a space begins a comment.",
        )
    } else if has("expected") || has("indent") {
        Some("Check the indentation of this line and of the one above.")
    } else {
        None
    }
}
