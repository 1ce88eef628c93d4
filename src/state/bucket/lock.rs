//! The lock of a state file in a bucket: an object that says who holds it.
//!
//! Taking, renewing, letting go and breaking are compare-and-swaps, so each has one winner. The object stays
//! when nobody holds it, for the epoch: it counts how often the lock was taken.
//!
//! A holder that was killed renews no more. Whether that is so no clock can tell, for those of two machines
//! may differ: who waits takes the lock over only after seeing the same version of the object, unchanged, for
//! as long as it is leased, by its own steady clock. When the clocks say that the lease is long over, it is worth
//! waiting for that proof even if there was no wish to wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use object_store::UpdateVersion;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::super::holder::Lease;
use super::super::{Error, Holder};
use super::object::{Found, Object, Swap, is_same};

/// The only version there is.
const VERSION: u64 = 1;
/// How often a lock that somebody else holds is looked at, at most and at least.
const AGAIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// A lease that claims more is not waited for.
const LONGEST: Duration = Duration::from_secs(3600);

/// Who stands by looks as many times while a lease runs.
const LOOKS: u32 = 6;

/// The lock as an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    format_version: u64,
    /// How often it was taken.
    epoch: u64,
    held: Option<Held>,
}

/// Who holds it, and since when.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
    /// A random word: breaking the lock takes it.
    id: String,
    command: String,
    host: String,
    pid: u32,
    since: String,
    lease_ms: u64,
    /// How often it was renewed: no two versions are alike.
    renewed: u64,
}

/// A lock that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub lock: Lock,
    pub version: UpdateVersion,
    /// When taking it had begun: the lease runs from there.
    pub asked: Instant,
}

/// What became of trying to take a lock.
enum Attempt {
    Taken(Taken),
    /// Somebody was quicker, and is to be seen the next time.
    Late,
    /// Somebody holds it, for so long unless it is renewed.
    Held(Duration, Option<Holder>),
}

/// The lock object of a state file. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct LockObject {
    object: Object,
    /// What it is the lock of, for messages.
    state: String,
    /// Set once the bucket was seen to honour conditions.
    proven: Arc<AtomicBool>,
}

/// What one who waits has seen of the lock.
#[derive(Default)]
struct Watch {
    /// The version that was seen last, and since when.
    seen: Option<(UpdateVersion, Instant)>,
    /// Until when it is worth waiting, as the lock looks expired.
    worth_until: Option<Instant>,
}

impl Watch {
    /// Looks at a lock that was asked for at `asked` and has a holder: whether it is certain that it is gone.
    fn is_gone(&mut self, asked: Instant, found: &Found, held: &Held) -> bool {
        match &self.seen {
            Some((version, since)) if is_same(Some(version), Some(&found.version)) => {
                asked >= *since + held.lease()
            }
            before => {
                let looks_over = before.is_none() && held.looks_over(found);
                let now = Instant::now();
                self.seen = Some((found.version.clone(), now));
                // Who renews it is alive.
                self.worth_until = looks_over.then(|| now + held.lease() + AGAIN.1);
                if looks_over {
                    tracing::warn!(
                        "a lock looks expired; it is taken over unless it is renewed within {} seconds",
                        held.lease().as_secs()
                    );
                }
                false
            }
        }
    }
}

impl LockObject {
    pub(super) fn new(object: Object, state: String) -> Self {
        Self { object, state, proven: Arc::default() }
    }

    /// What it is the lock of, for messages.
    pub(super) fn state(&self) -> &str {
        &self.state
    }

    /// Takes the lock, waiting for it no longer than `wait`, or than the proof takes that its holder is gone.
    pub(super) async fn take(
        &self,
        holder: &Holder,
        lease: Duration,
        wait: Duration,
    ) -> Result<Taken, Error> {
        let end = Instant::now() + wait;
        let mut watch = Watch::default();
        loop {
            let (held, by) = match self.attempt(holder, lease, &mut watch).await? {
                Attempt::Taken(taken) => return Ok(taken),
                Attempt::Late => continue,
                Attempt::Held(held, by) => (held, by),
            };
            let end = watch.worth_until.map_or(end, |until| end.max(until));
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Locked { place: self.state.clone(), holder: by.map(Box::new) });
            }
            sleep((held / 20).clamp(AGAIN.0, AGAIN.1).min(left)).await;
        }
    }

    /// Waits until nobody holds the lock any more, however long, and takes it. `seen` is told who holds it.
    pub(super) async fn stand_by(
        &self,
        holder: &Holder,
        lease: Duration,
        seen: &watch::Sender<Option<Holder>>,
    ) -> Result<Taken, Error> {
        let mut watch = Watch::default();
        loop {
            match self.attempt(holder, lease, &mut watch).await? {
                Attempt::Taken(taken) => return Ok(taken),
                Attempt::Late => {}
                Attempt::Held(held, by) => {
                    seen.send_replace(by);
                    sleep((held / LOOKS).max(AGAIN.0)).await;
                }
            }
        }
    }

    /// Takes the lock, unless somebody holds it who may be alive.
    async fn attempt(
        &self,
        holder: &Holder,
        lease: Duration,
        watch: &mut Watch,
    ) -> Result<Attempt, Error> {
        let asked = Instant::now();
        let found = self.read().await?;
        if let Some((found, lock)) = &found
            && let Some(held) = &lock.held
            && !watch.is_gone(asked, found, held)
        {
            return Ok(Attempt::Held(held.lease(), lock.holder(found)));
        }
        let lock = Lock::of(holder, lease, found.as_ref().map(|(_, lock)| lock));
        let over = found.as_ref().map(|(found, _)| &found.version);
        Ok(match self.write(&lock, over).await? {
            Swap::Written(version) => {
                self.prove_conditions(&lock).await?;
                Attempt::Taken(Taken { lock, version, asked })
            }
            Swap::Refused => Attempt::Late,
        })
    }

    /// Gives a lock back that does not exclude anyone, as the bucket ignores conditions.
    async fn prove_conditions(&self, lock: &Lock) -> Result<(), Error> {
        if self.proven.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Err(error) = self.object.prove_conditions(lock.text().as_bytes()).await {
            // A probe that was accepted has replaced the version. The lock expires if it cannot be released.
            let _ = self.break_open(lock.id()).await;
            return Err(error);
        }
        self.proven.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Renews a lock. `None`: it is not ours any more.
    pub(super) async fn renew(
        &self,
        lock: &mut Lock,
        over: &UpdateVersion,
    ) -> Result<Option<UpdateVersion>, Error> {
        if let Some(held) = &mut lock.held {
            held.renewed += 1;
        }
        Ok(match self.write(lock, Some(over)).await? {
            Swap::Written(version) => Some(version),
            Swap::Refused => None,
        })
    }

    /// Lets a lock go; one that is not ours any more stays as it is.
    pub(super) async fn release(&self, lock: &Lock, over: &UpdateVersion) -> Result<(), Error> {
        self.write(&lock.free(), Some(over)).await.map(drop)
    }

    /// Who holds it.
    pub(super) async fn holder(&self) -> Result<Option<Holder>, Error> {
        Ok(self.read().await?.and_then(|(found, lock)| lock.holder(&found)))
    }

    /// Returns true if the lock is held under this id.
    pub(super) async fn is_held_as(&self, id: &str) -> Result<bool, Error> {
        let read = self.read().await?;
        Ok(read.and_then(|(_, lock)| lock.held).is_some_and(|held| held.id == id))
    }

    /// Takes the lock away from whoever holds it with this id.
    pub(super) async fn break_open(&self, id: &str) -> Result<Holder, Error> {
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
            // Refused: it was renewed just now.
            if let Swap::Written(_) = self.write(&lock.free(), Some(&found.version)).await? {
                return Ok(holder);
            }
        }
    }

    async fn read(&self) -> Result<Option<(Found, Lock)>, Error> {
        let Some(found) = self.object.get().await? else { return Ok(None) };
        let lock: Lock = serde_json::from_slice(&found.bytes).map_err(|_| self.damaged())?;
        if lock.format_version != VERSION {
            return Err(self.damaged());
        }
        Ok(Some((found, lock)))
    }

    async fn write(&self, lock: &Lock, over: Option<&UpdateVersion>) -> Result<Swap, Error> {
        self.object.swap(lock.text().as_bytes(), over).await
    }

    fn damaged(&self) -> Error {
        Error::LockDamaged { place: self.object.place().to_owned() }
    }
}

impl Lock {
    /// It taken by `holder`, from whoever had it `before`.
    fn of(holder: &Holder, lease: Duration, before: Option<&Self>) -> Self {
        let Holder { pid, since, command, host: _, lease: _ } = holder;
        let held = Held {
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

    /// The id of whoever holds it; empty while it is free.
    pub(super) fn id(&self) -> &str {
        self.held.as_ref().map_or("", |held| &held.id)
    }

    fn text(&self) -> String {
        // Strings and numbers: nothing that JSON could refuse.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    fn free(&self) -> Self {
        Self { held: None, ..self.clone() }
    }

    fn holder(&self, found: &Found) -> Option<Holder> {
        let Held { id, command, host, pid, since, lease_ms: _, renewed: _ } = self.held.as_ref()?;
        let until = self.held.as_ref().and_then(|held| held.until(found));
        Some(Holder {
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

impl Held {
    fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms).min(LONGEST)
    }

    /// When it expires if it is not renewed, by the clock of the bucket.
    fn until(&self, found: &Found) -> Option<Timestamp> {
        let end = found.modified.checked_add(self.lease()).ok()?;
        Timestamp::from_second(end.as_second()).ok()
    }

    /// Whether it has expired if our clock is right.
    fn looks_over(&self, found: &Found) -> bool {
        self.until(found).is_some_and(|until| until < Timestamp::now())
    }
}

/// The name of this machine.
fn host() -> String {
    let said = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let said = said.or_else(|| std::env::var("HOSTNAME").ok());
    let said = said.or_else(|| std::env::var("COMPUTERNAME").ok());
    said.map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or("?".to_owned())
}
