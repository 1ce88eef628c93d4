//! The list in which the daemons of one folder or namespace of states publish their presence.
//!
//! A backend reads it, and replaces it if it still has the version that was read. The text and its meaning are those of
//! the daemon. A wrong list can only spread organizations badly: who leads is decided by each lease.

use super::Error;
#[cfg(feature = "object-store")]
use super::bucket::{BucketObject, WriteResult};
#[cfg(feature = "kubernetes")]
use super::kubernetes::ReplicasObject;
#[cfg(feature = "leases")]
use super::lease::LockVersion;

/// The list of the daemons whose states are in one folder or namespace. Clones share it.
#[derive(Clone, Debug)]
pub struct ReplicaList(ListBackend);

#[derive(Clone, Debug)]
enum ListBackend {
    #[cfg(feature = "object-store")]
    Bucket(BucketObject),
    #[cfg(feature = "kubernetes")]
    Kubernetes(ReplicasObject),
}

/// The text of the list, and the version to replace.
#[derive(Debug)]
pub struct ReplicaListText {
    /// The text. `None` if the list does not exist.
    pub text: Option<Vec<u8>>,
    #[cfg(feature = "leases")]
    version: Option<LockVersion>,
}

impl ReplicaList {
    #[cfg(feature = "object-store")]
    pub(super) fn bucket(object: BucketObject) -> Self {
        Self(ListBackend::Bucket(object))
    }

    #[cfg(feature = "kubernetes")]
    pub(super) fn kubernetes(object: ReplicasObject) -> Self {
        Self(ListBackend::Kubernetes(object))
    }

    /// The location of the list, which identifies it.
    #[must_use]
    pub fn place(&self) -> String {
        match self.0 {
            #[cfg(feature = "object-store")]
            ListBackend::Bucket(ref object) => object.place().to_owned(),
            #[cfg(feature = "kubernetes")]
            ListBackend::Kubernetes(ref object) => object.place(),
        }
    }

    /// Reads the list.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be read.
    #[cfg_attr(not(feature = "leases"), expect(clippy::unused_async, reason = "for leases"))]
    pub async fn read(&self) -> Result<ReplicaListText, Error> {
        match self.0 {
            #[cfg(feature = "object-store")]
            ListBackend::Bucket(ref object) => {
                let found = object.get().await?;
                let found = found.map(|found| (found.bytes, found.version.into()));
                let (text, version) = found.unzip();
                Ok(ReplicaListText { text, version })
            }
            #[cfg(feature = "kubernetes")]
            ListBackend::Kubernetes(ref object) => {
                let (text, version) = object.read().await?;
                Ok(ReplicaListText { text, version })
            }
        }
    }

    /// Replaces the list as it was read. Returns false if another process wrote it meanwhile.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be written.
    #[cfg_attr(
        not(feature = "leases"),
        expect(unused_variables, clippy::unused_async, reason = "for leases")
    )]
    pub async fn replace(&self, read: &ReplicaListText, text: &[u8]) -> Result<bool, Error> {
        match self.0 {
            #[cfg(feature = "object-store")]
            ListBackend::Bucket(ref object) => {
                let over = read.version.clone().map(Into::into);
                let written = object.swap(text, over.as_ref()).await?;
                Ok(matches!(written, WriteResult::Written(_)))
            }
            #[cfg(feature = "kubernetes")]
            ListBackend::Kubernetes(ref object) => {
                object.replace(text, read.version.as_ref()).await
            }
        }
    }
}
