//! Setting limits of channels, and what is remembered of them.

use super::Work;
use super::outcome::{Ending, Fault, Outcome};
use super::perform::Performer;
use super::remember::remainder;
use crate::ledger::Change;
use crate::model::{AccountId, Email};
use crate::plan::{Action, Channels};

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
        if action.is_loss()
            && let Err(ended) = self.still(action, id, email).await
        {
            return *ended;
        }
        match self.work.writer.set_channel_limit(id, after).await {
            Ok(answer) => {
                let limit = answer.value;
                let outcome = Outcome::done(action, answer.request_id);
                if let Err(error) = self.work.journal.note(Change::Limit(id.clone(), limit)) {
                    return outcome.ended(Ending::Failed(Fault::unrecorded(&error)));
                }
                if limit == after {
                    return outcome;
                }
                // An answer that says otherwise is no success, whatever its status.
                let fault = Fault::said(format!("Telnyx answered channel_limit: {limit}"));
                outcome.ended(Ending::Failed(fault))
            }
            Err(error) => {
                let outcome = Outcome::failed(action, &error);
                if error.may_have_happened()
                    && let Err(error) = self.record(Change::LimitUnknown(id.clone())).await
                {
                    return outcome.ended(Ending::Failed(Fault::unrecorded(&error)));
                }
                outcome
            }
        }
    }
}

/// After the last limit: what the pool has beside the records, so that a later read can tell whether
/// somebody else has changed limits. What cannot be taken now is taken by the next apply.
pub(super) async fn take_remainder(work: &Work<'_>) {
    let set = |action: &Action| matches!(action, Action::SetChannelLimit { .. });
    if work.plan.inventory.channels == Channels::Unmanaged || !work.plan.actions.iter().any(set) {
        return;
    }
    let pool = match work.reader.channels().await {
        Ok(pool) => pool,
        Err(error) => {
            tracing::warn!(%error, "the channel pool could not be read after the last limit");
            return;
        }
    };
    let ledger = work.journal.ledger();
    let live = work.live.accounts.iter().map(|account| &account.id);
    let created = ledger.creates.values().filter_map(|create| match create {
        crate::model::Create::Acknowledged(id) => Some(id),
        crate::model::Create::Intended | crate::model::Create::Sending => None,
    });
    let taken = remainder(pool, &ledger.limits, live.chain(created));
    if let Err(error) = work.journal.record(Change::Remainder(taken)).await {
        tracing::warn!(%error, "the ledger could not be written after the last limit");
    }
}
