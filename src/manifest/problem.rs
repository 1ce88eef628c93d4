//! Problems of a manifest, with their positions.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::model::is_harmful;

/// The kind of a problem, by which tools group and filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// A file or folder that cannot be read.
    Unreadable,
    /// A file that is not valid YAML.
    Syntax,
    /// An unknown field, a missing field or an invalid value.
    Value,
    /// A contradiction, such as two accounts with the same email.
    Conflict,
}

impl ProblemKind {
    /// Every kind, in the order of detection.
    pub const ALL: [Self; 4] = [Self::Unreadable, Self::Syntax, Self::Value, Self::Conflict];
}

/// A problem of a manifest. Its texts never contain a password from the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The kind.
    pub kind: ProblemKind,
    /// The file.
    pub file: PathBuf,
    /// The position in the file; `None` for the file as a whole.
    pub place: Option<Position>,
    /// The description.
    pub message: String,
    /// The way to fix it.
    pub hint: Option<String>,
    /// Other positions involved, such as the first of two equal emails.
    pub related: Vec<Related>,
}

/// A position in a file. Line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
    /// The text at the position; `None` if it must not be shown.
    pub excerpt: Option<Excerpt>,
}

/// A line of a file, or the part near the position. Passwords are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The text of the file, unescaped.
    pub text: String,
    /// The bytes of `text` to mark; may be empty.
    pub mark: Range<usize>,
}

/// Another position involved in a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The file.
    pub file: PathBuf,
    /// The position in the file.
    pub place: Position,
    /// The role of that position.
    pub message: String,
}

/// Every problem of a manifest, in the order of files and lines; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problem {
    /// A problem of a file or folder as a whole.
    pub(super) fn whole(file: &Path, message: impl Into<String>) -> Self {
        Self {
            kind: ProblemKind::Unreadable,
            file: file.to_owned(),
            place: None,
            message: message.into(),
            hint: None,
            related: Vec::new(),
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The sort key of the problem.
    pub(super) fn position(&self) -> (&Path, u64, u64) {
        let (line, column) = self.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
        (&self.file, line, column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind: _, file, place, message, hint, related } = self;
        match place {
            Some(place) => write!(f, "{}", Displayed(file, place))?,
            None => write!(f, "{}", plain(&file.display().to_string()))?,
        }
        write!(f, ": {}", plain(message))?;
        for Related { file, place, message } in related {
            write!(f, "\n  {}: {}", Displayed(file, place), plain(message))?;
        }
        match hint {
            Some(hint) => write!(f, "\n  hint: {}", plain(hint)),
            None => Ok(()),
        }
    }
}

struct Displayed<'a>(&'a Path, &'a Position);

impl fmt::Display for Displayed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(file, Position { line, column, excerpt: _ }) = self;
        write!(f, "{}:{line}:{column}", plain(&file.display().to_string()))
    }
}

/// Escapes text of a manifest for one line of output.
fn plain(text: &str) -> String {
    let escape = |c: char| if is_harmful(c) { c.escape_unicode().to_string() } else { c.into() };
    text.chars().map(escape).collect()
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}
