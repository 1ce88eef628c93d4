//! From a path to what is wanted, or to everything that is wrong.

use std::path::Path;

use super::check::check;
use super::document::Document;
use super::files;
use super::parse::{self, Unreadable};
use super::places::Places;
use super::problem::{Kind, Problem, Problems, Related};
use super::reading::{Fault, Reading, Spot};
use super::secrets::{Hides, Secrets};
use super::source::Source;
use super::take;
use super::tree::Node;
use crate::model::Desired;

/// Reads the manifest at `path`: a file, or a folder with the files of one organization.
///
/// # Errors
///
/// With everything that is wrong with it.
pub fn load(path: &Path) -> Result<Desired, Problems> {
    let (sources, problems) = files::read(path);
    assemble(path, &sources, problems, None)
}

/// The same, and where each account and user is listed.
///
/// # Errors
///
/// With everything that is wrong with it.
pub fn load_with_places(path: &Path) -> Result<(Desired, Places), Problems> {
    let (sources, problems) = files::read(path);
    let mut places = Places::default();
    let desired = assemble(path, &sources, problems, Some(&mut places))?;
    Ok((desired, places))
}

/// Reads a manifest from its text; `file` is for messages.
///
/// # Errors
///
/// With everything that is wrong with it.
pub fn parse(file: &Path, text: &str) -> Result<Desired, Problems> {
    let text = files::without_mark(text.to_owned());
    assemble(file, &[Source { path: file.to_owned(), text }], Vec::new(), None)
}

/// Reads one file that is no manifest in the way that manifests are read. `hides`: whether the value of a
/// field must not be shown. `take` takes the file apart, and notes what does not fit.
pub(crate) fn read_one<T>(
    path: &Path,
    hides: Hides,
    take: impl FnOnce(&mut Reading<'_>, &Node<'_>) -> Option<T>,
) -> Result<T, Problems> {
    if path.is_dir() {
        return Err(Problems(vec![Problem::whole(path, "this is a folder, and not a file")]));
    }
    let (sources, mut problems) = files::read(path);
    let Some(source) = sources.first() else { return Err(Problems(problems)) };
    let root = match parse::parse(&source.text) {
        Ok(root) => root,
        Err(unreadable) => return Err(Problems(vec![broken(source, unreadable)])),
    };
    let secrets = Secrets::below(&root, hides);
    let mut faults = Vec::new();
    let mut reading = Reading {
        file: 0,
        alone: true,
        text: &source.text,
        secrets: &secrets,
        faults: &mut faults,
        field: "",
        item: false,
    };
    let taken = take(&mut reading, &root);
    let secrets = [secrets];
    problems
        .extend(faults.into_iter().map(|fault| problem(&sources, &secrets, Kind::Value, fault)));
    match taken {
        Some(taken) if problems.is_empty() => Ok(taken),
        Some(_) | None => {
            problems.sort_by(|a, b| a.position().cmp(&b.position()));
            Err(Problems(problems))
        }
    }
}

/// What is known once every file has been taken apart.
#[derive(Default)]
struct Taken {
    documents: Vec<Document>,
    /// What must not be shown of each file.
    secrets: Vec<Secrets>,
    faults: Vec<Fault>,
    problems: Vec<Problem>,
}

pub(super) fn assemble(
    path: &Path,
    sources: &[Source],
    problems: Vec<Problem>,
    places: Option<&mut Places>,
) -> Result<Desired, Problems> {
    let unread = problems.len();
    let mut taken = Taken { problems, ..Taken::default() };
    for (file, source) in sources.iter().enumerate() {
        taken.take(file, source, sources.len() == 1 && unread == 0);
    }
    let Taken { documents, secrets, mut faults, mut problems } = taken;
    // Of files that could not be read nobody knows what they would have said.
    let complete = unread == 0 && documents.len() == sources.len();
    if complete
        && !documents.iter().any(|document| document.names_organization)
        && documents.len() > 1
    {
        let problem = Problem::whole(path, "no file of this folder says `organization`");
        let problem = problem.hint("say it in one of them, such as `organization: acme`");
        problems.push(Problem { kind: Kind::Value, ..problem });
    }
    if let Some(places) = places {
        *places = Places::of(sources, &documents);
    }
    // What was noted up to here is about one value, what follows about how they go together.
    let values = faults.len();
    let desired = check(documents, complete, &mut faults);
    problems.extend(faults.into_iter().enumerate().map(|(place, fault)| {
        let kind = if place < values { Kind::Value } else { Kind::Conflict };
        problem(sources, &secrets, kind, fault)
    }));
    match desired {
        Some(desired) if problems.is_empty() => Ok(desired),
        _ => {
            problems.sort_by(|a, b| a.position().cmp(&b.position()));
            Err(Problems(problems))
        }
    }
}

impl Taken {
    fn take(&mut self, file: usize, source: &Source, alone: bool) {
        let root = match parse::parse(&source.text) {
            Ok(root) => root,
            Err(unreadable) => {
                self.problems.push(broken(source, unreadable));
                self.secrets.push(Secrets::default());
                return;
            }
        };
        let secrets = Secrets::of(&root);
        let faults = &mut self.faults;
        let mut reading = Reading {
            file,
            alone,
            text: &source.text,
            secrets: &secrets,
            faults,
            field: "",
            item: false,
        };
        self.documents.extend(take::document(&mut reading, &root));
        self.secrets.push(secrets);
    }
}

/// The problem of a file that is no YAML.
fn broken(source: &Source, unreadable: Unreadable) -> Problem {
    let Unreadable { span, message, hint } = unreadable;
    let mut problem = Problem::whole(&source.path, message);
    problem.kind = Kind::Syntax;
    problem.hint = hint.map(str::to_owned);
    problem.place = span.map(|span| source.unguarded(span));
    problem
}

fn problem(sources: &[Source], secrets: &[Secrets], kind: Kind, fault: Fault) -> Problem {
    let Fault { spot, message, hint, related } = fault;
    let place = |Spot { file, span }: Spot| sources[file].place(span, &secrets[file].hidden);
    Problem {
        kind,
        file: sources[spot.file].path.clone(),
        place: Some(place(spot)),
        message,
        hint: hint.map(Into::into),
        related: related
            .into_iter()
            .map(|(spot, message)| Related {
                file: sources[spot.file].path.clone(),
                place: place(spot),
                message: message.to_owned(),
            })
            .collect(),
    }
}
