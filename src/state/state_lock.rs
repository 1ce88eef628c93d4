//! The lock of a state, wherever it is.

use super::Error;
use super::file::{FileLock, FileLockCheck};
#[cfg(feature = "leases")]
use super::lease::{LeaseLock, LeaseLockCheck};
use super::memory::MemoryLock;

/// The lock of a state, until it is dropped. To wait until a lease is free, use [`release`](Self::release).
#[derive(Debug)]
pub struct StateLock(pub(super) LockKind);

#[derive(Debug)]
pub(super) enum LockKind {
    None,
    Memory(#[expect(dead_code, reason = "its drop releases the lock")] MemoryLock),
    File(FileLock),
    #[cfg(feature = "leases")]
    Lease(LeaseLock),
}

impl StateLock {
    /// Releases the lock. If a bucket or Kubernetes cannot be reached, the lock expires instead.
    #[cfg_attr(
        not(feature = "leases"),
        expect(clippy::unused_async, reason = "only a lease needs a request")
    )]
    pub async fn release(self) {
        match self.0 {
            LockKind::None | LockKind::Memory(_) | LockKind::File(_) => {}
            #[cfg(feature = "leases")]
            LockKind::Lease(lock) => lock.release().await,
        }
    }

    /// The lease, if the lock is one.
    #[cfg(feature = "leases")]
    pub(super) fn lease(&self) -> Option<&LeaseLock> {
        match &self.0 {
            LockKind::Lease(lock) => Some(lock),
            LockKind::None | LockKind::Memory(_) | LockKind::File(_) => None,
        }
    }

    /// A check that outlives borrows of the lock.
    pub(super) fn check(&self) -> LockCheck {
        match &self.0 {
            LockKind::None | LockKind::Memory(_) => LockCheck::Process,
            LockKind::File(lock) => LockCheck::File(lock.check()),
            #[cfg(feature = "leases")]
            LockKind::Lease(lock) => LockCheck::Lease(lock.check()),
        }
    }
}

/// Checks that a lock is still held. Clones share state.
#[derive(Clone, Debug)]
pub(super) enum LockCheck {
    /// A lock within this process, which cannot be lost.
    Process,
    File(FileLockCheck),
    #[cfg(feature = "leases")]
    Lease(LeaseLockCheck),
}

impl LockCheck {
    /// Returns true if the lock is held, as far as this machine can know.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Process => true,
            Self::File(check) => check.holds(),
            #[cfg(feature = "leases")]
            Self::Lease(check) => check.holds(),
        }
    }

    /// Returns true if the lock outlasts a write that begins now.
    pub(super) fn outlasts_a_write(&self) -> bool {
        match self {
            Self::Process | Self::File(_) => self.holds(),
            #[cfg(feature = "leases")]
            Self::Lease(check) => check.outlasts_a_write(),
        }
    }

    /// The id of a lock that is a lease.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Process | Self::File(_) => None,
            #[cfg(feature = "leases")]
            Self::Lease(check) => Some(check.id()),
        }
    }

    /// Reads the lock, and returns true if it is held.
    #[cfg_attr(
        not(feature = "leases"),
        expect(clippy::unused_async, reason = "only a lease needs a request")
    )]
    pub(super) async fn confirm(&self) -> Result<bool, Error> {
        match self {
            Self::Process | Self::File(_) => Ok(self.holds()),
            #[cfg(feature = "leases")]
            Self::Lease(check) => check.confirm().await,
        }
    }
}
