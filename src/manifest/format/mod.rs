//! The canonical layout of manifest files: what `fmt` writes.
//!
//! Only layout changes: the order of fields, indentation, empty lines, and the columns of comments.
//! Entries stay in the order of their author, who groups them under headings. Every comment stays with what it is
//! about. A value is never written anew: it is taken as it stands. What is formatted is read again, and if it
//! does not mean the same or has other comments, the file is left as it is. So is one that is no regular manifest
//! by its layout; a value over several lines, or with an anchor, is moved as a whole.

mod events;
mod order;
mod syntax;
mod write;

use std::path::{Path, PathBuf};

use super::files;
use super::load::assemble;
use super::problem::Problems;
use super::source::Source;

/// A file of a manifest, formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatted {
    /// Where it is.
    pub path: PathBuf,
    /// Its text in the canonical layout, or as it is.
    pub text: String,
    /// Whether that is another text.
    pub state: Layout,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// It was canonical already.
    Canonical,
    /// It has another layout than it had.
    Changed,
    /// It cannot be formatted for certain without changing it.
    LeftAlone,
}

/// Formats the files of the manifest at `path`, and writes nothing.
///
/// # Errors
///
/// With everything that is wrong with the manifest: only a valid one is formatted.
pub fn format(path: &Path) -> Result<Vec<Formatted>, Problems> {
    let (sources, problems) = files::read(path);
    let wanted = assemble(path, &sources, problems, None)?;
    let mut formatted: Vec<Formatted> = sources.iter().map(one).collect();
    let new: Vec<Source> = formatted
        .iter()
        .map(|one| Source { path: one.path.clone(), text: one.text.clone() })
        .collect();
    if assemble(path, &new, Vec::new(), None) != Ok(wanted) {
        for (one, source) in formatted.iter_mut().zip(sources) {
            *one = left_alone(&source);
        }
    }
    Ok(formatted)
}

fn one(source: &Source) -> Formatted {
    let Some(text) = canonical(&source.text) else { return left_alone(source) };
    let state = if text == source.text { Layout::Canonical } else { Layout::Changed };
    Formatted { path: source.path.clone(), text, state }
}

fn left_alone(source: &Source) -> Formatted {
    let Source { path, text } = source;
    Formatted { path: path.clone(), text: text.clone(), state: Layout::LeftAlone }
}

/// A text in the canonical layout. `None`: it is not certain that it has all comments, or it is no
/// regular manifest.
fn canonical(text: &str) -> Option<String> {
    let file = syntax::read(text)?;
    let written = write::write(&file);
    (events::comments(text)? == events::comments(&written)?).then_some(written)
}
