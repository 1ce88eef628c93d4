//! Two resources of one organization in one namespace, which would share its state.

use std::time::Duration;

use serde_json::json;

use super::{Cluster, condition, manifest};
use crate::support::kube::server;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_resources_of_one_organization_only_the_older_is_checked() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let slow = || json!({ "schedule": "0 0 1 1 *" });
    cluster.create("acme", manifest(), slow()).await;
    // Times of creation are in whole seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    cluster.create("a-copy", manifest(), slow()).await;
    let _operators = [cluster.operator(), cluster.operator()];
    let digest = cluster.digest("acme").await;
    let status = cluster.wait("a-copy", "Stalled", "True", "OrganizationTaken").await;
    let message = condition(&status, "Stalled")["message"].as_str().unwrap();
    assert!(message.contains("the older resource acme"), "{message}");
    assert_eq!(status["plan"], json!(null), "it was never checked");
    let approval = json!({ "approve": digest, "approveDestructive": 1 });
    cluster.change("a-copy", approval.clone()).await;
    cluster.wait("a-copy", "Stalled", "True", "OrganizationTaken").await;
    // With another organization it is checked, and in sync again after it is taken no longer.
    cluster.change("a-copy", json!({ "manifest": { "organization": "other" } })).await;
    assert_ne!(cluster.digest("a-copy").await, digest);
    cluster.change("a-copy", json!({ "manifest": { "organization": "acme" } })).await;
    cluster.wait("a-copy", "Stalled", "True", "OrganizationTaken").await;
    assert_eq!(cluster.sandbox.writes(), 0);
    // Its approval counts once the older one is gone, and not before.
    cluster.delete("acme").await;
    cluster.wait("a-copy", "Ready", "True", "InSync").await;
    assert_eq!(cluster.sandbox.writes(), 2);
}
