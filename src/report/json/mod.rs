//! Plans and outcomes as JSON, `format_version` 1. The order of the keys is part of the format.

mod compare;
mod outcomes;
mod plan;
mod problems;
pub(super) mod schema;

use serde::Serialize;

use super::digest::{BoundTo, sha256};
use super::{PlanReport, StateInfo, escape};
use crate::execute::{Outcome, Summary};

pub use compare::comparison;
use outcomes::{OutcomeDoc, OutcomeSummaryDoc, OutcomesDoc};
use plan::ActionDoc;
pub(super) use plan::{FindingDoc, PlanDoc, PlanSummary};
pub(super) use problems::{problems, valid};
pub use schema::{outcomes as outcomes_schema, plan as plan_schema, review as review_schema};

pub(super) const FORMAT_VERSION: u32 = 1;

/// A plan as JSON.
#[must_use]
pub fn plan(report: PlanReport<'_>) -> String {
    let findings = findings(report);
    pretty(&PlanDoc::new(report, findings))
}

/// The findings of a plan, as documents.
pub(super) fn findings(report: PlanReport<'_>) -> Vec<FindingDoc<'_>> {
    let findings = report.plan.findings.iter();
    findings.map(|finding| FindingDoc::new(finding, report.state)).collect()
}

/// Outcomes as JSON.
#[must_use]
pub fn outcomes(report: PlanReport<'_>, outcomes: &[Outcome]) -> String {
    let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
    pretty(&OutcomesDoc {
        format_version: FORMAT_VERSION,
        digest: digest(report),
        summary: OutcomeSummaryDoc { done, satisfied, failed, stale, unknown, skipped },
        outcomes: outcomes
            .iter()
            .enumerate()
            .map(|(place, outcome)| {
                // Outcomes are in the plan's order.
                let planned = report.plan.actions.get(place);
                let planned = planned.filter(|one| one.action == outcome.action);
                OutcomeDoc::of(outcome, planned, report.state)
            })
            .collect(),
    })
}

/// One outcome as a line of an audit log.
#[must_use]
pub fn audit_line(
    time: &str,
    actor: &str,
    digest: &str,
    state: &StateInfo,
    outcome: &Outcome,
) -> String {
    #[derive(Serialize)]
    struct AuditLine<'a> {
        time: &'a str,
        actor: &'a str,
        digest: &'a str,
        #[serde(flatten)]
        outcome: OutcomeDoc<'a>,
    }
    let line = AuditLine { time, actor, digest, outcome: OutcomeDoc::of(outcome, None, state) };
    escape::json(&serde_json::to_string(&line).unwrap_or_default()) + "\n"
}

/// The digest of a plan. Equal actions with equal inputs have equal digests, with a base or without.
#[must_use]
pub fn digest(report: PlanReport<'_>) -> String {
    #[derive(Serialize)]
    struct DigestInput<'a> {
        bound_to: &'a BoundTo,
        actions: Vec<ActionDoc<'a>>,
    }
    let actions = report.plan.requested().map(ActionDoc::from).collect();
    sha256(
        &serde_json::to_string(&DigestInput { bound_to: report.bound_to, actions })
            .unwrap_or_default(),
    )
}

pub(super) fn pretty(document: &impl Serialize) -> String {
    // Serializing cannot fail: the documents contain no maps and no foreign types.
    escape::json(&serde_json::to_string_pretty(document).unwrap_or_default()) + "\n"
}
