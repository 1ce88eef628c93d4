//! Deleting a resource, its namespace or the definition sends nothing.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use trunkline::operator::{GROUP, PLURAL};
use trunkline::sandbox::{AccountStatus, Seed};

use super::{Cluster, LARRY, manifest, until};
use crate::support::kube::{own_server, server};
use crate::support::kube_proxy::{KubeFault, KubeProxy, Watches};

/// A way to delete a resource.
#[derive(Clone, Copy, Debug)]
enum Way {
    Resource,
    Namespace,
    Definition,
}

impl Way {
    async fn delete(self, cluster: &Cluster<'_>) {
        let params = DeleteParams::default();
        match self {
            Self::Resource => cluster.delete("acme").await,
            Self::Namespace => {
                let namespaces: Api<Namespace> = Api::all(cluster.client.clone());
                namespaces.delete(&cluster.namespace, &params).await.unwrap();
                // The controller of namespaces, which is not part of the API server, does this.
                cluster.delete("acme").await;
            }
            Self::Definition => {
                let definitions: Api<CustomResourceDefinition> = Api::all(cluster.client.clone());
                let name = format!("{PLURAL}.{GROUP}");
                definitions.delete(&name, &params).await.unwrap();
                until("the definition is gone", async || {
                    definitions.get_opt(&name).await.unwrap().is_none()
                })
                .await;
            }
        }
    }
}

/// A manifest that disables every account of the sandbox.
fn disables(cluster: &Cluster<'_>) -> Value {
    let accounts: Vec<Value> = cluster
        .sandbox
        .accounts()
        .iter()
        .filter(|account| account.status == AccountStatus::Enabled)
        .map(|account| {
            json!({ "name": account.organization_name, "email": account.email, "enabled": false })
        })
        .collect();
    json!({
        "version": 1,
        "organization": "acme",
        "policy": { "unlisted_accounts": "ignore", "max_disables": "100%" },
        "accounts": accounts,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_16_deleting_a_resource_its_namespace_or_its_definition_sends_nothing() {
    let Some(server) = own_server() else { return };
    for way in [Way::Resource, Way::Namespace, Way::Definition] {
        let cluster = Cluster::new(&server).await;
        cluster.create("acme", manifest(), json!({})).await;
        let operator = cluster.operator();
        let digest = cluster.digest("acme").await;
        // Approved, but not with the exact number: as near to an apply as it gets.
        cluster.change("acme", json!({ "approve": digest, "approveDestructive": 7 })).await;
        cluster.wait("acme", "Approved", "False", "WrongNumber").await;
        way.delete(&cluster).await;
        until("the operator has noticed", async || {
            operator.log().contains("the resource was deleted; nothing is sent for it")
        })
        .await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(cluster.sandbox.writes(), 0, "{way:?}: {}", operator.log());
        assert_eq!(cluster.sandbox.account(LARRY).unwrap().status, AccountStatus::Enabled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_16_deleting_a_resource_ends_an_apply_that_is_under_way() {
    let Some(server) = own_server() else { return };
    for way in [Way::Resource, Way::Namespace, Way::Definition] {
        let latency = Duration::from_millis(1500);
        let cluster = Cluster::with(&server, Seed::small(), latency).await;
        let manifest = disables(&cluster);
        let all = manifest["accounts"].as_array().unwrap().len();
        cluster.create("acme", manifest, json!({ "schedule": "0 0 1 1 *" })).await;
        let mut command_line = cluster.operator_with(&["--parallelism", "1"]);
        let digest = cluster.digest("acme").await;
        cluster.change("acme", json!({ "approve": digest, "approveDestructive": all })).await;
        until("the first write", async || cluster.sandbox.writes() > 0).await;
        way.delete(&cluster).await;
        until("the operator has noticed", async || {
            command_line.log().contains("the resource was deleted; nothing is sent for it")
        })
        .await;
        let begun = cluster.sandbox.writes();
        tokio::time::sleep(Duration::from_secs(8)).await;
        let writes = cluster.sandbox.writes();
        // What was in flight arrives; nothing else is sent.
        assert!(writes <= begun + 1 && writes < all as u64, "{way:?}: {begun}, {writes} of {all}");
        assert!(command_line.child.try_wait().unwrap().is_none(), "{}", command_line.log());
    }
}

/// The accounts of a larger organization.
const ACCOUNTS: usize = 40;

fn larger() -> Seed {
    let account = |number| json!({ "email": format!("shop-{number}@catfood.example") });
    let accounts: Vec<Value> = (0..ACCOUNTS).map(account).collect();
    let seed = json!({
        "manager": { "email": "root@acme.example" },
        "channels": { "allocatable": 500, "default_allotment": 2 },
        "accounts": accounts,
    });
    Seed::parse(&seed.to_string()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_16_concurrent_actions_in_flight_at_a_deletion_finish_and_no_other_is_sent() {
    let Some(server) = server() else { return };
    let cluster = Cluster::with(server, larger(), Duration::from_millis(1500)).await;
    cluster.create("acme", disables(&cluster), json!({ "schedule": "0 0 1 1 *" })).await;
    let operator = cluster.operator();
    let digest = cluster.digest("acme").await;
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": ACCOUNTS })).await;
    until("several writes", async || cluster.sandbox.writes() > 1).await;
    cluster.delete("acme").await;
    operator.logs("the resource was deleted; nothing is sent for it").await;
    let begun = cluster.sandbox.writes();
    operator.logs("applied resource=").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    // The operator runs 8 actions at once.
    let writes = cluster.sandbox.writes();
    assert!(writes <= begun + 8 && writes < 32, "{begun}, {writes}");
    let disabled = cluster.sandbox.accounts();
    let disabled = disabled.iter().filter(|one| one.status == AccountStatus::Disabled).count();
    assert_eq!(disabled as u64, writes);
    // Each of them has a result, and each other action was skipped.
    let log = operator.log();
    let applied = log.lines().find(|line| line.contains("applied resource=")).unwrap();
    let (done, skipped) = (format!("{writes} done"), ACCOUNTS as u64 - writes);
    assert!(applied.contains(&format!("{done}, {skipped} skipped")), "{writes}: {applied}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_16_a_deletion_that_the_watch_has_not_reported_sends_nothing() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let proxy = KubeProxy::start(server, |_, _| KubeFault::None).await;
    cluster.create("acme", manifest(), json!({ "schedule": "0 0 1 1 *" })).await;
    let operator = cluster.operator_as(&server.kubeconfig_by(&proxy.origin));
    let digest = cluster.digest("acme").await;
    let lock = cluster.lock().await;
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": 1 })).await;
    cluster.wait("acme", "Ready", "False", "Applying").await;
    proxy.watches(Watches::Hold);
    cluster.delete("acme").await;
    // The approved plan is about to be sent, and the operator does not know of the deletion.
    lock.release().await;
    let (asked, applied) = ("the resource was deleted or changed", "applied ");
    until("the apply is over", async || {
        let log = operator.log();
        [asked, applied].iter().any(|words| log.contains(words))
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let log = operator.log();
    assert_eq!(cluster.sandbox.writes(), 0, "{log}");
    assert!(log.contains(asked) && !log.contains("nothing is sent for it"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_16_a_deletion_whose_report_is_compacted_away_is_noticed() {
    let Some(server) = own_server() else { return };
    let cluster = Cluster::new(&server).await;
    cluster.create("acme", manifest(), json!({})).await;
    let proxy = KubeProxy::start(&server, |_, _| KubeFault::None).await;
    let operator = cluster.operator_as(&server.kubeconfig_by(&proxy.origin));
    cluster.digest("acme").await;
    proxy.watches(Watches::Hold);
    cluster.delete("acme").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The watch ends before it reports the deletion, and cannot go on where it ended.
    server.stop();
    server.compact().await;
    server.start_again();
    proxy.watches(Watches::End);
    tokio::time::sleep(Duration::from_millis(500)).await;
    proxy.watches(Watches::Pass);
    operator.logs("the resource was deleted; nothing is sent for it").await;
    let log = operator.log();
    assert!(log.contains("listing the resources again"), "{log}");
    assert_eq!(cluster.sandbox.writes(), 0);
}
