//! Limits that another client changes, or that an interrupted apply sets: a plan must not treat them as known.

use std::path::{Path, PathBuf};
use std::process::{Child, Output};
use std::time::Duration;

use serde_json::Value;
use trunkline::sandbox::Seed;

use crate::support::proxy::Fault;
use crate::support::site::{KEY, Site, text};

/// Accounts that all have a limit of 5.
const ACCOUNTS: usize = 24;

/// An organization whose every account has a limit, and its manifest with another one for all but the first.
async fn organization(latency: Duration) -> Site {
    let entry = |n: usize| {
        format!(
            r#"{{ "email": "shop{n:02}@many.example", "organization_name": "Shop {n}", "channel_limit": 5 }}"#
        )
    };
    let accounts: Vec<String> = (0..ACCOUNTS).map(entry).collect();
    let seed = format!(
        r#"{{ "channels": {{ "allocatable": 1000 }}, "accounts": [{}] }}"#,
        accounts.join(",")
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), seed).unwrap();
    Site::seeded(Seed::read(file.path()).unwrap(), latency, |_, _, _| Fault::None).await
}

/// The manifest, in which the first account has 5 and all others have this limit.
fn manifest(site: &Site, limit: u64) -> PathBuf {
    let entry = |n: usize| {
        let limit = if n == 0 { 5 } else { limit };
        format!(
            "  - {{ name: Shop {n}, email: shop{n:02}@many.example, channel_limit: {limit} }}\n"
        )
    };
    let accounts: String = (0..ACCOUNTS).map(entry).collect();
    let path = site.folder.path().join("many.yaml");
    let text = format!("version: 1\norganization: many\naccounts:\n{accounts}");
    std::fs::write(&path, text).unwrap();
    path
}

/// Sets a limit as another client would.
async fn by_hand(site: &Site, email: &str, limit: u64) {
    let id = site.sandbox.account(email).unwrap().id;
    let url = format!("{}/managed_accounts/{id}/update_global_channel_limit", site.sandbox.url());
    let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
    let request = client.patch(url).bearer_auth(KEY).header("content-type", "application/json");
    let answer = request.body(format!(r#"{{"channel_limit":{limit}}}"#)).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}

/// An apply, once it has set so many limits.
async fn midway(site: &Site, manifest: &Path, changes: usize) -> Child {
    let child = site.command(&["apply", text(manifest), "--auto-approve"]).spawn().unwrap();
    let mut passed = 0;
    while passed < changes {
        tokio::time::sleep(Duration::from_millis(10)).await;
        passed += site.proxy.changes().len();
    }
    child
}

async fn end(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
}

/// The channel status of a plan, and the number of its actions.
async fn planned(site: &Site, manifest: &Path) -> (String, usize) {
    let plan = site.json(&["plan", text(manifest), "--format", "json"], 0).await;
    let channels = plan["inventory"]["channels"].as_str().unwrap().to_owned();
    (channels, plan["actions"].as_array().map_or(0, Vec::len))
}

fn limit(site: &Site, number: usize) -> u64 {
    site.sandbox.account(&format!("shop{number:02}@many.example")).unwrap().channel_limit
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_another_client_sets_during_an_apply_is_seen_by_the_next_plan() {
    let site = organization(Duration::from_millis(30)).await;
    let path = manifest(&site, 5);
    site.ends(&["apply", text(&path), "--auto-approve"], 0).await;
    assert_eq!(planned(&site, &path).await, ("consistent".to_owned(), 0));
    site.proxy.changes();
    let path = manifest(&site, 6);
    let child = midway(&site, &path, 3).await;
    by_hand(&site, "shop00@many.example", 1).await;
    assert_eq!(end(child).await.status.code(), Some(0));
    assert_eq!(planned(&site, &path).await, ("unverified".to_owned(), ACCOUNTS));
    site.ends(&["apply", text(&path), "--auto-approve"], 0).await;
    assert_eq!(limit(&site, 0), 5);
    assert_eq!(planned(&site, &path).await, ("consistent".to_owned(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_first_apply_has_set_before_it_was_interrupted_is_not_taken_for_known() {
    for signal in ["-INT", "-KILL"] {
        let site = organization(Duration::from_millis(60)).await;
        let path = manifest(&site, 6);
        let child = midway(&site, &path, 8).await;
        let id = child.id().to_string();
        let sent = std::process::Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        end(child).await;
        by_hand(&site, "shop03@many.example", 1).await;
        assert_eq!(planned(&site, &path).await, ("unverified".to_owned(), ACCOUNTS), "{signal}");
        site.ends(&["apply", text(&path), "--auto-approve"], 0).await;
        assert_eq!(limit(&site, 3), 6);
        site.ends(&["plan", text(&path), "--detailed-exitcode"], 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_interrupt_in_the_middle_of_known_limits_only_the_rest_is_set() {
    let site = organization(Duration::from_millis(60)).await;
    let path = manifest(&site, 5);
    site.ends(&["apply", text(&path), "--auto-approve"], 0).await;
    site.proxy.changes();
    let path = manifest(&site, 6);
    let child = midway(&site, &path, 6).await;
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(end(child).await.status.code(), Some(130));
    let (channels, left) = planned(&site, &path).await;
    assert_eq!(channels, "consistent");
    assert!((1..ACCOUNTS - 1).contains(&left), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_the_state_cannot_be_written_nothing_more_is_begun() {
    let site = organization(Duration::from_millis(60)).await;
    let path = manifest(&site, 5);
    site.ends(&["apply", text(&path), "--auto-approve"], 0).await;
    site.proxy.changes();
    let path = manifest(&site, 6);
    let arguments = ["apply", text(&path), "--auto-approve", "--parallelism", "1"];
    let child = site.command(&arguments).spawn().unwrap();
    let mut passed = 0;
    while passed < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        passed += site.proxy.changes().len();
    }
    // Where the next text of the state would be written.
    let new = site.folder.path().join(".trunkline/.many.json.new");
    // A write that is under way has the place.
    while let Err(error) = std::fs::create_dir(&new) {
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let output = end(child).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_ne!(output.status.code(), Some(0), "{error}");
    passed += site.proxy.changes().len();
    assert!(passed < ACCOUNTS / 2, "{passed} were sent");
    std::fs::remove_dir(site.folder.path().join(".trunkline/.many.json.new")).unwrap();
    let plan = site.json(&["plan", text(&path), "--format", "json"], 0).await;
    assert_eq!(plan["inventory"]["channels"], Value::from("unverified"));
}
