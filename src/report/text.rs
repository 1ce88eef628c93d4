//! A plan for a terminal: urgent findings and destructive actions first, then the other changes, findings and safety limits.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::escape::line;
use super::group::{ActionGroup, by_account, group};
use super::json::digest;
use super::style::{Ink, Style};
use super::words::{Names, count};
use super::{PlanReport, StateInfo, origins, sentences, words};
use crate::model::Code;
use crate::plan::{Finding, Guard, Level, Plan, PlannedAction};

/// The widest email that later columns align with.
const WIDEST: usize = 32;

/// Writes a plan for a terminal. The last line is the result, in a fixed form for searches.
#[must_use]
pub fn plan(report: PlanReport<'_>, style: Style) -> String {
    let PlanReport { organization, bound_to, plan, state } = report;
    let mut out = String::new();
    let heading = format!("{organization} at {}", bound_to.base_url);
    let _ = writeln!(out, "{}", style.paint(Ink::Bold, &line(&heading)));
    let _ = writeln!(out, "State: {}", state.described(line));
    if let Some(origins) = origins::counts(plan) {
        let _ = writeln!(out, "{origins}");
    }
    let urgent = findings(plan.findings.iter().filter(|one| one.is_urgent()), state);
    section(&mut out, style, "Urgent", urgent);
    let loose = |finding: &&Finding| finding.code() == Code::PolicyLoosened;
    let loosened = findings(plan.findings.iter().filter(loose), state);
    section(&mut out, style, "Policy loosened", loosened);
    let (destructive, others): (Vec<_>, Vec<_>) =
        plan.actions.iter().partition(|planned| planned.action.is_destructive());
    section(&mut out, style, "Destructive changes", actions(&destructive, style));
    let about_new =
        |planned: &&PlannedAction| planned.action.is_create() || planned.action.awaits_create();
    let (new, existing): (Vec<_>, Vec<_>) = others.into_iter().partition(about_new);
    let changes = [new, existing].map(|part| actions(&by_account(part), style)).concat();
    section(&mut out, style, "Changes", changes);
    for (title, level) in [("Findings", Level::Drift), ("Notices", Level::Notice)] {
        let here = |one: &&Finding| one.level() == level && !loose(one) && !one.is_urgent();
        let found = plan.findings.iter().filter(here);
        section(&mut out, style, title, findings(found, state));
    }
    let guards = plan.guards.iter().map(|guard| guard_line(*guard, style)).collect();
    section(&mut out, style, "Safety limits", guards);
    let _ = writeln!(out, "\n{}", verdict(report, style));
    out
}

fn section(out: &mut String, style: Style, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.paint(Ink::Bold, title));
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

fn actions(actions: &[&PlannedAction], style: Style) -> Vec<String> {
    let rows = actions
        .iter()
        .map(|planned| (ActionGroup::of(planned, NAMES), line(planned.action.email().as_str())));
    let groups = group(rows);
    let width = groups.iter().map(|group| group.what.name.len()).max().unwrap_or(0);
    let emails = groups.iter().flat_map(|group| {
        if group.is_one() { vec![times(group.names.len())] } else { group.names.clone() }
    });
    let email_width =
        emails.map(|email| email.width()).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let lines = groups.into_iter().flat_map(|group| {
        let row = |email: &str| action_line(&group.what, [width, email_width], email, style);
        if !group.is_one() {
            return group.names.iter().map(|name| row(name)).collect::<Vec<_>>();
        }
        let mut lines = vec![row(&times(group.names.len()))];
        lines.extend(group.names("    ", group.what.destructive));
        lines
    });
    lines.collect()
}

/// The number of emails of a group.
fn times(number: usize) -> String {
    format!("{number} times")
}

/// One line, with the email or the number of emails. `widths` are those of the first two columns.
fn action_line(action: &ActionGroup, widths: [usize; 2], email: &str, style: Style) -> String {
    let ActionGroup { sign, name, destructive, changes, origin, .. } = action;
    let ink = match (*destructive, *sign) {
        (true, _) => Ink::Red,
        (false, "+") => Ink::Green,
        (false, _) => Ink::Yellow,
    };
    let [width, email_width] = widths;
    let head = style.paint(ink, &format!("{sign} {name:<width$}"));
    let padding = " ".repeat(email_width.saturating_sub(email.width()));
    let mut text = format!("{head}  {email}{padding}");
    if !changes.is_empty() {
        text.extend(["  ", changes]);
    }
    let origin = origin.map(|_| format!("[{}]", action.origin())).unwrap_or_default();
    for part in [note(action), origin].iter().filter(|part| !part.is_empty()) {
        text.extend(["  ", &style.paint(Ink::Dim, part)]);
    }
    text.truncate(text.trim_end().len());
    text
}

/// The reason of an action, and whether it can be undone, in parentheses.
fn note(action: &ActionGroup) -> String {
    let undo = match (action.destructive, action.undo) {
        (true, "no") => "cannot be undone",
        (true, "only partly") => "can be undone only partly",
        (false, _) if action.of_new => "of the new account",
        (true | false, _) => "",
    };
    let parts = [action.reason.as_str(), undo];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!("({})", parts.join("; ")) }
}

/// A name in quotes, without control characters.
fn quoted(name: &str) -> String {
    format!("\"{}\"", line(name).replace('"', "\\\""))
}

/// The formatting of names on a terminal.
const NAMES: Names = Names { spoken: quoted, plain: line, command: words::in_backticks };

fn findings<'a>(findings: impl Iterator<Item = &'a Finding>, state: &StateInfo) -> Vec<String> {
    let rows = findings.map(|finding| {
        let origin = origins::of_finding(finding, "  [", "]");
        let text = format!("{}{origin}", line(&sentences::finding(finding, state)));
        let text = (finding.code().name(), text);
        (text, finding.email().map(|email| line(email.as_str())).unwrap_or_default())
    });
    let lines = group(rows).into_iter().flat_map(|group| {
        let (code, message) = &group.what;
        if !group.is_one() {
            let space = |name: &str| if name.is_empty() { "" } else { " " };
            let one = |name: &String| format!("! {code}  {name}{}{message}", space(name));
            return group.names.iter().map(one).collect::<Vec<_>>();
        }
        let mut lines = vec![format!("! {code}  {} times: {message}", group.names.len())];
        lines.extend(group.names("    ", false));
        lines
    });
    lines.collect()
}

fn guard_line(guard: Guard, style: Style) -> String {
    let name = words::guard(guard.name);
    let counts = format!("{name}: {}, at most {}", words::guard_counts(guard), guard.limit);
    if guard.refused() {
        return format!("{counts}: {}", style.paint(Ink::Red, "refused"));
    }
    counts
}

/// The result: a few lines, the last of which has a fixed form.
fn verdict(report: PlanReport<'_>, style: Style) -> String {
    let plan = report.plan;
    let mut out = String::new();
    if plan.withheld > 0 {
        let _ = writeln!(
            out,
            "Withheld: {}, for the reasons above.",
            count(plan.withheld, "action", "actions")
        );
    }
    if words::is_in_sync(plan) {
        let text = format!("In sync: {}.", words::in_sync(plan));
        return out + &style.paint(Ink::Green, &text);
    }
    if let Some(rest) = origins::not_selected(plan) {
        let _ = writeln!(out, "{rest}");
    }
    out.push_str(&prospects(plan));
    let _ = write!(out, "Digest: {}\nPlan: {}", digest(report), words::summary(plan));
    out
}

/// The number of requests of an apply, or the safety limits that refuse it.
fn prospects(plan: &Plan) -> String {
    if plan.actions.is_empty() {
        return String::new();
    }
    let refusing = plan.guards.iter().filter(|guard| guard.refused()).count();
    if refusing == 0 {
        let reads = if plan.requests() > plan.actions.len() { ", reads included" } else { "" };
        let requests = count(plan.requests(), "request", "requests");
        return format!("To apply this takes {requests}{reads}.\n");
    }
    let limits = count(refusing, "safety limit", "safety limits");
    format!(
        "An apply is refused by {limits}; if the plan is correct, use {}.\n",
        words::approval(plan)
    )
}
