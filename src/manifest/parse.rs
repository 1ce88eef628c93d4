//! From the text of a file to a tree, or the one reason why there is none.

use serde_yaml::Error;
use serde_yaml::budget::BudgetBreach;
use serde_yaml::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};

use super::mistakes;
use super::tree::{Node, Span};

/// Why a text is no tree.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub span: Option<Span>,
    pub message: String,
    pub hint: Option<&'static str>,
}

/// Takes a text apart. Everything that is well-formed is taken, keys that are there twice included.
pub(super) fn parse(text: &str) -> Result<Node<'_>, SyntaxError> {
    serde_yaml::from_str_with_options(text, options())
        .map_err(|error| mistakes::explain(text, syntax_error(text, &error)))
}

/// The parser's budgets, raised to what 64 MiB of manifest need (100,000 accounts are 1.2 million
/// nodes), except for aliases: nobody needs many, and they are how a small file becomes a large one.
/// A manifest is four levels deep; each level takes the parser kilobytes of stack, of which the thread
/// of a library user may have few.
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
        // 010 is 8 to some and 10 to others; who wrote it shall say which.
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
    // An alias is told by where it is used; what is wrong with it, by what it stands for.
    let error = if let Error::AliasError { error, .. } = error { error } else { error };
    let (message, hint) = words(error);
    let span = location.map(|location| match location.span().byte_offset() {
        Some(_) => Span::from(location),
        None => point(text, Span::from(location)),
    });
    SyntaxError { span, message, hint }
}

/// A place of which only line and column are known.
fn point(text: &str, span: Span) -> Span {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let begin = text.split_inclusive('\n').take(number(span.line)).map(str::len).sum();
    let line = text[begin..].split('\n').next().unwrap_or_default();
    let column = line.char_indices().nth(number(span.column)).map_or(line.len(), |(at, _)| at);
    Span { offset: begin + column, length: 0, ..span }
}

fn words(error: &Error) -> (String, Option<&'static str>) {
    match error {
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. }
        | Error::MultipleDocuments { .. } => (
            "a second document begins here".to_owned(),
            Some("a manifest is one document: take the `---` out, or make two files in a folder"),
        ),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            ("this is nested more deeply than any manifest".to_owned(), None)
        }
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            "with all its aliases resolved this file is too large".to_owned(),
            Some("write out what the aliases (*name) stand for, or use `defaults`"),
        ),
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            ("this alias stands for something that it is a part of".to_owned(), None)
        }
        Error::UnknownAnchor { .. } => (
            "there is no anchor of this name above".to_owned(),
            Some("a text that begins with * needs quotes"),
        ),
        Error::UnsupportedTag { .. }
        | Error::TaggedScalarCannotDeserializeIntoString { .. }
        | Error::InvalidScalar { .. } => (
            "this tag is not understood".to_owned(),
            Some(
                "a manifest is inert data: leave tags such as !secret out; a text that begins with ! needs quotes",
            ),
        ),
        Error::Eof { .. } => {
            ("this file ends too early".to_owned(), Some("look at its last lines"))
        }
        // The parser below has a bound of its own for brackets, which comes first.
        other if other.to_string().starts_with("recursion limit exceeded") => {
            ("this is nested more deeply than any manifest".to_owned(), None)
        }
        other => {
            let text = other.to_string();
            // The place is told once, in front.
            let message = text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]);
            let message = message.trim_end_matches([',', ' ']);
            (message.to_owned(), syntax_hint(message))
        }
    }
}

/// What usually is behind a complaint of the parser.
fn syntax_hint(message: &str) -> Option<&'static str> {
    let has = |words: &str| message.contains(words);
    if has("tab") {
        Some("indent with spaces: YAML takes no tabs there")
    } else if has("mapping values are not allowed") {
        Some("a text with `: ` in it needs quotes; if it is no text, look at the indentation")
    } else if has("quote") {
        Some("a quote that begins a text must also end it")
    } else if has("anchor") || has("alias") {
        Some("a text that begins with * or & needs quotes")
    } else if has("bracket") || has("flow") {
        Some("what begins with [ or { must end with ] or }, with commas between")
    } else if has("expected") || has("indent") {
        Some("look at the indentation of this line and of the one above")
    } else {
        None
    }
}
