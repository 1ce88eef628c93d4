//! The memory of one organization: in this process, and in the state whenever its lock is free.
//!
//! The lock of the state is held for a write only and never waited for: an apply comes first.

use std::time::Duration;

use tokio::time::Instant;

use crate::daemon::notify::Backoff;
use crate::daemon::run::LastState;
use crate::model::{DaemonMemory, error_chain};
use crate::state::{Binding, Error, Journal, Location, LockHolder, StateChange, Store};

/// The memory of one organization, and its place in the state.
#[derive(Debug)]
pub(super) struct Persistence {
    pub memory: DaemonMemory,
    /// The state as the runs read it.
    last_state: LastState,
    location: Location,
    lease: Duration,
    /// The content of the state. `None` until it was read.
    saved: Option<DaemonMemory>,
    /// True if another process may have written meanwhile.
    stale: bool,
    backoff: Backoff,
    /// The last error of a write, so that it is logged once.
    error: Option<String>,
}

impl Persistence {
    /// The memory in the state at a location, with the lease time of its lock and of leadership.
    pub(super) fn new(location: Location, lease: Duration) -> Self {
        Self {
            memory: DaemonMemory::default(),
            last_state: LastState::new(Store::new(&location).leased_for(lease)),
            location,
            lease,
            saved: None,
            stale: false,
            backoff: Backoff::default(),
            error: None,
        }
    }

    pub(super) fn store(&self) -> &Store {
        self.last_state.store()
    }

    /// The state for a run.
    pub(super) fn last_state(&self) -> LastState {
        self.last_state.clone()
    }

    /// Moves to another state, and returns true if it is another one. Nothing is written there before it was read.
    pub(super) fn move_to(&mut self, location: &Location) -> bool {
        let moved = self.location != *location;
        if moved {
            self.last_state = LastState::new(Store::new(location).leased_for(self.lease));
            self.location = location.clone();
            self.saved = None;
        }
        moved
    }

    /// Forgets everything: another replica leads and writes the state.
    pub(super) fn forget(&mut self) {
        self.last_state = LastState::new(self.store().clone());
        (self.memory, self.saved) = (DaemonMemory::default(), None);
    }

    /// Makes the next [`load`](Self::load) read the state again.
    pub(super) fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Reads what an earlier process or another replica has left.
    pub(super) async fn load(&mut self, binding: &Binding) -> Result<(), Error> {
        if self.saved.is_some() && !self.stale {
            return Ok(());
        }
        let loaded = match self.store().load(binding).await {
            Ok(record) => record.state.memory,
            // What this process remembers is newer than nothing.
            Err(error) if error.is_of_the_backend() && self.saved.is_some() => return Ok(()),
            Err(error) => return Err(error),
        };
        self.stale = false;
        if self.saved.as_ref() == Some(&loaded) {
            return Ok(());
        }
        let before = self.saved.replace(loaded.clone());
        if before.is_none() && loaded == DaemonMemory::default() {
            // A new state: the memory moves along.
            return Ok(());
        }
        let before = before.unwrap_or_default();
        let own = std::mem::replace(&mut self.memory, loaded);
        // Unsaved notifications still have to be delivered.
        let known = |id: &str| before.outbox.iter().any(|notification| notification.id == id);
        let new = own.outbox.into_iter().filter(|notification| !known(&notification.id));
        self.memory.outbox.extend(new);
        // Unsaved heals still count.
        for (key, heals) in own.heals {
            let merged = self.memory.heals.entry(key).or_default();
            merged.at.extend(heals.at);
            merged.at.sort_unstable();
            merged.at.dedup();
            merged.suspended_until = merged.suspended_until.max(heals.suspended_until);
        }
        // While the state could not be read every run was unknown.
        if own.unknown.runs > 0 {
            self.memory.unknown = own.unknown;
        }
        Ok(())
    }

    /// Returns true if the memory differs from the state.
    pub(super) fn is_unsaved(&self) -> bool {
        self.saved.as_ref().is_some_and(|saved| *saved != self.memory) && self.store().remembers()
    }

    /// Returns true if an unsaved memory should be written now.
    pub(super) fn is_due(&self) -> bool {
        self.is_unsaved() && self.backoff.is_over(Instant::now())
    }

    /// Writes the memory if the state is free. A failure is logged once, and retried later with backoff.
    pub(super) async fn save(&mut self, organization: &str, binding: &Binding) {
        match self.write(binding).await {
            Ok(()) => (self.backoff, self.error) = (Backoff::default(), None),
            Err(Error::Locked { .. }) => {
                tracing::debug!(organization, "the state is locked; saving later");
            }
            Err(error) => {
                self.backoff.failed(Instant::now(), fastrand::f64(), Duration::ZERO);
                let error = error_chain(&error);
                if self.error.as_ref() != Some(&error) {
                    tracing::warn!(organization, error, "cannot save the state; retrying");
                    self.error = Some(error);
                }
            }
        }
    }

    /// Writes the memory. [`Error::Conflict`] if another process has written its own: that is kept, and read before
    /// the next attempt.
    async fn write(&mut self, binding: &Binding) -> Result<(), Error> {
        if !self.is_unsaved() {
            return Ok(());
        }
        if self.stale {
            self.load(binding).await?;
        }
        let holder = LockHolder::this(LockHolder::DAEMON);
        let journal = Journal::open(self.store().clone(), binding, &holder, Duration::ZERO).await?;
        let recorded = if self.saved.as_ref() == Some(&journal.state().memory) {
            journal.record(StateChange::Watched(Box::new(self.memory.clone()))).await
        } else {
            self.invalidate();
            Err(Error::Conflict { place: self.store().place() })
        };
        journal.close().await.and(recorded)?;
        self.saved = Some(self.memory.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, Notification, UnknownRuns};

    const LEASE: Duration = Duration::from_secs(30);

    fn binding() -> Binding {
        Binding {
            organization: "acme".to_owned(),
            manager: None,
            base_url: "http://127.0.0.1:1/v2".to_owned(),
        }
    }

    fn notification(id: &str) -> Notification {
        Notification {
            id: id.to_owned(),
            event: Event::Opened,
            at: 7,
            reminder: false,
            items: Vec::new(),
            total: 0,
            destructive: 0,
            error: String::new(),
            targets: ["ops".to_owned()].into(),
        }
    }

    fn waiting(persistence: &Persistence) -> Vec<&str> {
        persistence.memory.outbox.iter().map(|one| one.id.as_str()).collect()
    }

    #[tokio::test]
    async fn a_write_of_another_process_is_not_overwritten() {
        let folder = tempfile::TempDir::new().unwrap();
        let location = Location::File(folder.path().join("acme.json"));
        let binding = binding();
        let (mut one, mut other) =
            (Persistence::new(location.clone(), LEASE), Persistence::new(location, LEASE));
        one.load(&binding).await.unwrap();
        one.memory.outbox = vec![notification("old")];
        one.write(&binding).await.unwrap();
        other.load(&binding).await.unwrap();
        // The other one has delivered the first, and adds its own.
        other.memory.outbox = vec![notification("theirs")];
        other.write(&binding).await.unwrap();
        one.memory.outbox.push(notification("ours"));
        let refused = one.write(&binding).await;
        assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
        one.load(&binding).await.unwrap();
        assert_eq!(waiting(&one), ["theirs", "ours"], "nothing is lost or repeated");
        one.write(&binding).await.unwrap();
        other.invalidate();
        other.load(&binding).await.unwrap();
        assert_eq!(waiting(&other), ["theirs", "ours"]);
    }

    #[tokio::test]
    async fn a_new_state_is_written_only_after_it_was_read() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| Location::File(folder.path().join(name));
        let mut persistence = Persistence::new(at("old.json"), LEASE);
        persistence.load(&binding()).await.unwrap();
        persistence.memory.outbox = vec![notification("first")];
        persistence.write(&binding()).await.unwrap();
        assert!(persistence.move_to(&at("new.json")));
        persistence.write(&binding()).await.unwrap();
        assert!(!folder.path().join("new.json").exists());
        persistence.load(&binding()).await.unwrap();
        assert!(persistence.is_unsaved(), "the memory moves along");
        persistence.write(&binding()).await.unwrap();
        // A state with content of its own wins.
        persistence.memory.outbox = vec![notification("second")];
        persistence.move_to(&at("old.json"));
        persistence.load(&binding()).await.unwrap();
        assert_eq!(waiting(&persistence), ["first", "second"]);
    }

    #[tokio::test]
    async fn reading_an_unchanged_state_again_changes_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut persistence =
            Persistence::new(Location::File(folder.path().join("acme.json")), LEASE);
        persistence.load(&binding()).await.unwrap();
        persistence.memory.unknown = UnknownRuns { runs: 2, notified_at: None };
        persistence.invalidate();
        persistence.load(&binding()).await.unwrap();
        assert_eq!(persistence.memory.unknown.runs, 2);
        persistence.write(&binding()).await.unwrap();
        persistence.forget();
        assert_eq!(persistence.memory, DaemonMemory::default());
        persistence.load(&binding()).await.unwrap();
        assert_eq!(persistence.memory.unknown.runs, 2, "as it was saved");
    }
}
