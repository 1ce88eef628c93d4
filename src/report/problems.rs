//! The problems of a manifest for people: each with its line, a caret, and what to do.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::Style;
use super::escape::line;
use crate::manifest::{Excerpt, Place, Problem, Problems, Related};

/// The problems of a manifest. The last line says how many there are, and in how many files.
#[must_use]
pub fn problems(problems: &Problems, style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for problem in &problems.0 {
        let _ = writeln!(out, "{}\n", renderer.render(&[group(problem)]));
    }
    let files: BTreeSet<_> = problems.0.iter().map(|problem| &problem.file).collect();
    let (number, files) = (problems.0.len(), files.len());
    let plural = |number: usize| if number == 1 { "" } else { "s" };
    let _ = write!(out, "{number} problem{} in {files} file{}", plural(number), plural(files));
    out
}

fn group(problem: &Problem) -> Group<'static> {
    let Problem { file, place, message, hint, related } = problem;
    let mut group = Level::ERROR.primary_title(line(message)).elements(None::<Origin<'static>>);
    group = match place {
        Some(place) => at(group, file, place, AnnotationKind::Primary, None),
        None => group.element(Origin::path(path(file))),
    };
    for Related { file, place, message } in related {
        group = at(group, file, place, AnnotationKind::Context, Some(message));
    }
    match hint {
        Some(hint) => group.element(Level::HELP.message(line(hint))),
        None => group,
    }
}

/// Adds a place to a group, with what stands there if it may be shown.
fn at(
    group: Group<'static>,
    file: &Path,
    place: &Place,
    kind: AnnotationKind,
    label: Option<&str>,
) -> Group<'static> {
    let Place { line: number, column, excerpt } = place;
    let position = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let origin = Origin::path(path(file)).line(position(*number)).char_column(position(*column));
    let group = group.element(origin);
    let Some(Excerpt { text, mark }) = excerpt else { return group };
    let (text, mark) = harmless(text, mark);
    let mut annotation = kind.span(mark);
    if let Some(label) = label {
        annotation = annotation.label(line(label));
    }
    group.element(Snippet::source(text).line_start(position(*number)).annotation(annotation))
}

fn path(file: &Path) -> String {
    line(&file.display().to_string())
}

/// A line of a file with nothing harmful in it, and the mark where it is then. A tab is as wide as
/// it is for the caret.
fn harmless(text: &str, mark: &Range<usize>) -> (String, Range<usize>) {
    let shown = |piece: &str| line(&piece.replace('\t', "    "));
    let pieces = (text.get(..mark.start), text.get(mark.clone()), text.get(mark.end..));
    let (Some(before), Some(meant), Some(after)) = pieces else { return (shown(text), 0..0) };
    let (before, meant) = (shown(before), shown(meant));
    let mark = before.len()..before.len() + meant.len();
    (before + &meant + &shown(after), mark)
}
