//! The document of outcomes, with its fields in the order of the output.

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::ActionDoc;
use super::schema;
use crate::execute::{ActionError, Ending, Outcome};
use crate::plan::PlannedAction;
use crate::report::words;

/// The outcomes of the actions of a plan.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Outcomes of Trunkline", rename = "Outcomes")]
pub(super) struct OutcomesDoc<'a> {
    /// The version of this format.
    #[schemars(schema_with = "schema::version")]
    pub format_version: u32,
    /// The digest of the plan.
    #[schemars(schema_with = "schema::sha256")]
    pub digest: String,
    /// The number of actions by outcome.
    pub summary: OutcomeSummaryDoc,
    /// One outcome for each action, in the plan's order.
    pub outcomes: Vec<OutcomeDoc<'a>>,
}

/// The number of actions by outcome.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OutcomeSummary")]
pub(super) struct OutcomeSummaryDoc {
    /// Actions that succeeded.
    pub done: usize,
    /// Actions whose change was live already.
    pub satisfied: usize,
    /// Actions that were refused or could not be sent.
    pub failed: usize,
    /// Actions that were not sent because the live side has changed since the plan.
    pub stale: usize,
    /// Actions whose answer was lost, so that their effect is unknown.
    pub unknown: usize,
    /// Actions that were not sent because an earlier one failed or the apply was interrupted.
    pub skipped: usize,
}

/// The outcome of one action.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Outcome")]
pub(super) struct OutcomeDoc<'a> {
    #[serde(flatten)]
    pub action: ActionDoc<'a>,
    /// The outcome.
    #[schemars(schema_with = "schema::outcome")]
    pub outcome: &'static str,
    /// The id of the created or adopted account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_id: Option<&'a str>,
    /// The id of the request, for Telnyx support.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<&'a str>,
    /// The error, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorDoc<'a>>,
    /// The next step for a person, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'a str>,
}

/// The error of an action.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(super) struct ErrorDoc<'a> {
    /// The HTTP status, if any.
    pub status: Option<u16>,
    /// The error code of Telnyx, if any.
    pub code: Option<&'a str>,
    /// The message for people.
    pub message: &'a str,
}

impl<'a> OutcomeDoc<'a> {
    /// The document of an outcome, with the planned action if it is known.
    pub(super) fn of(outcome: &'a Outcome, planned: Option<&'a PlannedAction>) -> Self {
        let Outcome { action, ending, created, request_id, hint } = outcome;
        let error = match ending {
            Ending::Failed(error) | Ending::Unknown(error) => Some(ErrorDoc::from(error)),
            Ending::Stale(why) => Some(ErrorDoc { status: None, code: None, message: why }),
            Ending::Skipped(reason) => {
                Some(ErrorDoc { status: None, code: None, message: reason.message() })
            }
            Ending::Done | Ending::Satisfied => None,
        };
        Self {
            action: planned.map_or_else(|| action.into(), ActionDoc::planned),
            outcome: words::ending(ending),
            created_id: created.as_deref(),
            request_id: request_id.as_deref(),
            error,
            hint: hint.as_deref().or_else(|| ending.error().and_then(|error| error.hint)),
        }
    }
}

impl<'a> From<&'a ActionError> for ErrorDoc<'a> {
    fn from(error: &'a ActionError) -> Self {
        let ActionError { status, code, message, hint: _, unrecorded: _ } = error;
        Self { status: *status, code: code.as_deref(), message }
    }
}
