//! Keeps a lock: renews it while it is held, and lets it go.
//!
//! A task of its own does both, so that a lock is let go however its holder ends, as long as the process
//! lives. A lock that could not be renewed in time is lost for good.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use object_store::UpdateVersion;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::super::Error;
use super::lock::{Lock, LockObject, Taken};

/// How long letting it go may take: it expires anyway.
const RELEASE: Duration = Duration::from_secs(5);

/// Until when a lock is held: nothing, once it is lost. Clones are the same.
#[derive(Clone, Debug)]
pub(in super::super) struct Term(Arc<Mutex<Option<Until>>>);

/// By both clocks: the steady one stands still while a machine sleeps, the other may be set.
#[derive(Clone, Copy, Debug)]
struct Until {
    steady: Instant,
    wall: SystemTime,
}

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub(in super::super) struct BucketHold {
    term: Term,
    object: LockObject,
    id: String,
    stop: oneshot::Sender<()>,
    keeper: JoinHandle<()>,
}

/// A check whether a lock is still held. Clones share state.
#[derive(Clone, Debug)]
pub(in super::super) struct BucketLockCheck {
    term: Term,
    object: LockObject,
    id: String,
}

impl BucketLockCheck {
    /// Returns true as long as the lease runs; sends no request.
    pub(in super::super) fn holds(&self) -> bool {
        self.term.until().is_some()
    }

    /// Reads the lock object. A lock that was taken over or force-released is lost for good.
    pub(in super::super) async fn confirm(&self) -> Result<bool, Error> {
        let ours = self.object.is_held_as(&self.id).await?;
        if !ours {
            self.term.set(None);
        }
        Ok(self.holds())
    }
}

impl BucketHold {
    /// Until when it is ours.
    pub(in super::super) fn term(&self) -> Term {
        self.term.clone()
    }

    /// A check that outlives borrows of the hold.
    pub(in super::super) fn check(&self) -> BucketLockCheck {
        BucketLockCheck {
            term: self.term.clone(),
            object: self.object.clone(),
            id: self.id.clone(),
        }
    }

    /// Lets it go, and returns when that is done or cannot be done.
    pub(in super::super) async fn release(self) {
        let Self { term: _, object: _, id: _, stop, keeper } = self;
        drop(stop);
        // It has panicked or was stopped with its runtime: then the lock expires.
        let _ = keeper.await;
    }
}

impl Term {
    /// Until when it surely is ours. `None`: it is not, or not any more.
    pub(in super::super) fn until(&self) -> Option<Instant> {
        let until = self.last()?;
        let holds = Instant::now() < until.steady && SystemTime::now() < until.wall;
        holds.then_some(until.steady)
    }

    /// Runs a request, and drops it at the first wake-up after the lease. A timer alone would not do: in a process
    /// that was stopped meanwhile the request can be woken first.
    pub(super) async fn guard<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        let mut request = pin!(request);
        let guarded = poll_fn(|context| match self.until() {
            Some(_) => request.as_mut().poll(context).map(Some),
            None => Poll::Ready(None),
        });
        timeout_at(self.until()?, guarded).await.ok().flatten()
    }

    fn last(&self) -> Option<Until> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, until: Option<Until>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// The task behind a hold.
pub(super) struct Keeper {
    object: LockObject,
    lock: Lock,
    version: UpdateVersion,
    lease: Duration,
    term: Term,
}

impl Keeper {
    pub(super) fn start(object: LockObject, taken: Taken, lease: Duration) -> BucketHold {
        let Taken { lock, version, asked } = taken;
        let term = Term(Arc::new(Mutex::new(Some(Until::after(asked, lease)))));
        let (stop, stopped) = oneshot::channel();
        let (checked, id) = (object.clone(), lock.id().to_owned());
        let keeper = Self { object, lock, version, lease, term: term.clone() };
        let keeper = tokio::spawn(keeper.run(stopped));
        BucketHold { term, object: checked, id, stop, keeper }
    }

    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let mut wait = self.lease / 3;
        loop {
            tokio::select! {
                _ = &mut stopped => return self.release().await,
                () = sleep(wait) => {}
            }
            let Some(Until { steady: until, wall: _ }) = self.term.last() else { return };
            let asked = Instant::now();
            let renewed = self.object.renew(&mut self.lock, &self.version);
            wait = match timeout_at(until, renewed).await {
                Ok(Ok(Some(version))) => {
                    self.version = version;
                    self.term.set(Some(Until::after(asked, self.lease)));
                    self.lease / 3
                }
                Ok(Ok(None)) => {
                    tracing::warn!(
                        state = self.object.state(),
                        "the lock was taken over or broken by somebody else"
                    );
                    return self.term.set(None);
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the lock could not be renewed");
                    self.lease / 12
                }
                Err(_) => {
                    tracing::warn!(
                        state = self.object.state(),
                        "the lock has expired: it could not be renewed"
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
                tracing::warn!(%error, "the lock could not be let go; it expires by itself");
            }
            Err(_) => tracing::warn!(
                state = self.object.state(),
                "the lock could not be let go in time; it expires by itself"
            ),
        }
    }
}

impl Until {
    fn after(asked: Instant, lease: Duration) -> Self {
        // The clocks are read one after the other, so the second is set back by what went by.
        let gone = asked.elapsed();
        Self { steady: asked + lease, wall: SystemTime::now() + lease.saturating_sub(gone) }
    }
}
