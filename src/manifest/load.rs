//! Loading: from a path to the desired organization, or to every problem found.

use std::path::{Path, PathBuf};

use super::check::check;
use super::document::ManifestDocument;
use super::entries;
use super::files::{self, ReadFiles};
use super::mistakes;
use super::parse::{self, SyntaxError};
use super::places::Places;
use super::problem::{Problem, ProblemKind, Problems, Related};
use super::reading::{Reading, SourceLocation, SourceProblem};
use super::secrets::{Hides, Secrets};
use super::source::SourceFile;
use super::tree::Node;
use crate::model::Desired;

/// A valid manifest, and the files that it was read from.
#[derive(Clone, Debug)]
pub struct LoadedManifest {
    /// The desired organization.
    pub desired: Desired,
    /// The place of each account and user in the files.
    pub places: Places,
    /// The number of files read.
    pub files: usize,
    /// Files of the folder that look like a part of the manifest but were not read, because of their names.
    pub skipped: Vec<PathBuf>,
}

/// Reads the manifest at `path`: a file, or a folder with the files of one organization.
///
/// # Errors
///
/// Returns every problem found.
pub fn load(path: &Path) -> Result<Desired, Problems> {
    Ok(load_with_places(path)?.desired)
}

/// Reads the manifest at `path`, and reports the places of its entries and the files it consists of.
///
/// # Errors
///
/// Returns every problem found.
pub fn load_with_places(path: &Path) -> Result<LoadedManifest, Problems> {
    ManifestFiles::read(path).load()
}

/// The files of a manifest, which are not parsed yet.
pub struct ManifestFiles {
    path: PathBuf,
    read: ReadFiles,
}

/// The sections of a manifest as its lines suggest them. A guess, for work that may turn out to be useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outline {
    /// True if it seems to have accounts.
    pub accounts: bool,
    /// True if it seems to have users.
    pub users: bool,
    /// True if some account seems to have a channel limit.
    pub channel_limits: bool,
}

impl ManifestFiles {
    /// Reads the files at `path`. [`load`](Self::load) reports the problems.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        Self { path: path.to_owned(), read: files::read(path) }
    }

    /// The sections that the files seem to have.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let texts = || self.read.sources.iter().map(|source| source.text.as_str());
        let has = |field: &str| {
            let line = format!("\n{field}");
            texts().any(|text| text.starts_with(field) || text.contains(&line))
        };
        Outline {
            accounts: has("accounts:"),
            users: has("users:"),
            channel_limits: texts().any(|text| text.contains("channel_limit:")),
        }
    }

    /// Parses the files.
    ///
    /// # Errors
    ///
    /// Returns every problem found.
    pub fn load(self) -> Result<LoadedManifest, Problems> {
        let Self { path, read: ReadFiles { sources, skipped, problems } } = self;
        let mut places = Places::default();
        let desired = assemble(&path, &sources, problems, Some(&mut places))?;
        Ok(LoadedManifest { desired, places, files: sources.len(), skipped })
    }
}

/// Reads a manifest from its text; `file` is its name in messages.
///
/// # Errors
///
/// Returns every problem found.
pub fn parse(file: &Path, text: &str) -> Result<Desired, Problems> {
    let text = files::without_byte_order_mark(text.to_owned());
    assemble(file, &[SourceFile { path: file.to_owned(), text }], Vec::new(), None)
}

/// Reads a single YAML file that is not a manifest, with the same reporting of problems.
/// `hides` selects the fields whose values must not be shown, and `take` reads the root.
pub(crate) fn read_one<T>(
    path: &Path,
    hides: Hides,
    take: impl FnOnce(&mut Reading<'_>, &Node<'_>) -> Option<T>,
) -> Result<T, Problems> {
    if path.is_dir() {
        return Err(Problems(vec![Problem::whole(path, "expected a file, found a folder")]));
    }
    let ReadFiles { sources, skipped: _, mut problems } = files::read(path);
    let Some(source) = sources.first() else { return Err(Problems(problems)) };
    let root = match parse::parse(&source.text) {
        Ok(root) => root,
        Err(error) => return Err(Problems(vec![syntax_problem(source, error)])),
    };
    let secrets = Secrets::below(&root, hides);
    let mut found = Vec::new();
    let mut reading = Reading {
        file: 0,
        alone: true,
        text: &source.text,
        secrets: &secrets,
        problems: &mut found,
        field: "",
        item: false,
    };
    let value = take(&mut reading, &root);
    let secrets = [secrets];
    let resolve = |one| resolve(&sources, &secrets, ProblemKind::Value, one);
    problems.extend(found.into_iter().map(resolve));
    finish(value, problems)
}

/// Returns the value if there are no problems, otherwise the problems in the order of the files.
fn finish<T>(value: Option<T>, mut problems: Vec<Problem>) -> Result<T, Problems> {
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        Some(_) | None => {
            problems.sort_by(|a, b| a.position().cmp(&b.position()));
            Err(Problems(problems))
        }
    }
}

/// The parsed files of a manifest.
#[derive(Default)]
struct ParsedFiles {
    documents: Vec<ManifestDocument>,
    /// The parts of each file that must not be shown.
    secrets: Vec<Secrets>,
    values: Vec<SourceProblem>,
    problems: Vec<Problem>,
}

pub(super) fn assemble(
    path: &Path,
    sources: &[SourceFile],
    problems: Vec<Problem>,
    places: Option<&mut Places>,
) -> Result<Desired, Problems> {
    let unread = problems.len();
    let mut parsed = ParsedFiles { problems, ..ParsedFiles::default() };
    for (file, source) in sources.iter().enumerate() {
        parsed.add(file, source, sources.len() == 1 && unread == 0);
    }
    let ParsedFiles { documents, secrets, values, mut problems } = parsed;
    // A file that could not be read might contain what seems to be missing.
    let complete = unread == 0 && documents.len() == sources.len();
    if complete
        && !documents.iter().any(|document| document.names_organization)
        && documents.len() > 1
    {
        let problem = Problem::whole(path, "none of the files in this folder sets `organization`");
        let problem = problem.hint("Set it in one of them, such as `organization: acme`.");
        problems.push(Problem { kind: ProblemKind::Value, ..problem });
    }
    if let Some(places) = places {
        *places = Places::of(sources, &documents);
    }
    let mut conflicts = Vec::new();
    let desired = check(documents, complete, &mut conflicts);
    for (kind, found) in [(ProblemKind::Value, values), (ProblemKind::Conflict, conflicts)] {
        problems.extend(found.into_iter().map(|one| resolve(sources, &secrets, kind, one)));
    }
    finish(desired, problems)
}

impl ParsedFiles {
    fn add(&mut self, file: usize, source: &SourceFile, alone: bool) {
        let root = match parse::parse(&source.text) {
            Ok(root) => root,
            Err(error) => {
                self.problems.push(syntax_problem(source, error));
                self.secrets.push(Secrets::default());
                return;
            }
        };
        let secrets = Secrets::of(&root);
        let mut reading = Reading {
            file,
            alone,
            text: &source.text,
            secrets: &secrets,
            problems: &mut self.values,
            field: "",
            item: false,
        };
        if let Some((message, hint)) = mistakes::other_format(&source.path, &root) {
            reading.problem(root.span, message.to_owned()).hint = Some(hint.into());
        } else {
            for (span, message) in mistakes::unused_anchors(&source.text) {
                let hint = "Put the whole value in quotes if it begins with `&`; otherwise delete the anchor.";
                reading.problem(span, message).hint = Some(hint.into());
            }
            self.documents.extend(entries::document(&mut reading, &root));
        }
        self.secrets.push(secrets);
    }
}

/// The problem of a file that is not valid YAML.
fn syntax_problem(source: &SourceFile, error: SyntaxError) -> Problem {
    let SyntaxError { span, message, hint } = error;
    let mut problem = Problem::whole(&source.path, message);
    problem.kind = ProblemKind::Syntax;
    problem.hint = hint.map(str::to_owned);
    if !files::is_named_like_yaml(&source.path) {
        problem.hint = Some("A manifest is a YAML file. Check the path.".to_owned());
    }
    problem.place = span.map(|span| source.unparsed_position(span));
    problem
}

/// Turns the location of a problem into a position with an excerpt.
fn resolve(
    sources: &[SourceFile],
    secrets: &[Secrets],
    kind: ProblemKind,
    problem: SourceProblem,
) -> Problem {
    let SourceProblem { location, message, hint, related } = problem;
    let position = |SourceLocation { file, span }: SourceLocation| {
        sources[file].position(span, &secrets[file].hidden)
    };
    Problem {
        kind,
        file: sources[location.file].path.clone(),
        place: Some(position(location)),
        message,
        hint: hint.map(Into::into),
        related: related
            .into_iter()
            .map(|(location, message)| Related {
                file: sources[location.file].path.clone(),
                place: position(location),
                message: message.to_owned(),
            })
            .collect(),
    }
}
