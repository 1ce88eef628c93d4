//! The outcomes of an apply for a terminal.

use std::fmt::Write as _;

use super::escape::line;
use super::style::{Ink, Style};
use super::words;
use crate::execute::{Ending, Outcome, Summary};

/// One outcome on one line, with its hints on further lines.
#[must_use]
pub fn outcome(outcome: &Outcome, style: Style) -> String {
    let Outcome { action, ending, created, request_id, hint } = outcome;
    let ink = match ending {
        Ending::Done | Ending::Satisfied => Ink::Green,
        Ending::Failed(_) | Ending::Unknown(_) => Ink::Red,
        Ending::Stale(_) | Ending::Skipped(_) => Ink::Yellow,
    };
    let word = style.paint(ink, &format!("{:<9}", words::ending(ending)));
    let what = words::action(action).replace('_', " ");
    let mut text = format!("{word}  {what:<17}  {}", line(action.email().as_str()));
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
        Ending::Skipped(reason) => {
            let _ = write!(text, ": {}", reason.message());
        }
        Ending::Done | Ending::Satisfied => {}
    }
    if let Some(hint) = hint {
        let _ = write!(text, "\n           hint: {}", line(hint));
    }
    text
}

/// All outcomes, and their counts.
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
