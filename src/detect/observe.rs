//! The one way from a read to a plan: read the live side, check the manager, load the state, and look for
//! accounts that the state knows and no list shows.

use crate::model::{AccountId, Day, Desired, InvalidDay, Live, State};
use crate::plan::{Plan, plan, plan_since};
use crate::telnyx::{Error, Reader};

use super::{EarlyRead, find_hidden, read, today, wrong_manager};

/// The live side and the state, read for one manifest on one day.
#[derive(Clone, Debug)]
pub struct Observation {
    /// The live side.
    pub live: Live,
    /// The state.
    pub state: State,
    /// The day of the read, in UTC.
    pub today: Day,
}

/// An error that leaves nothing to plan with.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError<E: std::error::Error + 'static> {
    /// Telnyx could not be read.
    #[error(transparent)]
    Telnyx(#[from] Error),
    /// The manifest is for another manager than the API key.
    #[error(
        "the API key belongs to manager {}, but manager {wanted} is expected",
        found.as_str().escape_debug()
    )]
    WrongManager {
        /// The manager that the manifest names.
        wanted: AccountId,
        /// The manager of the live accounts.
        found: AccountId,
    },
    /// The state could not be loaded.
    #[error(transparent)]
    State(E),
    /// The clock could not be read.
    #[error("reading the clock")]
    Clock(#[source] InvalidDay),
}

/// Reads what the manifest covers. `state` loads the state of the manager whose accounts were read, which is
/// `None` if no account names it.
///
/// # Errors
///
/// Fails if something cannot be read at all, or belongs to another manager. A list that contradicts itself is a
/// gap in [`Live::gaps`] instead.
pub async fn observe<E, Loading>(
    reader: &Reader,
    desired: &Desired,
    state: impl FnOnce(Option<AccountId>) -> Loading,
) -> Result<Observation, ObserveError<E>>
where
    E: std::error::Error + 'static,
    Loading: Future<Output = Result<State, E>>,
{
    observe_after(None, reader, desired, state).await
}

/// Does the same as [`observe`], and uses a read that has begun already.
///
/// # Errors
///
/// As for [`observe`].
pub async fn observe_after<E, Loading>(
    begun: Option<EarlyRead>,
    reader: &Reader,
    desired: &Desired,
    state: impl FnOnce(Option<AccountId>) -> Loading,
) -> Result<Observation, ObserveError<E>>
where
    E: std::error::Error + 'static,
    Loading: Future<Output = Result<State, E>>,
{
    let live = match begun {
        Some(begun) => begun.finish(desired).await?,
        None => read(reader, desired).await?,
    };
    if let (Some(wanted), Some(found)) = (&desired.manager, wrong_manager(desired, &live)) {
        let (wanted, found) = (wanted.clone(), found.clone());
        return Err(ObserveError::WrongManager { wanted, found });
    }
    let state = state(live.manager.clone()).await.map_err(ObserveError::State)?;
    let live = find_hidden(reader, desired, &state, live).await?;
    Ok(Observation { live, state, today: today().map_err(ObserveError::Clock)? })
}

impl Observation {
    /// Plans from this observation. With a base, each action has an origin and the stricter policy of the two
    /// applies.
    #[must_use]
    pub fn plan(&self, desired: &Desired, base: Option<&Desired>) -> Plan {
        let Self { live, state, today } = self;
        match base {
            Some(base) => plan_since(base, desired, live, state, *today),
            None => plan(desired, live, state, *today),
        }
    }
}
