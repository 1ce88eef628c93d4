//! One run of detection: the same read and the same plan as `trunkline plan`, with a reader only.

use std::time::Duration;

use super::episodes::Sighting;
use super::heal;
use super::setup::Setup;
use super::sighting::{item, sighting};
use super::words::words;
use crate::detect;
use crate::model::{AccountId, Day, Item};
use crate::plan::{Plan, plan};
use crate::report;
use crate::state::Store;
use crate::telnyx::Reader;

/// What a run has found.
#[derive(Debug)]
pub(super) struct Found {
    pub sighting: Sighting,
    /// The manager whose accounts were read.
    pub manager: Option<AccountId>,
    /// What differs and could be healed.
    pub healable: Vec<Item>,
}

/// Looks at an organization, for no longer than `limit`. What goes wrong is an answer: unknown.
pub(super) async fn look(setup: &Setup, reader: &Reader, store: &Store, limit: Duration) -> Found {
    // On the heap: all who wait for it would carry its whole state.
    match tokio::time::timeout(limit, Box::pin(planned(setup, reader, store))).await {
        Ok(Ok((plan, manager))) => {
            let actions = plan.requested().filter(|action| {
                heal::class(action).is_some_and(|class| setup.heal.contains(&class))
            });
            let healable = actions.map(item).collect();
            Found { sighting: sighting(&plan), manager, healable }
        }
        Ok(Err(why)) => Found::unknown(why),
        Err(_) => Found::unknown(format!("it could not be read within {limit:.0?}")),
    }
}

impl Found {
    fn unknown(why: String) -> Self {
        Self { sighting: Sighting::Unknown(why), manager: None, healable: Vec::new() }
    }
}

async fn planned(
    setup: &Setup,
    reader: &Reader,
    store: &Store,
) -> Result<(Plan, Option<AccountId>), String> {
    let desired = &setup.desired;
    let live = detect::read(reader, desired).await.map_err(|error| words(&error))?;
    if let Some(other) = detect::wrong_manager(desired, &live) {
        let other = report::escape_line(other.as_str());
        return Err(format!("the key belongs to another manager, {other}"));
    }
    let binding = setup.binding(live.manager.as_ref());
    let record = store.load(&binding).await.map_err(|error| words(&error))?;
    let found = detect::find_hidden(reader, desired, &record.state, live).await;
    let live = found.map_err(|error| words(&error))?;
    let plan = plan(desired, &live, &record.state, today()?);
    Ok((plan, live.manager))
}

/// The day in UTC.
pub(super) fn today() -> Result<Day, String> {
    detect::today().map_err(|error| format!("reading the clock: {error}"))
}
