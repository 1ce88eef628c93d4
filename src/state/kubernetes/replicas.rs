//! The list of the daemons whose states are in one namespace: an annotation of a `Lease` that nothing holds. It needs no
//! permission beyond those of the locks.

use serde_json::json;

use super::super::Error;
use super::super::lease::LockVersion;
use super::KubernetesStore;
use super::lease::stored_version;

/// The annotation with the text of the list.
const REPLICAS: &str = "trunkline.dev/replicas";

/// The list of replicas. Connected on first use.
#[derive(Clone, Debug)]
pub(in crate::state) struct ReplicasObject(pub(super) KubernetesStore);

impl ReplicasObject {
    /// The URL, for messages.
    pub(in crate::state) fn place(&self) -> String {
        self.0.url.replicas_place()
    }

    /// Reads the text and the version to replace.
    pub(in crate::state) async fn read(
        &self,
    ) -> Result<(Option<Vec<u8>>, Option<LockVersion>), Error> {
        let Some(lease) = self.0.objects().await?.replicas.get().await? else {
            return Ok((None, None));
        };
        let version = stored_version(&lease);
        let text = lease.metadata.annotations.and_then(|mut all| all.remove(REPLICAS));
        Ok((text.map(String::into_bytes), Some(version)))
    }

    /// Replaces the version `over`. Returns false if another process wrote the list meanwhile.
    pub(in crate::state) async fn replace(
        &self,
        text: &[u8],
        over: Option<&LockVersion>,
    ) -> Result<bool, Error> {
        let over = over.and_then(|over| over.id.as_deref());
        let text = String::from_utf8_lossy(text);
        let change = json!({ "metadata": { "annotations": { REPLICAS: text } } });
        Ok(self.0.objects().await?.replicas.swap(change, over).await?.is_some())
    }
}
