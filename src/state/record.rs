//! A state with its binding.

use super::Error;
use super::error::{Mismatch, plain};
use crate::model::{AccountId, State};

/// The organization, manager and API that a state belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The label of the organization.
    pub organization: String,
    /// The manager of the accounts. `None` until an account names it.
    pub manager: Option<AccountId>,
    /// The base URL of the API.
    pub base_url: String,
}

/// A state as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRecord {
    /// The binding.
    pub binding: Binding,
    /// The number of writes.
    pub serial: u64,
    /// The state.
    pub state: State,
    /// The version that the next write replaces.
    pub(super) version: Version,
}

/// The digest of the stored text. `None` before the first write.
pub(super) type Version = Option<String>;

impl StateRecord {
    /// The record as JSON in the stored form, without the checksum.
    #[must_use]
    pub fn to_json(&self) -> String {
        super::document::json(self)
    }

    /// An empty record.
    pub(super) fn new(binding: Binding) -> Self {
        Self { binding, serial: 0, state: State::default(), version: None }
    }

    /// Checks the binding of a run against this record. The manager is known once either of them names it.
    pub(super) fn bound_to(mut self, ours: &Binding, place: &str) -> Result<Self, Error> {
        let Binding { organization, manager, base_url } = ours;
        let theirs = &self.binding;
        same(place, Mismatch::Organization, &theirs.organization, organization)?;
        same(place, Mismatch::BaseUrl, &theirs.base_url, base_url)?;
        if let Some(manager) = manager {
            self.bind(manager, place)?;
        }
        Ok(self)
    }

    /// Binds the record to a manager, unless it belongs to another.
    pub(super) fn bind(&mut self, manager: &AccountId, place: &str) -> Result<(), Error> {
        let bound = self.binding.manager.get_or_insert_with(|| manager.clone());
        same(place, Mismatch::Manager, bound.as_str(), manager.as_str())
    }
}

fn same(place: &str, what: Mismatch, theirs: &str, ours: &str) -> Result<(), Error> {
    if theirs == ours {
        return Ok(());
    }
    let (theirs, ours) = (plain(theirs), plain(ours));
    Err(Error::Foreign { place: place.to_owned(), what, theirs, ours })
}
