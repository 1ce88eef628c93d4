//! `apply --snapshot FILE`: the manifest of what was live before an apply, to go back to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use trunkline::manifest;
use trunkline::model::*;
use trunkline::plan::{Subject, plan};
use trunkline::report::{Snapshot, StateInfo};
use trunkline::sandbox::Seed;

use crate::import::organization;
use crate::support::proxy::Fault;
use crate::support::site::{Site, text};

/// Every kind of action, after the example's manifest was applied.
const CHANGED: &str = r"version: 1
organization: acme
policy:
  unlisted_accounts: disable
  unlisted_users: remove
  max_removals: 100%
  max_disables: 100%
  max_enables: 100%
  max_channel_cut: 100%
  max_pricing_withdrawals: 100%
  protected: [root@acme.example, office@northwind.example]
accounts:
  - { name: Larry's Cat Food, email: larry@catfood.example, channel_limit: 5, custom_pricing: false }
  - { name: Blue Door Bakery, email: orders@bluedoor.example, channel_limit: 40 }
  - { name: Old Mill Hotel, email: desk@oldmill.example, enabled: true }
  - { name: Northwind Dental, email: office@northwind.example, custom_pricing: true }
  - { name: Pine Street Clinic, email: it@pinestreet.example, custom_pricing: true }
  - { name: Quick Courier, email: ops@quickcourier.example }
  - name: Lighthouse
    email: keeper@lighthouse.example
    channel_limit: 7
    password_from: { env: TRUNKLINE_SECRET_KEEPER }
users:
  - email: root@acme.example
  - { email: ops@acme.example, absent: true }
  - { email: billing@acme.example, until: 2020-01-01 }
  - { email: support@acme.example, groups: [Engineering] }
";

/// A site whose organization is as the example's manifest declares it, and the manifest that changes it.
async fn changed(faults: impl Fn(&str, &str, &str) -> Fault + Send + Sync + 'static) -> Site {
    let site = Site::with(Duration::ZERO, faults).await;
    let manifest = site.manifest(&[]);
    site.ends(&["apply", text(&manifest), "-y"], 0).await;
    site.proxy.changes();
    write(&site, "manifest.yaml", CHANGED);
    site
}

fn write(site: &Site, name: &str, text: &str) {
    std::fs::write(site.folder.path().join(name), text).unwrap();
}

fn read(site: &Site, name: &str) -> String {
    std::fs::read_to_string(site.folder.path().join(name)).unwrap()
}

/// The files in the folder of a site and below it, except the state.
fn files(site: &Site) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![site.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with(".trunkline") {
                folders.push(path.clone());
            }
            files.insert(path);
        }
    }
    files
}

/// Runs a command with the password of the new account, and returns its stderr.
async fn run(site: &Site, arguments: &[&str], status: i32) -> String {
    let mut command = site.command(arguments);
    command.env("TRUNKLINE_SECRET_KEEPER", "correct horse battery");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{error}");
    error
}

/// An account as people see it.
fn account(site: &Site, email: &str) -> String {
    let one = site.sandbox.account(email).unwrap();
    let (status, limit, pricing) = (one.status, one.channel_limit, one.custom_pricing);
    format!("{email} {status:?} {limit} {pricing}")
}

fn accounts(site: &Site) -> Vec<String> {
    site.sandbox.accounts().iter().map(|one| account(site, &one.email)).collect()
}

fn users(site: &Site) -> Vec<String> {
    site.sandbox.users().into_iter().map(|user| user.email).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_restores_all_that_the_head_does_not_list() {
    let site = changed(|_, _, _| Fault::None).await;
    let before = accounts(&site);
    let apply = ["apply", "manifest.yaml", "-y", "--snapshot", "back/before.yaml"];
    let shown = run(&site, &apply, 0).await;
    let back = "trunkline plan back/before.yaml --state .trunkline/acme.json";
    assert_eq!(
        shown,
        format!("Wrote back/before.yaml, the manifest of what was live\nTo go back: {back}\n")
    );
    assert_eq!(users(&site), ["root@acme.example", "support@acme.example"]);
    let snapshot = read(&site, "back/before.yaml");
    let mut golden = snapshot.clone();
    for account in site.sandbox.accounts() {
        golden = golden.replace(&account.id, &format!("ID of {}", account.organization_name));
    }
    insta::assert_snapshot!(golden);
    site.ends(&["fmt", "--check", "back/before.yaml"], 0).await;
    site.ends(&["validate", "back/before.yaml"], 0).await;

    let state = ["back/before.yaml", "--state", ".trunkline/acme.json"];
    let plan = site.json(&[&["plan", "--format", "json"], &state[..]].concat(), 0).await;
    let destructive = plan["summary"]["destructive"].to_string();
    let apply = ["apply", "-y", "--approve-destructive", &destructive];
    // Northwind Dental is protected, so its custom pricing is not withdrawn.
    site.ends(&[&apply, &state[..]].concat(), 4).await;
    let restored = |one: &String| {
        one.replace("northwind.example Enabled 10 false", "northwind.example Enabled 10 true")
    };
    let mut expected: Vec<String> = before.iter().map(restored).collect();
    expected.push("keeper@lighthouse.example Disabled 0 false".to_owned());
    assert_eq!(accounts(&site), expected);
    assert_eq!(users(&site), ["root@acme.example", "support@acme.example"]);
    let again = site.json(&[&["plan", "--format", "json"], &state[..]].concat(), 0).await;
    assert_eq!(again["actions"], Value::Array(Vec::new()));
    let missing = again["findings"].as_array().unwrap().iter();
    let missing: Vec<_> = missing.filter(|one| one["code"] == "user_missing").collect();
    assert_eq!(missing.len(), 3, "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_an_apply_that_changed_nothing_is_in_sync() {
    let site = changed(|_, _, _| Fault::None).await;
    let manifest = CHANGED.replace("    password_from: { env: TRUNKLINE_SECRET_KEEPER }\n", "");
    let manifest = manifest.replace(
        "  - name: Lighthouse\n    email: keeper@lighthouse.example\n    channel_limit: 7\n",
        "",
    );
    write(&site, "manifest.yaml", &manifest);
    let before = (accounts(&site), users(&site));
    // A plan that is refused or not approved writes nothing.
    let strict = manifest.replace("max_channel_cut: 100%", "max_channel_cut: 0");
    write(&site, "strict.yaml", &strict);
    run(&site, &["apply", "strict.yaml", "-y", "--snapshot", "none.yaml"], 3).await;
    run(&site, &["apply", "manifest.yaml", "--snapshot", "none.yaml"], 1).await;
    assert!(!files(&site).contains(&site.folder.path().join("none.yaml")));
    // A target that is in sync leaves nothing to send.
    let apply = ["apply", "manifest.yaml", "-y", "--target", "it@pinestreet.example"];
    let shown = run(&site, &[&apply[..], &["--snapshot", "before.yaml"]].concat(), 0).await;
    assert_eq!(
        shown,
        "Wrote before.yaml, the manifest of what was live; there is nothing to send\n"
    );
    assert_eq!((accounts(&site), users(&site)), before);
    let plan = site.json(&["plan", "before.yaml", "--format", "json"], 0).await;
    assert_eq!(plan["actions"], Value::Array(Vec::new()), "{plan}");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_of_a_saved_plan_goes_back_too() {
    let site = changed(|_, _, _| Fault::None).await;
    let before = account(&site, "larry@catfood.example");
    site.ends(&["plan", "manifest.yaml", "--out", "plan.json"], 0).await;
    run(&site, &["apply", "--plan", "plan.json", "-y", "--snapshot", "before.yaml"], 0).await;
    assert_ne!(account(&site, "larry@catfood.example"), before);
    let snapshot = read(&site, "before.yaml");
    assert!(snapshot.contains("#   trunkline apply before.yaml\n"), "{snapshot}");
    let apply = ["apply", "before.yaml", "-y", "--target", "larry@catfood.example"];
    site.ends(&apply, 0).await;
    assert_eq!(account(&site, "larry@catfood.example"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_exists_or_cannot_be_created_is_refused_before_the_first_request() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let folder = site.folder.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(&manifest, folder.join("acme.yaml")).unwrap();
    write(&site, "there.yaml", "mine");
    std::os::unix::fs::symlink("nowhere.yaml", site.folder.path().join("link.yaml")).unwrap();
    let before = files(&site);
    let refused = [
        "there.yaml",
        "link.yaml",
        "/dev/full",
        "/proc/before.yaml",
        "there.yaml/x.yaml",
        "folder",
        "new/",
    ];
    for file in refused {
        let error = run(&site, &["apply", "manifest.yaml", "-y", "--snapshot", file], 1).await;
        assert!(
            error.starts_with(&format!("error: opening {file} for --snapshot; nothing was sent: ")),
            "{error}"
        );
        assert!(
            error.ends_with("hint: Name a new file in a writable folder with --snapshot.\n"),
            "{error}"
        );
    }
    let cases = [
        (
            ["folder", "folder/new/before.yaml", "text=report"],
            "would become a part of the manifest",
        ),
        (["manifest.yaml", "before.yaml", "text=before.yaml"], "is also the file of a report"),
    ];
    for ([manifest, file, report], why) in cases {
        let options = ["--snapshot", file, "--report", report];
        let error = run(&site, &[&["apply", manifest, "-y"], &options[..]].concat(), 1).await;
        assert!(error.contains(why) && error.contains("with --snapshot."), "{error}");
    }
    assert_eq!((site.sandbox.writes(), site.sandbox.requests()), (0, 0));
    assert_eq!((files(&site), read(&site, "there.yaml").as_str()), (before, "mine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_appears_after_the_check_is_not_replaced() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    // The audit log is created before the snapshot.
    let apply = ["apply", text(&manifest), "-y", "--audit-log", "one", "--snapshot", "one"];
    let error = run(&site, &apply, 1).await;
    assert!(error.starts_with("error: writing the snapshot one; nothing was sent"), "{error}");
    assert_eq!((site.sandbox.writes(), read(&site, "one").as_str()), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_is_complete_before_the_first_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/before.yaml");
    let (seen, complete) = (path.clone(), Arc::new(AtomicBool::new(true)));
    let all = Arc::clone(&complete);
    let faults = move |method: &str, _: &str, _: &str| {
        let ends = |text: String| text.ends_with("  - email: support@acme.example\n");
        let is_there = std::fs::read_to_string(&seen).is_ok_and(ends);
        all.fetch_and(method == "GET" || is_there, Ordering::SeqCst);
        if method == "GET" { Fault::None } else { Fault::Refused(422) }
    };
    let site = Site::with(Duration::ZERO, faults).await;
    let manifest = site.manifest(&[]);
    let shown = run(&site, &["apply", text(&manifest), "-y", "--snapshot", text(&path)], 5).await;
    assert!(complete.load(Ordering::SeqCst));
    // Something was sent, though Telnyx refused it.
    assert!(shown.lines().last().unwrap().starts_with("To go back: trunkline plan "), "{shown}");
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_is_interrupted_before_its_approval_writes_nothing() {
    let site = Site::seeded(Seed::small(), Duration::from_secs(3), |_, _, _| Fault::None).await;
    let manifest = site.manifest(&[]);
    let before = files(&site);
    let apply = ["apply", text(&manifest), "-y", "--snapshot", "a/before.yaml", "--state", "none"];
    let child = site.command(&apply).spawn().unwrap();
    while site.proxy.passed().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output =
        tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!((site.sandbox.writes(), files(&site)), (0, before));
}

/// An account that a plan disables.
fn disabled() -> (Desired, Live) {
    let mut entry = WantedAccount::new("Cat".to_owned(), Email::new("cat@shop.example"));
    entry.enabled = Some(false);
    let desired = Desired {
        organization: "acme".to_owned(),
        manager: None,
        policy: Policy::default(),
        accept: Vec::new(),
        accounts: [(entry.email.clone(), entry.clone())].into(),
        users: None,
    };
    let account = LiveAccount {
        id: AccountId::new("1c5ac232-8fb1-4ee7-82d8-70ee9270b55a"),
        email: entry.email,
        name: Some(entry.name),
        manager: None,
        api_user: None,
        custom_pricing: None,
        rollup_billing: None,
        status: Some(Status::Enabled),
    };
    (desired, Live { accounts: vec![account], ..Live::default() })
}

#[test]
fn going_back_finds_an_account_after_its_email_was_changed() {
    let (desired, mut live) = disabled();
    let (state, today) = (State::default(), "2026-03-01".parse().unwrap());
    let sent = plan(&desired, &live, &state, today);
    let snapshot = Snapshot::new(&desired, &live, &state, today, &sent);
    live.accounts[0].status = Some(Status::Disabled);
    live.accounts[0].email = Email::new("kitten@shop.example");
    let back = plan(&snapshot.desired, &live, &state, today);
    let enabled: Vec<_> = back.requested().map(|action| action.email().as_str()).collect();
    assert_eq!(enabled, ["kitten@shop.example"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn no_name_or_email_from_the_api_breaks_a_snapshot((live, state) in organization()) {
        let (mut desired, _) = disabled();
        desired.policy.unlisted_accounts = UnlistedAccounts::Disable;
        desired.policy.unlisted_users = UnlistedUsers::Remove;
        let owner = Email::new("root@acme.example");
        let entry = WantedUser::new(owner.clone(), Presence::Owner);
        desired.users = Some([(owner, entry)].into());
        let today = "2026-03-01".parse().unwrap();
        let sent = plan(&desired, &live, &state, today);
        let snapshot = Snapshot::new(&desired, &live, &state, today, &sent);
        let yaml = snapshot.yaml("a\n- b.yaml", &StateInfo::default());
        let read = manifest::parse(Path::new("s.yaml"), &yaml);
        prop_assert_eq!(read.as_ref(), Ok(&snapshot.desired), "{}", yaml);
        prop_assert!(snapshot.goes_back(&live, &state, today), "{}", yaml);
        prop_assert!(!yaml.chars().any(|c| is_harmful(c) && c != '\n'), "{:?}", yaml);
        // Every account that is disabled is listed or named.
        for action in sent.requested() {
            let is_account = action.subject() == Subject::Account;
            let named = action.id().is_none_or(|id| yaml.contains(id));
            prop_assert!(named || !is_account, "{}", yaml);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.yaml");
        std::fs::write(&path, &yaml).unwrap();
        let formatted = manifest::format(&path).unwrap();
        prop_assert_eq!(formatted[0].state, manifest::Layout::Canonical, "{}", yaml);
    }
}
