//! Plans and outcomes for people at a terminal: what is lost first, then what changes.

use std::fmt::Write as _;

use super::escape::line;
use super::json::{PlanSummary, digest};
use super::{Report, words};
use crate::execute::{Ending, Outcome, Summary};
use crate::plan::{Action, Change, Finding, Guard, Level, Plan, Reversible, Value};

/// How text is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether it may have colours.
    pub colour: bool,
}

#[derive(Clone, Copy)]
enum Ink {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
}

impl Style {
    fn paint(self, ink: Ink, text: &str) -> String {
        let number = match ink {
            Ink::Bold => 1,
            Ink::Dim => 2,
            Ink::Red => 31,
            Ink::Green => 32,
            Ink::Yellow => 33,
        };
        if self.colour { format!("\u{1b}[{number}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A plan for a terminal. Its last line says how it stands, in a form that can be searched for.
#[must_use]
pub fn plan(report: Report<'_>, style: Style) -> String {
    let Report { organization, bound_to, plan } = report;
    let mut out = String::new();
    let heading = format!("{organization} at {}", bound_to.base_url);
    let _ = writeln!(out, "{}", style.paint(Ink::Bold, &line(&heading)));
    let losses = plan.actions.iter().filter(|action| action.is_loss());
    section(&mut out, style, "Losses", losses.map(|action| action_line(action, style)));
    let others = plan.actions.iter().filter(|action| !action.is_loss());
    section(&mut out, style, "Changes", others.map(|action| action_line(action, style)));
    for (title, level) in [("Findings", Level::Drift), ("Notices", Level::Notice)] {
        let findings = plan.findings.iter().filter(|finding| finding.level() == level);
        section(&mut out, style, title, findings.map(finding_line));
    }
    section(&mut out, style, "Guards", plan.guards.iter().map(|guard| guard_line(*guard, style)));
    let _ = writeln!(out, "\n{}", verdict(plan, &digest(report), style));
    out
}

fn section(out: &mut String, style: Style, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.paint(Ink::Bold, title));
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

fn action_line(action: &Action, style: Style) -> String {
    let (sign, ink) = match action {
        _ if action.is_loss() => ("-", Ink::Red),
        Action::CreateAccount(_) => ("+", Ink::Green),
        Action::RemoveUser { .. }
        | Action::DisableAccount { .. }
        | Action::UpdateAccount { .. }
        | Action::EnableAccount { .. } => ("~", Ink::Yellow),
    };
    let what = format!("{sign} {:<15}", words::action(action).replace('_', " "));
    let changes: Vec<String> = action.changes().iter().map(change).collect();
    let mut text = format!("{}  {}", style.paint(ink, &what), line(action.email().as_str()));
    if !changes.is_empty() {
        let _ = write!(text, "  {}", changes.join(", "));
    }
    let note = match (action.is_loss(), action.reversible()) {
        (true, Reversible::No) => "  (cannot be undone)",
        (true, Reversible::Partly) => "  (can be undone only partly)",
        (true | false, _) => "",
    };
    text + &style.paint(Ink::Dim, note)
}

fn change(change: &Change) -> String {
    let Change { field, before, before_known, after } = change;
    let field = words::field(*field);
    let after = value(after);
    match (before, before_known) {
        (Some(before), _) => format!("{field}: {} → {after}", value(before)),
        (None, true) => format!("{field}: {after}"),
        (None, false) => format!("{field}: ? → {after}"),
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Text(text) => format!("\"{}\"", line(text)),
    }
}

fn finding_line(finding: &Finding) -> String {
    let code = finding.code().name();
    let message = line(&words::finding(finding));
    match finding.email() {
        Some(email) => format!("! {code}  {} {message}", line(email.as_str())),
        None => format!("! {code}  {message}"),
    }
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

/// The last line of a plan.
fn verdict(plan: &Plan, digest: &str, style: Style) -> String {
    let PlanSummary { create, update, enable, disable, remove, findings, in_sync, losses } =
        PlanSummary::of(plan);
    if !plan.has_drift() && plan.inventory.complete {
        let text = format!("In sync: {in_sync} entries are as they should be.");
        return style.paint(Ink::Green, &text);
    }
    format!(
        "Digest: {digest}\nPlan: {create} to create, {update} to update, {enable} to enable, \
         {disable} to disable, {remove} to remove; {losses} losses, {findings} findings, {in_sync} in sync"
    )
}

/// One outcome, on one line; a second one for its hint.
#[must_use]
pub fn outcome(outcome: &Outcome, style: Style) -> String {
    let Outcome { action, ending, created, request_id } = outcome;
    let ink = match ending {
        Ending::Done | Ending::Satisfied => Ink::Green,
        Ending::Failed(_) | Ending::Unknown(_) => Ink::Red,
        Ending::Stale(_) | Ending::Skipped => Ink::Yellow,
    };
    let word = style.paint(ink, &format!("{:<9}", words::ending(ending)));
    let what = words::action(action).replace('_', " ");
    let mut text = format!("{word}  {what:<15}  {}", line(action.email().as_str()));
    if let Some(id) = created {
        let _ = write!(text, "  {}", line(id));
    }
    match ending {
        Ending::Failed(fault) | Ending::Unknown(fault) => {
            let _ = write!(text, ": {}", line(&fault.message));
            if let Some(id) = request_id {
                let _ = write!(text, " (request {})", line(id));
            }
            if let Some(hint) = fault.hint {
                let _ = write!(text, "\n           hint: {hint}");
            }
        }
        Ending::Stale(why) => {
            let _ = write!(text, ": {}", line(why));
        }
        Ending::Done | Ending::Satisfied | Ending::Skipped => {}
    }
    text
}

/// All outcomes, and how many ended how.
#[must_use]
pub fn outcomes(outcomes: &[Outcome], style: Style) -> String {
    let mut out = String::new();
    for one in outcomes {
        let _ = writeln!(out, "{}", outcome(one, style));
    }
    let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
    let _ = writeln!(
        out,
        "\nApplied: {done} done, {satisfied} satisfied, {failed} failed, {stale} stale, \
         {unknown} unknown, {skipped} skipped"
    );
    out
}
