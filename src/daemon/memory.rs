//! What is remembered of an organization: in this process, and in the ledger as soon as nobody else holds it.
//!
//! The ledger's lock is held for the moment of a write only, and never waited for: an apply comes first.

use std::time::Duration;

use crate::ledger::{Binding, Change, Error, Holder, Journal, Location, Store};
use crate::model::Watch;

/// What is remembered of an organization.
#[derive(Debug)]
pub(super) struct Memory {
    pub watch: Watch,
    store: Store,
    location: Location,
    /// What the ledger has. `None`: it was not read yet.
    kept: Option<Watch>,
}

impl Memory {
    pub(super) fn new(location: Location) -> Self {
        Self { watch: Watch::default(), store: Store::new(&location), location, kept: None }
    }

    /// Where the ledger is.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// From now on another ledger keeps it.
    pub(super) fn move_to(&mut self, location: &Location) {
        if self.location != *location {
            self.store = Store::new(location);
            self.location = location.clone();
            self.kept = Some(Watch::default());
        }
    }

    /// Reads what an earlier process has left, once.
    pub(super) async fn recall(&mut self, binding: &Binding) -> Result<(), Error> {
        if self.kept.is_none() {
            let left = self.store.load(binding).await?.ledger.watch;
            self.kept = Some(left.clone());
            let Watch { episodes, unknown, mut outbox } = left;
            // Nothing could be seen before this, only that nobody can say.
            let since = std::mem::take(&mut self.watch);
            outbox.extend(since.outbox);
            let unknown = if since.unknown.runs > 0 { since.unknown } else { unknown };
            self.watch = Watch { episodes, unknown, outbox };
        }
        Ok(())
    }

    /// Whether there is something that the ledger does not have.
    pub(super) fn is_ahead(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| *kept != self.watch) && self.store.remembers()
    }

    /// Writes what the ledger does not have yet.
    ///
    /// # Errors
    ///
    /// When somebody else holds the ledger now, or it cannot be written. Then it is kept here.
    pub(super) async fn keep(&mut self, binding: &Binding) -> Result<(), Error> {
        if !self.is_ahead() {
            return Ok(());
        }
        let holder = Holder::this(Holder::DAEMON);
        let journal = Journal::open(self.store.clone(), binding, &holder, Duration::ZERO).await?;
        let watched = Change::Watched(Box::new(self.watch.clone()));
        let recorded = journal.record(watched).await;
        journal.close().await.and(recorded)?;
        self.kept = Some(self.watch.clone());
        Ok(())
    }
}
