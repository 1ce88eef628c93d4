//! Leadership among the daemons that share a state.

use tokio::sync::watch;

use super::state_lock::LockCheck;
use super::{LockHolder, StateLock};

/// The leadership of an organization. In a bucket or in Kubernetes it is a lease, renewed until this is dropped;
/// elsewhere a daemon always leads.
///
/// It is not the lock of the state: a leader acquires that lock for each write, like any other process.
#[derive(Debug)]
pub struct LeaderLease(pub(super) Option<StateLock>);

/// A check of the leadership that outlives borrows of it. Clones share state.
#[derive(Clone, Debug)]
pub struct LeaderCheck(Option<LockCheck>);

/// A request for leadership.
#[derive(Clone, Debug)]
pub struct LeadershipRequest {
    /// True while this process should lead. Otherwise it only observes the lease, and acquires one that nothing held
    /// for two lease times.
    pub wanted: watch::Receiver<bool>,
    /// The id of the lease that this process held before and could not renew. If the backend still has it, no other
    /// process has led since, and this one acquires it at once.
    pub former: Option<String>,
    /// Receives the leader after each read. `None` while the lease is free.
    pub leader: watch::Sender<Option<LockHolder>>,
}

impl LeadershipRequest {
    /// A request of a process that always wants to lead.
    #[must_use]
    pub fn always(leader: watch::Sender<Option<LockHolder>>) -> Self {
        Self { wanted: watch::channel(true).1, former: None, leader }
    }
}

impl LeaderLease {
    /// The leadership of a daemon that shares its state with no other.
    #[must_use]
    pub fn alone() -> Self {
        Self(None)
    }

    /// Returns true until the lease is lost, which is final.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.as_ref().is_none_or(|lock| lock.check().holds())
    }

    /// A check that outlives borrows of the lease.
    #[must_use]
    pub fn check(&self) -> LeaderCheck {
        LeaderCheck(self.0.as_ref().map(StateLock::check))
    }

    /// The id of the lease. `None` without one.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.0.as_ref()?.check().id().map(str::to_owned)
    }

    /// Releases the leadership. If the backend cannot be reached, the lease expires instead.
    pub async fn release(self) {
        if let Some(lock) = self.0 {
            lock.release().await;
        }
    }
}

impl LeaderCheck {
    /// Returns true if the lease outlasts a write that begins now.
    #[must_use]
    pub fn outlasts_a_write(&self) -> bool {
        self.0.as_ref().is_none_or(LockCheck::outlasts_a_write)
    }
}
