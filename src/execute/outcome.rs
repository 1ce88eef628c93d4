//! What became of one action.

use super::create::was_stopped;
use crate::model::{AccountId, error_chain};
use crate::plan::Action;
use crate::state;
use crate::telnyx::Error;

/// What became of one action. Every action has exactly one.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The action.
    pub action: Action,
    /// What became of it.
    pub ending: Ending,
    /// The identity of the account that it created, or that was there already.
    pub created: Option<String>,
    /// Telnyx's identity of the request (`x-request-id`), for its support.
    pub request_id: Option<Box<str>>,
    /// What to do next, if there is something.
    pub hint: Option<String>,
}

/// What became of one action.
#[derive(Clone, Debug)]
pub enum Ending {
    /// It was done.
    Done,
    /// There was nothing left to do.
    Satisfied,
    /// It was refused, or could not be sent.
    Failed(ActionError),
    /// What it was planned for is no longer so. It was not sent. Why.
    Stale(String),
    /// Nobody knows whether it happened.
    Unknown(ActionError),
    /// It was not sent, because something before it did not succeed or the apply was interrupted.
    Skipped,
}

/// What went wrong.
#[derive(Clone, Debug)]
pub struct ActionError {
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// Telnyx's code, if it gave one.
    pub code: Option<String>,
    /// What happened, in words.
    pub message: String,
    /// What to do about it.
    pub hint: Option<&'static str>,
    /// The record that could not be written to the state, if that is the reason.
    pub unrecorded: Option<Unrecorded>,
}

/// A record that an action makes in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecorded {
    /// The record before the request, which is not sent without it.
    Intent,
    /// The record after the request.
    Result,
}

/// How many actions ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is said at the ending of that name")]
pub struct Summary {
    pub done: usize,
    pub satisfied: usize,
    pub failed: usize,
    pub stale: usize,
    pub unknown: usize,
    pub skipped: usize,
}

impl Outcome {
    pub(super) fn new(action: &Action, ending: Ending) -> Self {
        Self { action: action.clone(), ending, created: None, request_id: None, hint: None }
    }

    pub(super) fn skipped(action: &Action) -> Self {
        Self::new(action, Ending::Skipped)
    }

    pub(super) fn done(action: &Action, request_id: Option<Box<str>>) -> Self {
        Self::new(action, Ending::Done).with_request(request_id)
    }

    /// What an error means for an action: what everything was told to stop before is not sent.
    pub(super) fn failed(action: &Action, error: &Error) -> Self {
        if was_stopped(error) {
            return Self::skipped(action);
        }
        let mut fault = ActionError::from(error);
        if error.may_have_happened() {
            fault.hint =
                Some("it may have happened all the same; the next plan shows what is there");
        }
        let ending = Ending::Failed(fault);
        Self::new(action, ending).with_request(error.request_id.clone())
    }

    /// It was under way for too long after everything was told to stop.
    pub(super) fn abandoned(action: &Action) -> Self {
        let fault = ActionError::said("interrupted while it was under way; it may have happened");
        Self::new(action, Ending::Unknown(fault))
    }

    pub(super) fn with_request(self, request_id: Option<Box<str>>) -> Self {
        Self { request_id, ..self }
    }

    pub(super) fn with_account(self, id: &AccountId) -> Self {
        Self { created: Some(id.as_str().to_owned()), ..self }
    }

    /// The secrets of the created account were not kept: how to get them.
    pub(super) fn without_secrets(self, id: &AccountId) -> Self {
        let hint = format!("its keys: trunkline get account {id} --show-credentials");
        Self { hint: Some(hint), ..self }
    }

    /// The same action with another ending.
    pub(super) fn ended(self, ending: Ending) -> Self {
        Self { ending, ..self }
    }
}

impl Ending {
    /// Whether what was wanted is so now.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::Satisfied)
    }

    /// What went wrong, if an error was to blame.
    #[must_use]
    pub fn fault(&self) -> Option<&ActionError> {
        match self {
            Self::Failed(fault) | Self::Unknown(fault) => Some(fault),
            Self::Done | Self::Satisfied | Self::Stale(_) | Self::Skipped => None,
        }
    }
}

impl ActionError {
    pub(super) fn said(message: impl Into<String>) -> Self {
        Self { status: None, code: None, message: message.into(), hint: None, unrecorded: None }
    }

    /// A create was sent, and nobody knows what became of it.
    pub(super) fn unresolved(error: &Error) -> Self {
        let hint = "the account may be there: nothing more is sent for it until a list shows it, or until `trunkline state resolve`";
        Self { hint: Some(hint), ..Self::from(error) }
    }

    /// A create was sent, nobody knows what became of it, and there is no state to remember that.
    pub(super) fn forgotten(error: &Error) -> Self {
        let hint = "The account may exist, and with --state none the next run sends the create again. Check with `trunkline get accounts` before you run apply again.";
        Self { hint: Some(hint), ..Self::from(error) }
    }

    /// What was done could not be recorded.
    pub(super) fn unrecorded(error: &state::Error) -> Self {
        Self {
            unrecorded: Some(Unrecorded::Result),
            ..Self::said(format!(
                "its result could not be written to the state: {}",
                error_chain(error)
            ))
        }
    }

    /// A create failed, and the state, which could not be written, still has it as sent.
    pub(super) fn still_sending(failed: &Self, error: &state::Error) -> Self {
        Self {
            message: format!(
                "{}; the state could not record that: {}",
                failed.message,
                error_chain(error)
            ),
            hint: Some(
                "the next plan shows this create as unresolved; settle it with `trunkline state resolve`",
            ),
            unrecorded: Some(Unrecorded::Result),
            ..failed.clone()
        }
    }

    /// What was going to be done could not be recorded, so it was not.
    pub(super) fn not_sent(error: &state::Error) -> Self {
        Self {
            unrecorded: Some(Unrecorded::Intent),
            ..Self::said(format!(
                "nothing was sent, because the state could not be written: {}",
                error_chain(error)
            ))
        }
    }

    /// The account was created, and Telnyx did not return all of its credentials.
    pub(super) fn secrets_missing(id: &AccountId, missing: &[&str]) -> Self {
        let missing = missing.join(" and ");
        Self::said(format!(
            "the account was created, but Telnyx returned no {missing}; see `trunkline get account {id} --show-credentials`"
        ))
    }

    /// The account is there, and its secrets could not be kept.
    pub(super) fn secrets_lost(id: &AccountId, error: &std::io::Error) -> Self {
        Self::said(format!(
            "it was created, and its credentials could not be written: {error}; see `trunkline get account {id} --show-credentials`"
        ))
    }
}

impl From<&Error> for ActionError {
    fn from(error: &Error) -> Self {
        Self {
            status: error.status(),
            code: error.code().map(str::to_owned),
            message: error.to_string(),
            hint: error.hint(),
            unrecorded: None,
        }
    }
}

impl Summary {
    /// Counts outcomes.
    #[must_use]
    pub fn of(outcomes: &[Outcome]) -> Self {
        let mut summary = Self::default();
        for outcome in outcomes {
            let count = match outcome.ending {
                Ending::Done => &mut summary.done,
                Ending::Satisfied => &mut summary.satisfied,
                Ending::Failed(_) => &mut summary.failed,
                Ending::Stale(_) => &mut summary.stale,
                Ending::Unknown(_) => &mut summary.unknown,
                Ending::Skipped => &mut summary.skipped,
            };
            *count += 1;
        }
        summary
    }
}
