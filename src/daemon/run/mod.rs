//! One run: the same read and plan as `trunkline plan`, with a reader only. Healing follows separately (see [`mod@heal`]).

mod connection;
mod heal;
mod last_state;
mod stats;

use std::time::Duration;

use super::config::Setup;
use super::drift::{self, RunResult};
use crate::detect;
use crate::model::{AccountId, DifferenceKey, Half, Live, error_chain};
use crate::plan::Plan;
use crate::telnyx::Reader;

pub use connection::RequestLimits;
pub(super) use connection::{Clients, Connection};
pub(super) use heal::{Healing, heal};
pub(super) use last_state::LastState;
pub(super) use stats::{RunStats, milliseconds};

/// The report of a run.
#[derive(Debug)]
pub(super) struct RunReport {
    pub result: RunResult,
    /// The manager of the accounts that were read.
    pub manager: Option<AccountId>,
    /// The differences that the configured classes allow to heal.
    pub healable: Vec<DifferenceKey>,
}

/// Checks an organization within a time limit. An error makes the result unknown.
pub(super) async fn check(
    setup: &Setup,
    reader: &Reader,
    state: &LastState,
    limit: Duration,
) -> RunReport {
    // On the heap: otherwise every future that awaits this carries its whole state.
    match tokio::time::timeout(limit, Box::pin(read(setup, reader, state))).await {
        Ok(Ok((plan, live))) => {
            let result = drift::observe(&plan, &setup.desired, &live, &setup.state_info());
            // Every class changes an account.
            let complete = live.is_complete(Half::Accounts);
            let allowed = |class| complete && setup.heal.contains(&class);
            let healable = plan
                .actions
                .iter()
                .filter(|planned| heal::class(&planned.action).is_some_and(allowed));
            let healable = healable.map(drift::key).collect();
            RunReport { result, manager: live.manager, healable }
        }
        Ok(Err(error)) => RunReport::unknown(error),
        Err(_) => RunReport::unknown(format!("reading took longer than {limit:.0?}")),
    }
}

impl RunReport {
    fn unknown(error: String) -> Self {
        Self { result: RunResult::Unknown(error), manager: None, healable: Vec::new() }
    }
}

async fn read(setup: &Setup, reader: &Reader, state: &LastState) -> Result<(Plan, Live), String> {
    let desired = &setup.desired;
    let state =
        async |manager: Option<AccountId>| state.load(&setup.binding(manager.as_ref())).await;
    let observed = detect::observe(reader, desired, state).await;
    let observation = observed.map_err(|error| error_chain(&error))?;
    Ok((observation.plan(desired, None), observation.live))
}
