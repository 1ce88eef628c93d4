//! A state file with what it belongs to.

use super::Error;
use super::error::{Mismatch, plain};
use crate::model::{AccountId, State};

/// What a state file belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The label of the organization.
    pub organization: String,
    /// The manager of the accounts. `None`: there was no account yet to tell.
    pub manager: Option<AccountId>,
    /// Where the API is.
    pub base_url: String,
}

/// A state file as a store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it belongs to.
    pub binding: Binding,
    /// How many times it was written.
    pub serial: u64,
    /// What is remembered.
    pub state: State,
    /// What it replaces when it is written.
    pub(super) version: Version,
}

/// The digest of what a store has. `None`: nothing yet.
pub(super) type Version = Option<String>;

impl Record {
    /// It as JSON, in the form in which it is kept, without the check.
    #[must_use]
    pub fn to_json(&self) -> String {
        super::document::json(self)
    }

    /// Nothing is remembered yet.
    pub(super) fn new(binding: Binding) -> Self {
        Self { binding, serial: 0, state: State::default(), version: None }
    }

    /// This record for a run with `ours`: the manager is known as soon as one of both knows it.
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

    /// Binds it to a manager, unless it belongs to another.
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
