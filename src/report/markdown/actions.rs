//! The actions of a plan: destructive ones in an open table that is cut last, the others in folds.

use std::collections::BTreeMap;

use super::super::group::{Group, by_account, group};
use super::super::words::{self, Names, count};
use super::page::{Section, folded, left_out, lines, open};
use super::span::{CELLS, NAMES, cell, code};
use crate::plan::{Plan, PlannedAction};

/// So many names of a group are there when it has to be short.
const SHOWN: usize = 12;

/// An action without its account or user. Equal ones are shown as one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Deed {
    what: String,
    changes: String,
    undo: &'static str,
    reason: String,
    origin: &'static str,
    of_new: bool,
}

impl Deed {
    fn of(planned: &PlannedAction, names: Names) -> Self {
        let PlannedAction { action, reason, origin } = planned;
        Self {
            what: words::action(action).replace('_', " "),
            changes: words::changes(action, names),
            undo: words::undo(action),
            reason: words::because(*reason),
            origin: origin.map(words::origin).unwrap_or_default(),
            of_new: action.awaits_create(),
        }
    }

    /// The text after the name.
    fn rest(&self) -> String {
        let Self { what: _, changes, undo: _, reason, origin, of_new } = self;
        let mut parts = Vec::new();
        if !changes.is_empty() {
            parts.push(changes.clone());
        }
        if !reason.is_empty() {
            parts.push(reason.clone());
        }
        if *of_new {
            parts.push("of the new account".to_owned());
        }
        if !origin.is_empty() {
            parts.push(origin.replace('_', " "));
        }
        if parts.is_empty() { String::new() } else { format!(" — {}", parts.join("; ")) }
    }
}

/// The destructive actions: a row each, else one row for all that are alike, else their number and the
/// sentence that names where they are listed.
pub(super) fn destructive(plan: &Plan, everything: &str) -> Option<Section> {
    let destructive: Vec<&PlannedAction> =
        plan.actions.iter().filter(|planned| planned.action.is_destructive()).collect();
    if destructive.is_empty() {
        return None;
    }
    let deeds: Vec<(Deed, String)> = destructive
        .iter()
        .map(|planned| (Deed::of(planned, CELLS), cell(planned.action.email().as_str())))
        .collect();
    let origins = deeds.iter().any(|(deed, _)| !deed.origin.is_empty());
    let each = lines(deeds.iter().map(|(deed, name)| row(deed, name, origins)));
    let alike = group(deeds.into_iter());
    let alike: String =
        alike.iter().map(|group| row(&group.what, &group.names.join(" "), origins)).collect();
    let title = count(destructive.len(), "destructive action", "destructive actions");
    let origin = if origins { (" from |", "---|") } else { ("", "") };
    let head = format!(
        "| action | email | change | reason | can be undone |{}\n|---|---|---|---|---|{}\n",
        origin.0, origin.1
    );
    let table = |rows| open(&title, &format!("{head}{rows}"));
    let number = open(&title, &format!("{}{everything}\n", counts(&destructive)));
    let shapes = vec![table(each), table(alike), number];
    Some(Section { name: "destructive actions", shapes, complete: 2, cut_last: true })
}

fn row(deed: &Deed, names: &str, origins: bool) -> String {
    let Deed { what, changes, undo, reason, origin, of_new: _ } = deed;
    let origin = if origins { format!(" {} |", origin.replace('_', " ")) } else { String::new() };
    format!("| {what} | {names} | {changes} | {reason} | {undo} |{origin}\n")
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
    [
        section("creates", &title, &creates),
        section(
            "updates",
            &format!("<b>Update</b> ({})", count(updates.len(), "action", "actions")),
            &updates,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn section(name: &'static str, title: &str, actions: &[&PlannedAction]) -> Option<Section> {
    if actions.is_empty() {
        return None;
    }
    let deeds = actions.iter().map(|row| (Deed::of(row, NAMES), code(row.action.email().as_str())));
    let groups = group(deeds);
    let shapes = [full(&groups), brief(&groups), counts(actions)];
    let shapes = shapes.map(|body| folded(title, &body)).into();
    Some(Section { name, shapes, complete: 1, cut_last: false })
}

fn full(groups: &[Group<Deed>]) -> String {
    let one = |group: &Group<Deed>| {
        let Group { what, names } = group;
        if group.is_one() {
            return format!(
                "- {} × {}{}: {}\n",
                names.len(),
                what.what,
                what.rest(),
                names.join(", ")
            );
        }
        each(names, |name| format!("- {} {name}{}\n", what.what, what.rest()))
    };
    groups.iter().map(one).collect()
}

/// One line each, without what changes, and with some of the names where many are alike.
fn brief(groups: &[Group<Deed>]) -> String {
    let (mut unnamed, mut unsaid) = (0, 0);
    let mut out = String::new();
    for group in groups {
        let Group { what, names } = group;
        if group.is_one() {
            let shown = names.len().min(SHOWN);
            let list = names[..shown].join(", ");
            let more = match names.len() - shown {
                0 => String::new(),
                rest => format!(" and {rest} more"),
            };
            unnamed += names.len() - shown;
            out.extend([format!(
                "- {} × {}{}: {list}{more}\n",
                names.len(),
                what.what,
                what.rest()
            )]);
        } else {
            unsaid += names.len();
            out += &each(names, |name| format!("- {} {name}\n", what.what));
        }
    }
    out + &left_out(&[
        (unnamed, "name", "names"),
        (unsaid, "change of a field", "changes of fields"),
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
