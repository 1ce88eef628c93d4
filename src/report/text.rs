//! A plan for a terminal: destructive actions first, then the other changes, findings and safety limits.

use std::fmt::Write as _;

use super::escape::line;
use super::group::{Group, by_account, group};
use super::json::digest;
use super::style::{Ink, Style};
use super::words::{Names, count};
use super::{Report, sentences, words};
use crate::model::Code;
use crate::plan::{Action, Finding, Guard, Level, Origin, Plan, PlannedAction, Reason, Reversible};

/// Writes a plan for a terminal. Its last line is the result, in a form that can be searched for.
#[must_use]
pub fn plan(report: Report<'_>, style: Style) -> String {
    let Report { organization, bound_to, plan } = report;
    let mut out = String::new();
    let heading = format!("{organization} at {}", bound_to.base_url);
    let _ = writeln!(out, "{}", style.paint(Ink::Bold, &line(&heading)));
    if let Some(origins) = words::origins(plan) {
        let _ = writeln!(out, "{origins}");
    }
    let loose = |finding: &&Finding| finding.code() == Code::PolicyLoosened;
    section(&mut out, style, "Policy loosened", findings(plan.findings.iter().filter(loose)));
    let (destructive, others): (Vec<_>, Vec<_>) =
        plan.actions.iter().partition(|planned| planned.action.is_destructive());
    section(&mut out, style, "Destructive changes", actions(&destructive, style));
    let about_new =
        |planned: &&PlannedAction| planned.action.is_create() || planned.action.awaits_create();
    let (new, existing): (Vec<_>, Vec<_>) = others.into_iter().partition(about_new);
    let changes = [new, existing].map(|part| actions(&by_account(part), style)).concat();
    section(&mut out, style, "Changes", changes);
    for (title, level) in [("Findings", Level::Drift), ("Notices", Level::Notice)] {
        let found = plan.findings.iter().filter(|one| one.level() == level && !loose(one));
        section(&mut out, style, title, findings(found));
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

/// An action without its account or user. Equal ones are shown as one.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Deed {
    sign: &'static str,
    name: String,
    destructive: bool,
    changes: String,
    note: String,
    origin: &'static str,
}

impl Deed {
    fn of(planned: &PlannedAction) -> Self {
        let PlannedAction { action, reason, origin } = planned;
        let destructive = action.is_destructive();
        Self {
            sign: if destructive {
                "-"
            } else if action.is_create() {
                "+"
            } else {
                "~"
            },
            name: words::action(action).replace('_', " "),
            destructive,
            changes: words::changes(action, NAMES),
            note: note(action, *reason),
            origin: match origin {
                Some(Origin::ThisChange) => "[this change]",
                Some(Origin::AlreadyDrifted) => "[already drifted]",
                Some(Origin::Conflict) => "[conflict]",
                None => "",
            },
        }
    }

    /// One line, with the email or the number of emails.
    fn line(&self, email: &str, style: Style) -> String {
        let Self { sign, name, destructive, changes, note, origin } = self;
        let ink = match (*destructive, *sign) {
            (true, _) => Ink::Red,
            (false, "+") => Ink::Green,
            (false, _) => Ink::Yellow,
        };
        let head = style.paint(ink, &format!("{sign} {name:<17}"));
        let mut text = format!("{head}  {email}");
        if !changes.is_empty() {
            text.extend(["  ", changes]);
        }
        for said in [note.as_str(), origin].into_iter().filter(|said| !said.is_empty()) {
            text.extend(["  ", &style.paint(Ink::Dim, said)]);
        }
        text
    }
}

/// The reason of an action and its way back, in brackets.
fn note(action: &Action, reason: Reason) -> String {
    let undo = match (action.is_destructive(), action.reversible()) {
        (true, Reversible::No) => "cannot be undone",
        (true, Reversible::Partly) => "can be undone only partly",
        (false, _) if action.awaits_create() => "of the new account",
        (true | false, Reversible::Yes) | (false, Reversible::No | Reversible::Partly) => "",
    };
    let parts = [words::because(reason), undo.to_owned()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { String::new() } else { format!("({})", parts.join("; ")) }
}

fn actions(actions: &[&PlannedAction], style: Style) -> Vec<String> {
    let deeds =
        actions.iter().map(|planned| (Deed::of(planned), line(planned.action.email().as_str())));
    let lines = group(deeds).into_iter().flat_map(|group| {
        let Group { what, names } = &group;
        if !group.is_one() {
            return names.iter().map(|name| what.line(name, style)).collect::<Vec<_>>();
        }
        let mut lines = vec![what.line(&format!("{} times", names.len()), style)];
        lines.extend(group.names("    ", what.destructive));
        lines
    });
    lines.collect()
}

/// A name in quotes, without control characters.
fn quoted(name: &str) -> String {
    format!("\"{}\"", line(name).replace('"', "\\\""))
}

/// The form of names on a terminal.
const NAMES: Names = Names { spoken: quoted, plain: line };

fn findings<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<String> {
    let said = findings.map(|finding| {
        let text = (finding.code().name(), line(&sentences::finding(finding)));
        (text, finding.email().map(|email| line(email.as_str())).unwrap_or_default())
    });
    let lines = group(said).into_iter().flat_map(|group| {
        let Group { what: (code, message), names } = &group;
        if !group.is_one() {
            let space = |name: &str| if name.is_empty() { "" } else { " " };
            let one = |name: &String| format!("! {code}  {name}{}{message}", space(name));
            return names.iter().map(one).collect::<Vec<_>>();
        }
        let mut lines = vec![format!("! {code}  {} times: {message}", names.len())];
        lines.extend(group.names("    ", false));
        lines
    });
    lines.collect()
}

fn guard_line(guard: Guard, style: Style) -> String {
    let Guard { name, actual, limit, of } = guard;
    let counts = format!("{actual} of {of} {}, at most {limit}", words::guard_of(name));
    if guard.refused() {
        let refused = style.paint(Ink::Red, "refused");
        return format!("{}: {counts}: {refused}", words::guard(name));
    }
    format!("{}: {counts}", words::guard(name))
}

/// The result: a few lines, of which the last can be searched for.
fn verdict(report: Report<'_>, style: Style) -> String {
    let plan = report.plan;
    let unchosen = plan.unchosen;
    let mut out = String::new();
    if plan.withheld > 0 {
        let _ = writeln!(
            out,
            "Withheld: {}, for the reasons above.",
            count(plan.withheld, "action", "actions")
        );
    }
    if !plan.has_drift() && plan.inventory.complete && unchosen == 0 {
        let text = format!("In sync: {}.", words::in_sync(plan));
        return out + &style.paint(Ink::Green, &text);
    }
    if unchosen > 0 {
        let actions = count(unchosen, "action", "actions");
        let _ =
            writeln!(out, "Not selected: {actions}; the safety limits apply to the whole plan.");
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
        let requests = count(plan.requests(), "request", "requests");
        return format!("An apply sends {requests}.\n");
    }
    let limits = count(refusing, "safety limit", "safety limits");
    format!(
        "An apply is refused by {limits}; if the plan is correct, use {}.\n",
        words::approval(plan)
    )
}
