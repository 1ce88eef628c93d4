//! One object, read whole and changed only if it still has the version that was read.

use std::fmt;
use std::time::Duration;

use k8s_openapi::NamespaceResourceScope;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::super::Error;
use super::client::{RequestError, send};

/// The annotation that identifies a write.
const WRITE: &str = "trunkline.dev/write";
/// The time limit for a write whose result is unknown.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first wait before a retry; each further one doubles.
const RETRY: Duration = Duration::from_millis(100);

/// An object, which may not exist. Clones share it.
#[derive(Clone)]
pub(super) struct KubernetesObject<K> {
    api: Api<K>,
    name: String,
    place: String,
}

impl<K> KubernetesObject<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + fmt::Debug
        + Serialize
        + DeserializeOwned,
{
    pub(super) fn new(client: Client, namespace: &str, name: String, place: String) -> Self {
        Self { api: Api::namespaced(client, namespace), name, place }
    }

    /// The URL, for messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Reads the object. `None` if it does not exist.
    pub(super) async fn get(&self) -> Result<Option<K>, Error> {
        let read = send(self.api.get_opt(&self.name)).await;
        read.map_err(|error| error.explain("reading", &self.place))
    }

    /// Changes the version `over`, and returns the new object. With `None` the object must not exist. Returns `None`
    /// if another process wrote it meanwhile.
    ///
    /// A conflict is distinguished from a lost answer by reading the object: each write has a unique id, as another
    /// process could have written the same content.
    pub(super) async fn swap(&self, change: Value, over: Option<&str>) -> Result<Option<K>, Error> {
        let write = uuid::Uuid::new_v4().to_string();
        let change = self.numbered(change, over, &write);
        let end = Instant::now() + PATIENCE;
        let mut wait = RETRY;
        loop {
            let error = match self.put(&change, over.is_some()).await {
                Ok(written) => return Ok(Some(written)),
                // Nothing is there to be changed.
                Err(error) if error.code() == Some(404) && over.is_some() => return Ok(None),
                Err(error) if error.is_final() => {
                    return Err(error.explain("writing", &self.place));
                }
                Err(error) => error.explain("writing", &self.place),
            };
            match self.get().await? {
                Some(found) if is_of(&found, &write) => return Ok(Some(found)),
                found if version(found.as_ref()) != over => return Ok(None),
                // Not written yet. If the request is still in flight, only one of the two can win.
                Some(_) | None => {}
            }
            if Instant::now() + wait >= end {
                return Err(error);
            }
            sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(2));
        }
    }

    /// The change with its name, its condition and its id.
    fn numbered(&self, mut change: Value, over: Option<&str>, write: &str) -> Value {
        let metadata = &mut change["metadata"];
        metadata["name"] = self.name.clone().into();
        metadata["annotations"][WRITE] = write.into();
        metadata["labels"]["app.kubernetes.io/managed-by"] = "trunkline".into();
        if let Some(over) = over {
            metadata["resourceVersion"] = over.into();
        }
        change["apiVersion"] = K::api_version(&()).into();
        change["kind"] = K::kind(&()).into();
        change
    }

    /// A patch leaves the labels and annotations of others.
    async fn put(&self, change: &Value, exists: bool) -> Result<K, RequestError> {
        if exists {
            let patch = Patch::Merge(change);
            return send(self.api.patch(&self.name, &PatchParams::default(), &patch)).await;
        }
        let new = serde_json::from_value(change.clone());
        let new: K = new.map_err(|error| RequestError::Failed(error.to_string()))?;
        send(self.api.create(&PostParams::default(), &new)).await
    }
}

/// The version of an object.
pub(super) fn version<K: Resource>(object: Option<&K>) -> Option<&str> {
    object.and_then(|object| object.meta().resource_version.as_deref())
}

fn is_of<K: Resource>(object: &K, write: &str) -> bool {
    let annotations = object.meta().annotations.as_ref();
    annotations.and_then(|all| all.get(WRITE)).is_some_and(|id| id == write)
}

/// Omits the connection.
impl<K> fmt::Debug for KubernetesObject<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubernetesObject").field("place", &self.place).finish_non_exhaustive()
    }
}
