//! Reads, writes and locks a state file, wherever it is.

use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use super::bucket::{BucketHold, BucketLockCheck, BucketState};
use super::document;
use super::file::{FileHold, FileLockCheck, StateFile};
use super::memory::{Memory, MemoryHold};
use super::record::{Binding, Record};
use super::{Error, Holder, Location, Turn};

/// How often a lock that somebody else holds is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// How long the daemon's lock is waited for in any case: it only holds it for a write.
const MOMENT: Duration = Duration::from_secs(5);

/// A place of one state. Clones are the same place.
#[derive(Clone, Debug)]
pub struct Store(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Nowhere,
    Memory(Memory),
    File(StateFile),
    Bucket(BucketState),
}

/// Holds the lock of a state file until it is dropped. That of a bucket may be free only a little later; who
/// needs it free says [`release`](Self::release).
#[derive(Debug)]
pub struct Hold(Lock);

#[derive(Debug)]
enum Lock {
    Nowhere,
    Memory(#[expect(dead_code, reason = "it is kept for its drop")] MemoryHold),
    File(FileHold),
    Bucket(BucketHold),
}

impl Hold {
    /// Lets the lock go: it is free when this returns, or, in a bucket that cannot be reached, when it expires.
    pub async fn release(self) {
        match self.0 {
            Lock::Nowhere | Lock::Memory(_) | Lock::File(_) => {}
            Lock::Bucket(hold) => hold.release().await,
        }
    }

    /// A check whether it is still held.
    pub(super) fn check(&self) -> LockCheck {
        match &self.0 {
            Lock::Nowhere | Lock::Memory(_) => LockCheck::Process,
            Lock::File(hold) => LockCheck::File(hold.check()),
            Lock::Bucket(hold) => LockCheck::Bucket(hold.check()),
        }
    }
}

/// A check whether a lock is still held. Clones share state.
#[derive(Clone, Debug)]
pub(super) enum LockCheck {
    /// Of this process alone: it cannot be lost.
    Process,
    File(FileLockCheck),
    Bucket(BucketLockCheck),
}

impl LockCheck {
    /// Returns true if the lock is held, as far as this machine can know.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Process => true,
            Self::File(check) => check.holds(),
            Self::Bucket(check) => check.holds(),
        }
    }

    /// Asks where the lock is kept.
    pub(super) async fn confirm(&self) -> Result<bool, Error> {
        match self {
            Self::Process | Self::File(_) => Ok(self.holds()),
            Self::Bucket(check) => check.confirm().await,
        }
    }
}

impl Store {
    /// The store at a location. Nothing is read or made yet.
    #[must_use]
    pub fn new(location: &Location) -> Self {
        Self(match location {
            Location::None => Kind::Nowhere,
            Location::Memory => Kind::Memory(Memory::default()),
            Location::File(path) => Kind::File(StateFile::new(path)),
            Location::Bucket(bucket) => Kind::Bucket(BucketState::new(bucket)),
        })
    }

    /// The same place; a lock of a bucket that is taken through this store, and the turn to watch, hold for `lease`
    /// without being renewed, instead of the usual time. Locks of other places don't expire.
    #[must_use]
    pub fn leased_for(self, lease: Duration) -> Self {
        Self(match self.0 {
            Kind::Bucket(bucket) => Kind::Bucket(bucket.leased_for(lease)),
            other @ (Kind::Nowhere | Kind::Memory(_) | Kind::File(_)) => other,
        })
    }

    /// The same place, reached with settings that win over the environment's: the names are those of the
    /// vendor's variables, such as `AWS_ENDPOINT_URL`. Only a bucket has any.
    #[must_use]
    pub fn with_settings(self, settings: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        Self(match self.0 {
            Kind::Bucket(bucket) => {
                Kind::Bucket(bucket.with_settings(settings.into_iter().collect()))
            }
            other @ (Kind::Nowhere | Kind::Memory(_) | Kind::File(_)) => other,
        })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.0 {
            Kind::Nowhere => "none".to_owned(),
            Kind::Memory(_) => "memory:".to_owned(),
            Kind::File(file) => file.place(),
            Kind::Bucket(bucket) => bucket.place(),
        }
    }

    /// Whether what is written here can ever be read again.
    #[must_use]
    pub fn remembers(&self) -> bool {
        match &self.0 {
            Kind::Nowhere => false,
            Kind::Memory(_) | Kind::File(_) | Kind::Bucket(_) => true,
        }
    }

    /// Whether a write takes so long, or costs so much, that it is worth waiting for others to share it.
    pub(super) fn is_far(&self) -> bool {
        match &self.0 {
            Kind::Nowhere | Kind::Memory(_) | Kind::File(_) => false,
            Kind::Bucket(_) => true,
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
            Kind::Bucket(bucket) => bucket.read().await?,
        };
        bytes.map(|bytes| document::from_bytes(&bytes, &self.place())).transpose()
    }

    /// Writes a record over what it was read from, and counts the write in it. It is durable when this
    /// returns. After an error the record is unchanged, and what the store has may be either.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when the store has something else by now; [`Error::LockLost`] when the hold has
    /// expired; when it cannot be written.
    pub async fn save(&self, held: &Hold, record: &mut Record) -> Result<(), Error> {
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
            Kind::Bucket(bucket) => match &held.0 {
                Lock::Bucket(lease) => bucket.replace(lease, &bytes, over.as_deref()).await?,
                Lock::Nowhere | Lock::Memory(_) | Lock::File(_) => {
                    return Err(Error::LockLost { place: self.place() });
                }
            },
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
        if let Kind::Bucket(bucket) = &self.0 {
            // It has a pace of its own: every look is a request.
            loop {
                match bucket.lock(holder, wait).await {
                    Err(Error::Locked { holder: Some(other), .. })
                        if is_momentary(&other, holder) && begun.elapsed() < MOMENT =>
                    {
                        sleep(AGAIN * 4).await;
                    }
                    taken => return Ok(Hold(Lock::Bucket(taken?))),
                }
            }
        }
        let mut end = begun + wait;
        let mut nameless = true;
        loop {
            if let Some(hold) = self.try_lock(holder).await? {
                return Ok(hold);
            }
            match self.said_holder().await? {
                // Who holds it and doesn't say so only looks at it, or is about to say.
                None if std::mem::take(&mut nameless) => end = end.max(Instant::now() + AGAIN),
                Some(other) if is_momentary(&other, holder) => end = end.max(begun + MOMENT),
                None | Some(_) => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Locked {
                    place: self.place(),
                    holder: self.said_holder().await?.map(Box::new),
                });
            }
            sleep(AGAIN.min(left)).await;
        }
    }

    /// Waits for the turn to watch, as one of several daemons with this state, however long that takes. `seen` is
    /// told who has it now. Only in a bucket it is ever somebody else's.
    ///
    /// # Errors
    ///
    /// When it cannot be found out whose turn it is.
    pub async fn stand_by(
        &self,
        holder: &Holder,
        seen: &watch::Sender<Option<Holder>>,
    ) -> Result<Turn, Error> {
        match &self.0 {
            Kind::Nowhere | Kind::Memory(_) | Kind::File(_) => Ok(Turn::alone()),
            Kind::Bucket(bucket) => bucket.stand_by(holder, seen).await.map(Turn::leased),
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
            Kind::Bucket(bucket) => bucket.holder().await?.is_some(),
        };
        if !locked {
            return Ok(());
        }
        Err(Error::Locked { place: self.place(), holder: self.said_holder().await?.map(Box::new) })
    }

    /// Breaks the lock of a bucket that has this id: who held it. Whoever it was writes nothing any more.
    ///
    /// # Errors
    ///
    /// [`Error::NotLocked`], [`Error::OtherLock`] for another id, [`Error::NoLease`] where locks have none, and when
    /// it cannot be done.
    pub async fn unlock(&self, id: &str) -> Result<Holder, Error> {
        match &self.0 {
            Kind::Bucket(bucket) => bucket.unlock(id).await,
            Kind::Nowhere | Kind::Memory(_) | Kind::File(_) => Err(Error::NoLease),
        }
    }

    async fn try_lock(&self, holder: &Holder) -> Result<Option<Hold>, Error> {
        let lock = match &self.0 {
            Kind::Nowhere => Some(Lock::Nowhere),
            Kind::Memory(memory) => memory.try_lock(holder).map(Lock::Memory),
            Kind::File(file) => {
                let (file, holder) = (file.clone(), holder.clone());
                blocking(move || file.try_lock(&holder)).await?.map(Lock::File)
            }
            Kind::Bucket(bucket) => Some(Lock::Bucket(bucket.lock(holder, Duration::ZERO).await?)),
        };
        Ok(lock.map(Hold))
    }

    async fn said_holder(&self) -> Result<Option<Holder>, Error> {
        match &self.0 {
            Kind::Nowhere => Ok(None),
            Kind::Memory(memory) => Ok(memory.holder()),
            Kind::File(file) => {
                let file = file.clone();
                blocking(move || Ok(file.holder())).await
            }
            Kind::Bucket(bucket) => bucket.holder().await,
        }
    }
}

/// Whether a lock is held by the daemon, and so for one write only; another daemon's write can wait.
fn is_momentary(other: &Holder, ours: &Holder) -> bool {
    other.command == Holder::DAEMON && ours.command != Holder::DAEMON
}

/// Runs what waits for a disk where it keeps nobody else waiting. It is carried out even when nobody waits
/// for it any more.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        // It was not cancelled, so it panicked; or the runtime is ending, and the caller with it.
        Err(lost) => Err(Error::io("working on", std::path::Path::new("the state"), lost.into())),
    }
}
