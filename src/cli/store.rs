//! The state that the options name.

use std::path::Path;

use super::exit::Failure;
use super::global::Global;
use super::terminal;
use crate::model::{AccountId, Desired, State, shell_word};
use crate::report::StateInfo;
use crate::state::{Binding, Error, Journal, Location, LockHolder, Mismatch, StateRecord, Store};
use crate::telnyx::Reader;

/// The store that the options name, or the default one beside the manifest.
pub(super) fn store(
    global: &Global,
    manifest: &Path,
    organization: &str,
) -> Result<Store, Failure> {
    let named = named(global)?.map(|location| match location {
        // The memory of a command that ends remembers nothing.
        Location::Memory => Location::None,
        location => location.for_organization(organization),
    });
    Ok(Store::new(&named.unwrap_or_else(|| Location::beside(manifest, organization))))
}

/// The binding of the state. `live` is the manager of the accounts that were read, if known.
pub(super) fn binding(desired: &Desired, reader: &Reader, live: Option<&AccountId>) -> Binding {
    Binding {
        organization: desired.organization.clone(),
        manager: live.or(desired.manager.as_ref()).cloned(),
        base_url: reader.base_url(),
    }
}

/// The location that the options name, if any.
pub(super) fn named(global: &Global) -> Result<Option<Location>, Failure> {
    Ok(global.state.as_deref().map(Location::parse).transpose()?)
}

/// Reads the state for a command that changes nothing. It needs no lock and creates no file. If the state does not
/// exist and could not be written either, the command goes on and reports that nothing is remembered.
pub(super) async fn read(
    global: &Global,
    store: &Store,
    binding: &Binding,
) -> Result<(State, StateInfo), Error> {
    let record = store.load(binding).await?;
    let info = info(global, store.place(), &record);
    let unwritable = record.serial == 0 && !store.is_writable();
    if unwritable {
        let place = shell_word(&store.place());
        terminal::note(
            global,
            &format!(
                "warning: the state {place} does not exist and cannot be written, so nothing is remembered; name a writable location with --state"
            ),
        );
    }
    Ok((State { forgotten: unwritable || !store.remembers(), ..record.state }, info))
}

/// The facts that reports state about a state at `location`.
pub(super) fn info(global: &Global, location: String, record: &StateRecord) -> StateInfo {
    let option = global.state.clone();
    StateInfo { location, new: record.serial == 0, option, ..StateInfo::default() }
}

/// Locks and reads the state for a command that changes something. Other processes see `command` as the holder.
pub(super) async fn write(
    global: &Global,
    store: Store,
    binding: &Binding,
    command: &str,
) -> Result<Journal, Failure> {
    Ok(Journal::open(store, binding, &LockHolder::this(command), global.lock_timeout).await?)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = error.hint();
        match (&error, hint) {
            // Like a manifest for another manager: the key is wrong, and nothing was sent.
            (Error::Foreign { what: Mismatch::Manager, .. }, Some(hint)) => {
                Self::refused(error.to_string(), hint)
            }
            (_, Some(hint)) => Self::new(error, hint),
            (_, None) => Self::from(anyhow::Error::from(error)),
        }
    }
}
