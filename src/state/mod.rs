//! Keeps a [`State`](crate::model::State) between runs: in a file, a bucket, Kubernetes, this process, or
//! not at all.
//!
//! A [`Location`] names the place, a [`Store`] reads and writes it, and a [`Journal`] holds its lock and records
//! [`StateChange`]s durably. A state that is damaged, foreign or of a newer version is an [`Error`] and never read as
//! an empty one. This module knows neither the manifest nor Telnyx, and stores no secrets.

mod batch_estimator;
#[cfg(feature = "object-store")]
mod bucket;
mod change;
mod document;
mod error;
mod file;
mod holder;
mod journal;
#[cfg(feature = "kubernetes")]
pub(crate) mod kubernetes;
mod leader_lease;
#[cfg(feature = "leases")]
mod lease;
mod location;
mod memory;
pub(crate) mod owner;
mod record;
mod replica_list;
#[cfg(feature = "leases")]
mod seen_version;
mod state_lock;
mod store;
mod watch;

#[cfg(feature = "object-store")]
pub use bucket::BucketUrl;
pub use change::{StateChange, apply};
pub use error::{Damage, Error, Mismatch};
pub use holder::{Lease, LockHolder};
pub use journal::Journal;
#[cfg(feature = "kubernetes")]
pub use kubernetes::KubernetesUrl;
pub use leader_lease::{LeaderCheck, LeaderLease, LeadershipRequest};
pub use location::Location;
pub use record::{Binding, StateRecord};
pub use replica_list::{ReplicaList, ReplicaListText};
pub use state_lock::StateLock;
pub use store::Store;
