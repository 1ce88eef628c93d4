//! Renews a lock while it is held, and releases it.
//!
//! A separate task does both, so a lock is released even if its holder panics. A lock that was not renewed in time is
//! lost, which is final.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::super::Error;
use super::LockVersion;
use super::lock::{AcquiredLock, LockObject, LockRecord};

/// The time limit of a request to the backend, which a lease must outlast when a write begins.
const WRITE: Duration = Duration::from_secs(5);
/// The time limit of a release. The lock expires anyway.
const RELEASE: Duration = Duration::from_secs(5);

/// The lease expiry; `None` once the lease is lost. Clones share state.
#[derive(Clone, Debug)]
pub(in crate::state) struct LeaseTerm(Arc<Mutex<Option<LeaseEnd>>>);

/// The expiry by both clocks: the monotonic one stops while a machine sleeps, and the wall clock may be set.
#[derive(Clone, Copy, Debug)]
struct LeaseEnd {
    steady: Instant,
    wall: SystemTime,
    /// The time that a write needs.
    write: Duration,
}

/// The lock, until it is dropped.
#[derive(Debug)]
pub(in crate::state) struct LeaseLock {
    term: LeaseTerm,
    object: LockObject,
    id: String,
    stop: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

/// Checks that a lock is still held. Clones share state.
#[derive(Clone, Debug)]
pub(in crate::state) struct LeaseLockCheck {
    term: LeaseTerm,
    object: LockObject,
    id: String,
}

impl LeaseLockCheck {
    /// Returns true as long as the lease runs; sends no request.
    pub(in crate::state) fn holds(&self) -> bool {
        self.term.until().is_some()
    }

    /// Returns true if the lease outlasts a write that begins now; sends no request.
    pub(in crate::state) fn outlasts_a_write(&self) -> bool {
        let write = self.term.last().map(|end| end.write).unwrap_or_default();
        self.term.until().is_some_and(|until| Instant::now() + write < until)
    }

    /// The id of the lock.
    pub(in crate::state) fn id(&self) -> &str {
        &self.id
    }

    /// Reads the lock. A lock that was taken over or force-released is lost.
    pub(in crate::state) async fn confirm(&self) -> Result<bool, Error> {
        let ours = self.object.is_held_as(&self.id).await?;
        if !ours {
            self.term.set(None);
        }
        Ok(self.holds())
    }
}

impl LeaseLock {
    /// The lease expiry.
    pub(in crate::state) fn term(&self) -> LeaseTerm {
        self.term.clone()
    }

    /// A check that outlives borrows of the lock.
    pub(in crate::state) fn check(&self) -> LeaseLockCheck {
        LeaseLockCheck { term: self.term.clone(), object: self.object.clone(), id: self.id.clone() }
    }

    /// Releases the lock. If that fails, the lock expires.
    pub(in crate::state) async fn release(self) {
        let Self { term: _, object: _, id: _, stop, keeper } = self;
        drop(stop);
        // If the task panicked or its runtime has ended, the lock expires.
        let _ = keeper.await;
    }
}

impl LeaseTerm {
    /// The time until which the lease is certainly held. `None` if it is lost.
    pub(in crate::state) fn until(&self) -> Option<Instant> {
        let until = self.last()?;
        let holds = Instant::now() < until.steady && SystemTime::now() < until.wall;
        holds.then_some(until.steady)
    }

    /// Runs a request, and drops it at the first wake-up after the lease. A timer alone is not enough: in a process
    /// that was suspended, the request can wake up first.
    pub(in crate::state) async fn guard<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        let mut request = pin!(request);
        let guarded = poll_fn(|context| match self.until() {
            Some(_) => request.as_mut().poll(context).map(Some),
            None => Poll::Ready(None),
        });
        timeout_at(self.until()?, guarded).await.ok().flatten()
    }

    fn last(&self) -> Option<LeaseEnd> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, until: Option<LeaseEnd>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// The task that renews and releases a lock.
pub(in crate::state) struct LeaseRenewer {
    object: LockObject,
    lock: LockRecord,
    version: LockVersion,
    lease: Duration,
    term: LeaseTerm,
}

impl LeaseRenewer {
    pub(in crate::state) fn start(
        object: LockObject,
        taken: AcquiredLock,
        lease: Duration,
    ) -> LeaseLock {
        let AcquiredLock { lock, version, asked } = taken;
        let term = LeaseTerm(Arc::new(Mutex::new(Some(LeaseEnd::after(asked, lease)))));
        let (stop, stopped) = oneshot::channel();
        let (checked, id) = (object.clone(), lock.id().to_owned());
        let keeper = Self { object, lock, version, lease, term: term.clone() };
        let keeper = tokio::spawn(keeper.run(stopped));
        LeaseLock { term, object: checked, id, stop, keeper }
    }

    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut wait = self.lease / 3;
        loop {
            tokio::select! {
                _ = &mut stopped => return self.release().await,
                () = sleep(wait) => {}
            }
            let Some(LeaseEnd { steady: until, .. }) = self.term.last() else { return };
            let asked = Instant::now();
            let renewed = self.object.renew(&mut self.lock, &self.version);
            wait = match timeout_at(until, renewed).await {
                Ok(Ok(Some(version))) => {
                    self.version = version;
                    self.term.set(Some(LeaseEnd::after(asked, self.lease)));
                    self.lease / 3
                }
                Ok(Ok(None)) => {
                    tracing::warn!(
                        state = self.object.state(),
                        "the lock was taken over or force-released by another process"
                    );
                    return self.term.set(None);
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "cannot renew the lock; retrying");
                    self.lease / 12
                }
                Err(_) => {
                    tracing::warn!(
                        state = self.object.state(),
                        "the lock expired because it could not be renewed"
                    );
                    return self.term.set(None);
                }
            };
        }
    }

    async fn release(self) {
        match timeout(RELEASE, self.object.release(&self.lock, &self.version)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "cannot release the lock; it expires");
            }
            Err(_) => tracing::warn!(
                state = self.object.state(),
                "cannot release the lock in time; it expires"
            ),
        }
    }
}

impl LeaseEnd {
    fn after(asked: Instant, lease: Duration) -> Self {
        // The clocks are read one after the other, so the time in between is subtracted.
        let gone = asked.elapsed();
        Self {
            steady: asked + lease,
            wall: SystemTime::now() + lease.saturating_sub(gone),
            // The lease is renewed after a third of it.
            write: WRITE.min(lease / 3),
        }
    }
}
