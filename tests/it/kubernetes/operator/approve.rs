//! Approval: the digest of the plan that is made now, with the exact numbers, once.

use std::time::Duration;

use serde_json::json;
use trunkline::sandbox::AccountStatus;

use super::{Cluster, LARRY, condition, manifest, until};
use crate::support::kube::server;
use crate::support::site::by_hand;

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
    by_hand(&cluster.sandbox, LARRY, "enable").await;
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
async fn an_approval_of_an_earlier_plan_applies_nothing() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", manifest(), json!({ "schedule": "0 0 1 1 *" })).await;
    let _operator = cluster.operator();
    let digest = cluster.digest("acme").await;
    // The manifest has changed since: in one request with the approval.
    let mut changed = manifest();
    changed["accounts"][1]["enabled"] = json!(false);
    let approval = json!({ "manifest": changed, "approve": digest, "approveDestructive": 1 });
    cluster.change("acme", approval).await;
    let status = cluster.wait("acme", "Approved", "False", "OtherPlanApproved").await;
    assert_ne!(status["plan"]["digest"], json!(digest));
    let message = condition(&status, "Approved")["message"].as_str().unwrap();
    assert!(message.contains(&format!("spec.approve is {digest}, but the plan is ")), "{message}");
    assert_eq!(cluster.sandbox.writes(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_changes_between_its_approval_and_its_apply_is_not_applied() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", manifest(), json!({ "schedule": "0 0 1 1 *" })).await;
    let operator = cluster.operator();
    let digest = cluster.digest("acme").await;
    let lock = cluster.lock().await;
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": 1 })).await;
    // The check has granted the plan, which now waits for the lock.
    cluster.wait("acme", "Ready", "False", "Applying").await;
    by_hand(&cluster.sandbox, LARRY, "disable").await;
    let before = cluster.sandbox.writes();
    lock.release().await;
    let status = cluster.wait("acme", "Approved", "False", "OtherPlanApproved").await;
    assert_ne!(status["plan"]["digest"], json!(digest));
    assert_eq!(status["plan"]["changes"], 1, "{status:#}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(cluster.sandbox.writes(), before, "{}", operator.log());
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
