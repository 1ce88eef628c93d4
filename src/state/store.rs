//! Reads, writes and locks a state, wherever it is.
#![cfg_attr(
    not(feature = "leases"),
    expect(unused_variables, clippy::needless_pass_by_value, reason = "for leases")
)]

mod leadership;

use std::time::Duration;

use secrecy::SecretString;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

#[cfg(feature = "object-store")]
use super::bucket::BucketStore;
use super::document;
use super::file::StateFile;
#[cfg(feature = "kubernetes")]
use super::kubernetes::KubernetesStore;
use super::memory::MemoryStore;
use super::record::{Binding, StateRecord};
use super::state_lock::{LockKind, StateLock};
use super::{Error, Location, LockHolder};

/// The interval between attempts to acquire a lock.
const RETRY: Duration = Duration::from_millis(50);

/// The minimum wait for a lock that is held briefly: of the daemon, which writes once, or without a name.
const SHORT_WAIT: Duration = Duration::from_secs(5);

/// A store of one state. Clones share it.
#[derive(Clone, Debug)]
pub struct Store(Backend);

#[derive(Clone, Debug)]
enum Backend {
    None,
    Memory(MemoryStore),
    File(StateFile),
    #[cfg(feature = "object-store")]
    Bucket(BucketStore),
    #[cfg(feature = "kubernetes")]
    Kubernetes(KubernetesStore),
}

impl Store {
    /// The store at a location. Reads and creates nothing.
    #[must_use]
    pub fn new(location: &Location) -> Self {
        Self(match location {
            Location::None => Backend::None,
            Location::Memory => Backend::Memory(MemoryStore::default()),
            Location::File(path) => Backend::File(StateFile::new(path)),
            #[cfg(feature = "object-store")]
            Location::Bucket(bucket) => Backend::Bucket(BucketStore::new(bucket)),
            #[cfg(feature = "kubernetes")]
            Location::Kubernetes(url) => Backend::Kubernetes(KubernetesStore::new(url)),
        })
    }

    /// The same store with another lease time for its lock and its leadership. Only leases expire.
    #[must_use]
    pub fn leased_for(self, lease: Duration) -> Self {
        Self(match self.0 {
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => Backend::Bucket(bucket.leased_for(lease)),
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => Backend::Kubernetes(store.leased_for(lease)),
            other @ (Backend::None | Backend::Memory(_) | Backend::File(_)) => other,
        })
    }

    /// The same store with settings that override the environment. The names are those of the vendor's variables,
    /// such as `AWS_ENDPOINT_URL`, or `KUBECONFIG`. Only a bucket and Kubernetes have settings.
    #[must_use]
    pub fn with_settings(self, settings: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        Self(match self.0 {
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => {
                Backend::Bucket(bucket.with_settings(settings.into_iter().collect()))
            }
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => {
                Backend::Kubernetes(store.with_settings(settings.into_iter().collect()))
            }
            other @ (Backend::None | Backend::Memory(_) | Backend::File(_)) => other,
        })
    }

    /// The location, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.0 {
            Backend::None => "none".to_owned(),
            Backend::Memory(_) => "memory:".to_owned(),
            Backend::File(file) => file.place(),
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => bucket.place(),
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => store.place(),
        }
    }

    /// Returns true if what is written here can be read again.
    #[must_use]
    pub fn remembers(&self) -> bool {
        !matches!(self.0, Backend::None)
    }

    /// Returns true if file permissions allow a write here. Sends no request and changes nothing.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        match &self.0 {
            Backend::File(file) => file.is_writable(),
            _ => true,
        }
    }

    /// Returns true if a write takes so long, or costs so much, that changes should share one.
    pub(super) fn is_remote(&self) -> bool {
        !matches!(self.0, Backend::None | Backend::Memory(_) | Backend::File(_))
    }

    /// Reads the state for a run with `binding`, or an empty one if none exists. Needs no lock: writes are atomic.
    ///
    /// # Errors
    ///
    /// Fails when it is damaged, newer or foreign, and when it cannot be read.
    pub async fn load(&self, binding: &Binding) -> Result<StateRecord, Error> {
        match self.read().await? {
            Some(record) => record.bound_to(binding, &self.place()),
            None => Ok(StateRecord::new(binding.clone())),
        }
    }

    /// Reads the state, whatever it belongs to. `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails when it is damaged or newer, and when it cannot be read.
    pub async fn read(&self) -> Result<Option<StateRecord>, Error> {
        let bytes = match &self.0 {
            Backend::None => None,
            Backend::Memory(memory) => memory.read(),
            Backend::File(file) => {
                let file = file.clone();
                blocking(move || file.read()).await?
            }
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => bucket.read().await?,
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => store.read().await?,
        };
        bytes.map(|bytes| document::from_bytes(&bytes, &self.place())).transpose()
    }

    /// Replaces the version that a record was read from, and increments its serial. The write is durable when this
    /// returns. After an error the record is unchanged, and the store may have either version.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when the store has another version; [`Error::LockLost`] when the lock has expired; when it
    /// cannot be written.
    pub async fn save(&self, lock: &StateLock, record: &mut StateRecord) -> Result<(), Error> {
        let mut next = StateRecord { serial: record.serial + 1, ..record.clone() };
        let bytes = document::to_text(&next).into_bytes();
        next.version = Some(document::version(&bytes));
        let over = record.version.clone();
        match &self.0 {
            Backend::None => {}
            Backend::Memory(memory) => memory.replace(&bytes, over.as_deref())?,
            Backend::File(file) => {
                let file = file.clone();
                blocking(move || file.replace(&bytes, over.as_deref())).await?;
            }
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => {
                let lock = lock.lease().ok_or_else(|| self.lock_lost())?;
                bucket.replace(lock, &bytes, over.as_deref()).await?;
            }
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => {
                let lock = lock.lease().ok_or_else(|| self.lock_lost())?;
                store.replace(lock, (&bytes, &next.state), over.as_deref()).await?;
            }
        }
        *record = next;
        Ok(())
    }

    /// Acquires the lock, waiting up to `wait`. A lock of the daemon is waited for a few seconds in any case.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] when another process holds it all the time; when it cannot be acquired at all.
    pub async fn lock(&self, holder: &LockHolder, wait: Duration) -> Result<StateLock, Error> {
        let begun = Instant::now();
        #[cfg(feature = "leases")]
        if self.is_remote() {
            // Retries have a pace of their own, as each is a request.
            loop {
                match self.acquire_lease(holder, wait).await {
                    Err(Error::Locked { holder: Some(other), .. })
                        if is_momentary(&other, holder) && begun.elapsed() < SHORT_WAIT =>
                    {
                        sleep(RETRY * 4).await;
                    }
                    acquired => return Ok(StateLock(acquired?.unwrap_or(LockKind::None))),
                }
            }
        }
        loop {
            if let Some(lock) = self.try_lock(holder).await? {
                return Ok(lock);
            }
            let wait = match self.holder().await? {
                // The name in a lock that was just acquired may still be that of a former holder.
                Some(other) if !is_momentary(&other, holder) => wait.max(RETRY),
                // A holder without a name only checks the lock, or is about to write its name.
                Some(_) | None => wait.max(SHORT_WAIT),
            };
            let left = (begun + wait).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.locked().await?);
            }
            sleep(RETRY.min(left)).await;
        }
    }

    /// Acquires the lease that is the lock. `None` where the lock is none.
    #[cfg(feature = "leases")]
    async fn acquire_lease(
        &self,
        holder: &LockHolder,
        wait: Duration,
    ) -> Result<Option<LockKind>, Error> {
        let lease = match &self.0 {
            Backend::None | Backend::Memory(_) | Backend::File(_) => return Ok(None),
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => bucket.lock(holder, wait).await?,
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => store.lock(holder, wait).await?,
        };
        Ok(Some(LockKind::Lease(lease)))
    }

    /// Succeeds if the lock is free now.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`], or when the lock cannot be checked.
    pub async fn unlocked(&self) -> Result<(), Error> {
        let locked = match &self.0 {
            Backend::None => false,
            Backend::Memory(memory) => memory.holder().is_some(),
            Backend::File(file) => {
                let file = file.clone();
                blocking(move || file.is_locked()).await?
            }
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => bucket.holder().await?.is_some(),
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => store.holder().await?.is_some(),
        };
        if locked { Err(self.locked().await?) } else { Ok(()) }
    }

    /// Force-releases the lock with this id, which only a lease has. Later writes of its holder are rejected.
    ///
    /// # Errors
    ///
    /// [`Error::NotLocked`], [`Error::OtherLock`] for another id, [`Error::NoLease`] for a lock without an id, and
    /// when the lease cannot be written.
    #[cfg_attr(
        not(feature = "leases"),
        expect(unused_variables, clippy::unused_async, reason = "for leases")
    )]
    pub async fn unlock(&self, id: &str) -> Result<LockHolder, Error> {
        match &self.0 {
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => bucket.unlock(id).await,
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => store.unlock(id).await,
            Backend::None | Backend::Memory(_) | Backend::File(_) => {
                Err(Error::NoLease { place: self.place() })
            }
        }
    }

    async fn try_lock(&self, holder: &LockHolder) -> Result<Option<StateLock>, Error> {
        let lock = match &self.0 {
            Backend::None => Some(LockKind::None),
            Backend::Memory(memory) => memory.try_lock(holder).map(LockKind::Memory),
            Backend::File(file) => {
                let (file, holder) = (file.clone(), holder.clone());
                blocking(move || file.try_lock(&holder)).await?.map(LockKind::File)
            }
            #[cfg(feature = "object-store")]
            Backend::Bucket(_) => self.acquire_lease(holder, Duration::ZERO).await?,
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(_) => self.acquire_lease(holder, Duration::ZERO).await?,
        };
        Ok(lock.map(StateLock))
    }

    #[cfg(feature = "leases")]
    fn lock_lost(&self) -> Error {
        Error::LockLost { place: self.place() }
    }

    async fn locked(&self) -> Result<Error, Error> {
        let holder = self.holder().await?.map(Box::new);
        Ok(Error::Locked { place: self.place(), holder })
    }

    /// The holder that the lock names, if any.
    async fn holder(&self) -> Result<Option<LockHolder>, Error> {
        match &self.0 {
            Backend::None => Ok(None),
            Backend::Memory(memory) => Ok(memory.holder()),
            Backend::File(file) => {
                let file = file.clone();
                blocking(move || Ok(file.holder())).await
            }
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => bucket.holder().await,
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => store.holder().await,
        }
    }
}

/// Returns true if the daemon holds a lock, and so for one write only. Another daemon does not wait for it.
fn is_momentary(other: &LockHolder, ours: &LockHolder) -> bool {
    other.command == LockHolder::DAEMON && ours.command != LockHolder::DAEMON
}

/// Runs disk access on a thread of its own. It is completed even if the caller is dropped.
async fn blocking<T: Send + 'static>(
    task: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match spawn_blocking(task).await {
        Ok(done) => done,
        // The task panicked, or the runtime is ending and the caller with it.
        Err(lost) => Err(Error::io("accessing", std::path::Path::new("the state"), lost.into())),
    }
}
