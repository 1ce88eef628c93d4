//! The resource as the API server stores it, and its identity.

use std::fmt;
use std::sync::Arc;

use kube::api::{ApiResource, DynamicObject};
use serde::Deserialize;
use serde_json::Value;

use super::crd::{DEFAULT_SECRET_KEY, GROUP, KIND, PLURAL, VERSION};

/// The spec of a resource. The API server has checked it against the definition.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganizationSpec {
    pub manifest: Value,
    pub api_key_secret_ref: SecretRef,
    pub base_url: Option<String>,
    pub schedule: Option<String>,
    #[serde(default)]
    pub suspend: bool,
    pub approve: Option<String>,
    pub approve_destructive: Option<usize>,
    pub approve_creates: Option<usize>,
}

/// The key in a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct SecretRef {
    pub name: String,
    #[serde(default = "default_key")]
    pub key: String,
}

fn default_key() -> String {
    DEFAULT_SECRET_KEY.to_owned()
}

/// The identity of a resource. One that is created anew under the same name has another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ResourceId {
    pub namespace: String,
    pub name: String,
    pub uid: String,
}

impl ResourceId {
    /// The identity of a resource that is not being deleted.
    pub(super) fn of(resource: &DynamicObject) -> Option<Self> {
        let metadata = &resource.metadata;
        if metadata.deletion_timestamp.is_some() {
            return None;
        }
        Some(Self {
            namespace: metadata.namespace.clone()?,
            name: metadata.name.clone()?,
            uid: metadata.uid.clone()?,
        })
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A resource as the supervisor sees it.
#[derive(Clone, Debug)]
pub(super) struct ObservedResource {
    pub object: Arc<DynamicObject>,
    /// The name of the older resource with the same organization, which owns the state.
    pub owner: Option<String>,
}

impl ObservedResource {
    /// Everything that requires a check when it changes.
    pub(super) fn version(&self) -> (i64, Option<String>) {
        (generation(&self.object), self.owner.clone())
    }
}

/// The type of the resource.
pub(super) fn api_resource() -> ApiResource {
    ApiResource {
        group: GROUP.to_owned(),
        version: VERSION.to_owned(),
        api_version: format!("{GROUP}/{VERSION}"),
        kind: KIND.to_owned(),
        plural: PLURAL.to_owned(),
    }
}

/// The spec of a resource, or the reason why it is none.
pub(super) fn spec(resource: &DynamicObject) -> Result<OrganizationSpec, String> {
    OrganizationSpec::deserialize(&resource.data["spec"]).map_err(|error| error.to_string())
}

/// The generation of the spec, which changes with every change of the spec.
pub(super) fn generation(resource: &DynamicObject) -> i64 {
    resource.metadata.generation.unwrap_or_default()
}
