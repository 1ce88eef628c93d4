//! Errors of actions, with the messages that reports show.

use crate::model::{AccountId, error_chain};
use crate::state;
use crate::telnyx::Error;

/// The error of an action that failed or whose result is unknown.
#[derive(Clone, Debug)]
pub struct ActionError {
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Telnyx's error code, if it gave one.
    pub code: Option<String>,
    /// The message, for people. No code branches on it.
    pub message: String,
    /// The next step for the user, if any.
    pub hint: Option<&'static str>,
    /// The record that could not be written to the state, if that is the cause.
    pub unrecorded: Option<Unrecorded>,
}

/// A record that an action writes to the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrecorded {
    /// The record before the request. Without it the request is not sent.
    Intent,
    /// The record after the request.
    Result,
}

impl ActionError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { status: None, code: None, message: message.into(), hint: None, unrecorded: None }
    }

    /// A create was sent, and its result is unknown.
    pub(super) fn unresolved(error: &Error) -> Self {
        let hint = "The account may exist. The create is not sent again until a list shows the account, or until `trunkline state resolve`.";
        Self { hint: Some(hint), ..Self::from(error) }
    }

    /// A create was sent, its result is unknown, and no state remembers it.
    pub(super) fn forgotten(error: &Error) -> Self {
        let hint = "The account may exist, and with --state none the next run sends the create again. Check with `trunkline get accounts` before you run apply again.";
        Self { hint: Some(hint), ..Self::from(error) }
    }

    /// The result of a request could not be recorded.
    pub(super) fn unrecorded(error: &state::Error) -> Self {
        Self {
            unrecorded: Some(Unrecorded::Result),
            ..Self::new(format!(
                "its result could not be written to the state: {}",
                error_chain(error)
            ))
        }
    }

    /// A create failed, and the state still records it as sent.
    pub(super) fn still_sending(failed: &Self, error: &state::Error) -> Self {
        Self {
            message: format!(
                "{}; the state could not record that: {}",
                failed.message,
                error_chain(error)
            ),
            hint: Some(
                "The next plan reports this create as unresolved. Settle it with `trunkline state resolve`.",
            ),
            unrecorded: Some(Unrecorded::Result),
            ..failed.clone()
        }
    }

    /// A request was not sent, because it could not be recorded before.
    pub(super) fn not_sent(error: &state::Error) -> Self {
        Self {
            unrecorded: Some(Unrecorded::Intent),
            ..Self::new(format!(
                "nothing was sent, because the state could not be written: {}",
                error_chain(error)
            ))
        }
    }

    /// An account was created, and Telnyx did not return all of its credentials.
    pub(super) fn credentials_missing(id: &AccountId, missing: &[&str]) -> Self {
        let missing = missing.join(" and ");
        Self::new(format!(
            "the account was created, but Telnyx returned no {missing}; see `trunkline get account {id} --show-credentials`"
        ))
    }

    /// An account was created, and its credentials could not be saved.
    pub(super) fn credentials_lost(id: &AccountId, error: &std::io::Error) -> Self {
        Self::new(format!(
            "the account was created, but its credentials could not be written: {error}; see `trunkline get account {id} --show-credentials`"
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
