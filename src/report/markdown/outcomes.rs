//! The outcomes of an apply: failures in an open table that is cut last, successes in a fold.

use std::collections::BTreeMap;

use super::super::group::{RowGroup, group};
use super::super::outcomes::{cause, hint};
use super::super::words::{self, count};
use super::actions::each;
use super::page::{Section, folded, lines, open};
use super::span::{cell, code};
use crate::execute::{Outcome, Summary};
use crate::report::StateInfo;

/// The result, in a sentence and a table.
pub(super) fn verdict(outcomes: &[Outcome]) -> String {
    let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
    let bad = failed + stale + unknown + skipped;
    let sentence = match (outcomes.len(), bad) {
        (0, _) => "**Nothing to apply.**".to_owned(),
        (_, 0) => "**Applied.**".to_owned(),
        (all, bad) => format!("**{bad} of {} did not succeed.**", count(all, "action", "actions")),
    };
    format!(
        "{sentence}\n\n| done | satisfied | failed | stale | unknown | skipped |\n\
         |--:|--:|--:|--:|--:|--:|\n\
         | {done} | {satisfied} | {failed} | {stale} | {unknown} | {skipped} |\n\n"
    )
}

/// The failures, then the successes.
pub(super) fn sections(outcomes: &[Outcome], state: &StateInfo) -> Vec<Section> {
    let (good, bad): (Vec<_>, Vec<_>) = outcomes.iter().partition(|one| one.ending.is_good());
    [failures(&bad, state), successes(&good)].into_iter().flatten().collect()
}

fn failures(outcomes: &[&Outcome], state: &StateInfo) -> Option<Section> {
    if outcomes.is_empty() {
        return None;
    }
    let head = "| outcome | action | email | cause |\n|---|---|---|---|\n";
    let full: String = outcomes.iter().map(|one| row(one, &why(one, state))).collect();
    let short: String = outcomes.iter().map(|one| row(one, "")).collect();
    let title = format!("{} not done", count(outcomes.len(), "action", "actions"));
    let short = format!("{short}\nLeft out to fit: the causes.\n");
    let [full, short] = [full, short].map(|rows| open(&title, &format!("{head}{rows}")));
    let shapes = vec![full, short, open(&title, &counts(outcomes))];
    Some(Section { name: "actions not done", shapes, complete: 1, cut_last: true })
}

fn row(outcome: &Outcome, why: &str) -> String {
    let action = &outcome.action;
    format!(
        "| **{}** | {} | {} | {why} |\n",
        words::ending(&outcome.ending),
        words::action(action).replace('_', " "),
        cell(action.email().as_str())
    )
}

/// The cause of a failure, and what to do about it.
fn why(outcome: &Outcome, state: &StateInfo) -> String {
    let Outcome { action: _, ending, created: _, request_id, keys_unsaved: _ } = outcome;
    let id = request_id.as_ref().filter(|_| ending.error().is_some());
    let parts = [
        cause(ending, state).map(|cause| cell(&cause)),
        id.map(|id| format!("(request {})", cell(id))),
        hint(outcome, state).map(|hint| format!("hint: {}", cell(&hint))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn successes(outcomes: &[&Outcome]) -> Option<Section> {
    if outcomes.is_empty() {
        return None;
    }
    let rows = outcomes.iter().map(|one| {
        let what = words::action(&one.action).replace('_', " ");
        (format!("{}: {what}", words::ending(&one.ending)), code(one.action.email().as_str()))
    });
    let groups = group(rows);
    let title = format!("<b>{} done</b>", count(outcomes.len(), "action", "actions"));
    let shapes = [full(&groups), counts(outcomes)].map(|body| folded(&title, &body));
    Some(Section { name: "actions done", shapes: shapes.into(), complete: 1, cut_last: false })
}

fn full(groups: &[RowGroup<String>]) -> String {
    let one = |group: &RowGroup<String>| {
        let RowGroup { what, names } = group;
        if group.is_one() {
            return format!("- {} × {what}: {}\n", names.len(), names.join(", "));
        }
        each(names, |name| format!("- {what} {name}\n"))
    };
    groups.iter().map(one).collect()
}

fn counts(outcomes: &[&Outcome]) -> String {
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for outcome in outcomes {
        *kinds
            .entry((words::ending(&outcome.ending), words::action(&outcome.action)))
            .or_default() += 1;
    }
    let list = lines(kinds.iter().map(|((ending, kind), count)| {
        format!("- {count} × {ending}: {}\n", kind.replace('_', " "))
    }));
    format!("{list}\nLeft out to fit: the names of all {}.\n", outcomes.len())
}
