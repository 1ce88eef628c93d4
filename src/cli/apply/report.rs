//! Reports the outcomes of an apply and chooses its exit status.

use super::prepare::Prepared;
use super::send::Sent;
use crate::cli::exit::{Exit, Failure, Signal};
use crate::cli::global::Global;
use crate::cli::reports::Files;
use crate::cli::terminal;
use crate::execute::{Ending, Outcome, Summary};
use crate::model::Code;
use crate::plan::{Finding, FindingKind};
use crate::report::{PlanContext, ReportContent, ReportFormat};

/// Writes the reports, prints the outcomes, and returns the exit status.
///
/// A report or an audit log that could not be written changes nothing of what was sent. It turns success
/// into an error, and is a warning beside any other exit status.
pub(super) fn report(
    global: &Global,
    format: ReportFormat,
    prepared: &Prepared,
    context: PlanContext<'_>,
    reports: &mut Files,
    sent: Sent,
) -> Result<Exit, Failure> {
    let Sent { outcomes, signal, unverified, audited } = sent;
    let mut exit = exit(prepared, &outcomes, signal);
    if let Some(unverified) = unverified {
        let command = context.plan_command();
        terminal::say(&format!("warning: {unverified}; check again with: {command}"));
        if matches!(exit, Exit::Fine | Exit::Stale | Exit::Incomplete) {
            exit = Exit::Failed;
        }
    }
    let body = ReportContent::Outcomes(context, &outcomes);
    let written = reports.write(body);
    let printed = print(global, format, reports, body, outcomes.is_empty());
    let mut failures: Vec<Failure> =
        [audited, written, printed].into_iter().filter_map(Result::err).collect();
    let error = if exit == Exit::Fine { failures.pop() } else { None };
    for failure in failures {
        terminal::say(&failure.warning());
    }
    error.map_or(Ok(exit), Err)
}

fn print(
    global: &Global,
    format: ReportFormat,
    reports: &Files,
    body: ReportContent<'_>,
    empty: bool,
) -> Result<(), Failure> {
    if format == ReportFormat::Text {
        if empty {
            return Ok(());
        }
        // The plan is printed above.
        terminal::print("\n")?;
    }
    reports.print(format, body, terminal::style(global))
}

/// Chooses the exit status that needs a person most.
fn exit(prepared: &Prepared, outcomes: &[Outcome], signal: Option<Signal>) -> Exit {
    let plan = &prepared.planned.plan;
    let Summary { done: _, satisfied: _, failed, stale, unknown, skipped } = Summary::of(outcomes);
    let create_unknown = outcomes
        .iter()
        .any(|outcome| outcome.action.is_create() && matches!(outcome.ending, Ending::Unknown(_)));
    // A create of an earlier run that is still unresolved needs a person, too.
    let unresolved = |finding: &Finding| match finding.what {
        FindingKind::UnresolvedCreate => true,
        FindingKind::Accepted { code, .. } => code == Code::UnresolvedCreate,
        _ => false,
    };
    let unresolved = plan.findings.iter().any(unresolved);
    match signal {
        Some(signal) if skipped + unknown > 0 => Exit::Interrupted(signal),
        _ if create_unknown || unresolved => Exit::Unknown,
        _ if failed + unknown > 0 => Exit::Failed,
        _ if stale > 0 || prepared.withholds() => Exit::Stale,
        _ if !plan.inventory.complete => Exit::Incomplete,
        _ => Exit::Fine,
    }
}
