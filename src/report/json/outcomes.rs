//! The document of outcomes, with its fields in the order of the output.

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::ActionDoc;
use super::schema;
use crate::execute::Outcome;
use crate::plan::PlannedAction;
use crate::report::{StateInfo, outcomes, words};

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
    pub hint: Option<String>,
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
    pub message: String,
}

impl<'a> OutcomeDoc<'a> {
    /// The document of an outcome, with the planned action if it is known.
    pub(super) fn of(
        outcome: &'a Outcome,
        planned: Option<&'a PlannedAction>,
        state: &StateInfo,
    ) -> Self {
        let Outcome { action, ending, created, request_id, keys_unsaved: _ } = outcome;
        let error = ending.error();
        let status = error.and_then(|error| error.status);
        let code = error.and_then(|error| error.code.as_deref());
        Self {
            action: planned.map_or_else(|| action.into(), ActionDoc::planned),
            outcome: words::ending(ending),
            created_id: created.as_deref(),
            request_id: request_id.as_deref(),
            error: outcomes::cause(ending, state).map(|message| ErrorDoc { status, code, message }),
            hint: outcomes::hint(outcome, state),
        }
    }
}
