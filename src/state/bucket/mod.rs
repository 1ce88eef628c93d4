//! A state in a bucket: an object, with one beside it for its lock and one for leadership among daemons.
//!
//! Every write is a compare-and-swap by `ETag`. Even if two processes both believe that they hold the lock, the second
//! write fails with a conflict. The lock is a lease ([`super::lease`]).

mod client;
mod object;
mod url;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use object_store::UpdateVersion;
use secrecy::SecretString;

use super::document::version;
use super::lease::{LEADER_LEASE, LEASE, LeaseLock, LeaseRenewer, LockObject, LockPlace};
use super::seen_version::SeenVersion;
use super::{Error, LeadershipRequest, LockHolder};
pub(super) use object::{BucketObject, WriteResult};
pub use url::BucketUrl;

/// A state in a bucket, with its lock. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct BucketStore {
    bucket: BucketUrl,
    /// A lease time other than the default.
    lease: Option<Duration>,
    /// Settings that override the environment.
    settings: BTreeMap<String, SecretString>,
    /// Connected on first use, which reports the error if it fails.
    objects: Arc<OnceLock<Result<Objects, Error>>>,
    /// The digest and version that were read or written last.
    seen: SeenVersion<UpdateVersion>,
}

#[derive(Debug)]
struct Objects {
    state: BucketObject,
    lock: LockObject,
    /// The leadership among daemons.
    leadership: LockObject,
    /// The daemons whose states are in the same folder.
    replicas: BucketObject,
}

impl BucketStore {
    pub(super) fn new(bucket: &BucketUrl) -> Self {
        Self {
            bucket: bucket.clone(),
            lease: None,
            settings: BTreeMap::new(),
            objects: Arc::default(),
            seen: SeenVersion::new(),
        }
    }

    /// The same state with another lease time.
    pub(super) fn leased_for(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// The lease time of leadership.
    pub(super) fn leader_lease(&self) -> Duration {
        self.lease.unwrap_or(LEADER_LEASE)
    }

    /// The same state with settings that override the environment.
    pub(super) fn with_settings(self, settings: BTreeMap<String, SecretString>) -> Self {
        Self { settings, objects: Arc::default(), ..self }
    }

    /// The URL, for messages.
    pub(super) fn place(&self) -> String {
        self.bucket.to_string()
    }

    fn objects(&self) -> Result<&Objects, Error> {
        let made = self.objects.get_or_init(|| {
            let [state, lock, leadership] = self.bucket.objects()?;
            let store = client::connect(&self.bucket, &self.settings)?;
            let object = |path, place| BucketObject::new(Arc::clone(&store), path, place);
            let lease = self.bucket.lease_place();
            let (replicas, replicas_place) = self.bucket.replicas()?;
            Ok(Objects {
                state: object(state, self.place()),
                lock: LockObject::new(
                    LockPlace::Bucket(object(lock, self.bucket.lock_place())),
                    self.place(),
                ),
                leadership: LockObject::new(
                    LockPlace::Bucket(object(leadership, lease.clone())),
                    lease,
                ),
                replicas: object(replicas, replicas_place),
            })
        });
        made.as_ref().map_err(Clone::clone)
    }

    /// Reads the whole object. `None` if it does not exist.
    pub(super) async fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        let found = self.objects()?.state.get().await?;
        let Some(found) = found else {
            self.seen.set(None);
            return Ok(None);
        };
        self.seen.set(Some((version(&found.bytes), found.version)));
        Ok(Some(found.bytes))
    }

    /// Replaces the object if it still has the version `over` and the lock is held.
    pub(super) async fn replace(
        &self,
        lock: &LeaseLock,
        bytes: &[u8],
        over: Option<&str>,
    ) -> Result<(), Error> {
        // No request of ours may arrive once another process could hold the lock.
        lock.term().guard(self.swap(bytes, over)).await.ok_or_else(|| self.lost())?
    }

    async fn swap(&self, bytes: &[u8], over: Option<&str>) -> Result<(), Error> {
        let conflict = || Error::Conflict { place: self.place() };
        let over = match over {
            None => None,
            Some(over) => Some(self.version_of(over).await?.ok_or_else(conflict)?),
        };
        match self.objects()?.state.swap(bytes, over.as_ref()).await? {
            WriteResult::Written(now) => {
                self.seen.set(Some((version(bytes), now)));
                Ok(())
            }
            WriteResult::Conflict => {
                self.seen.set(None);
                Err(conflict())
            }
        }
    }

    /// The version of the object, if it has this digest.
    async fn version_of(&self, digest: &str) -> Result<Option<UpdateVersion>, Error> {
        if let Some(known) = self.seen.of(digest) {
            return Ok(Some(known));
        }
        self.read().await?;
        Ok(self.seen.of(digest))
    }

    /// Acquires the lock, waiting up to `wait`, or until its holder is proven to be gone.
    pub(super) async fn lock(
        &self,
        holder: &LockHolder,
        wait: Duration,
    ) -> Result<LeaseLock, Error> {
        let (lock, lease) = (&self.objects()?.lock, self.lease.unwrap_or(LEASE).min(LEASE));
        let taken = lock.acquire(holder, lease, wait).await?;
        Ok(LeaseRenewer::start(lock.clone(), taken, lease))
    }

    /// Waits for leadership, however long it takes, and reports the current leader.
    pub(super) async fn wait_for_leadership(
        &self,
        holder: &LockHolder,
        request: &LeadershipRequest,
    ) -> Result<LeaseLock, Error> {
        let (lock, lease) = (&self.objects()?.leadership, self.leader_lease());
        let taken = lock.wait_until_free(holder, lease, request).await?;
        Ok(LeaseRenewer::start(lock.clone(), taken, lease))
    }

    /// The list of the daemons whose states are in the same folder.
    pub(super) fn replicas(&self) -> Result<BucketObject, Error> {
        Ok(self.objects()?.replicas.clone())
    }

    /// The holder that the lock names; it may be gone.
    pub(super) async fn holder(&self) -> Result<Option<LockHolder>, Error> {
        self.objects()?.lock.holder().await
    }

    /// Force-releases the lock with this id, and returns its former holder.
    pub(super) async fn unlock(&self, id: &str) -> Result<LockHolder, Error> {
        self.objects()?.lock.force_release(id).await
    }

    fn lost(&self) -> Error {
        Error::LockLost { place: self.place() }
    }
}
