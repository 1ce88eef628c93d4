//! A state file in a bucket: an object that is replaced only by whoever has read it, and beside it one that is
//! its lock, and one that says which of several daemons watches.
//!
//! Every write is a compare-and-swap by `ETag`, so that not even two who both believe to hold the lock can
//! write over each other: the second is told of a conflict and stops. The lock keeps them from getting
//! that far. It is a lease that its holder renews; see [`lock`] for who may take it over, and
//! when. No clock of another machine is believed.

mod client;
mod hold;
mod lock;
mod object;
mod place;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use object_store::UpdateVersion;
use secrecy::SecretString;
use tokio::sync::watch;

use super::document::version;
use super::{Error, Holder};
use hold::Keeper;
pub(super) use hold::{BucketHold, BucketLockCheck};
use lock::LockObject;
use object::{Object, Swap};
pub use place::Bucket;

/// How long a lock holds that is not renewed. It is renewed after a third of that.
const LEASE: Duration = Duration::from_secs(60);
/// The same for the lease of the daemon: so long nobody may watch when one is killed.
const WATCH: Duration = Duration::from_secs(30);

/// An object, with its lock object beside it. Clones are the same place.
#[derive(Clone, Debug)]
pub(super) struct BucketState {
    bucket: Bucket,
    /// How long a lock holds instead of the usual time.
    lease: Option<Duration>,
    /// What wins over the environment.
    settings: BTreeMap<String, SecretString>,
    /// Made when it is first needed: that it cannot be made is an error of the first use.
    objects: Arc<OnceLock<Result<Objects, Error>>>,
    /// What was last read or written: its digest, and what it has to be to be written over.
    seen: Arc<Mutex<Option<(String, UpdateVersion)>>>,
}

#[derive(Debug)]
struct Objects {
    state: Object,
    lock: LockObject,
    /// Who of the daemons watches.
    watch: LockObject,
}

impl BucketState {
    pub(super) fn new(bucket: &Bucket) -> Self {
        Self {
            bucket: bucket.clone(),
            lease: None,
            settings: BTreeMap::new(),
            objects: Arc::default(),
            seen: Arc::default(),
        }
    }

    /// The same place; locks that are taken through this one hold for `lease`.
    pub(super) fn leased_for(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// The same place, with settings that win over the environment's.
    pub(super) fn with_settings(self, settings: BTreeMap<String, SecretString>) -> Self {
        Self { settings, objects: Arc::default(), ..self }
    }

    /// Where it is, for messages.
    pub(super) fn place(&self) -> String {
        self.bucket.to_string()
    }

    fn objects(&self) -> Result<&Objects, Error> {
        let made = self.objects.get_or_init(|| {
            let [state, lock, watch] = self.bucket.objects()?;
            let store = client::connect(&self.bucket, &self.settings)?;
            let object = |path, place| Object::new(Arc::clone(&store), path, place);
            let lease = self.bucket.lease_place();
            Ok(Objects {
                state: object(state, self.place()),
                lock: LockObject::new(object(lock, self.bucket.lock_place()), self.place()),
                watch: LockObject::new(object(watch, lease.clone()), lease),
            })
        });
        made.as_ref().map_err(Clone::clone)
    }

    /// The whole object. `None`: there is none.
    pub(super) async fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        let found = self.objects()?.state.get().await?;
        let Some(found) = found else {
            self.saw(None);
            return Ok(None);
        };
        self.saw(Some((version(&found.bytes), found.version)));
        Ok(Some(found.bytes))
    }

    /// Replaces the object, if it still is `over` and the hold still holds.
    pub(super) async fn replace(
        &self,
        held: &BucketHold,
        bytes: &[u8],
        over: Option<&str>,
    ) -> Result<(), Error> {
        // Nothing of ours may arrive when somebody else could hold the lock.
        held.term().guard(self.swap(bytes, over)).await.ok_or_else(|| self.lost())?
    }

    async fn swap(&self, bytes: &[u8], over: Option<&str>) -> Result<(), Error> {
        let conflict = || Error::Conflict { place: self.place() };
        let over = match over {
            None => None,
            Some(over) => Some(self.version_of(over).await?.ok_or_else(conflict)?),
        };
        match self.objects()?.state.swap(bytes, over.as_ref()).await? {
            Swap::Written(now) => {
                self.saw(Some((version(bytes), now)));
                Ok(())
            }
            Swap::Refused => {
                self.saw(None);
                Err(conflict())
            }
        }
    }

    /// The version of the text with this digest, if that is what is there.
    async fn version_of(&self, digest: &str) -> Result<Option<UpdateVersion>, Error> {
        if let Some(known) = self.seen(digest) {
            return Ok(Some(known));
        }
        self.read().await?;
        Ok(self.seen(digest))
    }

    fn seen(&self, digest: &str) -> Option<UpdateVersion> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().filter(|(text, _)| text == digest).map(|(_, version)| version.clone())
    }

    fn saw(&self, seen: Option<(String, UpdateVersion)>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Takes the lock, waiting for it no longer than `wait`, or than it takes to see that its holder is gone.
    pub(super) async fn lock(&self, holder: &Holder, wait: Duration) -> Result<BucketHold, Error> {
        let (lock, lease) = (&self.objects()?.lock, self.lease.unwrap_or(LEASE));
        let taken = lock.take(holder, lease, wait).await?;
        Ok(Keeper::start(lock.clone(), taken, lease))
    }

    /// Waits for the turn to watch, however long. `seen` is told who has it.
    pub(super) async fn stand_by(
        &self,
        holder: &Holder,
        seen: &watch::Sender<Option<Holder>>,
    ) -> Result<BucketHold, Error> {
        let (lock, lease) = (&self.objects()?.watch, self.lease.unwrap_or(WATCH));
        let taken = lock.stand_by(holder, lease, seen).await?;
        Ok(Keeper::start(lock.clone(), taken, lease))
    }

    /// Who holds the lock now, or held it and is gone.
    pub(super) async fn holder(&self) -> Result<Option<Holder>, Error> {
        self.objects()?.lock.holder().await
    }

    /// Breaks the lock with this id: who has held it.
    pub(super) async fn unlock(&self, id: &str) -> Result<Holder, Error> {
        self.objects()?.lock.break_open(id).await
    }

    fn lost(&self) -> Error {
        Error::LockLost { place: self.place() }
    }
}
