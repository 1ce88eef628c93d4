//! Events on transitions, as `kubectl describe` shows them.

use jiff::Timestamp;
use k8s_openapi::api::events::v1::Event;
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::json;

use super::crd::{GROUP, KIND, VERSION};
use super::resource::ResourceId;
use crate::state::kubernetes::client::{RequestError, send};

/// The name of this controller.
pub(super) const CONTROLLER: &str = "trunkline.dev/operator";
/// The longest note in characters. The API server accepts 1,024 bytes.
const LONGEST: usize = 250;

/// A transition to report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transition {
    /// True if a person should look at it.
    pub warning: bool,
    pub reason: String,
    pub note: String,
}

/// Creates an event about a resource.
pub(super) async fn report(
    client: &Client,
    id: &ResourceId,
    instance: &str,
    transition: &Transition,
) -> Result<(), RequestError> {
    let Transition { warning, reason, note } = transition;
    let note: String = note.chars().take(LONGEST).collect();
    let event = json!({
        "metadata": { "generateName": format!("{}-", id.name), "namespace": id.namespace },
        "eventTime": format!("{:.6}", Timestamp::now()),
        "type": if *warning { "Warning" } else { "Normal" },
        "reason": reason,
        "note": note,
        "action": "Reconcile",
        "reportingController": CONTROLLER,
        "reportingInstance": instance,
        "regarding": {
            "apiVersion": format!("{GROUP}/{VERSION}"),
            "kind": KIND,
            "namespace": id.namespace,
            "name": id.name,
            "uid": id.uid,
        },
    });
    let event: Event =
        serde_json::from_value(event).map_err(|error| RequestError::Failed(error.to_string()))?;
    let events: Api<Event> = Api::namespaced(client.clone(), &id.namespace);
    send(events.create(&PostParams::default(), &event)).await.map(drop)
}
