//! Leadership among the daemons that share a state.

use std::time::Duration;

use super::{Backend, Store};
#[cfg(feature = "leases")]
use crate::state::state_lock::{LockKind, StateLock};
use crate::state::{Error, LeaderLease, LeadershipRequest, LockHolder, ReplicaList};

impl Store {
    /// The lease time of leadership. `None` without leases, where every daemon leads.
    #[must_use]
    pub fn leader_lease(&self) -> Option<Duration> {
        match &self.0 {
            Backend::None | Backend::Memory(_) | Backend::File(_) => None,
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => Some(bucket.leader_lease()),
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => Some(store.leader_lease()),
        }
    }

    /// The list of the daemons that may lead this organization. `None` without leases.
    ///
    /// # Errors
    ///
    /// Fails when the connection cannot be prepared.
    pub fn replicas(&self) -> Result<Option<ReplicaList>, Error> {
        match &self.0 {
            Backend::None | Backend::Memory(_) | Backend::File(_) => Ok(None),
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => Ok(Some(ReplicaList::bucket(bucket.replicas()?))),
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => Ok(Some(ReplicaList::kubernetes(store.replicas()))),
        }
    }

    /// Waits for leadership among the daemons that share this state, however long it takes, as the request says.
    /// Without leases every daemon leads.
    ///
    /// # Errors
    ///
    /// Fails when the leader cannot be determined.
    #[cfg_attr(
        not(feature = "leases"),
        expect(unused_variables, clippy::unused_async, reason = "for leases")
    )]
    pub async fn wait_for_leadership(
        &self,
        holder: &LockHolder,
        request: &LeadershipRequest,
    ) -> Result<LeaderLease, Error> {
        match &self.0 {
            Backend::None | Backend::Memory(_) | Backend::File(_) => Ok(LeaderLease::alone()),
            #[cfg(feature = "object-store")]
            Backend::Bucket(bucket) => {
                let lease = bucket.wait_for_leadership(holder, request).await?;
                Ok(LeaderLease(Some(StateLock(LockKind::Lease(lease)))))
            }
            #[cfg(feature = "kubernetes")]
            Backend::Kubernetes(store) => {
                let lease = store.wait_for_leadership(holder, request).await?;
                Ok(LeaderLease(Some(StateLock(LockKind::Lease(lease)))))
            }
        }
    }
}
