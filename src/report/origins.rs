//! Origins in words, and the sentence on what a selection leaves out.

use super::words::{count, origin};
use crate::plan::{Finding, Level, Origin, Plan};

/// An origin in words, between `before` and `after`. Empty if there is none.
pub(super) fn note(of: Option<Origin>, before: &str, after: &str) -> String {
    of.map_or_else(String::new, |of| format!("{before}{}{after}", origin(of).replace('_', " ")))
}

/// The origin of a finding of drift, between `before` and `after`. Empty for a notice, and without a base.
pub(super) fn of_finding(finding: &Finding, before: &str, after: &str) -> String {
    note(finding.origin.filter(|_| finding.level() == Level::Drift), before, after)
}

/// The number of differences by origin: actions, and findings of drift. `None` if the plan has no base or no
/// difference.
pub(super) fn counts(plan: &Plan) -> Option<String> {
    let drift = |finding: &&Finding| finding.level() == Level::Drift;
    let findings = plan.findings.iter().filter(drift).filter_map(|finding| finding.origin);
    let all: Vec<Origin> =
        plan.actions.iter().filter_map(|planned| planned.origin).chain(findings).collect();
    let of = |which| all.iter().filter(|origin| **origin == which).count();
    // What was not selected is counted elsewhere.
    let whole = plan.unchosen + plan.unchosen_findings == 0;
    let counts = [
        (of(Origin::ThisChange), "this change", whole),
        (of(Origin::AlreadyDrifted), "already drifted", whole),
        (of(Origin::Conflict), "in conflict", false),
    ];
    let counts = counts.into_iter().filter(|(number, _, always)| *always || *number > 0);
    let counts: Vec<String> = counts.map(|(number, what, _)| format!("{what}: {number}")).collect();
    let mut text = counts.join(", ") + ".";
    text.get_mut(..1)?.make_ascii_uppercase();
    (!all.is_empty()).then_some(text)
}

/// The sentence on what `--target` or `--only` left out. `None` if that is nothing.
pub(super) fn not_selected(plan: &Plan) -> Option<String> {
    let parts = [
        (plan.unchosen, count(plan.unchosen, "action", "actions")),
        (plan.unchosen_findings, count(plan.unchosen_findings, "finding", "findings")),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0).map(|(_, text)| text);
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| {
        format!("Not selected: {}; the safety limits apply to the whole plan.", parts.join(" and "))
    })
}
