//! The status of a resource: conditions, plan, events, and what is wrong.

use std::time::Duration;

use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::{Cluster, condition, in_sync, manifest, of, resource};
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
        cluster.create(name, of(name, manifest.clone()), more.clone()).await;
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

/// A manifest of so many accounts, each of at least this size.
fn accounts(count: usize, name: usize) -> Value {
    let account = |number: usize| json!({ "name": "x".repeat(name), "email": format!("{number}@catfood.example") });
    let accounts: Vec<Value> = (0..count).map(account).collect();
    let policy = json!({ "unlisted_accounts": "ignore" });
    json!({ "version": 1, "organization": "acme", "policy": policy, "accounts": accounts })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_that_is_too_large_is_refused_by_the_api_server_with_the_reason() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    // etcd accepts 1.5 MiB, its client sends 2 MiB, and the API server reads 3 MiB. An account here has 143 bytes.
    let cases = [
        (12_500, 500, "request is too large"),
        (15_000, 500, "message larger than max"),
        (30_000, 413, "too large"),
    ];
    for (count, code, reason) in cases {
        let resource = resource("acme", &accounts(count, 100), json!({}));
        let refused = cluster.resources().create(&PostParams::default(), &resource).await;
        let Err(kube::Error::Api(status)) = refused else { panic!("{count}: accepted") };
        assert_eq!(status.code, code, "{status:?}");
        assert!(status.message.contains(reason), "{status:?}");
    }
    assert!(cluster.resources().get_opt("acme").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_whose_results_would_not_fit_into_the_state_is_refused_with_the_reason() {
    let Some(server) = server() else { return };
    let cluster = Cluster::new(server).await;
    let creates = 17_000;
    cluster.create("acme", accounts(creates, 1), json!({})).await;
    let operator = cluster.operator();
    let digest = cluster.digest("acme").await;
    cluster.change("acme", json!({ "approve": digest, "approveCreates": creates })).await;
    let status = cluster.wait("acme", "Stalled", "True", "StateTooLarge").await;
    let message = condition(&status, "Stalled")["message"].as_str().unwrap();
    let place = format!("kubernetes://{}/trunkline-acme", cluster.namespace);
    for part in [&place, "a Secret holds at most 1048576", "Keep a state of this size in a bucket"]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(cluster.sandbox.writes(), 0, "{}", operator.log());
}
