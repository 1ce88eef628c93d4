//! The storage of a lock: a record with a version, replaced only if it still has the version that was read.

use jiff::Timestamp;

use super::super::Error;
#[cfg(feature = "object-store")]
use super::super::bucket::{BucketObject, WriteResult};
#[cfg(feature = "kubernetes")]
use super::super::kubernetes::LeaseObject;
use super::lock::LockRecord;

/// The object that stores a lock. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::state) enum LockPlace {
    /// An object in a bucket.
    #[cfg(feature = "object-store")]
    Bucket(BucketObject),
    /// A `Lease` in Kubernetes.
    #[cfg(feature = "kubernetes")]
    Kubernetes(LeaseObject),
}

/// A lock as it was read.
#[derive(Debug)]
pub(in crate::state) struct StoredLock {
    pub record: LockRecord,
    pub version: LockVersion,
    /// The time of the write, by the clock of the bucket, or of the holder in Kubernetes.
    pub modified: Timestamp,
}

/// The version of a stored lock: an `ETag` or a `resourceVersion`.
#[derive(Clone, Debug)]
pub(in crate::state) struct LockVersion {
    pub id: Option<String>,
    /// The generation that some vendors of buckets need for a condition.
    #[cfg(feature = "object-store")]
    pub generation: Option<String>,
}

impl LockVersion {
    /// Returns true if the versions are the same. Not all vendors return the generation each time.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl LockPlace {
    /// Reads the lock. `None` if it was never acquired.
    pub(super) async fn read(&self) -> Result<Option<StoredLock>, Error> {
        match self {
            #[cfg(feature = "object-store")]
            Self::Bucket(object) => {
                let Some(found) = object.get().await? else { return Ok(None) };
                let damaged = || Error::LockDamaged { place: object.place().to_owned() };
                let record = LockRecord::from_text(&found.bytes).ok_or_else(damaged)?;
                let version = found.version.into();
                Ok(Some(StoredLock { record, version, modified: found.modified }))
            }
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(lease) => lease.read().await,
        }
    }

    /// Replaces the version `over`, and returns the new one. `None` if another process wrote the lock meanwhile.
    pub(super) async fn write(
        &self,
        lock: &LockRecord,
        over: Option<&LockVersion>,
    ) -> Result<Option<LockVersion>, Error> {
        match self {
            #[cfg(feature = "object-store")]
            Self::Bucket(object) => {
                let over = over.cloned().map(Into::into);
                match object.swap(lock.text().as_bytes(), over.as_ref()).await? {
                    WriteResult::Written(version) => Ok(Some(version.into())),
                    WriteResult::Conflict => Ok(None),
                }
            }
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(lease) => lease.write(lock, over).await,
        }
    }

    /// Proves that the place honors conditions. Kubernetes always does.
    #[cfg_attr(
        not(feature = "object-store"),
        expect(unused_variables, clippy::unused_async, reason = "for buckets")
    )]
    pub(super) async fn prove_conditions(&self, lock: &LockRecord) -> Result<(), Error> {
        match self {
            #[cfg(feature = "object-store")]
            Self::Bucket(object) => object.prove_conditions(lock.text().as_bytes()).await,
            #[cfg(feature = "kubernetes")]
            Self::Kubernetes(_) => Ok(()),
        }
    }
}

#[cfg(feature = "object-store")]
impl From<object_store::UpdateVersion> for LockVersion {
    fn from(version: object_store::UpdateVersion) -> Self {
        Self { id: version.e_tag, generation: version.version }
    }
}

#[cfg(feature = "object-store")]
impl From<LockVersion> for object_store::UpdateVersion {
    fn from(version: LockVersion) -> Self {
        Self { e_tag: version.id, version: version.generation }
    }
}
