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
use crate::support::kube::own_server;

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
