//! Replicas: a killed or suspended leader is replaced, and the API server may be away.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Cluster, in_sync, manifest};
use crate::support::kube::{own_server, server};
use crate::support::kube_proxy::{KubeFault, KubeProxy};

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_takes_over_from_a_killed_leader_and_a_suspended_one_writes_nothing() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", manifest(), json!({})).await;
    let first = cluster.operator();
    let digest = cluster.digest("acme").await;
    let second = cluster.operator();
    tokio::time::sleep(Duration::from_secs(2)).await;
    first.signal("STOP");
    let begun = Instant::now();
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": 1 })).await;
    loop {
        if cluster.status("acme").await["state"] == "in_sync" {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "no takeover: {}", second.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The lease is 30 seconds, and the proof that it is not renewed takes as long.
    assert!(begun.elapsed() < Duration::from_secs(75), "{:?}", begun.elapsed());
    let writes = cluster.sandbox.writes();
    first.signal("CONT");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!((writes, cluster.sandbox.writes()), (2, 2), "{}", first.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_go_on_after_the_api_server_was_away() {
    let Some(server) = own_server() else { return };
    let cluster = Cluster::new(&server).await;
    cluster.create("acme", in_sync(), json!({})).await;
    let _operator = cluster.operator();
    cluster.wait("acme", "Ready", "True", "InSync").await;
    server.stop();
    tokio::time::sleep(Duration::from_secs(8)).await;
    server.start_again();
    cluster.change("acme", json!({ "manifest": manifest() })).await;
    cluster.wait("acme", "Ready", "False", "ApprovalRequired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_plan_whose_leader_is_killed_before_it_is_sent_is_applied_by_the_next() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    // No later check would notice it.
    cluster.create("acme", manifest(), json!({ "schedule": "0 0 1 1 *" })).await;
    let first = cluster.operator_with(&["--lease", "5"]);
    let digest = cluster.digest("acme").await;
    let second = cluster.operator_with(&["--lease", "5"]);
    let lock = cluster.lock().await;
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": 1 })).await;
    cluster.wait("acme", "Ready", "False", "Applying").await;
    let (led, other) =
        if first.log().contains("transition") { (&first, &second) } else { (&second, &first) };
    led.signal("KILL");
    lock.release().await;
    cluster.wait("acme", "Ready", "True", "InSync").await;
    assert_eq!(cluster.sandbox.writes(), 2, "{}", other.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_the_api_server_that_are_lost_after_the_write_neither_repeat_nor_lose_an_apply()
{
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    // Each third write is answered with an error, though it was made.
    let writes = std::sync::atomic::AtomicUsize::new(0);
    let proxy = KubeProxy::start(server, move |method, _| {
        let is_write = ["POST", "PATCH", "PUT"].contains(&method);
        let lost = is_write && writes.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 3 == 1;
        if lost { KubeFault::AnswerLost } else { KubeFault::None }
    })
    .await;
    cluster.create("acme", manifest(), json!({})).await;
    let operator = cluster.operator_as(&server.kubeconfig_by(&proxy.origin));
    let digest = cluster.digest("acme").await;
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": 1 })).await;
    cluster.wait("acme", "Ready", "True", "InSync").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(cluster.sandbox.writes(), 2, "{}", operator.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_could_not_be_written_is_written_later() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let broken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_broken = std::sync::Arc::clone(&broken);
    let proxy = KubeProxy::start(server, move |_, path| {
        let away =
            path.ends_with("/status") && is_broken.load(std::sync::atomic::Ordering::Relaxed);
        if away { KubeFault::Away } else { KubeFault::None }
    })
    .await;
    cluster.create("acme", in_sync(), json!({ "schedule": "0 0 1 1 *" })).await;
    let operator = cluster.operator_as(&server.kubeconfig_by(&proxy.origin));
    cluster.wait("acme", "Ready", "True", "InSync").await;
    broken.store(true, std::sync::atomic::Ordering::Relaxed);
    cluster.change("acme", json!({ "manifest": manifest() })).await;
    operator.logs("cannot write the status").await;
    broken.store(false, std::sync::atomic::Ordering::Relaxed);
    cluster.wait("acme", "Ready", "False", "ApprovalRequired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_cut_off_leaves_the_status_of_the_leader_alone() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", in_sync(), json!({ "schedule": "0 0 1 1 *" })).await;
    let _leader = cluster.operator();
    let status = cluster.wait("acme", "Ready", "True", "InSync").await;
    // It reaches everything but the leases.
    let proxy = KubeProxy::start(server, |_, path| {
        if path.contains("/leases") { KubeFault::Away } else { KubeFault::None }
    })
    .await;
    let standby = cluster.operator_as(&server.kubeconfig_by(&proxy.origin));
    standby.logs("cannot determine the leader; doing nothing").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(cluster.status("acme").await, status);
}
