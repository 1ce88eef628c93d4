//! Approval: the digest of the plan that is made now, with the exact numbers, once.

use std::time::Duration;

use serde_json::json;
use trunkline::sandbox::AccountStatus;

use super::{Cluster, LARRY, manifest, until};
use crate::support::kube::server;

#[tokio::test(flavor = "multi_thread")]
async fn only_the_digest_of_the_plan_made_now_is_applied_and_only_once() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", manifest(), json!({})).await;
    let operator = cluster.operator();
    let digest = cluster.digest("acme").await;
    let wrong = format!("sha256:{}", "0".repeat(64));
    cluster.change("acme", json!({ "approve": wrong })).await;
    cluster.wait("acme", "Approved", "False", "OtherPlanApproved").await;
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": 2 })).await;
    cluster.wait("acme", "Approved", "False", "WrongNumber").await;
    assert_eq!(cluster.sandbox.writes(), 0);
    cluster.change("acme", json!({ "approveDestructive": 1 })).await;
    let status = cluster.wait("acme", "Ready", "True", "InSync").await;
    assert_eq!(status["applied"]["digest"], digest, "{status:#}");
    assert_eq!(cluster.sandbox.writes(), 2, "{}", operator.log());
    assert_eq!(cluster.sandbox.account(LARRY).unwrap().status, AccountStatus::Disabled);
    // The same difference again makes the same plan, which needs a new approval.
    let id = cluster.sandbox.account(LARRY).unwrap().id;
    let url = format!("{}/managed_accounts/{id}/actions/enable", cluster.sandbox.url());
    let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
    let request = client.post(url).bearer_auth(crate::support::site::KEY);
    let request = request.header("content-type", "application/json");
    let answer = request.body(r#"{"reenable_all_connections":false}"#).send().await.unwrap();
    assert!(answer.status().is_success());
    let before = cluster.sandbox.writes();
    let status = cluster.wait("acme", "Ready", "False", "ApprovalRequired").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(cluster.sandbox.writes(), before, "{status:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_over_a_safety_limit_needs_the_exact_number_too() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let mut manifest = manifest();
    manifest["policy"]["max_disables"] = json!(0);
    cluster.create("acme", manifest, json!({})).await;
    let _operator = cluster.operator();
    let digest = cluster.digest("acme").await;
    cluster.change("acme", json!({ "approve": digest })).await;
    cluster.wait("acme", "Approved", "False", "SafetyLimit").await;
    assert_eq!(cluster.sandbox.writes(), 0);
    cluster.change("acme", json!({ "approveDestructive": 1 })).await;
    cluster.wait("acme", "Ready", "True", "InSync").await;
    assert_eq!(cluster.sandbox.writes(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_that_see_an_approval_at_once_have_one_writer() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", manifest(), json!({})).await;
    let _operators = [cluster.operator(), cluster.operator()];
    let digest = cluster.digest("acme").await;
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": 1 })).await;
    cluster.wait("acme", "Ready", "True", "InSync").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(cluster.sandbox.writes(), 2);
    until("still in sync", async || cluster.status("acme").await["state"] == "in_sync").await;
}
