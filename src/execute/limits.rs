//! Setting limits of channels, and what is remembered of them.

use super::Execution;
use super::outcome::{ActionError, Ending, Outcome};
use super::perform::Performer;
use super::remember::{before, remainder, sets_limit};
use crate::model::{AccountId, Create, Email, Remainder};
use crate::plan::{Action, Channels};
use crate::state::Change;

/// The status with which a limit is refused that the pool has no channels for.
const NOT_ACCEPTED: u16 = 422;

/// Whether an assertion was refused and may find channels when others have freed some.
pub(super) fn waits(outcome: &Outcome) -> bool {
    match &outcome.ending {
        Ending::Failed(fault) => {
            outcome.action.is_assertion() && fault.status == Some(NOT_ACCEPTED)
        }
        Ending::Done
        | Ending::Satisfied
        | Ending::Stale(_)
        | Ending::Unknown(_)
        | Ending::Skipped => false,
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
            && let Err(ended) = self.still(action, id, email).await
        {
            return *ended;
        }
        match self.writer.set_channel_limit(id, after).await {
            Ok(answer) => {
                let limit = answer.value;
                let outcome = Outcome::done(action, answer.request_id);
                if let Err(error) = self.work.journal.note(Change::Limit(id.clone(), limit)) {
                    return outcome.ended(Ending::Failed(ActionError::unrecorded(&error)));
                }
                if limit == after {
                    return outcome;
                }
                // An answer that says otherwise is no success, whatever its status.
                let fault = ActionError::said(format!("Telnyx answered channel_limit: {limit}"));
                outcome.ended(Ending::Failed(fault))
            }
            Err(error) => {
                let outcome = Outcome::failed(action, &error);
                if error.may_have_happened()
                    && let Err(error) = self.record(Change::LimitUnknown(id.clone())).await
                {
                    return outcome.ended(Ending::Failed(ActionError::unrecorded(&error)));
                }
                outcome
            }
        }
    }
}

/// After the last limit: what the pool has beside the records, so that a later read can tell whether somebody
/// else has changed limits. Until it is taken the next plan takes no record for what is live.
///
/// Setting limits changes it only by which accounts have a record. When it has changed otherwise, somebody else has
/// set a limit meanwhile: then what it was before stays, and the next plan sees that it does not fit.
pub(super) async fn take_remainder(work: &Execution<'_>, outcomes: &[Outcome], stopped: bool) {
    let limits = || outcomes.iter().filter(|outcome| sets_limit(&outcome.action));
    // What was cut off while it was under way may have happened, and its record says that it has not.
    let lost = limits().any(|outcome| matches!(outcome.ending, Ending::Unknown(_)));
    if work.plan.inventory.channels == Channels::Unmanaged || limits().count() == 0 || lost {
        return;
    }
    let before = before(work.live, work.plan);
    let taken = if stopped { None } else { look(work).await };
    let taken = match (before, taken) {
        (Some(before), Some(taken)) if before.unrecorded == taken.unrecorded => before,
        (_, Some(taken)) | (Some(taken), None) => taken,
        (None, None) => return,
    };
    if let Err(error) = work.journal.record(Change::Remainder(taken)).await {
        tracing::warn!(%error, "the state could not be written after the last limit");
    }
}

/// What the pool has now beside what is recorded now.
async fn look(work: &Execution<'_>) -> Option<Remainder> {
    let pool = match work.reader.channels().await {
        Ok(pool) => pool,
        Err(error) => {
            tracing::warn!(%error, "the channel pool could not be read after the last limit");
            return None;
        }
    };
    let state = work.journal.state();
    let live = work.live.accounts.iter().map(|account| &account.id);
    let created = state.creates.values().filter_map(|create| match create {
        Create::Acknowledged(id) => Some(id),
        Create::Intended | Create::Sending => None,
    });
    Some(remainder(pool, &state.limits, live.chain(created)))
}
