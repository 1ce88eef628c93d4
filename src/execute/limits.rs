//! Setting channel limits, and recording them.

use super::Execution;
use super::action_error::ActionError;
use super::outcome::{Ending, Outcome};
use super::perform::Performer;
use super::remember::{before, remainder, sets_limit};
use crate::model::{AccountId, Create, Email, Remainder};
use crate::plan::{Action, Channels};
use crate::state::StateChange;

/// The status of a refused limit that exceeds the pool.
const NOT_ACCEPTED: u16 = 422;

/// Returns true if an assertion was refused and may succeed after other actions free channels.
pub(super) fn waits(outcome: &Outcome) -> bool {
    match &outcome.ending {
        Ending::Failed(error) => {
            outcome.action.is_assertion() && error.status == Some(NOT_ACCEPTED)
        }
        Ending::Done
        | Ending::Satisfied
        | Ending::Stale(_)
        | Ending::Unknown(_)
        | Ending::Skipped(_) => false,
    }
}

impl Performer<'_> {
    pub(super) async fn set_limit(
        &self,
        action: &Action,
        id: &AccountId,
        email: &Email,
        after: u64,
    ) -> Outcome {
        if action.is_destructive()
            && let Err(ended) = self.read_again(action, id, email).await
        {
            return *ended;
        }
        match self.writer.set_channel_limit(id, after).await {
            Ok(answer) => {
                let limit = answer.value;
                self.refusals.reset();
                let outcome = Outcome::done(action, answer.request_id);
                if let Err(error) =
                    self.execution.journal.note(StateChange::Limit(id.clone(), limit))
                {
                    return outcome.ended(Ending::Failed(ActionError::unrecorded(&error)));
                }
                if limit == after {
                    return outcome;
                }
                // An answer with another value is a failure, whatever its status.
                let error = ActionError::new(format!("Telnyx answered channel_limit: {limit}"));
                outcome.ended(Ending::Failed(error))
            }
            Err(error) => {
                let outcome = self.failed(action, &error);
                if error.may_have_happened()
                    && let Err(error) = self.record(StateChange::LimitUnknown(id.clone())).await
                {
                    return outcome.ended(Ending::Failed(ActionError::unrecorded(&error)));
                }
                outcome
            }
        }
    }
}

/// Records the pool's remainder after the last limit, so that a later plan can detect limits that were changed
/// elsewhere. Without the record, the next plan treats live limits as unknown.
///
/// Setting limits changes the remainder only if it changes which accounts have a record. If it changed
/// otherwise, another client has set a limit meanwhile: then the earlier remainder stays, and the next plan
/// detects the mismatch.
pub(super) async fn take_remainder(
    execution: &Execution<'_>,
    outcomes: &[Outcome],
    may_read: bool,
) {
    let limits = || outcomes.iter().filter(|outcome| sets_limit(&outcome.action));
    // A limit that was cut short may have been set, against its record.
    let lost = limits().any(|outcome| matches!(outcome.ending, Ending::Unknown(_)));
    if execution.plan.inventory.channels == Channels::Unmanaged || limits().count() == 0 || lost {
        return;
    }
    let before = before(execution.live, execution.plan);
    let taken = if may_read { read_remainder(execution).await } else { None };
    let taken = match (before, taken) {
        (Some(before), Some(taken)) if before.unrecorded == taken.unrecorded => before,
        (_, Some(taken)) | (Some(taken), None) => taken,
        (None, None) => return,
    };
    if let Err(error) = execution.journal.record(StateChange::Remainder(taken)).await {
        tracing::warn!(%error, "cannot write the state after the last limit");
    }
}

/// The remainder of the pool and the recorded limits as they are now.
async fn read_remainder(execution: &Execution<'_>) -> Option<Remainder> {
    let pool = match execution.reader.channels().await {
        Ok(pool) => pool,
        Err(error) => {
            tracing::warn!(%error, "cannot read the channel pool after the last limit");
            return None;
        }
    };
    let state = execution.journal.state();
    let live = execution.live.accounts.iter().map(|account| &account.id);
    let created = state.creates.values().filter_map(|create| match create {
        Create::Acknowledged(id) => Some(id),
        Create::Intended | Create::Sending => None,
    });
    Some(remainder(pool, &state.limits, live.chain(created)))
}
