//! Does what was planned: phase after phase, the actions of one phase at once, one account's in order.
//!
//! It chooses nothing. Just before a loss it looks once more whether the plan still fits.

mod outcome;
mod perform;

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use tokio::sync::watch;

pub use outcome::{Ending, Fault, Outcome, Summary};
use perform::Performer;

use crate::model::Email;
use crate::plan::{Action, Plan};
use crate::telnyx::{Reader, Writer};

/// What becomes of the actions while they are executed, for whoever shows or records it.
pub type OnOutcome<'a> = &'a (dyn Fn(&Outcome) + Sync);

/// Executes a plan: one outcome per action, in the plan's order.
///
/// `stop` turning true ends it: nothing new is sent, what is under way is finished.
pub async fn execute(
    plan: &Plan,
    reader: &Reader,
    writer: &Writer,
    parallelism: usize,
    stop: watch::Receiver<bool>,
    on_outcome: OnOutcome<'_>,
) -> Vec<Outcome> {
    let performer = Performer { reader, writer };
    let mut outcomes = BTreeMap::new();
    for phase in phases(&plan.actions) {
        let chains = stream::iter(phase).map(|chain| {
            let (performer, stop) = (&performer, &stop);
            async move { run(chain, performer, stop, on_outcome).await }
        });
        let done: Vec<_> = chains.buffer_unordered(parallelism.max(1)).collect().await;
        outcomes.extend(done.into_iter().flatten());
    }
    outcomes.into_values().collect()
}

/// Actions that depend on each other: those for one account in one phase, with their place in the plan.
type Chain<'a> = Vec<(usize, &'a Action)>;

/// The phases of a plan, each as its independent chains. The plan is in the order of execution already.
fn phases(actions: &[Action]) -> Vec<Vec<Chain<'_>>> {
    let mut phases: Vec<(u8, BTreeMap<&Email, Chain<'_>>)> = Vec::new();
    for (place, action) in actions.iter().enumerate() {
        let number = action.phase();
        if phases.last().is_none_or(|(last, _)| *last != number) {
            phases.push((number, BTreeMap::new()));
        }
        if let Some((_, chains)) = phases.last_mut() {
            chains.entry(action.email()).or_default().push((place, action));
        }
    }
    phases.into_iter().map(|(_, chains)| chains.into_values().collect()).collect()
}

/// Runs the actions of one chain, one after the other: what fails stops those behind it.
async fn run(
    chain: Chain<'_>,
    performer: &Performer<'_>,
    stop: &watch::Receiver<bool>,
    on_outcome: OnOutcome<'_>,
) -> Vec<(usize, Outcome)> {
    let mut outcomes = Vec::with_capacity(chain.len());
    let mut created = None;
    let mut broken = false;
    for (place, action) in chain {
        let outcome = if broken || *stop.borrow() {
            Outcome::skipped(action)
        } else {
            performer.perform(action, &mut created).await
        };
        broken |= !outcome.ending.is_good();
        on_outcome(&outcome);
        outcomes.push((place, outcome));
    }
    outcomes
}
