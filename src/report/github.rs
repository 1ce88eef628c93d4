//! Annotations of GitHub Actions: commands in a log that its runner shows at a line of a file.
//!
//! The runner takes everything for a command that begins with `::`, so every value is escaped as it
//! unescapes it, and no name comes to stand at the beginning of a line.

use std::fmt::Write as _;
use std::path::Path;

use super::escape::line;
use super::form::{Base, Matter, Scene};
use super::manifest::contents;
use super::{Report, sentences, words};
use crate::execute::{Ending, Outcome, Summary};
use crate::manifest::{Listed, Problem};
use crate::model::Email;
use crate::plan::{Finding, Guard, Level, PlannedAction, Subject};

/// GitHub shows ten annotations of a kind for each step: so many, and one that counts the rest.
const SHOWN: usize = 9;

/// The annotations of a matter: what matters most first, and how it stands in the end.
pub(super) fn annotations(matter: Matter<'_>, base: &Base<'_>) -> String {
    match matter {
        Matter::Plan(scene) => written(plan(scene, base), &summary(scene.report)),
        Matter::Outcomes(scene, ended) => written(outcomes(scene, ended, base), &endings(ended)),
        Matter::Valid(desired) => written(Vec::new(), &format!("Valid: {}", contents(desired))),
        Matter::Problems(all) => {
            let notes = all.0.iter().map(|one| problem(one, base)).collect();
            written(
                notes,
                &format!("The manifest has {}", words::count(all.0.len(), "problem", "problems")),
            )
        }
    }
}

/// One annotation.
struct Note {
    weight: Weight,
    place: Option<(String, u64)>,
    title: String,
    message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Error,
    Warning,
    Notice,
}

fn written(mut notes: Vec<Note>, summary: &str) -> String {
    // Those of one weight stay in their order.
    notes.sort_by_key(|note| note.weight);
    let mut out = String::new();
    for note in notes.iter().take(SHOWN) {
        note.write(&mut out);
    }
    let more = match notes.len().saturating_sub(SHOWN) {
        0 => String::new(),
        rest => format!("; and {rest} more than are shown here"),
    };
    let message = format!("{summary}{more}");
    let title = "Trunkline".to_owned();
    Note { weight: Weight::Notice, place: None, title, message }.write(&mut out);
    out
}

impl Note {
    fn write(&self, out: &mut String) {
        let Self { weight, place, title, message } = self;
        let command = match weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
            Weight::Notice => "notice",
        };
        let place = place.as_ref().map(|(file, line)| {
            let line = if *line == 0 { String::new() } else { format!("line={line},") };
            format!("file={},{line}", property(file))
        });
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "::{command} {}title={}::{}",
            place.unwrap_or_default(),
            property(title),
            data(message)
        );
    }
}

/// A text as the message of a command.
fn data(text: &str) -> String {
    line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text as a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn problem(problem: &Problem, base: &Base<'_>) -> Note {
    let Problem { kind, file, place, message, hint, related: _ } = problem;
    let hint = hint.as_ref().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    Note {
        weight: Weight::Error,
        place: Some((base.name(file), place.as_ref().map_or(0, |place| place.line))),
        title: words::problem(*kind).to_owned(),
        message: format!("{message}{hint}"),
    }
}

fn plan(scene: Scene<'_>, base: &Base<'_>) -> Vec<Note> {
    let plan = scene.report.plan;
    let refused = plan.guards.iter().filter(|guard| guard.refused()).map(|one| guard(*one));
    let destructive = plan.actions.iter().filter(|planned| planned.action.is_destructive());
    let destructive = destructive.map(|planned| destructive_note(planned, scene, base));
    let findings = plan.findings.iter().map(|one| finding(one, scene, base));
    refused.chain(destructive).chain(findings).collect()
}

fn guard(guard: Guard) -> Note {
    let Guard { name, actual, limit, of } = guard;
    let message =
        format!("an apply is refused: {actual} of {of} {}, at most {limit}", words::guard_of(name));
    let title = format!("Safety limit: {}", words::guard(name));
    Note { weight: Weight::Error, place: None, title, message }
}

fn destructive_note(planned: &PlannedAction, scene: Scene<'_>, base: &Base<'_>) -> Note {
    let PlannedAction { action, reason, origin } = planned;
    let changes = words::changes(action, words::IN_TEXT);
    let changes = if changes.is_empty() { changes } else { format!(": {changes}") };
    let undo = words::undo(action);
    let because = match words::because(*reason) {
        empty if empty.is_empty() => empty,
        because => format!("{because}; "),
    };
    let origin = origin.map(words::origin).map(|word| format!("; {}", word.replace('_', " ")));
    let origin = origin.unwrap_or_default();
    Note {
        weight: Weight::Warning,
        place: place(action.subject(), Some(action.email()), scene, base),
        title: format!("Destructive: {}", words::action(action).replace('_', " ")),
        message: format!("{}{changes} ({because}can be undone: {undo}{origin})", action.email()),
    }
}

fn finding(finding: &Finding, scene: Scene<'_>, base: &Base<'_>) -> Note {
    let whom = finding.email().map(|email| format!("{email} ")).unwrap_or_default();
    Note {
        weight: match finding.level() {
            Level::Drift => Weight::Warning,
            Level::Notice => Weight::Notice,
        },
        place: place(finding.subject(), finding.email(), scene, base),
        title: finding.code().name().to_owned(),
        message: format!("{whom}{}", sentences::finding(finding)),
    }
}

/// Where the manifest lists somebody, if it does.
fn place(
    subject: Subject,
    email: Option<&Email>,
    scene: Scene<'_>,
    base: &Base<'_>,
) -> Option<(String, u64)> {
    let listed: &Listed = match subject {
        Subject::Account => scene.places.account(email?),
        Subject::User => scene.places.user(email?),
        Subject::Organization => None,
    }?;
    let file: &Path = listed.file();
    Some((base.name(file), listed.line()))
}

fn outcomes(scene: Scene<'_>, outcomes: &[Outcome], base: &Base<'_>) -> Vec<Note> {
    outcomes.iter().filter_map(|outcome| ended(outcome, scene, base)).collect()
}

/// What did not end well.
fn ended(outcome: &Outcome, scene: Scene<'_>, base: &Base<'_>) -> Option<Note> {
    let Outcome { action, ending, created: _, request_id: _, hint: _ } = outcome;
    let (weight, why) = match ending {
        Ending::Done | Ending::Satisfied => return None,
        Ending::Failed(fault) | Ending::Unknown(fault) => (Weight::Error, fault.message.as_str()),
        Ending::Stale(why) => (Weight::Warning, why.as_str()),
        Ending::Skipped(reason) => (Weight::Warning, reason.message()),
    };
    let what = words::action(action).replace('_', " ");
    Some(Note {
        weight,
        place: place(action.subject(), Some(action.email()), scene, base),
        title: format!("{}: {what}", words::ending(ending)),
        message: format!("{}: {why}", action.email()),
    })
}

fn summary(report: Report<'_>) -> String {
    format!("{}: {}", report.organization, words::summary(report.plan))
}

fn endings(outcomes: &[Outcome]) -> String {
    let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
    format!(
        "Applied: {done} done, {satisfied} satisfied, {failed} failed, {stale} stale, \
         {unknown} unknown, {skipped} skipped"
    )
}
