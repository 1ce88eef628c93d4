//! From a file to what is wanted.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::check::check;
use super::document::Document;
use super::problem::{Place, Problem, Problems};
use crate::model::Desired;

/// A manifest is no larger than this, in bytes.
const LARGEST: u64 = 64 << 20;

/// Reads the manifest at `path`.
///
/// # Errors
///
/// With everything that is wrong with it.
pub fn load(path: &Path) -> Result<Desired, Problems> {
    let text = read(path).map_err(|problem| Problems(vec![problem]))?;
    parse(path, &text)
}

/// Reads a manifest from its text; `file` is for messages.
///
/// # Errors
///
/// With everything that is wrong with it.
pub fn parse(file: &Path, text: &str) -> Result<Desired, Problems> {
    let document: Document = serde_yaml::from_str_with_options(text, options())
        .map_err(|error| Problems(vec![unreadable(file, &error)]))?;
    check(file, document)
}

fn read(path: &Path) -> Result<String, Problem> {
    let failed = |error: std::io::Error| Problem::whole(path, format!("cannot be read: {error}"));
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(Problem::whole(path, "is a folder").hint("name a manifest file"));
    }
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let size = file.take(LARGEST + 1).read_to_string(&mut text).map_err(failed)?;
    if size as u64 > LARGEST {
        return Err(Problem::whole(path, "is larger than 64 MiB"));
    }
    Ok(text)
}

/// The parser's budgets, raised to what 64 MiB of manifest need (100,000 accounts are 1.2 million
/// nodes), except for aliases: nobody needs many, and they are how a small file becomes a large one.
fn options() -> serde_yaml::Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_nodes: 8_000_000,
            max_events: 16_000_000,
            max_documents: 1,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_recorded_anchor_events: 100_000,
        },
        strict_booleans: true,
        with_snippet: false,
    }
}

fn unreadable(file: &Path, error: &serde_yaml::Error) -> Problem {
    let place = error.location().map(|at| Place { line: at.line(), column: at.column() });
    let text = error.without_snippet().to_string();
    // The place is told once, in front.
    let message = match (place, text.rfind(" at line ")) {
        (Some(_), Some(at)) => &text[..at],
        _ => &text,
    };
    Problem { file: file.to_owned(), place, message: message.to_owned(), hint: None }
}
