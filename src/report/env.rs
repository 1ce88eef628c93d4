//! Counts as variables, one `NAME=value` per line, for later steps of a pipeline.
//!
//! No value comes from a manifest or from Telnyx, so none needs quotes.

use std::fmt::Write as _;

use super::json::{PlanSummary, digest};
use super::{PlanReport, ReportContent};
use crate::execute::{Outcome, Summary};

/// The counts of a report.
pub(super) fn env(body: ReportContent<'_>) -> String {
    let mut out = Variables(String::new());
    match body {
        ReportContent::Plan(context) => out.plan(context.report),
        ReportContent::Outcomes(context, outcomes) => {
            out.plan(context.report);
            out.outcomes(outcomes);
        }
        ReportContent::Valid(_) => out.set("PROBLEMS", 0),
        ReportContent::Problems(problems) => out.set("PROBLEMS", problems.0.len()),
    }
    out.0
}

struct Variables(String);

impl Variables {
    fn set(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "TRUNKLINE_{name}={value}");
    }

    fn plan(&mut self, report: PlanReport<'_>) {
        let plan = report.plan;
        let PlanSummary {
            create,
            update,
            enable,
            disable,
            remove,
            findings,
            withheld,
            ignored,
            in_sync,
            destructive,
            unchosen,
            unchosen_findings,
        } = PlanSummary::of(plan);
        self.set("CREATE", create);
        self.set("UPDATE", update);
        self.set("ENABLE", enable);
        self.set("DISABLE", disable);
        self.set("REMOVE", remove);
        self.set("DESTRUCTIVE", destructive);
        self.set("FINDINGS", findings);
        self.set("IN_SYNC", in_sync);
        self.set("UNCHOSEN", unchosen);
        self.set("UNCHOSEN_FINDINGS", unchosen_findings);
        self.set("WITHHELD", withheld);
        self.set("IGNORED", ignored);
        self.set("REFUSED", plan.guards.iter().filter(|guard| guard.refused()).count());
        self.set("DRIFT", plan.has_drift());
        self.set("COMPLETE", plan.inventory.complete);
        self.set("DIGEST", digest(report));
        self.set("STATE_NEW", report.state.new);
    }

    fn outcomes(&mut self, outcomes: &[Outcome]) {
        let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
        self.set("DONE", done);
        self.set("SATISFIED", satisfied);
        self.set("FAILED", failed);
        self.set("STALE", stale);
        self.set("UNKNOWN", unknown);
        self.set("SKIPPED", skipped);
    }
}
