//! From flags to a state file.

use super::exit::Failure;
use super::global::Global;
use crate::model::{AccountId, Desired, State};
use crate::report::StateInfo;
use crate::state::{Binding, Error, Holder, Journal, Location, Mismatch, Record, Store};
use crate::telnyx::Reader;

/// The store that the flags name, or the one that an organization has by default.
pub(super) fn store(global: &Global, organization: &str) -> Result<Store, Failure> {
    let named = named(global)?.map(|location| location.for_organization(organization));
    Ok(Store::new(&named.unwrap_or_else(|| Location::of(organization))))
}

/// What a state file has to belong to. `live`: the manager whose accounts were read, if that is known.
pub(super) fn binding(desired: &Desired, reader: &Reader, live: Option<&AccountId>) -> Binding {
    Binding {
        organization: desired.organization.clone(),
        manager: live.or(desired.manager.as_ref()).cloned(),
        base_url: reader.base_url(),
    }
}

/// Where the flags say that the state is. `None`: they don't.
pub(super) fn named(global: &Global) -> Result<Option<Location>, Failure> {
    Ok(global.state.as_deref().map(Location::parse).transpose()?)
}

/// What is remembered, for a command that only looks: it waits for nobody and makes nothing.
pub(super) async fn read(store: &Store, binding: &Binding) -> Result<State, Failure> {
    let state = store.load(binding).await?.state;
    Ok(State { forgotten: !store.remembers(), ..state })
}

/// The state for a plan, with the facts that reports state about it.
pub(super) async fn read_for_plan(
    global: &Global,
    store: &Store,
    binding: &Binding,
) -> Result<(State, StateInfo), Failure> {
    let record = store.load(binding).await?;
    let info = info(global, store.place(), &record);
    Ok((State { forgotten: !store.remembers(), ..record.state }, info))
}

/// The facts that reports state about a state at `location`.
pub(super) fn info(global: &Global, location: String, record: &Record) -> StateInfo {
    StateInfo { location, new: record.serial == 0, option: global.state.clone() }
}

/// The state for a command that changes something; `command` is what others are told that holds it.
pub(super) async fn write(
    global: &Global,
    store: Store,
    binding: &Binding,
    command: &str,
) -> Result<Journal, Failure> {
    Ok(Journal::open(store, binding, &Holder::this(command), global.lock_timeout).await?)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = error.hint();
        match (&error, hint) {
            // As with a manifest for another manager: the wrong key, and nothing was sent.
            (Error::Foreign { what: Mismatch::Manager, .. }, Some(hint)) => {
                Self::refused(error.to_string(), hint)
            }
            (_, Some(hint)) => Self::new(error, hint),
            (_, None) => Self::from(anyhow::Error::from(error)),
        }
    }
}
