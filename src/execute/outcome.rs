//! Outcomes: the results of executed actions.

use super::action_error::ActionError;
use crate::model::AccountId;
use crate::plan::{Action, WithheldReason};
use crate::telnyx::Error;

/// The outcome of an action. Every action has exactly one.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The action.
    pub action: Action,
    /// The result.
    pub ending: Ending,
    /// The id of the account that the action created or found.
    pub created: Option<String>,
    /// Telnyx's id of the request (`x-request-id`), for its support.
    pub request_id: Option<Box<str>>,
    /// True if the account was created, and its credentials are in no file.
    pub keys_unsaved: bool,
}

/// The result of an action.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The action was executed.
    Done,
    /// The change was already in place.
    Satisfied,
    /// The action was refused, or could not be sent.
    Failed(ActionError),
    /// The action was not sent, because its precondition no longer holds. The reason.
    Stale(String),
    /// The request was sent, and its result is unknown.
    Unknown(ActionError),
    /// The action was not sent.
    Skipped(SkipReason),
}

/// The reason why an action was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// An action that it depends on was not successful.
    DependencyFailed,
    /// The apply was interrupted.
    Interrupted,
    /// Telnyx refuses the API key.
    KeyRefused,
    /// Telnyx refuses every request with a rate limit.
    RateLimited,
    /// The server failed to process or to answer many requests in a row.
    ServerFails,
    /// A rule withholds the action of a saved plan.
    Withheld(WithheldReason),
}

impl SkipReason {
    /// The message for reports.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::DependencyFailed => "not sent: an action that it depends on was not successful",
            Self::Interrupted => "not sent: the apply was interrupted",
            Self::KeyRefused => "not sent: Telnyx refuses every request of this API key",
            Self::RateLimited => "not sent: Telnyx refuses every request because of its rate limit",
            Self::ServerFails => "not sent: Telnyx does not process requests at the moment",
            Self::Withheld(WithheldReason::Incomplete) => {
                "withheld: the inventory is incomplete, so nothing destructive is sent and nothing is created"
            }
            Self::Withheld(WithheldReason::Unresolved) => {
                "withheld: the create was sent before and its outcome is unknown; see `trunkline state show`"
            }
            Self::Withheld(WithheldReason::NotPlanned) => {
                "withheld: a plan made now does not contain this action; run `trunkline plan` to see why"
            }
        }
    }
}

/// The number of outcomes of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented at the ending of that name")]
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
        Self {
            action: action.clone(),
            ending,
            created: None,
            request_id: None,
            keys_unsaved: false,
        }
    }

    pub(super) fn skipped(action: &Action, reason: SkipReason) -> Self {
        Self::new(action, Ending::Skipped(reason))
    }

    pub(super) fn done(action: &Action, request_id: Option<Box<str>>) -> Self {
        Self::new(action, Ending::Done).with_request(request_id)
    }

    /// A failed request.
    pub(super) fn failed(action: &Action, error: &Error) -> Self {
        let mut failure = ActionError::from(error);
        if error.may_have_happened() {
            failure.hint =
                Some("The change may have happened. Run `trunkline plan` to see what is live.");
        }
        Self::new(action, Ending::Failed(failure)).with_request(error.request_id.clone())
    }

    /// An action that was still under way when the time after an interrupt ran out.
    pub(super) fn abandoned(action: &Action) -> Self {
        let error = ActionError::new("interrupted while the request was under way");
        Self::new(action, Ending::Unknown(error))
    }

    pub(super) fn with_request(self, request_id: Option<Box<str>>) -> Self {
        Self { request_id, ..self }
    }

    pub(super) fn with_account(self, id: &AccountId) -> Self {
        Self { created: Some(id.as_str().to_owned()), ..self }
    }

    /// The outcome of a created account whose credentials were not saved.
    pub(super) fn without_credentials(self) -> Self {
        Self { keys_unsaved: true, ..self }
    }

    /// The same action with another ending.
    pub(super) fn ended(self, ending: Ending) -> Self {
        Self { ending, ..self }
    }
}

impl Ending {
    /// Returns true if the change is in place now.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::Satisfied)
    }

    /// The error, if one was the cause.
    #[must_use]
    pub fn error(&self) -> Option<&ActionError> {
        match self {
            Self::Failed(error) | Self::Unknown(error) => Some(error),
            Self::Done | Self::Satisfied | Self::Stale(_) | Self::Skipped(_) => None,
        }
    }
}

impl Summary {
    /// The counts with their names, in the order of reports.
    #[must_use]
    pub fn counts(self) -> [(usize, &'static str); 6] {
        let Self { done, satisfied, failed, stale, unknown, skipped } = self;
        [
            (done, "done"),
            (satisfied, "satisfied"),
            (failed, "failed"),
            (stale, "stale"),
            (unknown, "unknown"),
            (skipped, "skipped"),
        ]
    }

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
                Ending::Skipped(_) => &mut summary.skipped,
            };
            *count += 1;
        }
        summary
    }
}
