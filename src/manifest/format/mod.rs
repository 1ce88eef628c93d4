//! The canonical layout of manifest files: what `fmt` writes.
//!
//! Only the layout changes: the order of fields, indentation, empty lines, and the columns of comments.
//! Entries keep their order, and comments stay with their entries. Values are copied, never rewritten; a value
//! over several lines or with an anchor moves as a whole. The result is read again: if its values or its
//! comments differ, or if the layout is unusual, the file stays unchanged.

mod content;
mod events;
mod flow;
mod layout;
mod order;
mod syntax;
mod write;

use std::path::{Path, PathBuf};

use super::files::{self, ReadFiles};
use super::load::assemble;
use super::problem::Problems;
use super::source::SourceFile;

/// A file of a manifest, formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatted {
    /// The path of the file.
    pub path: PathBuf,
    /// The text before.
    pub before: String,
    /// The text in the canonical layout, or the unchanged text.
    pub text: String,
    /// The result of formatting.
    pub state: Layout,
}

/// The result of formatting a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The file is canonical already.
    Canonical,
    /// The layout changed.
    Changed,
    /// The layout is unusual, so formatting might change the meaning.
    Unchanged,
}

/// Formats the files of the manifest at `path` in memory.
///
/// # Errors
///
/// Returns every problem of the manifest: only a valid one is formatted.
pub fn format(path: &Path) -> Result<Vec<Formatted>, Problems> {
    format_sources(path, files::read(path))
}

/// Formats a manifest of one file, given its contents. `path` names it in messages.
///
/// # Errors
///
/// Returns every problem of the manifest: only a valid one is formatted.
pub fn format_bytes(path: &Path, bytes: Vec<u8>) -> Result<Vec<Formatted>, Problems> {
    let text = files::decoded(path, bytes).map_err(|problem| Problems(vec![*problem]))?;
    let sources = vec![SourceFile { path: path.to_owned(), text }];
    format_sources(path, ReadFiles { sources, skipped: Vec::new(), problems: Vec::new() })
}

fn format_sources(path: &Path, read: ReadFiles) -> Result<Vec<Formatted>, Problems> {
    let ReadFiles { sources, skipped: _, problems } = read;
    assemble(path, &sources, problems, None)?;
    Ok(sources.iter().map(format_file).collect())
}

fn format_file(source: &SourceFile) -> Formatted {
    let Some(text) = canonical(&source.text) else { return unchanged(source) };
    let state = if text == source.text { Layout::Canonical } else { Layout::Changed };
    Formatted { path: source.path.clone(), before: source.text.clone(), text, state }
}

fn unchanged(source: &SourceFile) -> Formatted {
    let SourceFile { path, text } = source;
    let (before, text) = (text.clone(), text.clone());
    Formatted { path: path.clone(), before, text, state: Layout::Unchanged }
}

/// Returns a text in the canonical layout, or `None` if its layout is unusual or its content would change.
fn canonical(text: &str) -> Option<String> {
    let (tokens, content) = events::events(text)?;
    let file = syntax::read(text, tokens)?;
    let written = write::write(&file);
    if written == text {
        return Some(written);
    }
    let (_, written_content) = events::events(&written)?;
    let same = content == written_content;
    same.then_some(written)
}
