//! Findings, notices and safety limits.

use std::collections::BTreeMap;

use super::super::group::{RowGroup, group};
use super::super::words::{self, count};
use super::super::{StateInfo, origins, sentences};
use super::actions::each;
use super::page::{Section, folded, left_out, lines, open};
use super::span::{NAMES, code};
use crate::model::Code;
use crate::plan::{Finding, Guard, Level};

/// The urgent findings, which stand above everything else.
pub(super) fn urgent(findings: &[Finding], state: &StateInfo) -> Option<Section> {
    let urgent: Vec<&Finding> = findings.iter().filter(|one| one.is_urgent()).collect();
    if urgent.is_empty() {
        return None;
    }
    let shapes = [full(&groups(&urgent, state)), counts(&urgent)];
    let shapes = shapes.map(|body| open("Urgent", &body)).into();
    Some(Section { name: "urgent", shapes, complete: 1, cut_last: true })
}

/// The loosened policy. It stands above the destructive actions, which it may have made possible.
pub(super) fn loosened(findings: &[Finding], state: &StateInfo) -> Option<Section> {
    let loosened: Vec<&Finding> = findings.iter().filter(|one| is_loosening(one)).collect();
    if loosened.is_empty() {
        return None;
    }
    let shapes = [full(&groups(&loosened, state)), counts(&loosened)];
    let shapes = shapes.map(|body| open("The policy is loosened", &body)).into();
    Some(Section { name: "policy", shapes, complete: 1, cut_last: true })
}

/// The findings of a level.
pub(super) fn findings(findings: &[Finding], level: Level, state: &StateInfo) -> Option<Section> {
    let found: Vec<&Finding> = findings
        .iter()
        .filter(|one| one.level() == level && !one.is_urgent() && !is_loosening(one))
        .collect();
    if found.is_empty() {
        return None;
    }
    let number = found.len();
    let (name, title) = match level {
        Level::Drift => ("findings", count(number, "finding", "findings")),
        Level::Notice => ("notices", count(number, "notice", "notices")),
    };
    let what = match level {
        Level::Drift => "no request can change these",
        Level::Notice => "for information",
    };
    let title = format!("<b>{title}</b>: {what}");
    let groups = groups(&found, state);
    let shapes = [full(&groups), brief(&groups), counts(&found)].map(|body| folded(&title, &body));
    Some(Section { name, shapes: shapes.into(), complete: 1, cut_last: false })
}

fn is_loosening(finding: &Finding) -> bool {
    finding.code() == Code::PolicyLoosened
}

/// The code and the sentence of a finding.
type FindingText = (&'static str, String);

fn groups(findings: &[&Finding], state: &StateInfo) -> Vec<RowGroup<FindingText>> {
    group(findings.iter().map(|finding| {
        let origin = origins::of_finding(finding, " — ", "");
        let text = format!("{}{origin}", sentences::finding_with(finding, NAMES, state));
        let text = (finding.code().name(), text);
        (text, finding.email().map(|email| code(email.as_str())).unwrap_or_default())
    }))
}

fn full(groups: &[RowGroup<FindingText>]) -> String {
    let one = |group: &RowGroup<FindingText>| {
        let RowGroup { what: (code, message), names } = group;
        if group.is_one() {
            return format!("- {} × **{code}** ({message}): {}\n", names.len(), names.join(", "));
        }
        each(names, |name| format!("- **{code}** {name}{}{message}\n", space(name)))
    };
    groups.iter().map(one).collect()
}

fn space(name: &str) -> &'static str {
    if name.is_empty() { "" } else { " " }
}

fn brief(groups: &[RowGroup<FindingText>]) -> String {
    let (mut names_left_out, mut texts_left_out) = (0, 0);
    let mut out = String::new();
    for group in groups {
        let RowGroup { what: (code, message), names } = group;
        if group.is_one() {
            names_left_out += names.len();
            out.extend([format!("- {} × **{code}** ({message})\n", names.len())]);
        } else if names.iter().all(String::is_empty) {
            out += &each(names, |_| format!("- **{code}** {message}\n"));
        } else {
            texts_left_out += names.len();
            out += &each(names, |name| format!("- **{code}** {name}\n"));
        }
    }
    out + &left_out(&[
        (names_left_out, "name", "names"),
        (texts_left_out, "explanation", "explanations"),
    ])
}

fn counts(findings: &[&Finding]) -> String {
    let mut codes: BTreeMap<Code, usize> = BTreeMap::new();
    for finding in findings {
        *codes.entry(finding.code()).or_default() += 1;
    }
    let list =
        lines(codes.iter().map(|(code, count)| format!("- {count} × **{}**\n", code.name())));
    let all = findings.len();
    format!("{list}\nLeft out to fit: the names and explanations of all {all}.\n")
}

/// The safety limits of a plan. There are few, so none is left out.
pub(super) fn guards(guards: &[Guard]) -> Option<Section> {
    if guards.is_empty() {
        return None;
    }
    let rows: String = guards.iter().map(|guard| row(*guard)).collect();
    let head = "| safety limit | affected | at most | of | |\n|---|--:|--:|---|---|\n";
    let refused = guards.iter().filter(|guard| guard.refused()).count();
    let body = format!("{head}{rows}");
    let shape = match refused {
        0 => folded("<b>Safety limits</b>: none is exceeded", &body),
        _ => open(&format!("Safety limits: {refused} of {} exceeded", guards.len()), &body),
    };
    Some(Section { name: "safety limits", shapes: vec![shape], complete: 1, cut_last: true })
}

fn row(guard: Guard) -> String {
    let Guard { name, actual, limit, of } = guard;
    let verdict = if guard.refused() { "**exceeded**" } else { "ok" };
    let (name, of) = (words::guard(name), words::guard_of(name, of));
    format!("| {name} | {actual} | {limit} | {of} | {verdict} |\n")
}
