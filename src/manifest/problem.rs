//! What is wrong with a manifest, and where.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::model::is_harmful;

/// What kind of problem it is: what tools group and filter by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file or folder that cannot be read.
    Unreadable,
    /// A file that is no YAML.
    Syntax,
    /// A field that is unknown or missing, or holds what it does not take.
    Value,
    /// Two things that do not go together, such as two accounts with one email.
    Conflict,
}

impl Kind {
    /// Every kind, in the order in which they are found.
    pub const ALL: [Self; 4] = [Self::Unreadable, Self::Syntax, Self::Value, Self::Conflict];
}

/// Something that is wrong with a manifest. No text of it holds a password that the manifest holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What kind of problem it is.
    pub kind: Kind,
    /// The file it is in.
    pub file: PathBuf,
    /// Where in the file; `None`: the file as a whole.
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The other places that have to do with it, such as where something was said first.
    pub related: Vec<Related>,
}

/// A place in a file. Line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column, in characters.
    pub column: u64,
    /// What stands there. `None`: it is not to be shown, or cannot be.
    pub excerpt: Option<Excerpt>,
}

/// A line of a file, or what of it is near the place; passwords are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The text as it is in the file, whatever characters that are.
    pub text: String,
    /// The bytes of `text` that are meant; may be empty.
    pub mark: Range<usize>,
}

/// Another place that has to do with a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The file it is in.
    pub file: PathBuf,
    /// Where in the file.
    pub place: Place,
    /// What is there.
    pub message: String,
}

/// Everything that is wrong with a manifest, in the order of files and lines; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problem {
    /// A problem of a file or folder as a whole.
    pub(super) fn whole(file: &Path, message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Unreadable,
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

    /// Where it stands in the order of problems.
    pub(super) fn position(&self) -> (&Path, u64, u64) {
        let (line, column) = self.place.as_ref().map_or((0, 0), |place| (place.line, place.column));
        (&self.file, line, column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind: _, file, place, message, hint, related } = self;
        match place {
            Some(place) => write!(f, "{}", Spot(file, place))?,
            None => write!(f, "{}", plain(&file.display().to_string()))?,
        }
        write!(f, ": {}", plain(message))?;
        for Related { file, place, message } in related {
            write!(f, "\n  {}: {}", Spot(file, place), plain(message))?;
        }
        match hint {
            Some(hint) => write!(f, "\n  hint: {}", plain(hint)),
            None => Ok(()),
        }
    }
}

struct Spot<'a>(&'a Path, &'a Place);

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(file, Place { line, column, excerpt: _ }) = self;
        write!(f, "{}:{line}:{column}", plain(&file.display().to_string()))
    }
}

/// Text of a manifest, fit for one line: who wrote it may not be who reads it.
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
