//! The list in which the daemons of one folder of states publish their presence.
//!
//! A backend reads it, and replaces it if it still has the version that was read. The text and its meaning are those of
//! the daemon. A wrong list can only spread organizations badly: who leads is decided by each lease.

use super::Error;
#[cfg(feature = "object-store")]
use super::bucket::{BucketObject, WriteResult};

/// The list of the daemons whose states are in one folder. Clones share it.
#[derive(Clone, Debug)]
pub struct ReplicaList(ListBackend);

#[derive(Clone, Debug)]
enum ListBackend {
    #[cfg(feature = "object-store")]
    Bucket(BucketObject),
}

/// The text of the list, and the version to replace.
#[derive(Debug)]
pub struct ReplicaListText {
    /// The text. `None` if the list does not exist.
    pub text: Option<Vec<u8>>,
    #[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "for buckets"))]
    version: ListVersion,
}

#[derive(Debug)]
enum ListVersion {
    #[cfg(feature = "object-store")]
    Bucket(Option<object_store::UpdateVersion>),
}

impl ReplicaList {
    #[cfg(feature = "object-store")]
    pub(super) fn bucket(object: BucketObject) -> Self {
        Self(ListBackend::Bucket(object))
    }

    /// The location of the list, which identifies it.
    #[must_use]
    pub fn place(&self) -> String {
        match self.0 {
            #[cfg(feature = "object-store")]
            ListBackend::Bucket(ref object) => object.place().to_owned(),
        }
    }

    /// Reads the list.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be read.
    #[cfg_attr(not(feature = "object-store"), expect(clippy::unused_async, reason = "for buckets"))]
    pub async fn read(&self) -> Result<ReplicaListText, Error> {
        match self.0 {
            #[cfg(feature = "object-store")]
            ListBackend::Bucket(ref object) => {
                let found = object.get().await?;
                let (text, version) = found.map(|found| (found.bytes, found.version)).unzip();
                Ok(ReplicaListText { text, version: ListVersion::Bucket(version) })
            }
        }
    }

    /// Replaces the list as it was read. Returns false if another process wrote it meanwhile.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be written.
    #[cfg_attr(
        not(feature = "object-store"),
        expect(unused_variables, clippy::unused_async, reason = "for buckets")
    )]
    pub async fn replace(&self, read: &ReplicaListText, text: &[u8]) -> Result<bool, Error> {
        match self.0 {
            #[cfg(feature = "object-store")]
            ListBackend::Bucket(ref object) => {
                let ListVersion::Bucket(version) = &read.version;
                let written = object.swap(text, version.as_ref()).await?;
                Ok(matches!(written, WriteResult::Written(_)))
            }
        }
    }
}
