//! An organization of which one half cannot be read completely.

use std::time::Duration;

use serde_json::{Value, json};
use trunkline::sandbox::{AccountStatus, Seed};

use super::drift::{CLOSED, OPENED, address, shown};
use super::{LARRY, Watch, until};
use crate::support::proxy::Fault;
use crate::support::site::Site;

const MANIFEST: &str = "version: 1\norganization: acme\npolicy: { unlisted_users: report, unlisted_accounts: ignore }\n\
    accounts:\n  - { name: Larry's Cat Food, email: larry@catfood.example, enabled: true, \
    channel_limit: 30 }\n\
    users:\n  - email: root@acme.example\n  - email: ops@acme.example\n";

/// The small organization with these fields shown as null, and a manifest that it matches but for unlisted users.
async fn organization(null_fields: Value) -> Watch {
    let mut seed: Value = serde_json::from_str(include_str!("../data/small.sandbox.json")).unwrap();
    seed["behavior"] = json!({ "null_fields": null_fields });
    let seed = Seed::parse(&seed.to_string()).unwrap();
    let site = Site::seeded(seed, Duration::ZERO, |_, _, _| Fault::None).await;
    let manifest = site.folder.path().join("manifest.yaml");
    std::fs::write(&manifest, MANIFEST).unwrap();
    Watch { site, hook: super::hook::Hook::start().await, manifest }
}

fn unknown_users() -> Value {
    json!({ "ops@acme.example": ["email"] })
}

/// The events of differences, without those of the state.
fn differences(watch: &Watch) -> Vec<String> {
    watch.hook.events().into_iter().filter(|event| event.contains('@')).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_of_accounts_is_notified_and_closed_while_users_are_incomplete() {
    let watch = organization(unknown_users()).await;
    let daemon = watch.daemon(&["--listen", "127.0.0.1:0"]);
    watch.runs(4).await;
    let address = address(&daemon);
    let status: Value = serde_json::from_str(&shown(&address, "/api/v1/status").await).unwrap();
    let organization = &status["organizations"][0];
    assert_eq!(organization["state"], "unknown", "{organization}");
    assert!(organization["error"].as_str().unwrap().contains("only accounts"), "{organization}");
    assert_eq!(organization["last_success"], Value::Null);
    watch.by_hand(LARRY, "disable").await;
    until("the drift", || differences(&watch) == [OPENED]).await;
    let status: Value = serde_json::from_str(&shown(&address, "/api/v1/status").await).unwrap();
    let organization = &status["organizations"][0];
    assert_eq!(organization["state"], "drifted", "{organization}");
    assert!(organization["error"].as_str().unwrap().contains("only accounts"), "{organization}");
    let page = shown(&address, "/").await;
    assert!(page.contains("only accounts"), "{page}");
    watch.by_hand(LARRY, "enable").await;
    until("the end of the drift", || differences(&watch) == [OPENED, CLOSED]).await;
    // The incomplete half is reported as unknown, and never as readable again.
    assert!(watch.hook.events().contains(&"unknown".to_owned()), "{:?}", watch.hook.events());
    let readable = |event: &String| event.starts_with("drift_closed -");
    assert!(!watch.hook.events().iter().any(readable), "{:?}", watch.hook.events());
    assert!(daemon.log().contains("only accounts"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_healed_while_users_are_incomplete() {
    let watch = organization(unknown_users()).await;
    let _daemon = watch.daemon(&["--heal", "enable_account"]);
    watch.by_hand(LARRY, "disable").await;
    let enabled = || watch.site.sandbox.account(LARRY).unwrap().status == AccountStatus::Enabled;
    until("the heal", enabled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_healed_while_accounts_are_incomplete() {
    let watch = organization(json!({ "it@bluebird.example": ["email"] })).await;
    let daemon = watch.daemon(&["--heal", "enable_account"]);
    watch.by_hand(LARRY, "disable").await;
    let users = |event: &String| event.contains("user_unlisted");
    until("the drift of users", || watch.hook.events().iter().any(users)).await;
    watch.runs(4).await;
    assert!(!watch.hook.events().iter().any(|event| event.contains(LARRY)), "{}", daemon.log());
    assert_eq!(watch.site.sandbox.writes(), 1, "only the disable by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_without_a_complete_half_is_unknown() {
    let watch =
        organization(json!({ "it@bluebird.example": ["email"], "ops@acme.example": ["email"] }))
            .await;
    let arguments = ["daemon", watch.manifest.to_str().unwrap(), "--once"];
    let output = watch.site.run(&arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.starts_with("acme: unknown: the inventory is incomplete: "), "{output}");
}
