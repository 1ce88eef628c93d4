//! The actions of a plan: destructive ones in an open table that is cut last, the others in folds.

use std::collections::BTreeMap;

use super::super::group::{ActionGroup, RowGroup, by_account, group};
use super::super::words::{self, count};
use super::page::{Section, folded, left_out, lines, open};
use super::span::{CELLS, NAMES, cell, code};
use crate::plan::{Plan, PlannedAction};

/// The number of names that a shortened group shows.
const SHOWN: usize = 12;

/// The text after the name.
fn details(action: &ActionGroup) -> String {
    let of_new = if action.of_new { "of the new account" } else { "" };
    let origin = action.origin();
    let parts = [action.changes.as_str(), &action.reason, of_new, &origin];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!(" — {}", parts.join("; ")) }
}

/// The destructive actions: a row each, else one row per group, else their number and the sentence that names
/// where they are listed.
pub(super) fn destructive(plan: &Plan, everything: &str) -> Option<Section> {
    let destructive: Vec<&PlannedAction> =
        plan.actions.iter().filter(|planned| planned.action.is_destructive()).collect();
    if destructive.is_empty() {
        return None;
    }
    let rows: Vec<(ActionGroup, String)> = destructive
        .iter()
        .map(|planned| (ActionGroup::of(planned, CELLS), cell(planned.action.email().as_str())))
        .collect();
    let origins = rows.iter().any(|(action, _)| action.origin.is_some());
    let each = lines(rows.iter().map(|(action, name)| row(action, name, origins)));
    let groups = group(rows.into_iter());
    let grouped: String =
        groups.iter().map(|group| row(&group.what, &group.names.join(" "), origins)).collect();
    let title = count(destructive.len(), "destructive action", "destructive actions");
    let origin = if origins { (" from |", "---|") } else { ("", "") };
    let head = format!(
        "| action | email | change | reason | can be undone |{}\n|---|---|---|---|---|{}\n",
        origin.0, origin.1
    );
    let table = |rows| open(&title, &format!("{head}{rows}"));
    let number = open(&title, &format!("{}{everything}\n", counts(&destructive)));
    let shapes = vec![table(each), table(grouped), number];
    Some(Section { name: "destructive actions", shapes, complete: 2, cut_last: true })
}

fn row(action: &ActionGroup, names: &str, origins: bool) -> String {
    let ActionGroup { name, changes, undo, reason, .. } = action;
    // A reviewer should not have to guess what an empty cell means.
    let reason = if reason.is_empty() { "declared" } else { reason };
    let origin = if origins { format!(" {} |", action.origin()) } else { String::new() };
    format!("| {name} | {names} | {changes} | {reason} | {undo} |{origin}\n")
}

/// The other actions: those of new accounts, then those of existing ones.
pub(super) fn changes(plan: &Plan) -> Vec<Section> {
    let others = plan.actions.iter().filter(|planned| !planned.action.is_destructive());
    let about_new =
        |planned: &&PlannedAction| planned.action.is_create() || planned.action.awaits_create();
    let (creates, updates): (Vec<_>, Vec<_>) = others.partition(about_new);
    let (creates, updates) = (by_account(creates), by_account(updates));
    let new = creates.iter().filter(|planned| planned.action.is_create()).count();
    let title = format!(
        "<b>Create {}</b> ({})",
        count(new, "account", "accounts"),
        count(creates.len(), "action", "actions")
    );
    let updates_title = format!("<b>Update</b> ({})", count(updates.len(), "action", "actions"));
    [section("creates", &title, &creates), section("updates", &updates_title, &updates)]
        .into_iter()
        .flatten()
        .collect()
}

fn section(name: &'static str, title: &str, actions: &[&PlannedAction]) -> Option<Section> {
    if actions.is_empty() {
        return None;
    }
    let rows =
        actions.iter().map(|row| (ActionGroup::of(row, NAMES), code(row.action.email().as_str())));
    let groups = group(rows);
    let shapes = [full(&groups), brief(&groups), counts(actions)];
    let shapes = shapes.map(|body| folded(title, &body)).into();
    Some(Section { name, shapes, complete: 1, cut_last: false })
}

fn full(groups: &[RowGroup<ActionGroup>]) -> String {
    let one = |group: &RowGroup<ActionGroup>| {
        let RowGroup { what, names } = group;
        let (name, details) = (&what.name, details(what));
        if group.is_one() {
            return format!("- {} × {name}{details}: {}\n", names.len(), names.join(", "));
        }
        each(names, |email| format!("- {name} {email}{details}\n"))
    };
    groups.iter().map(one).collect()
}

/// Single rows without their changes, and groups with some of their names.
fn brief(groups: &[RowGroup<ActionGroup>]) -> String {
    let (mut names_left_out, mut changes_left_out) = (0, 0);
    let mut out = String::new();
    for group in groups {
        let RowGroup { what, names } = group;
        let name = &what.name;
        if group.is_one() {
            let shown = names.len().min(SHOWN);
            let list = names[..shown].join(", ");
            let more = match names.len() - shown {
                0 => String::new(),
                rest => format!(" and {rest} more"),
            };
            names_left_out += names.len() - shown;
            let (number, details) = (names.len(), details(what));
            out.extend([format!("- {number} × {name}{details}: {list}{more}\n")]);
        } else {
            changes_left_out += names.len();
            out += &each(names, |email| format!("- {name} {email}\n"));
        }
    }
    out + &left_out(&[
        (names_left_out, "name", "names"),
        (changes_left_out, "change of a field", "changes of fields"),
    ])
}

fn counts(actions: &[&PlannedAction]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for planned in actions {
        *kinds.entry(words::action(&planned.action)).or_default() += 1;
    }
    let list = lines(
        kinds.iter().map(|(kind, count)| format!("- {count} × {}\n", kind.replace('_', " "))),
    );
    format!("{list}\nLeft out to fit: the names and changes of all {}.\n", actions.len())
}

pub(super) fn each(names: &[String], one: impl Fn(&String) -> String) -> String {
    names.iter().map(one).collect()
}
