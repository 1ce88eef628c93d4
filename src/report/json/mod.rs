//! Plans and outcomes as JSON, `format_version` 1. The order of the keys is part of the format.

mod compare;
mod document;
mod problems;
mod schema;

use serde::Serialize;

use super::digest::{BoundTo, sha256};
use super::{Report, escape};
use crate::execute::{Outcome, Summary};

pub use compare::comparison;
use document::{ActionDoc, OutcomeDoc, OutcomesDoc, SummaryDoc};
pub(super) use document::{FindingDoc, PlanDoc, PlanSummary};
pub(super) use problems::{problems, valid};
pub use schema::{outcomes as outcomes_schema, plan as plan_schema};

pub(super) const FORMAT_VERSION: u32 = 1;

/// A plan as JSON.
#[must_use]
pub fn plan(report: Report<'_>) -> String {
    let findings = report.plan.findings.iter().map(FindingDoc::from).collect();
    pretty(&PlanDoc::new(report, findings))
}

/// Outcomes as JSON.
#[must_use]
pub fn outcomes(report: Report<'_>, outcomes: &[Outcome]) -> String {
    let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
    pretty(&OutcomesDoc {
        format_version: FORMAT_VERSION,
        digest: digest(report),
        summary: SummaryDoc { done, satisfied, failed, stale, unknown, skipped },
        outcomes: outcomes.iter().map(OutcomeDoc::from).collect(),
    })
}

/// One outcome as a line of an audit log.
#[must_use]
pub fn audit_line(time: &str, actor: &str, digest: &str, outcome: &Outcome) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        time: &'a str,
        actor: &'a str,
        digest: &'a str,
        #[serde(flatten)]
        outcome: OutcomeDoc<'a>,
    }
    let line = Line { time, actor, digest, outcome: outcome.into() };
    escape::json(&serde_json::to_string(&line).unwrap_or_default()) + "\n"
}

/// The digest of the work: the same actions for the same organization have the same one, with a base or
/// without.
#[must_use]
pub fn digest(report: Report<'_>) -> String {
    #[derive(Serialize)]
    struct Work<'a> {
        bound_to: &'a BoundTo,
        actions: Vec<ActionDoc<'a>>,
    }
    let actions = report.plan.requested().map(ActionDoc::from).collect();
    sha256(&serde_json::to_string(&Work { bound_to: report.bound_to, actions }).unwrap_or_default())
}

pub(super) fn pretty(document: &impl Serialize) -> String {
    // Nothing in these documents can fail to be written: no maps with odd keys, no foreign types.
    escape::json(&serde_json::to_string_pretty(document).unwrap_or_default()) + "\n"
}
