//! The permissions of the example: they suffice, and without any one of them the operator reports what it lacks.

use std::path::PathBuf;

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{Cluster, condition, manifest, until};
use crate::support::kube::server;

const RBAC: &str = include_str!("../../../../examples/kubernetes/operator/rbac.yaml");

impl Cluster<'_> {
    /// Creates what the example has, except for one rule, and returns a kubeconfig with a token of its account.
    async fn account_without(&self, left_out: Option<usize>) -> PathBuf {
        let documents: Vec<Value> =
            RBAC.split("\n---\n").map(|text| serde_yaml::from_str(text).unwrap()).collect();
        let [account, mut role, mut binding] = <[Value; 3]>::try_from(documents).unwrap();
        if let Some(left_out) = left_out {
            role["rules"].as_array_mut().unwrap().remove(left_out);
        }
        binding["subjects"][0]["namespace"] = json!(self.namespace);
        let params = PostParams::default();
        let (client, namespace) = (|| self.client.clone(), &self.namespace);
        let accounts: Api<ServiceAccount> = Api::namespaced(client(), namespace);
        accounts.create(&params, &serde_json::from_value(account).unwrap()).await.unwrap();
        let roles: Api<Role> = Api::namespaced(client(), namespace);
        roles.create(&params, &serde_json::from_value(role).unwrap()).await.unwrap();
        let bindings: Api<RoleBinding> = Api::namespaced(client(), namespace);
        bindings.create(&params, &serde_json::from_value(binding).unwrap()).await.unwrap();
        let request: TokenRequest =
            serde_json::from_value(json!({ "metadata": {}, "spec": { "audiences": [] } })).unwrap();
        let token = accounts.create_token_request("trunkline-operator", &params, &request).await;
        self.server.kubeconfig_of(&token.unwrap().status.unwrap().token)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_permissions_of_the_example_suffice_for_a_check_and_an_apply() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let kubeconfig = cluster.account_without(None).await;
    cluster.create("acme", manifest(), json!({})).await;
    let operator = cluster.operator_as(&kubeconfig);
    let digest = cluster.digest("acme").await;
    cluster.change("acme", json!({ "approve": digest, "approveDestructive": 1 })).await;
    let status = cluster.wait("acme", "Ready", "True", "InSync").await;
    assert_eq!(condition(&status, "Permitted")["status"], "True", "{status:#}");
    assert_eq!(cluster.sandbox.writes(), 2);
    assert!(!operator.log().contains("HTTP 403"), "{}", operator.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_one_rule_the_operator_reports_what_is_forbidden() {
    let Some(server) = server() else { return };
    // A condition cannot tell that conditions cannot be written: the log does.
    let logged = |text: &'static str| Err::<[&str; 3], _>(text);
    let cases = [
        logged("cannot list the resources"),
        logged("cannot write the status"),
        Ok(["Stalled", "True", "SecretForbidden"]),
        Ok(["Ready", "Unknown", "LeadershipUnknown"]),
        Ok(["Permitted", "False", "Forbidden"]),
    ];
    let role: Value = serde_yaml::from_str(RBAC.split("\n---\n").nth(1).unwrap()).unwrap();
    assert_eq!(role["rules"].as_array().unwrap().len(), cases.len());
    for (left_out, wanted) in cases.into_iter().enumerate() {
        let cluster = Cluster::new(server).await;
        let kubeconfig = cluster.account_without(Some(left_out)).await;
        cluster.create("acme", manifest(), json!({})).await;
        let operator = cluster.operator_as(&kubeconfig);
        match wanted {
            Ok([kind, status, reason]) => {
                let status = cluster.wait("acme", kind, status, reason).await;
                let message = condition(&status, kind)["message"].as_str().unwrap().to_owned();
                assert!(message.contains("HTTP 403"), "{left_out}: {message}");
            }
            Err(text) => {
                until(text, async || {
                    let log = operator.log();
                    log.lines().any(|line| line.contains(text) && line.contains("HTTP 403"))
                })
                .await;
            }
        }
        assert_eq!(cluster.sandbox.writes(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_watched_is_reported_and_still_read() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let kubeconfig = cluster.account_without(None).await;
    let roles: Api<Role> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let role = roles.get("trunkline-operator").await.unwrap();
    let mut change = json!({ "rules": role.rules });
    change["rules"][2]["verbs"] = json!(["get", "create", "patch"]);
    let change = Patch::Merge(&change);
    roles.patch("trunkline-operator", &PatchParams::default(), &change).await.unwrap();
    cluster.create("acme", manifest(), json!({})).await;
    let _operator = cluster.operator_as(&kubeconfig);
    let status = cluster.wait("acme", "Permitted", "False", "Forbidden").await;
    let message = condition(&status, "Permitted")["message"].to_string();
    assert!(message.contains("watching Secrets"), "{message}");
    cluster.digest("acme").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_granted_later_takes_effect_without_a_restart() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let kubeconfig = cluster.account_without(None).await;
    let roles: Api<Role> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let all = roles.get("trunkline-operator").await.unwrap().rules.unwrap();
    let set = async |rules: Vec<PolicyRule>| {
        let change = json!({ "rules": rules });
        let params = PatchParams::default();
        roles.patch("trunkline-operator", &params, &Patch::Merge(&change)).await.unwrap();
    };
    let of_leases = |rule: &PolicyRule| rule.resources.as_deref() == Some(&["leases".to_owned()]);
    set(all.iter().filter(|rule| !of_leases(rule)).cloned().collect()).await;
    // No later check would come to the rescue.
    cluster.create("acme", manifest(), json!({ "schedule": "0 0 1 1 *" })).await;
    let _operator = cluster.operator_as(&kubeconfig);
    cluster.wait("acme", "Ready", "Unknown", "LeadershipUnknown").await;
    set(all.clone()).await;
    cluster.digest("acme").await;
}
