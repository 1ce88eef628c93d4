//! What is remembered of an organization: in this process, and in the state as soon as nobody else holds it.
//!
//! The state's lock is held for the moment of a write only, and never waited for: an apply comes first.

use std::time::Duration;

use crate::model::Watch;
use crate::state::{Binding, Change, Error, Holder, Journal, Location, Store};

/// What is remembered of an organization.
#[derive(Debug)]
pub(super) struct Memory {
    pub watch: Watch,
    store: Store,
    location: Location,
    /// What the state has. `None`: it was not read yet.
    kept: Option<Watch>,
    /// Somebody else may have written there meanwhile.
    doubted: bool,
}

impl Memory {
    pub(super) fn new(location: Location) -> Self {
        let store = Store::new(&location);
        Self { watch: Watch::default(), store, location, kept: None, doubted: false }
    }

    /// Where the state is.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// From now on this state keeps it: whether that is another one. Until it was read nothing is written there.
    pub(super) fn move_to(&mut self, location: &Location) -> bool {
        let other = self.location != *location;
        if other {
            self.store = Store::new(location);
            self.location = location.clone();
            self.kept = None;
        }
        other
    }

    /// Forgets everything: somebody else watches, and writes what there is to remember.
    pub(super) fn forget(&mut self) {
        (self.watch, self.kept) = (Watch::default(), None);
    }

    /// Somebody else may have watched meanwhile: what the state has is to be read again.
    pub(super) fn doubt(&mut self) {
        self.doubted = true;
    }

    /// Reads what somebody else has left: an earlier process, or another one.
    pub(super) async fn recall(&mut self, binding: &Binding) -> Result<(), Error> {
        if self.kept.is_some() && !self.doubted {
            return Ok(());
        }
        let left = self.store.load(binding).await?.state.watch;
        self.doubted = false;
        if self.kept.as_ref() == Some(&left) {
            return Ok(());
        }
        let before = self.kept.replace(left.clone());
        if before.is_none() && left == Watch::default() {
            // Nobody has watched there. What is remembered of the organization moves along with it.
            return Ok(());
        }
        let before = before.unwrap_or_default();
        let since = std::mem::replace(&mut self.watch, left);
        // What is new here and was not written is still to be told.
        let known = |id: &str| before.outbox.iter().any(|message| message.id == id);
        let new = since.outbox.into_iter().filter(|message| !known(&message.id));
        self.watch.outbox.extend(new);
        // Nothing could be seen meanwhile, only that nobody can say.
        if since.unknown.runs > 0 {
            self.watch.unknown = since.unknown;
        }
        Ok(())
    }

    /// Whether there is something that the state does not have.
    pub(super) fn is_ahead(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| *kept != self.watch) && self.store.remembers()
    }

    /// Writes what the state does not have yet.
    ///
    /// # Errors
    ///
    /// When somebody else holds the state now, or it cannot be written. Then it is kept here. [`Error::Conflict`]
    /// when somebody else has written what they remember: that is not written over, and read before the next time.
    pub(super) async fn keep(&mut self, binding: &Binding) -> Result<(), Error> {
        if !self.is_ahead() {
            return Ok(());
        }
        if self.doubted {
            self.recall(binding).await?;
        }
        let holder = Holder::this(Holder::DAEMON);
        let journal = Journal::open(self.store.clone(), binding, &holder, Duration::ZERO).await?;
        let recorded = if self.kept.as_ref() == Some(&journal.state().watch) {
            journal.record(Change::Watched(Box::new(self.watch.clone()))).await
        } else {
            self.doubt();
            Err(Error::Conflict { place: self.store.place() })
        };
        journal.close().await.and(recorded)?;
        self.kept = Some(self.watch.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, Message, Unknown};

    fn binding() -> Binding {
        Binding {
            organization: "acme".to_owned(),
            manager: None,
            base_url: "http://127.0.0.1:1/v2".to_owned(),
        }
    }

    fn message(id: &str) -> Message {
        Message {
            id: id.to_owned(),
            event: Event::Opened,
            at: 7,
            reminder: false,
            items: Vec::new(),
            total: 0,
            reason: String::new(),
            targets: ["ops".to_owned()].into(),
        }
    }

    fn waiting(memory: &Memory) -> Vec<&str> {
        memory.watch.outbox.iter().map(|message| message.id.as_str()).collect()
    }

    #[tokio::test]
    async fn what_somebody_else_has_remembered_meanwhile_is_not_written_over() {
        let folder = tempfile::TempDir::new().unwrap();
        let location = Location::File(folder.path().join("acme.json"));
        let binding = binding();
        let (mut one, mut other) = (Memory::new(location.clone()), Memory::new(location));
        one.recall(&binding).await.unwrap();
        one.watch.outbox = vec![message("old")];
        one.keep(&binding).await.unwrap();
        other.recall(&binding).await.unwrap();
        // The other one has told the first, and has something of its own.
        other.watch.outbox = vec![message("theirs")];
        other.keep(&binding).await.unwrap();
        one.watch.outbox.push(message("ours"));
        let refused = one.keep(&binding).await;
        assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
        one.recall(&binding).await.unwrap();
        assert_eq!(waiting(&one), ["theirs", "ours"], "nothing is lost, and nothing told twice");
        one.keep(&binding).await.unwrap();
        other.doubt();
        other.recall(&binding).await.unwrap();
        assert_eq!(waiting(&other), ["theirs", "ours"]);
    }

    #[tokio::test]
    async fn what_moves_to_another_state_is_written_there_only_after_that_was_read() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| Location::File(folder.path().join(name));
        let mut memory = Memory::new(at("old.json"));
        memory.recall(&binding()).await.unwrap();
        memory.watch.outbox = vec![message("first")];
        memory.keep(&binding()).await.unwrap();
        assert!(memory.move_to(&at("new.json")));
        memory.keep(&binding()).await.unwrap();
        assert!(!folder.path().join("new.json").exists());
        memory.recall(&binding()).await.unwrap();
        assert!(memory.is_ahead(), "it moves along");
        memory.keep(&binding()).await.unwrap();
        // And where something is remembered already, that counts.
        memory.watch.outbox = vec![message("second")];
        memory.move_to(&at("old.json"));
        memory.recall(&binding()).await.unwrap();
        assert_eq!(waiting(&memory), ["first", "second"]);
    }

    #[tokio::test]
    async fn a_doubt_without_reason_changes_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut memory = Memory::new(Location::File(folder.path().join("acme.json")));
        memory.recall(&binding()).await.unwrap();
        memory.watch.unknown = Unknown { runs: 2, told: None };
        memory.doubt();
        memory.recall(&binding()).await.unwrap();
        assert_eq!(memory.watch.unknown.runs, 2);
        memory.keep(&binding()).await.unwrap();
        memory.forget();
        assert_eq!(memory.watch, Watch::default());
        memory.recall(&binding()).await.unwrap();
        assert_eq!(memory.watch.unknown.runs, 2, "as it was left");
    }
}
