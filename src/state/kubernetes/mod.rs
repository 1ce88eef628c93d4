//! A state in Kubernetes: a `Secret` with the gzipped text, and a `Lease` each for its lock and for leadership.
//!
//! Every change is a compare-and-swap by `resourceVersion`, as in a bucket by `ETag`. The lock is the same lease
//! ([`super::lease`]).

pub(crate) mod client;
mod lease;
mod object;
mod replicas;
mod url;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use k8s_openapi::ByteString;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::OnceCell;

use super::document;
use super::error::Damage;
use super::file::LARGEST;
use super::lease::{LEADER_LEASE, LEASE, LeaseLock, LeaseRenewer, LockObject, LockPlace};
use super::seen_version::SeenVersion;
use super::{Error, LeadershipRequest, LockHolder};
use crate::model::{Create, State};
pub(super) use lease::LeaseObject;
use object::{KubernetesObject, version};
pub(super) use replicas::ReplicasObject;
pub use url::KubernetesUrl;
use url::REPLICAS;

/// The key in the Secret.
const KEY: &str = "state.json.gz";
/// The largest content of a Secret, which the API server checks.
const LARGEST_SECRET: usize = 1 << 20;
/// The space that an answer to a create may still need, compressed: the random id of the account.
const CREATE_SPACE: usize = 64;
/// The space that the limit of an account may still need, compressed.
const LIMIT_SPACE: usize = 4;

/// A state in Kubernetes, with its lock. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct KubernetesStore {
    url: KubernetesUrl,
    /// A lease time other than the default.
    lease: Option<Duration>,
    /// Settings that override the environment.
    settings: BTreeMap<String, SecretString>,
    /// Connected on first use.
    objects: Arc<OnceCell<Objects>>,
    /// The digest and version that were read or written last.
    seen: SeenVersion<String>,
}

#[derive(Debug)]
struct Objects {
    state: KubernetesObject<Secret>,
    lock: LockObject,
    /// The leadership among daemons.
    leadership: LockObject,
    /// The daemons whose states are in the same namespace.
    replicas: KubernetesObject<Lease>,
}

impl KubernetesStore {
    pub(super) fn new(url: &KubernetesUrl) -> Self {
        Self {
            url: url.clone(),
            lease: None,
            settings: BTreeMap::new(),
            objects: Arc::default(),
            seen: SeenVersion::new(),
        }
    }

    /// The same state with another lease time.
    pub(super) fn leased_for(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// The lease time of leadership.
    pub(super) fn leader_lease(&self) -> Duration {
        self.lease.unwrap_or(LEADER_LEASE)
    }

    /// The same state with settings that override the environment.
    pub(super) fn with_settings(self, settings: BTreeMap<String, SecretString>) -> Self {
        Self { settings, objects: Arc::default(), ..self }
    }

    /// The URL, for messages.
    pub(super) fn place(&self) -> String {
        self.url.to_string()
    }

    async fn objects(&self) -> Result<&Objects, Error> {
        self.objects.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Objects, Error> {
        let [secret, lock, leader] = self.url.names()?;
        let client = client::connect(&self.settings, &self.place()).await?;
        let namespace = &self.url.namespace;
        let lease = |client: Client, name: String| {
            let place = format!("kubernetes://{namespace}/{name}");
            KubernetesObject::<Lease>::new(client, namespace, name, place)
        };
        let lock_place =
            |client, name| LockPlace::Kubernetes(LeaseObject(Arc::new(lease(client, name))));
        let leader_place = format!("kubernetes://{namespace}/{leader}");
        Ok(Objects {
            lock: LockObject::new(lock_place(client.clone(), lock), self.place()),
            leadership: LockObject::new(lock_place(client.clone(), leader), leader_place),
            replicas: lease(client.clone(), REPLICAS.to_owned()),
            state: KubernetesObject::new(client, namespace, secret, self.place()),
        })
    }

    /// Reads the whole text. `None` if the Secret does not exist.
    pub(super) async fn read(&self) -> Result<Option<Vec<u8>>, Error> {
        let found = self.objects().await?.state.get().await?;
        let Some(found) = found else {
            self.seen.set(None);
            return Ok(None);
        };
        let text = self.text(&found)?;
        self.saw_object(&text, &found);
        Ok(Some(text))
    }

    /// The text in a Secret. One without the text is not taken for an empty state.
    fn text(&self, found: &Secret) -> Result<Vec<u8>, Error> {
        let damaged = |why| Error::Damaged { place: self.place(), why };
        let data = found.data.as_ref().and_then(|data| data.get(KEY));
        let ByteString(bytes) = data.ok_or_else(|| damaged(Damage::Empty))?;
        let mut text = Vec::new();
        let read = GzDecoder::new(bytes.as_slice()).take(LARGEST + 1).read_to_end(&mut text);
        match read {
            Ok(length) if length as u64 <= LARGEST => Ok(text),
            Ok(_) | Err(_) => Err(damaged(Damage::Torn)),
        }
    }

    /// Replaces the text if it still has the version `over` and the lock is held.
    ///
    /// Refuses a state that would not fit with everything that an apply may still have to record: the first change,
    /// which names the intended creates, is written before anything is sent to Telnyx.
    pub(super) async fn replace(
        &self,
        lock: &LeaseLock,
        (bytes, state): (&[u8], &State),
        over: Option<&str>,
    ) -> Result<(), Error> {
        let content = compressed(bytes);
        let needed = content.len() + space(state);
        if needed > LARGEST_SECRET {
            return Err(Error::TooLarge { place: self.place(), needed, limit: LARGEST_SECRET });
        }
        // No request of ours may arrive once another process could hold the lock.
        let lost = || Error::LockLost { place: self.place() };
        lock.term().guard(self.swap(bytes, content, over)).await.ok_or_else(lost)?
    }

    async fn swap(&self, bytes: &[u8], content: Vec<u8>, over: Option<&str>) -> Result<(), Error> {
        let conflict = || Error::Conflict { place: self.place() };
        let over = match over {
            None => None,
            Some(over) => Some(self.version_of(over).await?.ok_or_else(conflict)?),
        };
        let change = json!({ "type": "trunkline.dev/state", "data": { KEY: ByteString(content) } });
        let swapped = self.objects().await?.state.swap(change, over.as_deref()).await?;
        let Some(written) = swapped else {
            self.seen.set(None);
            return Err(conflict());
        };
        self.saw_object(bytes, &written);
        Ok(())
    }

    /// The version of the Secret, if its text has this digest.
    async fn version_of(&self, digest: &str) -> Result<Option<String>, Error> {
        if let Some(known) = self.seen.of(digest) {
            return Ok(Some(known));
        }
        self.read().await?;
        Ok(self.seen.of(digest))
    }

    fn saw_object(&self, text: &[u8], object: &Secret) {
        let found = version(Some(object)).map(str::to_owned);
        self.seen.set(found.map(|found| (document::version(text), found)));
    }

    /// Acquires the lock, waiting up to `wait`, or until its holder is proven to be gone.
    pub(super) async fn lock(
        &self,
        holder: &LockHolder,
        wait: Duration,
    ) -> Result<LeaseLock, Error> {
        let (lock, lease) = (&self.objects().await?.lock, self.lease.unwrap_or(LEASE).min(LEASE));
        let taken = lock.acquire(holder, lease, wait).await?;
        Ok(LeaseRenewer::start(lock.clone(), taken, lease))
    }

    /// Waits for leadership, however long it takes, as the request says.
    pub(super) async fn wait_for_leadership(
        &self,
        holder: &LockHolder,
        request: &LeadershipRequest,
    ) -> Result<LeaseLock, Error> {
        let (lock, lease) = (&self.objects().await?.leadership, self.leader_lease());
        let taken = lock.wait_until_free(holder, lease, request).await?;
        Ok(LeaseRenewer::start(lock.clone(), taken, lease))
    }

    /// The list of the daemons whose states are in the same namespace.
    pub(super) fn replicas(&self) -> ReplicasObject {
        ReplicasObject(self.clone())
    }

    /// The holder that the lock names; it may be gone.
    pub(super) async fn holder(&self) -> Result<Option<LockHolder>, Error> {
        self.objects().await?.lock.holder().await
    }

    /// Force-releases the lock with this id, and returns its former holder.
    pub(super) async fn unlock(&self, id: &str) -> Result<LockHolder, Error> {
        self.objects().await?.lock.force_release(id).await
    }
}

/// The text, gzipped.
fn compressed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(text);
    encoder.finish().unwrap_or_default()
}

/// The space for everything that an apply of this state may still record.
fn space(state: &State) -> usize {
    let open = |create: &&Create| !matches!(create, Create::Acknowledged(_));
    let creates = state.creates.values().filter(open).count();
    let limits = state.emails.keys().filter(|id| !state.limits.contains_key(id)).count();
    creates * CREATE_SPACE + limits * LIMIT_SPACE
}
