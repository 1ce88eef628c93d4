//! The lock of a state in a bucket: an object that names the holder.
//!
//! Acquire, renew, release and force-release are compare-and-swaps, so each has one winner. The object stays when the
//! lock is free, because it has the epoch: the number of times that the lock was acquired.
//!
//! A killed holder stops renewing. Clocks of two machines may differ, so expiry alone proves nothing: a waiting process
//! takes the lock over only after it has seen the same version of the object for a whole lease by its own monotonic
//! clock. If the lease looks expired, it waits for that proof even without --lock-timeout.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use object_store::UpdateVersion;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::super::holder::Lease;
use super::super::{Error, LeadershipRequest, LockHolder};
use super::object::{BucketObject, StoredObject, WriteResult, is_same};

/// The version of the format.
const VERSION: u64 = 1;
/// The bounds of the interval between reads of a held lock.
const POLL: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// The longest lease that is respected.
const LONGEST: Duration = Duration::from_secs(3600);

/// The number of reads by a standby in one lease.
const STANDBY_READS: u32 = 6;
/// The number of lease times after which a free lock is acquired by any process that waits for it.
const FREE_LEASES: u32 = 2;

/// The content of the lock object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LockRecord {
    format_version: u64,
    /// The number of times that the lock was acquired.
    epoch: u64,
    held: Option<HeldRecord>,
}

/// The holder in a lock object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldRecord {
    /// A random id, which a force-release must name.
    id: String,
    command: String,
    host: String,
    pid: u32,
    since: String,
    lease_ms: u64,
    /// The number of renewals, which makes every version unique.
    renewed: u64,
}

/// A lock that was acquired.
#[derive(Debug)]
pub(super) struct AcquiredLock {
    pub lock: LockRecord,
    pub version: UpdateVersion,
    /// The start of the attempt, from which the lease runs.
    pub asked: Instant,
}

/// The result of an attempt to acquire a lock.
enum LockAttempt {
    Acquired(AcquiredLock),
    /// Another process was faster; try again.
    Lost,
    /// Another process holds the lock, with this lease.
    Held(Duration, Option<LockHolder>),
    /// The lock is free, or its holder is gone, and this process does not want it.
    Free,
}

/// The claim of a process to a lock.
#[derive(Clone, Copy)]
struct LockClaim<'a> {
    /// True if the process acquires a free lock.
    wanted: bool,
    /// The id under which the process held it before. If the lock still has it, no other process held it since.
    former: Option<&'a str>,
}

impl LockClaim<'_> {
    const WANTED: Self = Self { wanted: true, former: None };
}

/// The lock object of a state. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct LockObject {
    object: BucketObject,
    /// The location of the state, for messages.
    state: String,
    /// Set once the bucket was seen to honor conditions.
    proven: Arc<AtomicBool>,
}

/// The observations of a process that waits for the lock.
#[derive(Default)]
struct LockObserver {
    /// The version that was seen last, and the time it was first seen.
    seen: Option<(UpdateVersion, Instant)>,
    /// The end of the wait for proof, if the lock looks expired.
    proof_until: Option<Instant>,
}

impl LockObserver {
    /// Observes a held lock that was requested at `asked`. Returns true if its holder is certainly gone.
    fn is_gone(&mut self, asked: Instant, found: &StoredObject, held: &HeldRecord) -> bool {
        match &self.seen {
            Some((version, since)) if is_same(Some(version), Some(&found.version)) => {
                asked >= *since + held.lease()
            }
            before => {
                let looks_expired = before.is_none() && held.looks_expired(found);
                let now = Instant::now();
                self.seen = Some((found.version.clone(), now));
                // A holder that renews is alive.
                self.proof_until = looks_expired.then(|| now + held.lease() + POLL.1);
                if looks_expired {
                    tracing::warn!(
                        "the lock looks expired; taking it over unless it is renewed within {} seconds",
                        held.lease().as_secs()
                    );
                }
                false
            }
        }
    }
}

impl LockObject {
    pub(super) fn new(object: BucketObject, state: String) -> Self {
        Self { object, state, proven: Arc::default() }
    }

    /// The location of the state, for messages.
    pub(super) fn state(&self) -> &str {
        &self.state
    }

    /// Acquires the lock, waiting up to `wait`, or until its holder is proven to be gone.
    pub(super) async fn acquire(
        &self,
        holder: &LockHolder,
        lease: Duration,
        wait: Duration,
    ) -> Result<AcquiredLock, Error> {
        let end = Instant::now() + wait;
        let mut watch = LockObserver::default();
        loop {
            let claim = LockClaim::WANTED;
            let (held, by) = match self.attempt(holder, lease, &mut watch, claim).await? {
                LockAttempt::Acquired(taken) => return Ok(taken),
                LockAttempt::Lost | LockAttempt::Free => continue,
                LockAttempt::Held(held, by) => (held, by),
            };
            let end = watch.proof_until.map_or(end, |until| end.max(until));
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Locked { place: self.state.clone(), holder: by.map(Box::new) });
            }
            sleep((held / 20).clamp(POLL.0, POLL.1).min(left)).await;
        }
    }

    /// Waits until the lock is free and wanted, however long it takes, and acquires it. Reports its holder.
    pub(super) async fn wait_until_free(
        &self,
        holder: &LockHolder,
        lease: Duration,
        request: &LeadershipRequest,
    ) -> Result<AcquiredLock, Error> {
        let LeadershipRequest { wanted, former, leader } = request;
        let (mut watch, mut wishes) = (LockObserver::default(), wanted.clone());
        let mut free_since = None;
        loop {
            let asked = Instant::now();
            let is_neglected = free_since.is_some_and(|since| asked >= since + lease * FREE_LEASES);
            let wanted = *wishes.borrow_and_update() || is_neglected;
            let claim = LockClaim { wanted, former: former.as_deref() };
            let lease = match self.attempt(holder, lease, &mut watch, claim).await? {
                LockAttempt::Acquired(taken) => return Ok(taken),
                LockAttempt::Lost => continue,
                LockAttempt::Held(held, by) => {
                    free_since = None;
                    leader.send_replace(by);
                    held
                }
                LockAttempt::Free => {
                    free_since.get_or_insert(asked);
                    leader.send_replace(None);
                    lease
                }
            };
            tokio::select! {
                () = sleep((lease / STANDBY_READS).max(POLL.0)) => {}
                Ok(()) = wishes.changed() => {}
            }
        }
    }

    /// Acquires the lock if it is wanted, unless its holder may be alive.
    async fn attempt(
        &self,
        holder: &LockHolder,
        lease: Duration,
        watch: &mut LockObserver,
        claim: LockClaim<'_>,
    ) -> Result<LockAttempt, Error> {
        let asked = Instant::now();
        let found = self.read().await?;
        let held =
            found.as_ref().and_then(|(found, lock)| Some((found, lock, lock.held.as_ref()?)));
        let is_ours = held.is_some_and(|(_, _, held)| claim.former == Some(&held.id));
        if let Some((found, lock, held)) = held
            && !is_ours
            && !watch.is_gone(asked, found, held)
        {
            return Ok(LockAttempt::Held(held.lease(), lock.holder(found)));
        }
        if !claim.wanted && !is_ours {
            return Ok(LockAttempt::Free);
        }
        let lock = LockRecord::of(holder, lease, found.as_ref().map(|(_, lock)| lock));
        let over = found.as_ref().map(|(found, _)| &found.version);
        Ok(match self.write(&lock, over).await? {
            WriteResult::Written(version) => {
                self.prove_conditions(&lock).await?;
                LockAttempt::Acquired(AcquiredLock { lock, version, asked })
            }
            WriteResult::Conflict => LockAttempt::Lost,
        })
    }

    /// Releases the lock again if the bucket ignores conditions, so that it excludes no other process.
    async fn prove_conditions(&self, lock: &LockRecord) -> Result<(), Error> {
        if self.proven.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Err(error) = self.object.prove_conditions(lock.text().as_bytes()).await {
            // A probe that was accepted has replaced the version. The lock expires if it cannot be released.
            let _ = self.force_release(lock.id()).await;
            return Err(error);
        }
        self.proven.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Renews a lock. `None` if it is lost.
    pub(super) async fn renew(
        &self,
        lock: &mut LockRecord,
        over: &UpdateVersion,
    ) -> Result<Option<UpdateVersion>, Error> {
        if let Some(held) = &mut lock.held {
            held.renewed += 1;
        }
        Ok(match self.write(lock, Some(over)).await? {
            WriteResult::Written(version) => Some(version),
            WriteResult::Conflict => None,
        })
    }

    /// Releases a lock. A lock that is lost stays unchanged.
    pub(super) async fn release(
        &self,
        lock: &LockRecord,
        over: &UpdateVersion,
    ) -> Result<(), Error> {
        self.write(&lock.free(), Some(over)).await.map(drop)
    }

    /// The holder, if any.
    pub(super) async fn holder(&self) -> Result<Option<LockHolder>, Error> {
        Ok(self.read().await?.and_then(|(found, lock)| lock.holder(&found)))
    }

    /// Returns true if the lock is held under this id.
    pub(super) async fn is_held_as(&self, id: &str) -> Result<bool, Error> {
        let read = self.read().await?;
        Ok(read.and_then(|(_, lock)| lock.held).is_some_and(|held| held.id == id))
    }

    /// Force-releases the lock with this id.
    pub(super) async fn force_release(&self, id: &str) -> Result<LockHolder, Error> {
        loop {
            let read = self.read().await?;
            let Some((found, lock, holder)) = read
                .and_then(|(found, lock)| lock.holder(&found).map(|holder| (found, lock, holder)))
            else {
                return Err(Error::NotLocked { place: self.state.clone() });
            };
            if lock.held.as_ref().is_none_or(|held| held.id != id) {
                let holder = Box::new(holder);
                return Err(Error::OtherLock { place: self.state.clone(), holder });
            }
            // On a conflict it was renewed meanwhile.
            if let WriteResult::Written(_) = self.write(&lock.free(), Some(&found.version)).await? {
                return Ok(holder);
            }
        }
    }

    async fn read(&self) -> Result<Option<(StoredObject, LockRecord)>, Error> {
        let Some(found) = self.object.get().await? else { return Ok(None) };
        let lock: LockRecord = serde_json::from_slice(&found.bytes).map_err(|_| self.damaged())?;
        if lock.format_version != VERSION {
            return Err(self.damaged());
        }
        Ok(Some((found, lock)))
    }

    async fn write(
        &self,
        lock: &LockRecord,
        over: Option<&UpdateVersion>,
    ) -> Result<WriteResult, Error> {
        self.object.swap(lock.text().as_bytes(), over).await
    }

    fn damaged(&self) -> Error {
        Error::LockDamaged { place: self.object.place().to_owned() }
    }
}

impl LockRecord {
    /// A lock held by `holder`, one epoch after `before`.
    fn of(holder: &LockHolder, lease: Duration, before: Option<&Self>) -> Self {
        let LockHolder { pid, since, command, host: _, lease: _ } = holder;
        let held = HeldRecord {
            id: uuid::Uuid::new_v4().simple().to_string(),
            command: command.clone(),
            host: host(),
            pid: *pid,
            since: since.clone(),
            lease_ms: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX),
            renewed: 0,
        };
        let epoch = before.map_or(0, |before| before.epoch) + 1;
        Self { format_version: VERSION, epoch, held: Some(held) }
    }

    /// The id; empty while the lock is free.
    pub(super) fn id(&self) -> &str {
        self.held.as_ref().map_or("", |held| &held.id)
    }

    fn text(&self) -> String {
        // Strings and numbers always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    fn free(&self) -> Self {
        Self { held: None, ..self.clone() }
    }

    fn holder(&self, found: &StoredObject) -> Option<LockHolder> {
        let HeldRecord { id, command, host, pid, since, lease_ms: _, renewed: _ } =
            self.held.as_ref()?;
        let until = self.held.as_ref().and_then(|held| held.until(found));
        Some(LockHolder {
            pid: *pid,
            since: since.clone(),
            command: command.clone(),
            host: Some(host.clone()),
            lease: Some(Lease {
                id: id.clone(),
                epoch: self.epoch,
                until: until.map_or("?".to_owned(), |until| until.to_string()),
            }),
        })
    }
}

impl HeldRecord {
    fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms).min(LONGEST)
    }

    /// The expiry unless it is renewed, by the clock of the bucket.
    fn until(&self, found: &StoredObject) -> Option<Timestamp> {
        let end = found.modified.checked_add(self.lease()).ok()?;
        Timestamp::from_second(end.as_second()).ok()
    }

    /// Returns true if the lease has expired by our clock.
    fn looks_expired(&self, found: &StoredObject) -> bool {
        self.until(found).is_some_and(|until| until < Timestamp::now())
    }
}

/// The host name.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok());
    let name = name.or_else(|| std::env::var("COMPUTERNAME").ok());
    name.map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or("?".to_owned())
}
