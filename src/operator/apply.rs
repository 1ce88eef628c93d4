//! Applies an approved plan: reads and plans again under the lock of the state, and sends only what is still approved.

use std::time::Duration;

use tokio::sync::watch;

use super::approval::{Decision, decide};
use super::check::{CheckError, Checked, Target, bounded, state_error};
use super::resource::OrganizationSpec;
use crate::detect;
use crate::execute::{Ending, Execution, Outcome, Summary, execute, passwords, remember};
use crate::model::error_chain;
use crate::report::{self, Style};
use crate::state::{self, Journal, LeaderCheck, LockHolder};

/// The time to wait for the lock of the state, which an apply of the command line may hold.
const LOCK: Duration = Duration::from_secs(30);
/// The time to look for an account after the answer to its create was lost.
const CREATE_GRACE: Duration = Duration::from_secs(30);
/// The actions in flight at once.
const PARALLELISM: usize = 8;

/// The result of an apply.
#[derive(Debug)]
pub(super) enum Applied {
    /// The plan under the lock is no longer approved. Nothing was sent.
    NotApproved(Box<(Checked, Decision)>),
    /// The plan was sent. `unanswered` is true if Telnyx has answered no request of it.
    Sent { summary: Summary, unanswered: bool },
}

/// Applies the plan if it is still approved. `confirm` is called just before the first request: it reads the resource
/// again and records that the approval is used. After `stop` becomes true, or once the lease of `leader` does not outlast
/// a write, nothing new is sent.
pub(super) async fn apply<Confirming>(
    target: &Target,
    spec: &OrganizationSpec,
    used: Option<&str>,
    confirm: impl FnOnce(String) -> Confirming,
    leader: LeaderCheck,
    stop: watch::Receiver<bool>,
) -> Result<Applied, CheckError>
where
    Confirming: Future<Output = Result<(), CheckError>>,
{
    let holder = LockHolder::this("operator");
    let opened = Journal::open(target.store.clone(), &target.binding(None), &holder, LOCK).await;
    let journal = opened.map_err(|error| state_error(&error))?.led_by(leader);
    let applied = under_lock(target, spec, used, confirm, &journal, stop).await;
    let closed = journal.close().await.map_err(|error| state_error(&error));
    let applied = applied?;
    closed?;
    Ok(applied)
}

async fn under_lock<Confirming>(
    target: &Target,
    spec: &OrganizationSpec,
    used: Option<&str>,
    confirm: impl FnOnce(String) -> Confirming,
    journal: &Journal,
    stop: watch::Receiver<bool>,
) -> Result<Applied, CheckError>
where
    Confirming: Future<Output = Result<(), CheckError>>,
{
    let reader = target.session.reader();
    let state = async |_| Ok::<_, state::Error>(journal.state());
    let observed = Box::pin(detect::observe(&reader, &target.desired, state)).await;
    let checked = target.planned(&reader, observed)?;
    let decision = decide(&checked.plan, &checked.digest, spec, used);
    if decision != Decision::Granted {
        return Ok(Applied::NotApproved(Box::new((checked, decision))));
    }
    let Checked { plan, live, digest } = &checked;
    let passwords = passwords(plan)
        .map_err(|error| CheckError::Invalid("PasswordMissing", bounded(&error_chain(&error))))?;
    let remembered = remember(journal, &target.desired, live, plan).await;
    remembered.map_err(|error| state_error(&error))?;
    confirm(digest.clone()).await?;
    let info = target.state_info();
    let log = |outcome: &Outcome| {
        let outcome = report::outcome_text(outcome, &info, Style::default());
        tracing::info!(organization = target.desired.organization, outcome, "outcome");
    };
    let work = Execution {
        passwords: &passwords,
        parallelism: PARALLELISM,
        create_grace: CREATE_GRACE,
        on_outcome: &log,
        ..Execution::new(plan, live, &target.session, journal)
    };
    let outcomes = execute(&work, stop).await;
    let unanswered = outcomes.iter().all(|outcome| is_unanswered(&outcome.ending));
    Ok(Applied::Sent { summary: Summary::of(&outcomes), unanswered })
}

/// Returns true if Telnyx has neither accepted nor refused an action.
fn is_unanswered(ending: &Ending) -> bool {
    match ending {
        Ending::Skipped(_) => true,
        Ending::Failed(error) => error.status.is_none(),
        Ending::Done | Ending::Satisfied | Ending::Stale(_) | Ending::Unknown(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::{ActionError, SkipReason};

    #[test]
    fn only_an_apply_without_any_answer_leaves_its_approval_unused() {
        let failed = |status| {
            let error = ActionError {
                status,
                code: None,
                message: String::new(),
                hint: None,
                unrecorded: None,
            };
            Ending::Failed(error)
        };
        let Ending::Failed(unknown) = failed(None) else { unreachable!() };
        let cases = [
            (Ending::Skipped(SkipReason::Interrupted), true),
            (failed(None), true),
            (failed(Some(422)), false),
            (Ending::Unknown(unknown), false),
            (Ending::Stale(String::new()), false),
            (Ending::Satisfied, false),
            (Ending::Done, false),
        ];
        for (ending, wanted) in cases {
            assert_eq!(is_unanswered(&ending), wanted, "{ending:?}");
        }
    }
}
