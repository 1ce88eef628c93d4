//! Locks that are leases: their holder renews them, and they expire when it is gone.
//!
//! The algorithm is one ([`lock`]), its storage is a [`LockPlace`]: an object in a bucket or a `Lease` in Kubernetes.
//! Either offers a compare-and-swap by version, which is all that the algorithm needs.

mod hold;
mod lock;
mod place;

pub(super) use hold::{LeaseLock, LeaseLockCheck, LeaseRenewer};
pub(super) use lock::LockObject;
#[cfg(feature = "kubernetes")]
pub(super) use lock::{HeldRecord, LockRecord};
pub(super) use place::{LockPlace, LockVersion, StoredLock};

use std::time::Duration;

/// The lease time of a lock. It is renewed after a third of that.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// The lease time of leadership: the longest time without a leader after one is killed.
pub(super) const LEADER_LEASE: Duration = Duration::from_secs(30);
