//! The outcomes of an apply for a terminal.

use std::fmt::Write as _;

use super::StateInfo;
use super::escape::line;
use super::style::{Ink, Style};
use super::words;
use crate::execute::{Ending, Outcome, Summary};
use crate::model::shell_word;

/// The cause of an outcome that is not good. Its commands are for `state`.
pub(super) fn cause(ending: &Ending, state: &StateInfo) -> Option<String> {
    match ending {
        Ending::Failed(error) | Ending::Unknown(error) => Some(state.complete(&error.message)),
        Ending::Stale(why) => Some(why.clone()),
        Ending::Skipped(reason) => Some(state.complete(reason.message())),
        Ending::Done | Ending::Satisfied => None,
    }
}

/// The next step after an error, if any. Its commands are for `state`.
fn hint_of_error(outcome: &Outcome, state: &StateInfo) -> Option<String> {
    outcome.ending.error().and_then(|error| error.hint).map(|hint| state.complete(hint))
}

/// The next step after an outcome, if any. Its commands are for `state`.
pub(super) fn hint(outcome: &Outcome, state: &StateInfo) -> Option<String> {
    let created = outcome.created.as_deref().filter(|_| outcome.keys_unsaved);
    let keys =
        |id| format!("Its keys: `trunkline get account {} --show-credentials`.", shell_word(id));
    created.map(keys).or_else(|| hint_of_error(outcome, state))
}

/// The way to the keys of all created accounts, if they were not saved.
fn keys(outcomes: &[Outcome]) -> Option<String> {
    let created: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| outcome.keys_unsaved)
        .filter_map(|outcome| outcome.created.as_deref())
        .collect();
    Some(match created[..] {
        [] => return None,
        [id] => {
            let id = shell_word(id);
            format!("Keys of the created account: `trunkline get account {id} --show-credentials`.")
        }
        [..] => format!(
            "Keys of the {} created accounts: `trunkline get account ID --show-credentials`, with each ID above.",
            created.len()
        ),
    })
}

/// The counts of an apply that are not zero.
pub(super) fn summary(outcomes: &[Outcome]) -> String {
    let counts = Summary::of(outcomes).counts().into_iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = counts.map(|(count, name)| format!("{count} {name}")).collect();
    if parts.is_empty() {
        "Applied: nothing".to_owned()
    } else {
        format!("Applied: {}", parts.join(", "))
    }
}

/// One outcome on one line, with the hint of its error on another.
#[must_use]
pub fn outcome(outcome: &Outcome, state: &StateInfo, style: Style) -> String {
    let Outcome { action, ending, created, request_id, keys_unsaved: _ } = outcome;
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
    if let Some(hint) = hint_of_error(outcome, state) {
        let _ = write!(text, "\n           hint: {}", line(&hint));
    }
    text
}

/// All outcomes, the way to the keys of created accounts, and the counts.
#[must_use]
pub fn outcomes(outcomes: &[Outcome], state: &StateInfo, style: Style) -> String {
    let mut out = String::new();
    for one in outcomes {
        let _ = writeln!(out, "{}", outcome(one, state, style));
    }
    if let Some(keys) = keys(outcomes) {
        let _ = writeln!(out, "\n{}", line(&keys));
    }
    let _ = writeln!(out, "\n{}", summary(outcomes));
    out
}
