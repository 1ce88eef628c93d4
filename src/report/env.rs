//! Counts as variables, one `NAME=value` a line: for the steps of a pipeline that follow.
//!
//! Nothing in it comes from a manifest or from Telnyx, so there is nothing to quote.

use std::fmt::Write as _;

use super::json::{PlanSummary, digest};
use super::{Matter, Report};
use crate::execute::{Outcome, Summary};

/// The counts of a matter.
pub(super) fn env(matter: Matter<'_>) -> String {
    let mut out = Lines(String::new());
    match matter {
        Matter::Plan(scene) => out.plan(scene.report),
        Matter::Outcomes(scene, outcomes) => {
            out.plan(scene.report);
            out.outcomes(outcomes);
        }
        Matter::Valid(_) => out.say("PROBLEMS", 0),
        Matter::Problems(problems) => out.say("PROBLEMS", problems.0.len()),
    }
    out.0
}

struct Lines(String);

impl Lines {
    fn say(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "TRUNKLINE_{name}={value}");
    }

    fn plan(&mut self, report: Report<'_>) {
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
        } = PlanSummary::of(plan);
        self.say("CREATE", create);
        self.say("UPDATE", update);
        self.say("ENABLE", enable);
        self.say("DISABLE", disable);
        self.say("REMOVE", remove);
        self.say("DESTRUCTIVE", destructive);
        self.say("FINDINGS", findings);
        self.say("IN_SYNC", in_sync);
        self.say("UNCHOSEN", unchosen);
        self.say("WITHHELD", withheld);
        self.say("IGNORED", ignored);
        self.say("REFUSED", plan.guards.iter().filter(|guard| guard.refused()).count());
        self.say("DRIFT", plan.has_drift());
        self.say("COMPLETE", plan.inventory.complete);
        self.say("DIGEST", digest(report));
    }

    fn outcomes(&mut self, outcomes: &[Outcome]) {
        let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
        self.say("DONE", done);
        self.say("SATISFIED", satisfied);
        self.say("FAILED", failed);
        self.say("STALE", stale);
        self.say("UNKNOWN", unknown);
        self.say("SKIPPED", skipped);
    }
}
