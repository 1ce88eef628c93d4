//! Annotations of GitHub Actions: commands in a log, which the runner shows at a line of a file.
//!
//! The runner reads every line that begins with `::` as a command. Every value is therefore escaped, and no name
//! stands at the beginning of a line.

use std::fmt::Write as _;
use std::path::Path;

use super::escape::line;
use super::format::{PathBase, PlanContext, ReportContent};
use super::manifest::contents;
use super::{PlanReport, origins, sentences, words};
use crate::execute::Outcome;
use crate::manifest::{Listed, Problem};
use crate::model::Email;
use crate::plan::{Finding, Guard, Level, PlannedAction, Subject};

/// The number of annotations besides the summary. GitHub shows ten of a kind per step.
const SHOWN: usize = 9;

/// The annotations of a report: the most severe first, the summary last.
pub(super) fn annotations(body: ReportContent<'_>, base: &PathBase<'_>) -> String {
    match body {
        ReportContent::Plan(context) => written(plan(context, base), &summary(context.report)),
        ReportContent::Outcomes(context, ended) => {
            written(outcomes(context, ended, base), &super::outcomes::summary(ended))
        }
        ReportContent::Valid(desired) => {
            written(Vec::new(), &format!("Valid: {}", contents(desired)))
        }
        ReportContent::Problems(all) => {
            let notes = all.0.iter().map(|one| problem(one, base)).collect();
            written(
                notes,
                &format!("The manifest has {}", words::count(all.0.len(), "problem", "problems")),
            )
        }
    }
}

/// One annotation.
struct Annotation {
    severity: Severity,
    place: Option<(String, u64)>,
    title: String,
    message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Error,
    Warning,
    Notice,
}

fn written(mut notes: Vec<Annotation>, summary: &str) -> String {
    // The sort is stable.
    notes.sort_by_key(|note| note.severity);
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
    Annotation { severity: Severity::Notice, place: None, title, message }.write(&mut out);
    out
}

impl Annotation {
    fn write(&self, out: &mut String) {
        let Self { severity, place, title, message } = self;
        let command = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Notice => "notice",
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

/// A text, escaped for the message of a command.
fn data(text: &str) -> String {
    line(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text, escaped for a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

fn problem(problem: &Problem, base: &PathBase<'_>) -> Annotation {
    let Problem { kind, file, place, message, hint, related: _ } = problem;
    let hint = hint.as_ref().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
    Annotation {
        severity: Severity::Error,
        place: Some((base.name(file), place.as_ref().map_or(0, |place| place.line))),
        title: words::problem(*kind).to_owned(),
        message: format!("{message}{hint}"),
    }
}

fn plan(context: PlanContext<'_>, base: &PathBase<'_>) -> Vec<Annotation> {
    let plan = context.report.plan;
    let refused = plan.guards.iter().filter(|guard| guard.refused()).map(|one| guard(*one));
    let destructive = plan.actions.iter().filter(|planned| planned.action.is_destructive());
    let destructive = destructive.map(|planned| destructive_note(planned, context, base));
    let (urgent, others): (Vec<_>, Vec<_>) =
        plan.findings.iter().partition(|finding| finding.is_urgent());
    let note = |one: &Finding| finding(one, context, base);
    let urgent = urgent.into_iter().map(note);
    let others = others.into_iter().map(note);
    urgent.chain(refused).chain(destructive).chain(others).collect()
}

fn guard(guard: Guard) -> Annotation {
    let counts = words::guard_counts(guard);
    let message = format!("an apply is refused: {counts}, at most {}", guard.limit);
    let title = format!("Safety limit: {}", words::guard(guard.name));
    Annotation { severity: Severity::Error, place: None, title, message }
}

fn destructive_note(
    planned: &PlannedAction,
    context: PlanContext<'_>,
    base: &PathBase<'_>,
) -> Annotation {
    let PlannedAction { action, reason, origin } = planned;
    let changes = words::changes(action, words::IN_TEXT);
    let changes = if changes.is_empty() { changes } else { format!(": {changes}") };
    let undo = words::undo(action);
    let because = match words::because(*reason) {
        empty if empty.is_empty() => empty,
        because => format!("{because}; "),
    };
    let origin = origins::note(*origin, "; ", "");
    Annotation {
        severity: Severity::Warning,
        place: place(action.subject(), Some(action.email()), context, base),
        title: format!("Destructive: {}", words::action(action).replace('_', " ")),
        message: format!("{}{changes} ({because}can be undone: {undo}{origin})", action.email()),
    }
}

fn finding(finding: &Finding, context: PlanContext<'_>, base: &PathBase<'_>) -> Annotation {
    let email = finding.email().map(|email| format!("{email} ")).unwrap_or_default();
    Annotation {
        severity: match finding.level() {
            Level::Drift => Severity::Warning,
            Level::Notice => Severity::Notice,
        },
        place: place(finding.subject(), finding.email(), context, base),
        title: finding.code().name().to_owned(),
        message: format!(
            "{email}{}{}",
            sentences::finding(finding, context.report.state),
            origins::of_finding(finding, " (", ")")
        ),
    }
}

/// The file and line of an entry, if the manifest lists it.
fn place(
    subject: Subject,
    email: Option<&Email>,
    context: PlanContext<'_>,
    base: &PathBase<'_>,
) -> Option<(String, u64)> {
    let listed: &Listed = match subject {
        Subject::Account => context.places.account(email?),
        Subject::User => context.places.user(email?),
        Subject::Organization => None,
    }?;
    let file: &Path = listed.file();
    Some((base.name(file), listed.line()))
}

fn outcomes(
    context: PlanContext<'_>,
    outcomes: &[Outcome],
    base: &PathBase<'_>,
) -> Vec<Annotation> {
    outcomes.iter().filter_map(|outcome| self::outcome(outcome, context, base)).collect()
}

/// The annotation of an outcome, unless it is good.
fn outcome(outcome: &Outcome, context: PlanContext<'_>, base: &PathBase<'_>) -> Option<Annotation> {
    let Outcome { action, ending, created: _, request_id: _, keys_unsaved: _ } = outcome;
    let why = super::outcomes::cause(ending, context.report.state)?;
    let severity = if ending.error().is_some() { Severity::Error } else { Severity::Warning };
    let what = words::action(action).replace('_', " ");
    Some(Annotation {
        severity,
        place: place(action.subject(), Some(action.email()), context, base),
        title: format!("{}: {what}", words::ending(ending)),
        message: format!("{}: {why}", action.email()),
    })
}

fn summary(report: PlanReport<'_>) -> String {
    let state = report.state.described(str::to_owned);
    format!("{}: {} (state: {state})", report.organization, words::summary(report.plan))
}
