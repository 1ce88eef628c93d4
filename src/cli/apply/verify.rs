//! `apply --verify`: reads again until Telnyx shows every change, or the time is up.

use std::time::Duration;

use tokio::time::Instant;

use crate::cli::plan::Planned;
use crate::detect::{self, Observation};
use crate::execute::Outcome;
use crate::model::{Desired, error_chain};
use crate::plan::Action;
use crate::state::{self, Journal};
use crate::telnyx::Reader;

/// The longest time to wait; Telnyx documents one to three seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// The pause between two reads.
const PAUSE: Duration = Duration::from_secs(1);

/// Returns the reason if a change is not visible when the time is up. A failed read does not affect what was sent.
pub(super) async fn verify(
    reader: &Reader,
    planned: &Planned,
    outcomes: &[Outcome],
    journal: &Journal,
) -> Option<String> {
    let done: Vec<&Action> =
        outcomes.iter().filter(|one| one.ending.is_good()).map(|one| &one.action).collect();
    if done.is_empty() {
        return None;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Boxed for the same reason as the first read.
        let state = async |_| Ok::<_, state::Error>(journal.state());
        let observation = Box::pin(detect::observe(reader, &planned.desired, state)).await;
        let unverified = observation.map_or_else(
            |error| Some(format!("the changes could not be verified: {}", error_chain(&error))),
            |observation| hidden(&done, &planned.desired, &observation),
        );
        if unverified.is_none() || Instant::now() + PAUSE >= deadline {
            return unverified;
        }
        tracing::info!(unverified, "waiting for changes to become visible");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Counts the changes that an observation does not show, in words. `None` if it shows all.
fn hidden(done: &[&Action], desired: &Desired, observation: &Observation) -> Option<String> {
    let again = observation.plan(desired, None);
    let hidden = |action: &&&Action| match action {
        Action::CreateAccount(new) => {
            !observation.live.accounts.iter().any(|account| account.email == new.email)
        }
        action => again.requested().any(|other| is_same(action, other)),
    };
    let hidden = done.iter().filter(hidden).count();
    let noun = if hidden == 1 { "change is" } else { "changes are" };
    (hidden > 0).then(|| format!("{hidden} {noun} not visible yet"))
}

/// Returns true if two actions do the same thing to the same account or user.
fn is_same(one: &Action, other: &Action) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other) && one.email() == other.email()
}
