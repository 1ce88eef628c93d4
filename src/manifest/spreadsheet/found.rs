//! The problems of a spreadsheet.

use std::fmt;
use std::path::Path;

use super::cells::{Cell, Place};
use crate::manifest::{Position, Problem, ProblemKind, Problems};

/// The largest number of problems that are kept.
const MOST: usize = 50;

/// The problems of a spreadsheet, in the order of its rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SheetProblems {
    /// The first problems; never empty.
    pub first: Problems,
    /// The number of further problems.
    pub more: usize,
}

impl fmt::Display for SheetProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, more } = self;
        write!(f, "{first}")?;
        if *more > 0 { write!(f, "\n{more} more") } else { Ok(()) }
    }
}

impl From<Problem> for SheetProblems {
    fn from(problem: Problem) -> Self {
        Self { first: Problems(vec![problem]), more: 0 }
    }
}

/// The problems found so far.
pub(super) struct FoundProblems<'a> {
    file: &'a Path,
    first: Vec<Problem>,
    more: usize,
}

impl<'a> FoundProblems<'a> {
    pub(super) fn new(file: &'a Path) -> Self {
        Self { file, first: Vec::new(), more: 0 }
    }

    /// Records a problem; an empty hint is left out. There is no excerpt: a cell beside may hold a secret.
    pub(super) fn add(&mut self, place: Place, message: String, hint: impl Into<String>) {
        if self.first.len() >= MOST {
            self.more += 1;
            return;
        }
        let Place { line, column } = place;
        self.first.push(Problem {
            kind: ProblemKind::Value,
            file: self.file.to_owned(),
            place: Some(Position { line, column, excerpt: None }),
            message,
            hint: Some(hint.into()).filter(|hint| !hint.is_empty()),
            related: Vec::new(),
        });
    }

    /// Records that the quotes of a cell do not match.
    pub(super) fn badly_quoted(&mut self, cell: &Cell) {
        let message =
            "the quote that opens this cell is not closed, or text follows the closing one";
        let hint = "Write a quote inside of quotes twice (\"\").";
        self.add(cell.place, message.to_owned(), hint);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// Returns the value if there are no problems.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, SheetProblems> {
        let Self { file, mut first, more } = self;
        match value {
            Some(value) if first.is_empty() => Ok(value),
            _ => {
                if first.is_empty() {
                    first.push(Problem::whole(file, "this file is empty"));
                }
                first.sort_by(|a, b| a.position().cmp(&b.position()));
                Err(SheetProblems { first: Problems(first), more })
            }
        }
    }
}
