//! The problems of a manifest as JSON.

use std::path::Path;

use serde::Serialize;

use super::{FORMAT_VERSION, pretty};
use crate::manifest::{Position, Problem, Problems, Related};
use crate::model::Desired;
use crate::report::words;

#[derive(Serialize)]
struct ValidityDoc<'a> {
    format_version: u32,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<ContentsDoc<'a>>,
    problems: Vec<ProblemDoc<'a>>,
}

#[derive(Serialize)]
struct ContentsDoc<'a> {
    organization: &'a str,
    accounts: usize,
    /// Null if users are not managed.
    users: Option<usize>,
    accepted: usize,
}

#[derive(Serialize)]
struct ProblemDoc<'a> {
    kind: &'static str,
    #[serde(flatten)]
    place: PlaceDoc,
    message: &'a str,
    hint: Option<&'a str>,
    related: Vec<RelatedDoc<'a>>,
}

#[derive(Serialize)]
struct RelatedDoc<'a> {
    #[serde(flatten)]
    place: PlaceDoc,
    message: &'a str,
}

#[derive(Serialize)]
struct PlaceDoc {
    file: String,
    line: Option<u64>,
    column: Option<u64>,
}

/// A valid manifest.
pub(in crate::report) fn valid(desired: &Desired) -> String {
    let Desired { organization, manager: _, policy: _, accept, accounts, users } = desired;
    let contents = ContentsDoc {
        organization,
        accounts: accounts.len(),
        users: users.as_ref().map(std::collections::BTreeMap::len),
        accepted: accept.len(),
    };
    let contents = Some(contents);
    pretty(&ValidityDoc { format_version: FORMAT_VERSION, valid: true, contents, problems: vec![] })
}

/// An invalid manifest.
pub(in crate::report) fn problems(problems: &Problems) -> String {
    let problems = problems.0.iter().map(problem).collect();
    pretty(&ValidityDoc { format_version: FORMAT_VERSION, valid: false, contents: None, problems })
}

fn problem(problem: &Problem) -> ProblemDoc<'_> {
    let Problem { kind, file, place: at, message, hint, related } = problem;
    let related = related.iter().map(|Related { file, place: at, message }| RelatedDoc {
        place: place(file, Some(at)),
        message,
    });
    ProblemDoc {
        kind: words::problem(*kind),
        place: place(file, at.as_ref()),
        message,
        hint: hint.as_deref(),
        related: related.collect(),
    }
}

fn place(file: &Path, place: Option<&Position>) -> PlaceDoc {
    let number = |number: fn(&Position) -> u64| place.map(number);
    PlaceDoc {
        file: file.display().to_string(),
        line: number(|place| place.line),
        column: number(|place| place.column),
    }
}
