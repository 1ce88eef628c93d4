//! Does what was planned: phase after phase, the actions of one phase at once, one account's in order.
//!
//! It chooses nothing. Just before a loss it looks once more whether the plan still fits, and before a
//! create whether somebody was quicker. What Telnyx answers and would not tell again goes into the
//! state: a create is recorded before it is sent, and is never sent twice.

mod create;
mod limits;
mod outcome;
mod perform;
mod remember;
mod saved;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use secrecy::SecretString;
use tokio::sync::watch;

pub use outcome::{ActionError, Ending, Outcome, Summary, Unrecorded};
use perform::{ChainState, Performer};
pub use remember::remember;
pub use saved::skipped_outcome;

use crate::model::{AccountId, Email, Live};
use crate::plan::{Action, Plan, PlannedAction};
use crate::state::Journal;
use crate::telnyx::{Credentials, Fence, Reader, Writer};

/// How long what is under way may take to be finished once it was told to stop. With it and the time
/// to record the result an interrupted apply ends within the promised seven seconds.
const GRACE: Duration = Duration::from_secs(5);
/// How long recording the result may take then.
const RECORDING: Duration = Duration::from_secs(1);

/// What becomes of the actions while they are executed, for whoever shows or records it.
pub type OnOutcome<'a> = &'a (dyn Fn(&Outcome) + Sync);

/// Keeps the secrets of a created account; its outcome is *done* only when this has returned.
pub type OnCreated<'a> =
    &'a (dyn Fn(&Email, &AccountId, &Credentials) -> std::io::Result<()> + Sync);

/// A plan, and everything that its execution needs.
#[derive(Clone, Copy)]
pub struct Execution<'a> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// What it was planned for.
    pub live: &'a Live,
    /// What looks once more.
    pub reader: &'a Reader,
    /// What changes things.
    pub writer: &'a Writer,
    /// What remembers.
    pub journal: &'a Journal,
    /// The passwords of the accounts that are created with one.
    pub passwords: &'a BTreeMap<Email, SecretString>,
    /// How many actions may be under way at once.
    pub parallelism: usize,
    /// How long a create whose answer was lost is looked for.
    pub create_grace: Duration,
    /// Keeps the secrets of created accounts. `None`: they are dropped.
    pub on_created: Option<OnCreated<'a>>,
    /// Is told of each outcome as soon as it is there.
    pub on_outcome: OnOutcome<'a>,
}

/// Executes a plan: one outcome per action, in the plan's order.
///
/// `stop` turning true ends it: nothing new is begun, and what is under way is given a few seconds. Who
/// stops it also stops the session, so that nothing is sent again.
pub async fn execute(work: &Execution<'_>, stop: watch::Receiver<bool>) -> Vec<Outcome> {
    let journal = work.journal.clone();
    // Checked once more at the last moment: a process that was stopped while it waited may have lost its lock.
    let writer = work.writer.fenced(Fence::new(move || journal.is_sound().is_ok()));
    let performer = Performer { work, writer, stop: stop.clone() };
    let mut outcomes = BTreeMap::new();
    for phase in phases(&work.plan.actions) {
        outcomes.extend(run_phase(phase, &performer).await);
    }
    let outcomes: Vec<Outcome> = outcomes.into_values().collect();
    let stopped = *stop.borrow();
    let recording = record(work, &outcomes, stopped);
    if !stopped {
        recording.await;
    } else if tokio::time::timeout(RECORDING, recording).await.is_err() {
        tracing::warn!("not all of what was done could be recorded in time");
    }
    outcomes
}

/// Records what is left to be recorded.
async fn record(work: &Execution<'_>, outcomes: &[Outcome], stopped: bool) {
    match work.journal.flush().await {
        Ok(()) => limits::take_remainder(work, outcomes, stopped).await,
        // Who closes the journal is told.
        Err(error) => tracing::warn!(%error, "not all of what was done could be recorded"),
    }
}

/// Actions that depend on each other: a create and what is done to its account, or just one action;
/// each with its place in the plan.
type Chain<'a> = Vec<(usize, &'a Action)>;

/// The phases of a plan, each as its independent chains. The plan is in the order of execution already.
fn phases(actions: &[PlannedAction]) -> Vec<Vec<Chain<'_>>> {
    let mut phases: Vec<Vec<Chain<'_>>> = Vec::new();
    let mut last = None;
    for (place, PlannedAction { action, .. }) in actions.iter().enumerate() {
        if last != Some(action.phase()) {
            phases.push(Vec::new());
            last = Some(action.phase());
        }
        let Some(phase) = phases.last_mut() else { continue };
        match phase.last_mut().filter(|_| action.awaits_create()) {
            Some(chain) => chain.push((place, action)),
            None => phase.push(vec![(place, action)]),
        }
    }
    phases
}

/// Runs the chains of a phase. What the pool had no channels for is tried again as long as others of
/// the phase have changed something since: they may have freed some.
async fn run_phase(phase: Vec<Chain<'_>>, performer: &Performer<'_>) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::new();
    let mut open = phase;
    loop {
        // Collected by hand: with a closure in between this future could not go to another thread.
        let mut chains = Vec::with_capacity(open.len());
        for chain in open {
            chains.push(run(chain, performer));
        }
        let ran: Vec<_> = stream::iter(chains)
            .buffer_unordered(performer.work.parallelism.max(1))
            .collect()
            .await;
        let (waiting, settled): (Vec<_>, Vec<_>) =
            ran.into_iter().flatten().partition(|(_, outcome)| limits::waits(outcome));
        let changed = settled.iter().any(|(_, outcome)| outcome.ending.is_good());
        outcomes.extend(settled);
        if waiting.is_empty() || !changed || *performer.stop.borrow() {
            for (_, outcome) in &waiting {
                (performer.work.on_outcome)(outcome);
            }
            outcomes.extend(waiting);
            return outcomes;
        }
        let actions = &performer.work.plan.actions;
        open = waiting.iter().map(|(place, _)| vec![(*place, &actions[*place].action)]).collect();
    }
}

/// Runs the actions of one chain, one after the other: what fails stops those behind it.
async fn run(chain: Chain<'_>, performer: &Performer<'_>) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::with_capacity(chain.len());
    let mut chained = ChainState::default();
    let mut broken = false;
    for (place, action) in chain {
        let outcome = if broken || *performer.stop.borrow() {
            Outcome::skipped(action)
        } else if let Err(error) = performer.work.journal.confirm().await {
            Outcome::new(action, Ending::Failed(ActionError::not_sent(&error)))
        } else {
            finish(performer, action, &mut chained).await
        };
        // An account whose secrets could not be saved is there, and what is to be done to it can be.
        let goes_on = action.is_create() && chained.created.is_some();
        broken |= !outcome.ending.is_good() && !goes_on;
        if !limits::waits(&outcome) {
            (performer.work.on_outcome)(&outcome);
        }
        outcomes.push((place, outcome));
    }
    outcomes
}

/// Performs an action; once everything was told to stop it is given only a little more time.
async fn finish(performer: &Performer<'_>, action: &Action, chained: &mut ChainState) -> Outcome {
    let mut stop = performer.stop.clone();
    let too_late = async {
        // When nobody can tell it to stop any more, nobody will.
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        outcome = performer.perform(action, chained) => outcome,
        () = too_late => Outcome::abandoned(action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::AccountTarget;

    #[test]
    fn only_what_is_done_to_a_created_account_waits_for_another_action() {
        let email = |name: &str| Email::new(format!("{name}@shop.example"));
        let create = |name: &str| {
            Action::CreateAccount(crate::plan::PlannedAccount {
                name: name.to_owned(),
                email: email(name),
                custom_pricing: None,
                rollup_billing: None,
                password_from: None,
            })
        };
        let disable = |name: &str, target| Action::DisableAccount { target, email: email(name) };
        let live = |id: &str| AccountTarget::Live(AccountId::new(id));
        let actions = [
            disable("twin", live("1")),
            disable("twin", live("2")),
            create("ant"),
            disable("ant", AccountTarget::Created),
            create("bee"),
        ];
        let places = |chain: &Chain<'_>| chain.iter().map(|(place, _)| *place).collect::<Vec<_>>();
        let phases: Vec<Vec<Vec<usize>>> = phases(&actions.map(PlannedAction::declared))
            .iter()
            .map(|phase| phase.iter().map(places).collect())
            .collect();
        assert_eq!(phases, [vec![vec![0], vec![1]], vec![vec![2, 3], vec![4]]]);
    }
}
