//! The outcomes of an apply for a terminal.

use std::fmt::Write as _;

use super::StateInfo;
use super::escape::line;
use super::style::{Ink, Style};
use super::words;
use crate::execute::{Ending, Outcome, Summary};

/// The cause of an outcome that is not good. Its commands are for `state`.
pub(super) fn cause(ending: &Ending, state: &StateInfo) -> Option<String> {
    match ending {
        Ending::Failed(error) | Ending::Unknown(error) => Some(state.complete(&error.message)),
        Ending::Stale(why) => Some(why.clone()),
        Ending::Skipped(reason) => Some(state.complete(reason.message())),
        Ending::Done | Ending::Satisfied => None,
    }
}

/// The next step after an outcome, if any. Its commands are for `state`.
pub(super) fn hint(outcome: &Outcome, state: &StateInfo) -> Option<String> {
    let of_error = outcome.ending.error().and_then(|error| error.hint);
    Some(state.complete(outcome.hint.as_deref().or(of_error)?))
}

/// One outcome on one line, with its hint on another.
#[must_use]
pub fn outcome(outcome: &Outcome, state: &StateInfo, style: Style) -> String {
    let Outcome { action, ending, created, request_id, hint: _ } = outcome;
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
    if let Some(cause) = cause(ending, state) {
        let _ = write!(text, ": {}", line(&cause));
    }
    if let (Some(_), Some(id)) = (ending.error(), request_id) {
        let _ = write!(text, " (request {})", line(id));
    }
    if let Some(hint) = hint(outcome, state) {
        let _ = write!(text, "\n           hint: {}", line(&hint));
    }
    text
}

/// All outcomes, and their counts.
#[must_use]
pub fn outcomes(outcomes: &[Outcome], state: &StateInfo, style: Style) -> String {
    let mut out = String::new();
    for one in outcomes {
        let _ = writeln!(out, "{}", outcome(one, state, style));
    }
    let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(outcomes);
    let _ = writeln!(
        out,
        "\nApplied: {done} done, {satisfied} satisfied, {failed} failed, {stale} stale, \
         {unknown} unknown, {skipped} skipped"
    );
    out
}
