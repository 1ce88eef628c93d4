//! Changes by other people between a plan and its apply are left alone.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use trunkline::model::{AccountId, UserId};
use trunkline::sandbox::{AccountStatus, Seed};
use trunkline::telnyx::{AccountRequest, BaseUrl, Session, SessionConfig, Writer};

use super::{apply, save, status, stderr};
use crate::support::proxy::Fault;
use crate::support::site::{KEY, Site, text};

/// Another person, who uses the API directly.
fn other_person(site: &Site) -> Writer {
    let base_url = BaseUrl::parse(&site.sandbox.url()).unwrap();
    Session::new(SessionConfig::new(base_url, KEY.into())).unwrap().writer()
}

fn account(site: &Site, email: &str) -> AccountId {
    AccountId::new(site.sandbox.account(email).unwrap().id)
}

/// The outcomes about an email, as `outcome action: message`.
fn about(applied: &Value, email: &str) -> Vec<String> {
    let outcomes = applied["outcomes"].as_array().unwrap().iter();
    outcomes
        .filter(|one| one["email"] == email)
        .map(|one| {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let why = word(&one["error"]["message"]) + &word(&one["hint"]);
            format!("{} {}: {why}", word(&one["outcome"]), word(&one["action"]))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_another_client_created_is_neither_disabled_nor_limited() {
    const CREW: &str = "crew@tallship.example";
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = save(&site, &manifest).await;
    let theirs = AccountRequest {
        name: "Tall Ship Tours".to_owned(),
        email: CREW.to_owned(),
        password: None,
        custom_pricing: Some(true),
        rollup_billing: None,
    };
    let id = other_person(&site).create_account(&theirs).await.unwrap().value.account.id;
    let before = site.sandbox.account(CREW).unwrap();
    site.proxy.passed();
    let applied = site.json(&apply(&plan, &["--format", "json"]), 4).await;
    let meant = format!("account: none → {id} since it was planned; plan again");
    assert_eq!(
        about(&applied, CREW),
        [
            "satisfied create_account: ".to_owned(),
            format!("stale disable_account: {meant}"),
            format!("stale set_channel_limit: {meant}"),
        ]
    );
    assert!(site.proxy.changes().iter().all(|line| !line.contains(id.as_str())));
    let after = site.sandbox.account(CREW).unwrap();
    assert_eq!((after.status, after.channel_limit), (AccountStatus::Enabled, before.channel_limit));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_of_unknown_outcome_is_not_sent_again_by_the_same_saved_plan() {
    let lost = |method: &str, path: &str, _: &str| {
        let create = method == "POST" && path == "/v2/managed_accounts";
        if create { Fault::RequestLost } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, lost).await;
    let manifest = site.manifest(&[]);
    let plan = save(&site, &manifest).await;
    let arguments = apply(&plan, &["--format", "json", "--create-grace", "0s"]);
    let applied = site.json(&arguments, 6).await;
    assert_eq!(applied["summary"]["unknown"], 2);
    site.proxy.passed();
    let again = site.json(&arguments, 6).await;
    let state = site.folder.path().join(".trunkline/acme.json");
    let held = format!(
        "withheld: the create was sent before and its outcome is unknown; see `trunkline state show --state {}`",
        state.display()
    );
    assert_eq!(
        about(&again, "hello@sunriseyoga.example"),
        [format!("skipped create_account: {held}"), format!("skipped set_channel_limit: {held}")]
    );
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_another_client_changed_or_may_have_changed_is_stale() {
    const LARRY: &str = "larry@catfood.example";
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    site.ends(&["apply", text(&manifest), "--auto-approve"], 0).await;
    let manifest = site.manifest(&[("channel_limit: 30", "channel_limit: 40")]);
    let plan = save(&site, &manifest).await;
    other_person(&site).set_channel_limit(&account(&site, LARRY), 35).await.unwrap();
    site.proxy.passed();
    let applied = site.json(&apply(&plan, &["--format", "json"]), 4).await;
    let stale = "stale set_channel_limit: channel_limit: 30 → unknown since it was planned";
    assert_eq!(about(&applied, LARRY), [stale]);
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    assert_eq!(site.sandbox.account(LARRY).unwrap().channel_limit, 35);
}

/// None of them is a possible rename of another.
const NAMES: [&str; 7] =
    ["alligator", "bear", "cormorant", "dragonfly", "earthworm", "flamingo", "grasshopper"];

/// Eight users of whom two are not listed.
async fn eight() -> (Site, std::path::PathBuf) {
    let user = |name| json!({ "email": format!("{name}@acme.example") });
    let mut users: Vec<Value> = NAMES.map(user).into();
    users.push(json!({ "email": "root@acme.example", "record_type": "organization_owner" }));
    let account = json!({ "email": "one@shop.example", "organization_name": "One" });
    let seed = json!({ "accounts": [account], "users": users });
    let seed = Seed::parse(&seed.to_string()).unwrap();
    let site = Site::seeded(seed, Duration::ZERO, |_, _, _| Fault::None).await;
    let mut listed =
        "version: 1\norganization: eight\npolicy: { unlisted_users: remove, max_removals: 25% }\n\
                      accounts: []\nusers:\n  - email: root@acme.example\n"
            .to_owned();
    for name in &NAMES[2..] {
        writeln!(listed, "  - email: {name}@acme.example").unwrap();
    }
    let manifest = site.folder.path().join("eight.yaml");
    std::fs::write(&manifest, listed).unwrap();
    (site, manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guards_are_those_of_the_plan_and_those_of_now_whichever_are_stricter() {
    let (site, manifest) = eight().await;
    let plan = save(&site, &manifest).await;
    // Two of eight were a quarter; of four they are half.
    for user in site.sandbox.users() {
        if NAMES[3..].iter().any(|name| user.email.starts_with(name)) {
            other_person(&site).remove_user(&UserId::new(user.id)).await.unwrap();
        }
    }
    assert_eq!(site.sandbox.users().len(), 4);
    site.proxy.passed();
    let refused = site.run(&apply(&plan, &[])).await;
    assert_eq!(status(&refused), Some(3), "{}", stderr(&refused));
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    site.ends(&apply(&plan, &["--approve-destructive", "2"]), 0).await;
}
