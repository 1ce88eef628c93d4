//! Replicas: a killed or suspended leader is replaced, and the API server may be away.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Cluster, Operator, in_sync, manifest};
use crate::support::kube::{own_server, server};

fn signal(operator: &Operator, name: &str) {
    let id = operator.child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_replica_takes_over_from_a_killed_leader_and_a_suspended_one_writes_nothing() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", manifest(), json!({})).await;
    let first = cluster.operator();
    let digest = cluster.digest("acme").await;
    let second = cluster.operator();
    tokio::time::sleep(Duration::from_secs(2)).await;
    signal(&first, "-STOP");
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
    signal(&first, "-CONT");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!((writes, cluster.sandbox.writes()), (2, 2), "{}", first.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_go_on_after_the_api_server_was_away() {
    let Some(mut server) = own_server() else { return };
    let (namespace, sandbox, _operator) = {
        let cluster = Cluster::new(&server).await;
        cluster.create("acme", in_sync(), json!({})).await;
        let operator = cluster.operator();
        cluster.wait("acme", "Ready", "True", "InSync").await;
        (cluster.namespace, cluster.sandbox, operator)
    };
    server.stop();
    tokio::time::sleep(Duration::from_secs(8)).await;
    server.start_again();
    let client = server.client().await;
    let cluster = Cluster { server: &server, client, namespace, sandbox };
    cluster.change("acme", json!({ "manifest": manifest() })).await;
    cluster.wait("acme", "Ready", "False", "ApprovalRequired").await;
}
