//! `apply --verify`: reads again until Telnyx shows every change, or the time is up.

use std::time::Duration;

use tokio::time::Instant;

use crate::cli::exit::Failure;
use crate::cli::plan::Planned;
use crate::detect;
use crate::execute::Outcome;
use crate::plan::Action;
use crate::state::Journal;
use crate::telnyx::Reader;

/// The longest time to wait; Telnyx documents one to three seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// The pause between two reads.
const PAUSE: Duration = Duration::from_secs(1);

/// Returns the number of changes that are still not visible when the time is up.
pub(super) async fn verify(
    reader: &Reader,
    planned: &Planned,
    outcomes: &[Outcome],
    journal: &Journal,
) -> Result<usize, Failure> {
    let done: Vec<&Action> =
        outcomes.iter().filter(|one| one.ending.is_good()).map(|one| &one.action).collect();
    if done.is_empty() {
        return Ok(0);
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Boxed for the same reason as the first read.
        let state = async |_| Ok(journal.state());
        let observation = Box::pin(detect::observe(reader, &planned.desired, state)).await?;
        let again = observation.plan(&planned.desired, None);
        let hidden = |action: &&&Action| match action {
            Action::CreateAccount(new) => {
                !observation.live.accounts.iter().any(|account| account.email == new.email)
            }
            action => again.requested().any(|other| is_same(action, other)),
        };
        let hidden = done.iter().filter(hidden).count();
        if hidden == 0 || Instant::now() + PAUSE >= deadline {
            return Ok(hidden);
        }
        tracing::info!(hidden, "waiting for changes to become visible");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Returns true if two actions do the same thing to the same account or user.
fn is_same(one: &Action, other: &Action) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other) && one.email() == other.email()
}
