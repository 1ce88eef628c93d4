//! Reads, writes and locks a ledger, wherever it is.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::document;
use super::file::{FileHold, LedgerFile};
use super::memory::{Memory, MemoryHold};
use super::record::{Binding, Record};
use super::{Error, Holder, Location};

/// How often a lock that somebody else holds is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// How long the daemon's lock is waited for in any case: it only holds it for a write.
const MOMENT: Duration = Duration::from_secs(5);

/// A place of one ledger. Clones are the same place.
#[derive(Clone, Debug)]
pub struct Store(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Nowhere,
    Memory(Memory),
    File(LedgerFile),
}

/// Holds the lock of a ledger until it is dropped.
#[derive(Debug)]
pub struct Hold {
    _lock: Option<Lock>,
}

#[derive(Debug)]
#[expect(dead_code, reason = "they are kept for what they do when they are dropped")]
enum Lock {
    Memory(MemoryHold),
    File(FileHold),
}

impl Store {
    /// The store at a location. Nothing is read or made yet.
    #[must_use]
    pub fn new(location: &Location) -> Self {
        Self(match location {
            Location::None => Kind::Nowhere,
            Location::Memory => Kind::Memory(Memory::default()),
            Location::File(path) => Kind::File(LedgerFile::new(path)),
        })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.0 {
            Kind::Nowhere => "none".to_owned(),
            Kind::Memory(_) => "memory:".to_owned(),
            Kind::File(file) => file.place(),
        }
    }

    /// Whether what is written here can ever be read again.
    #[must_use]
    pub fn remembers(&self) -> bool {
        match &self.0 {
            Kind::Nowhere => false,
            Kind::Memory(_) | Kind::File(_) => true,
        }
    }

    /// Reads what is there for a run with `binding`; what is not there yet is empty. Needs no lock: it is
    /// always one whole text.
    ///
    /// # Errors
    ///
    /// When it is damaged, newer, or belongs to something else, and when it cannot be read.
    pub async fn load(&self, binding: &Binding) -> Result<Record, Error> {
        match self.read().await? {
            Some(record) => record.bound_to(binding, &self.place()),
            None => Ok(Record::new(binding.clone())),
        }
    }

    /// Reads what is there, whatever it belongs to. `None`: nothing.
    ///
    /// # Errors
    ///
    /// When it is damaged or newer, and when it cannot be read.
    pub async fn read(&self) -> Result<Option<Record>, Error> {
        let bytes = match &self.0 {
            Kind::Nowhere => None,
            Kind::Memory(memory) => memory.read(),
            Kind::File(file) => {
                let file = file.clone();
                blocking(move || file.read()).await?
            }
        };
        bytes.map(|bytes| document::from_bytes(&bytes, &self.place())).transpose()
    }

    /// Writes a record over what it was read from, and counts the write in it. It is durable when this
    /// returns. After an error the record is unchanged, and what the store has may be either.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when the store has something else by now; when it cannot be written.
    pub async fn save(&self, _held: &Hold, record: &mut Record) -> Result<(), Error> {
        let mut next = Record { serial: record.serial + 1, ..record.clone() };
        let bytes = document::to_text(&next).into_bytes();
        next.version = Some(document::version(&bytes));
        let over = record.version.clone();
        match &self.0 {
            Kind::Nowhere => {}
            Kind::Memory(memory) => memory.replace(&bytes, over.as_deref())?,
            Kind::File(file) => {
                let file = file.clone();
                blocking(move || file.replace(&bytes, over.as_deref())).await?;
            }
        }
        *record = next;
        Ok(())
    }

    /// Takes the lock, waiting for it no longer than `wait`; for the daemon, which only writes, a moment more.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] when somebody else holds it all the time; when it cannot be taken at all.
    pub async fn lock(&self, holder: &Holder, wait: Duration) -> Result<Hold, Error> {
        let begun = Instant::now();
        let mut end = begun + wait;
        let mut nameless = true;
        loop {
            if let Some(hold) = self.try_lock(holder).await? {
                return Ok(hold);
            }
            match self.said_holder().await? {
                // Who holds it and doesn't say so only looks at it, or is about to say.
                None if std::mem::take(&mut nameless) => end = end.max(Instant::now() + AGAIN),
                Some(other)
                    if other.command == Holder::DAEMON && holder.command != Holder::DAEMON =>
                {
                    end = end.max(begun + MOMENT);
                }
                None | Some(_) => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Locked {
                    place: self.place(),
                    holder: self.said_holder().await?,
                });
            }
            sleep(AGAIN.min(left)).await;
        }
    }

    /// Looks whether somebody holds the lock: [`Error::Locked`] says who. `Ok`: nobody does now.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`], or when that cannot be found out.
    pub async fn unlocked(&self) -> Result<(), Error> {
        let locked = match &self.0 {
            Kind::Nowhere => false,
            Kind::Memory(memory) => memory.holder().is_some(),
            Kind::File(file) => {
                let file = file.clone();
                blocking(move || file.is_locked()).await?
            }
        };
        if !locked {
            return Ok(());
        }
        Err(Error::Locked { place: self.place(), holder: self.said_holder().await? })
    }

    async fn try_lock(&self, holder: &Holder) -> Result<Option<Hold>, Error> {
        let lock = match &self.0 {
            Kind::Nowhere => return Ok(Some(Hold { _lock: None })),
            Kind::Memory(memory) => memory.try_lock(holder).map(Lock::Memory),
            Kind::File(file) => {
                let (file, holder) = (file.clone(), holder.clone());
                blocking(move || file.try_lock(&holder)).await?.map(Lock::File)
            }
        };
        Ok(lock.map(|lock| Hold { _lock: Some(lock) }))
    }

    async fn said_holder(&self) -> Result<Option<Holder>, Error> {
        match &self.0 {
            Kind::Nowhere => Ok(None),
            Kind::Memory(memory) => Ok(memory.holder()),
            Kind::File(file) => {
                let file = file.clone();
                blocking(move || Ok(file.holder())).await
            }
        }
    }
}

/// Runs what waits for a disk where it keeps nobody else waiting. It is carried out even when nobody waits
/// for it any more.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        // It was not cancelled, so it panicked; or the runtime is ending, and the caller with it.
        Err(lost) => Err(Error::io("working on", std::path::Path::new("the ledger"), lost.into())),
    }
}
