//! Leadership among the daemons that share a state.

use super::StateLock;

/// The leadership of an organization. In a bucket it is a lease, renewed until this is dropped; elsewhere a daemon
/// always leads.
///
/// It is not the lock of the state: a leader acquires that lock for each write, like any other process.
#[derive(Debug)]
pub struct LeaderLease(pub(super) Option<StateLock>);

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

    /// Releases the leadership. In a bucket that cannot be reached, the lease expires instead.
    pub async fn release(self) {
        if let Some(lock) = self.0 {
            lock.release().await;
        }
    }
}
