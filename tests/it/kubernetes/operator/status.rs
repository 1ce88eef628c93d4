//! The status of a resource: conditions, plan, events, and what is wrong.

use std::time::Duration;

use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::{Cluster, condition, in_sync, manifest};
use crate::support::kube::server;
use crate::support::site::KEY;

/// The result of kstatus: what `kubectl wait`-like tools, Argo CD and Flux conclude from the conditions.
fn kstatus(status: &Value) -> &'static str {
    let is = |kind: &str, wanted: &str| condition(status, kind)["status"] == wanted;
    match () {
        () if is("Reconciling", "True") => "InProgress",
        () if is("Stalled", "True") => "Failed",
        () if is("Ready", "True") => "Current",
        () => "InProgress",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_has_its_conditions_and_no_check_writes() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let misspelled = json!({
        "version": 1,
        "organization": "misspelled",
        "accounts": [{ "name": "A", "email": "a@b.example", "chanel_limit": 3 }],
    });
    let file = json!({
        "version": 1,
        "organization": "file",
        "accounts": [{ "name": "A", "email": "a@b.example", "password_from": { "file": "/etc/passwd" } }],
    });
    let no_key = json!({ "apiKeySecretRef": { "name": "nowhere" } });
    let elsewhere = json!({ "baseUrl": "https://elsewhere.example/v2" });
    let never = json!({ "schedule": "0 0 30 2 *" });
    let cases = [
        ("drifted", manifest(), json!({}), ["Ready", "False", "ApprovalRequired"], "InProgress"),
        ("synced", in_sync(), json!({}), ["Ready", "True", "InSync"], "Current"),
        (
            "paused",
            manifest(),
            json!({ "suspend": true }),
            ["Ready", "Unknown", "Suspended"],
            "InProgress",
        ),
        ("misspelled", misspelled, json!({}), ["Stalled", "True", "ManifestInvalid"], "Failed"),
        ("file", file, json!({}), ["Stalled", "True", "ManifestInvalid"], "Failed"),
        ("no-key", in_sync(), no_key, ["Stalled", "True", "SecretMissing"], "Failed"),
        ("elsewhere", in_sync(), elsewhere, ["Stalled", "True", "BaseUrlRefused"], "Failed"),
        ("never", in_sync(), never, ["Stalled", "True", "ScheduleInvalid"], "Failed"),
    ];
    for (name, manifest, more, _, _) in &cases {
        cluster.create(name, manifest.clone(), more.clone()).await;
    }
    let operator = cluster.operator();
    for (name, _, _, [kind, status, reason], wanted) in &cases {
        let status = cluster.wait(name, kind, status, reason).await;
        assert_eq!(kstatus(&status), *wanted, "{name}: {status:#}");
        for kind in ["Ready", "Reconciling", "Stalled", "InSync", "InventoryComplete", "Approved"] {
            assert!(condition(&status, kind).is_object(), "{name} lacks {kind}: {status:#}");
        }
    }
    let message = condition(&cluster.status("misspelled").await, "Stalled")["message"].to_string();
    assert!(message.contains("chanel_limit") && message.contains("channel_limit"), "{message}");
    let plan = cluster.status("drifted").await["plan"].clone();
    for (field, wanted) in [("changes", 2), ("disable", 1), ("enable", 1), ("destructive", 1)] {
        assert_eq!(plan[field], wanted, "{plan:#}");
    }
    assert_eq!(plan["items"][0], "disable_account larry@catfood.example (destructive)");
    assert_eq!(cluster.sandbox.writes(), 0);
    assert!(!operator.log().contains(KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_secret_is_noticed_and_events_report_transitions_only() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.put_key("KEY_wrong").await;
    // Only the watch of the Secret can notice the right key in time.
    cluster.create("acme", in_sync(), json!({ "schedule": "0 0 1 1 *" })).await;
    let _operator = cluster.operator();
    cluster.wait("acme", "Stalled", "True", "KeyRefused").await;
    cluster.put_key(KEY).await;
    cluster.wait("acme", "Ready", "True", "InSync").await;
    cluster.change("acme", json!({ "schedule": "* * * * * *" })).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let events: Api<Event> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let events = events.list(&ListParams::default()).await.unwrap().items;
    let mut reasons: Vec<_> = events.iter().map(|event| event.reason.clone().unwrap()).collect();
    reasons.sort();
    assert_eq!(reasons, ["InSync", "KeyRefused"]);
    for event in &events {
        let text = serde_json::to_string(event).unwrap();
        assert!(!text.contains("KEY_"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_writer_of_the_status_does_not_stop_the_operator() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    cluster.create("acme", in_sync(), json!({})).await;
    let _operator = cluster.operator();
    cluster.wait("acme", "Ready", "True", "InSync").await;
    let other = json!({
        "apiVersion": "trunkline.dev/v1alpha1",
        "kind": "TelnyxOrganization",
        "status": { "state": "broken" },
    });
    let params = PatchParams::apply("another").force();
    cluster.resources().patch_status("acme", &params, &Patch::Apply(&other)).await.unwrap();
    super::until("the state is written again", async || {
        cluster.status("acme").await["state"] == "in_sync"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_accounts_fit_into_one_resource() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let account = |number: usize| {
        json!({
            "name": format!("Shop number {number}"),
            "email": format!("shop-{number}@catfood.example"),
            "enabled": true,
            "channel_limit": 10,
        })
    };
    let accounts: Vec<Value> = (0..5_000).map(account).collect();
    let manifest = json!({ "version": 1, "organization": "acme", "accounts": accounts });
    cluster.create("acme", manifest, json!({})).await;
    let _operator = cluster.operator();
    let status = cluster.wait("acme", "Ready", "False", "ApprovalRequired").await;
    assert_eq!(status["plan"]["create"], 5_000, "{status:#}");
    assert_eq!(status["plan"]["items"].as_array().unwrap().len(), 50);
}
