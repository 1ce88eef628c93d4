//! A lock as a `Lease` (`coordination.k8s.io/v1`), so that `kubectl get leases` shows its holder.
//!
//! | lock | lease |
//! |---|---|
//! | host, process and id of the holder | `holderIdentity`, joined by `_` |
//! | time of the acquisition, of the last renewal | `acquireTime`, `renewTime` |
//! | lease time, in whole seconds | `leaseDurationSeconds` |
//! | epoch | `leaseTransitions` |
//! | command | an annotation |

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use serde_json::{Value, json};

use super::super::Error;
use super::super::lease::{HeldRecord, LockRecord, LockVersion, StoredLock};
use super::object::{KubernetesObject, version};

/// The annotation that names the command of the holder.
const COMMAND: &str = "trunkline.dev/command";

/// The `Lease` of a lock. Clones share it.
#[derive(Clone, Debug)]
pub(in crate::state) struct LeaseObject(pub(super) Arc<KubernetesObject<Lease>>);

impl LeaseObject {
    /// Reads the lock. `None` if it was never acquired.
    pub(in crate::state) async fn read(&self) -> Result<Option<StoredLock>, Error> {
        let Some(lease) = self.0.get().await? else { return Ok(None) };
        let damaged = || Error::LockDamaged { place: self.0.place().to_owned() };
        let spec = lease.spec.clone().unwrap_or_default();
        let renewed = spec.renew_time.as_ref().and_then(timestamp);
        let record = record(&lease, spec).ok_or_else(damaged)?;
        let version = stored_version(&lease);
        Ok(Some(StoredLock { record, version, modified: renewed.unwrap_or(Timestamp::UNIX_EPOCH) }))
    }

    /// Replaces the version `over`, and returns the new one. `None` if another process wrote the lock meanwhile.
    pub(in crate::state) async fn write(
        &self,
        lock: &LockRecord,
        over: Option<&LockVersion>,
    ) -> Result<Option<LockVersion>, Error> {
        let over = over.and_then(|over| over.id.as_deref());
        let written = self.0.swap(change(lock), over).await?;
        Ok(written.as_ref().map(stored_version))
    }
}

pub(super) fn stored_version(lease: &Lease) -> LockVersion {
    LockVersion {
        id: version(Some(lease)).map(str::to_owned),
        #[cfg(feature = "object-store")]
        generation: None,
    }
}

/// The lock in a lease. A holder that another program has written is held under its whole identity.
fn record(lease: &Lease, spec: LeaseSpec) -> Option<LockRecord> {
    let epoch = u64::try_from(spec.lease_transitions.unwrap_or(0)).ok()?;
    let Some(identity) = spec.holder_identity.filter(|identity| !identity.is_empty()) else {
        return Some(LockRecord::new(epoch, None));
    };
    let seconds = u64::try_from(spec.lease_duration_seconds?).ok()?;
    let mut parts = identity.rsplitn(3, '_');
    let (id, pid, host) = (parts.next(), parts.next(), parts.next());
    let pid = pid.and_then(|pid| pid.parse().ok());
    let (id, pid, host) = match (id, pid, host) {
        (Some(id), Some(pid), Some(host)) => (id, pid, host),
        _ => (identity.as_str(), 0, "?"),
    };
    let annotations = lease.metadata.annotations.as_ref();
    let command = annotations.and_then(|all| all.get(COMMAND)).map_or("?", String::as_str);
    let since = spec.acquire_time.as_ref().and_then(timestamp);
    let since = since.and_then(|since| Timestamp::from_second(since.as_second()).ok());
    let held = HeldRecord {
        id: id.to_owned(),
        command: command.to_owned(),
        host: host.to_owned(),
        pid,
        since: since.map_or("?".to_owned(), |since| since.to_string()),
        lease_ms: seconds.saturating_mul(1000),
        renewed: 0,
    };
    Some(LockRecord::new(epoch, Some(held)))
}

/// The change of a lease to a lock. A free one keeps its epoch.
fn change(lock: &LockRecord) -> Value {
    let epoch = i32::try_from(lock.epoch).unwrap_or(i32::MAX);
    let Some(held) = &lock.held else {
        return json!({ "spec": { "holderIdentity": null, "leaseTransitions": epoch } });
    };
    let HeldRecord { id, command, host, pid, since, lease_ms, renewed: _ } = held;
    let seconds = lease_ms.div_ceil(1000).clamp(1, 86_400);
    json!({
        "metadata": { "annotations": { COMMAND: command } },
        "spec": {
            "holderIdentity": format!("{host}_{pid}_{id}"),
            "leaseDurationSeconds": seconds,
            "acquireTime": micro(since.parse().unwrap_or_else(|_| Timestamp::now())),
            "renewTime": micro(Timestamp::now()),
            "leaseTransitions": epoch,
        }
    })
}

/// The form that the API server accepts has six decimals.
fn micro(time: Timestamp) -> String {
    format!("{time:.6}")
}

fn timestamp(time: &MicroTime) -> Option<Timestamp> {
    Timestamp::from_microsecond(time.0.as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(host: &str, lease_ms: u64) -> LockRecord {
        let held = HeldRecord {
            id: "0f1e".to_owned(),
            command: "state forget".to_owned(),
            host: host.to_owned(),
            pid: 7,
            since: "2026-01-02T03:04:05Z".to_owned(),
            lease_ms,
            renewed: 0,
        };
        LockRecord::new(3, Some(held))
    }

    fn read_back(lock: &LockRecord) -> LockRecord {
        let lease: Lease = serde_json::from_value(change(lock)).unwrap();
        let spec = lease.spec.clone().unwrap();
        record(&lease, spec).unwrap()
    }

    #[test]
    fn a_lock_survives_as_a_lease_in_whole_seconds() {
        for (host, lease_ms, wanted) in [("host", 60_000, 60_000), ("a_b_1", 1_001, 2_000)] {
            let back = read_back(&held(host, lease_ms));
            assert_eq!(format!("{back:?}"), format!("{:?}", held(host, wanted)));
        }
        let free = read_back(&LockRecord::new(9, None));
        assert_eq!((free.epoch, free.held.is_none()), (9, true));
    }

    #[test]
    fn a_holder_of_another_program_is_held_under_its_identity() {
        let lease: Lease = serde_json::from_value(json!({
            "metadata": {},
            "spec": { "holderIdentity": "other", "leaseDurationSeconds": 15, "leaseTransitions": 1 }
        }))
        .unwrap();
        let lock = record(&lease, lease.spec.clone().unwrap()).unwrap();
        assert_eq!((lock.epoch, lock.held.unwrap().id.as_str()), (1, "other"));
    }
}
