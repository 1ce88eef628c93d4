//! Execution of a plan: phase by phase, the actions of a phase concurrently, those of one account in order.
//!
//! Execution makes no decisions. It reads again just before a destructive action and before a create. What
//! Telnyx does not report again goes into the state: a create is recorded before it is sent, and is never
//! sent twice.

mod action_error;
mod create;
mod limits;
mod outcome;
mod passwords;
mod perform;
mod refusals;
mod remember;
mod saved;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use secrecy::SecretString;
use tokio::sync::watch;

pub use action_error::{ActionError, Unrecorded};
pub use outcome::{Ending, Outcome, SkipReason, Summary};
pub use passwords::{PasswordError, PasswordFlaw, passwords};
use perform::{ChainState, Performer};
use refusals::Refusals;
pub use remember::remember;
pub use saved::skipped_outcome;

use crate::model::{AccountId, Email, Live};
use crate::plan::{Action, Plan, PlannedAction};
use crate::state::Journal;
use crate::telnyx::{Credentials, Fence, Reader, Session, Writer};

/// The time for actions in flight after an interrupt. With the time to record their results, an interrupted
/// apply ends within the promised seven seconds.
const GRACE: Duration = Duration::from_secs(5);
/// The time to record results after an interrupt.
const RECORDING: Duration = Duration::from_secs(1);

/// Receives each outcome as soon as it is known.
pub type OnOutcome<'a> = &'a (dyn Fn(&Outcome) + Sync);

/// Saves the credentials of a created account. Its outcome is *done* only after this returns.
pub type OnCreated<'a> =
    &'a (dyn Fn(&Email, &AccountId, &Credentials) -> std::io::Result<()> + Sync);

/// A plan, and everything that its execution needs.
#[derive(Clone)]
pub struct Execution<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The inventory that the plan was made from.
    pub live: &'a Live,
    /// Reads again before destructive actions and creates.
    pub reader: Reader,
    /// Sends the changes.
    pub writer: Writer,
    /// Records what was sent.
    pub journal: &'a Journal,
    /// The passwords of accounts that are created with one.
    pub passwords: &'a BTreeMap<Email, SecretString>,
    /// The maximum number of concurrent actions.
    pub parallelism: usize,
    /// The time to look up a create whose answer was lost.
    pub create_grace: Duration,
    /// Saves the credentials of created accounts. `None`: they are dropped.
    pub on_created: Option<OnCreated<'a>>,
    /// Receives each outcome as soon as it is known.
    pub on_outcome: OnOutcome<'a>,
}

impl<'a> Execution<'a> {
    /// An execution that runs 8 actions at once, does not look up lost creates, and drops credentials.
    #[must_use]
    pub fn new(plan: &'a Plan, live: &'a Live, session: &Session, journal: &'a Journal) -> Self {
        static NO_PASSWORDS: BTreeMap<Email, SecretString> = BTreeMap::new();
        Self {
            plan,
            live,
            reader: session.reader(),
            writer: session.writer(),
            journal,
            passwords: &NO_PASSWORDS,
            parallelism: 8,
            create_grace: Duration::ZERO,
            on_created: None,
            on_outcome: &|_| (),
        }
    }
}

/// Executes a plan and returns one outcome per action, in the order of the plan.
///
/// After `stop` becomes true, no new action starts, and actions in flight get a few seconds. The caller must
/// also stop the session, so that nothing is retried.
pub async fn execute(execution: &Execution<'_>, stop: watch::Receiver<bool>) -> Vec<Outcome> {
    let journal = execution.journal.clone();
    // Checked again at the last moment: a process that was suspended may have lost its lock.
    let writer = execution.writer.fenced(Fence::new(move || journal.is_sound().is_ok()));
    let refusals = Refusals::default();
    let performer = Performer { execution, writer, stop: stop.clone(), refusals };
    let mut outcomes = BTreeMap::new();
    for phase in phases(&execution.plan.actions) {
        outcomes.extend(run_phase(phase, &performer).await);
    }
    let outcomes: Vec<Outcome> = outcomes.into_values().collect();
    let stopped = *stop.borrow();
    let may_read = !stopped && performer.refusals.tripped().is_none();
    let recording = record(execution, &outcomes, may_read);
    if !stopped {
        recording.await;
    } else if tokio::time::timeout(RECORDING, recording).await.is_err() {
        tracing::warn!("not all results could be recorded in time");
    }
    outcomes
}

/// Records the remaining results.
async fn record(execution: &Execution<'_>, outcomes: &[Outcome], may_read: bool) {
    match execution.journal.flush().await {
        Ok(()) => limits::take_remainder(execution, outcomes, may_read).await,
        // Closing the journal reports the error to the user.
        Err(error) => tracing::warn!(%error, "not all results could be recorded"),
    }
}

/// Dependent actions with their places in the plan: a create and what follows it, or a single action.
type Chain<'a> = Vec<(usize, &'a Action)>;

/// The phases of a plan, each as independent chains. A plan is already in the order of execution.
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

/// Runs the chains of a phase. A limit that does not fit the pool is retried while other actions of the
/// phase succeed, because they may free channels.
async fn run_phase(phase: Vec<Chain<'_>>, performer: &Performer<'_>) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::new();
    let mut open = phase;
    loop {
        // Not a closure: with one this future is not `Send`.
        let mut chains = Vec::with_capacity(open.len());
        for chain in open {
            chains.push(run(chain, performer));
        }
        let ran: Vec<_> = stream::iter(chains)
            .buffer_unordered(performer.execution.parallelism.max(1))
            .collect()
            .await;
        let (waiting, settled): (Vec<_>, Vec<_>) =
            ran.into_iter().flatten().partition(|(_, outcome)| limits::waits(outcome));
        let changed = settled.iter().any(|(_, outcome)| outcome.ending.is_good());
        outcomes.extend(settled);
        if waiting.is_empty() || !changed || performer.ended().is_some() {
            for (_, outcome) in &waiting {
                (performer.execution.on_outcome)(outcome);
            }
            outcomes.extend(waiting);
            return outcomes;
        }
        let actions = &performer.execution.plan.actions;
        open = waiting.iter().map(|(place, _)| vec![(*place, &actions[*place].action)]).collect();
    }
}

/// Runs the actions of a chain in order. A failure skips the actions after it.
async fn run(chain: Chain<'_>, performer: &Performer<'_>) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::with_capacity(chain.len());
    let mut state = ChainState::default();
    let mut broken = false;
    for (place, action) in chain {
        let skipped = broken.then_some(SkipReason::DependencyFailed);
        let outcome = if let Some(reason) = performer.ended().or(skipped) {
            Outcome::skipped(action, reason)
        } else if let Err(error) = performer.execution.journal.confirm().await {
            Outcome::new(action, Ending::Failed(ActionError::not_sent(&error)))
        } else {
            finish(performer, action, &mut state).await
        };
        // An account whose credentials could not be saved exists, and its settings can be changed.
        let goes_on = action.is_create() && state.created.is_some();
        broken |= !outcome.ending.is_good() && !goes_on;
        if !limits::waits(&outcome) {
            (performer.execution.on_outcome)(&outcome);
        }
        outcomes.push((place, outcome));
    }
    outcomes
}

/// Performs an action. After an interrupt it gets a limited time.
async fn finish(performer: &Performer<'_>, action: &Action, state: &mut ChainState) -> Outcome {
    let mut stop = performer.stop.clone();
    let too_late = async {
        // Without a sender an interrupt is impossible.
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        outcome = performer.perform(action, state) => outcome,
        () = too_late => Outcome::abandoned(action),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::AccountTarget;

    #[test]
    fn only_settings_of_a_created_account_depend_on_another_action() {
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
