//! The organizations of `manifests/`: each is valid, and an apply within the safety limits resolves the drift of
//! its sandbox.

use std::process::Command;
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt as _;
use serde_json::Value;
use tempfile::TempDir;
use trunkline::manifest::load;
use trunkline::model::Desired;
use trunkline::sandbox::{Running, SandboxConfig, Seed, start};

use super::repository;

const KEY: &str = "KEY_worked";

/// The organizations with their manifests.
const WORKED: [(&str, &str); 3] =
    [("example", "example.yaml"), ("franchise", "franchise"), ("reseller", "reseller.yaml")];

const PLAN: [&str; 4] = ["plan", "--detailed-exitcode", "--format", "json"];

async fn sandbox(name: &str) -> Running {
    let seed = Seed::read(&repository(&format!("manifests/{name}.sandbox.json"))).unwrap();
    start(SandboxConfig::new(KEY.into(), seed)).await.unwrap()
}

/// Runs the program on a manifest against a sandbox, with its state in `folder`. Returns its status and stdout.
async fn run(
    sandbox: &Running,
    folder: &TempDir,
    arguments: &[&str],
    manifest: &str,
) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.args(arguments).arg(repository(&format!("manifests/{manifest}")));
    command.current_dir(folder.path());
    command.env("TELNYX_API_KEY", KEY).env("TELNYX_BASE_URL", sandbox.url());
    command.env("TRUNKLINE_STATE", folder.path().join("state.json"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code(), text)
}

#[test]
fn every_worked_organization_is_valid() {
    let count = |manifest: &str| {
        let Desired { organization: _, manager, policy: _, accept: _, accounts, users } =
            load(&repository(&format!("manifests/{manifest}")))
                .unwrap_or_else(|problems| panic!("{problems}"));
        assert!(manager.is_some(), "{manifest}");
        (accounts.len(), users.unwrap().len())
    };
    assert_eq!(count("example.yaml"), (9, 5));
    assert_eq!(count("franchise"), (300, 21));
    assert_eq!(count("reseller.yaml"), (25, 7));
    assert_eq!(count("lakeside.yaml"), (5, 11));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worked_organization_has_drift_within_its_safety_limits() {
    for (name, manifest) in WORKED {
        let sandbox = sandbox(name).await;
        let folder = TempDir::new().unwrap();
        let begun = Instant::now();
        let (status, text) = run(&sandbox, &folder, &PLAN, manifest).await;
        // Release builds need less than a second.
        assert!(begun.elapsed() < Duration::from_secs(10), "{name}: {:?}", begun.elapsed());
        assert_eq!(status, Some(2), "{name}");
        let plan: Value = serde_json::from_str(&text).unwrap();
        for kind in ["create", "update", "enable", "disable", "remove", "destructive"] {
            assert!(plan["summary"][kind].as_u64() > Some(0), "{name}: {kind}");
        }
        for guard in plan["guards"].as_array().unwrap() {
            assert_eq!(guard["refused"], false, "{name}: {guard}");
        }
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_worked_organization_is_in_sync_after_an_apply() {
    for (name, manifest) in WORKED {
        let sandbox = sandbox(name).await;
        let folder = TempDir::new().unwrap();
        let apply = ["apply", "--auto-approve"];
        let (status, text) = run(&sandbox, &folder, &apply, manifest).await;
        assert_eq!(status, Some(0), "{name}:\n{text}");
        let (_, text) = run(&sandbox, &folder, &PLAN, manifest).await;
        let plan: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(plan["actions"], serde_json::json!([]), "{name}");
        let desired = load(&repository(&format!("manifests/{manifest}"))).unwrap();
        let live = sandbox.accounts();
        for want in desired.accounts.values() {
            let Some(limit) = want.channel_limit else { continue };
            let held = live.iter().find(|account| {
                trunkline::model::Email::new(account.email.as_str()) == want.email
                    || want.id.as_ref().is_some_and(|id| id.as_str() == account.id)
            });
            let held = held.unwrap_or_else(|| panic!("{name}: {}", want.email));
            assert_eq!(held.channel_limit, limit, "{name}: {}", want.email);
        }
        sandbox.stop().await;
    }
}

#[test]
fn the_reseller_has_a_pool_that_is_nearly_allocated() {
    let text = std::fs::read_to_string(repository("manifests/reseller.sandbox.json")).unwrap();
    let seed: Value = serde_json::from_str(&text).unwrap();
    let pool = seed["channels"]["allocatable"].as_u64().unwrap();
    let held: u64 = seed["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["channel_limit"].as_u64().unwrap())
        .sum();
    let desired = load(&repository("manifests/reseller.yaml")).unwrap();
    let wanted: u64 = desired.accounts.values().filter_map(|account| account.channel_limit).sum();
    assert!(held * 100 >= pool * 95 && held <= pool, "{held} of {pool}");
    assert!(wanted * 100 >= pool * 95 && wanted <= pool, "{wanted} of {pool}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audited_organization_has_every_finding_about_balances_and_access() {
    let sandbox = sandbox("lakeside").await;
    let folder = TempDir::new().unwrap();
    let (status, text) = run(&sandbox, &folder, &PLAN, "lakeside.yaml").await;
    assert_eq!(status, Some(2), "{text}");
    let plan: Value = serde_json::from_str(&text).unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let removed = plan["actions"].as_array().unwrap().iter();
    let removed: Vec<_> = removed.map(|one| (word(&one["email"]), word(&one["reason"]))).collect();
    let removals = [("former", "stale"), ("guest", "unlisted")];
    assert_eq!(
        removed,
        removals.map(|(name, why)| (format!("{name}@lakeside.example"), why.to_owned()))
    );
    let found = plan["findings"].as_array().unwrap().iter();
    let found: Vec<_> = found.map(|one| (word(&one["code"]), word(&one["email"]))).collect();
    let expected = [
        ("negative_balance", "office@marina.example"),
        ("group_mismatch", "support@lakeside.example"),
        ("privileged_group", "support@lakeside.example"),
        ("user_stale", "invited@lakeside.example"),
        ("user_bypasses_sso", "billing@lakeside.example"),
        ("low_balance", "desk@ferry.example"),
        ("accepted", "desk@boathouse.example"),
        ("accepted", "auditor@lakeside.example"),
    ];
    assert_eq!(found, expected.map(|(code, email)| (code.to_owned(), email.to_owned())));
    let (status, text) = run(&sandbox, &folder, &["apply", "-y"], "lakeside.yaml").await;
    assert_eq!(status, Some(0), "{text}");
    let (_, text) = run(&sandbox, &folder, &PLAN, "lakeside.yaml").await;
    let plan: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(plan["actions"], serde_json::json!([]), "{text}");
    sandbox.stop().await;
}
