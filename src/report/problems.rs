//! The problems of a manifest for people, each with its line, a caret and a hint.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::Style;
use super::escape::{inside, line};
use super::wrap::wrap;
use crate::manifest::{Excerpt, Position, Problem, Problems, Related};

/// The problems of a manifest. The last line counts the problems and files.
#[must_use]
pub fn problems(problems: &Problems, style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for problem in &problems.0 {
        out.push_str(&without_empty_origins(&renderer.render(&[group(problem)])));
        out.push('\n');
    }
    let related = problems.0.iter().flat_map(|problem| &problem.related);
    let related = related.map(|related| &related.file);
    let files: BTreeSet<_> =
        problems.0.iter().map(|problem| &problem.file).chain(related).collect();
    let (number, files) = (problems.0.len(), files.len());
    let plural = |number: usize| if number == 1 { "" } else { "s" };
    let _ = write!(out, "{number} problem{} in {files} file{}", plural(number), plural(files));
    out
}

fn group(problem: &Problem) -> Group<'static> {
    let Problem { kind: _, file, place, message, hint, related } = problem;
    let mut group = Level::ERROR.primary_title(line(message)).elements(None::<Origin<'static>>);
    let (same, others): (Vec<_>, Vec<_>) = related
        .iter()
        .partition(|other| place.as_ref().is_some_and(|place| same_line(file, place, other)));
    group = match place {
        Some(place) => at(group, file, place, mark(AnnotationKind::Primary, place, None), &same),
        None => group.element(Origin::path(path(file))),
    };
    for Related { file, place, message } in others {
        let mark = mark(AnnotationKind::Context, place, Some(message));
        group = at(group, file, place, mark, &[]);
    }
    match hint {
        Some(hint) => group.element(Level::HELP.message(wrapped(&line(hint)))),
        None => group,
    }
}

/// Returns true if a related place is on the same line of the same file.
fn same_line(file: &Path, place: &Position, other: &Related) -> bool {
    let text = |place: &Position| place.excerpt.as_ref().map(|excerpt| excerpt.text.clone());
    file == other.file && place.line == other.place.line && text(place) == text(&other.place)
}

/// Adds a place to a group, with its excerpt if it may be shown.
fn at(
    group: Group<'static>,
    file: &Path,
    place: &Position,
    mark: Option<Annotation<'static>>,
    same: &[&Related],
) -> Group<'static> {
    let Position { line: number, column, excerpt } = place;
    let position = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let origin = Origin::path(path(file)).line(position(*number)).char_column(position(*column));
    let group = group.element(origin);
    let Some(Excerpt { text, mark: marked }) = excerpt else { return group };
    let (text, _) = harmless(text, marked);
    let same = same.iter().filter_map(|related| {
        self::mark(AnnotationKind::Context, &related.place, Some(&related.message))
    });
    let snippet = Snippet::source(text).line_start(position(*number));
    group.element(snippet.annotations(mark.into_iter().chain(same)))
}

/// The mark below an excerpt.
fn mark(
    kind: AnnotationKind,
    place: &Position,
    label: Option<&str>,
) -> Option<Annotation<'static>> {
    let Excerpt { text, mark } = place.excerpt.as_ref()?;
    let (_, mark) = harmless(text, mark);
    let annotation = kind.span(mark);
    Some(match label {
        Some(label) => annotation.label(line(label)),
        None => annotation,
    })
}

/// Breaks the messages of rendered problems at `width` columns. Excerpts stay as they are.
#[must_use]
pub fn wrap_titles(problems: &str, width: usize) -> String {
    let wrapped = |text: &str| {
        let is_title = visible(text).starts_with("error: ");
        if is_title { wrap(text, width) } else { text.to_owned() }
    };
    problems.split_inclusive('\n').map(wrapped).collect()
}

/// A text, wrapped to the width of a terminal.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 68;
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > 0 {
            let (separator, at) =
                if column + 1 + width > WIDTH { ('\n', 0) } else { (' ', column + 1) };
            out.push(separator);
            column = at;
        }
        out.push_str(word);
        column += width;
    }
    out
}

/// Removes the lines in which the renderer names an empty origin. The line above names the file, line and column.
fn without_empty_origins(rendered: &str) -> String {
    let mut out = String::with_capacity(rendered.len());
    for line in rendered.lines().filter(|line| visible(line).trim() != ":::") {
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// A line without its colours.
fn visible(line: &str) -> String {
    let mut pieces = line.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + piece.split_once('m').map_or("", |(_, rest)| rest))
}

fn path(file: &Path) -> String {
    line(&file.display().to_string())
}

/// A line with harmful characters escaped, and the moved mark. A tab becomes four spaces, as the caret expects.
fn harmless(text: &str, mark: &Range<usize>) -> (String, Range<usize>) {
    let shown = |piece: &str, before: &str| inside(&piece.replace('\t', "    "), before);
    let pieces = (text.get(..mark.start), text.get(mark.clone()), text.get(mark.end..));
    let (Some(before), Some(meant), Some(after)) = pieces else { return (shown(text, ""), 0..0) };
    let before = shown(before, "");
    let meant = shown(meant, &before);
    let mark = before.len()..before.len() + meant.len();
    let so_far = before + &meant;
    let after = shown(after, &so_far);
    (so_far + &after, mark)
}
