//! Four hundred saved actions in an organization that has gone on without them.

use std::fmt::Write as _;

use secrecy::SecretString;
use serde_json::{Value, json};
use trunkline::sandbox::{Running, SandboxConfig, Seed, start};

use super::{apply, stderr};
use crate::support::site::{KEY, Site, text};

/// So many of each of four kinds of action.
const EACH: usize = 100;

/// Whom the manifest wants: a hundred accounts each that are closed, priced and new. Those that it does not
/// list are users, who are to go.
fn manifest() -> String {
    let mut text =
        "version: 1\norganization: many\npolicy: { unlisted_users: remove, max_removals: 100%, \
                    max_disables: 100%, max_pricing_withdrawals: 100% }\naccounts:\n"
            .to_owned();
    for n in 0..EACH {
        for (kind, field) in
            [("close", "enabled: false"), ("price", "custom_pricing: true"), ("new", "")]
        {
            let comma = if field.is_empty() { "" } else { ", " };
            let entry = format!("name: {kind} {n}, email: {kind}{n}@shop.example{comma}{field}");
            writeln!(text, "  - {{ {entry} }}").unwrap();
        }
    }
    text + "users:\n  - email: root@acme.example\n"
}

/// An id of its own for each of a kind.
fn id(kind: usize, n: usize) -> String {
    format!("00000000-0000-4000-8000-{kind:04x}{n:08x}")
}

/// The organization before the apply, with or without changes by another person.
fn organization(later: bool) -> Seed {
    let account = |kind: &str, n: usize| {
        json!({ "email": format!("{kind}{n}@shop.example"), "organization_name": format!("{kind} {n}"),
                "id": id(usize::from(kind.as_bytes()[0]), n) })
    };
    let mut accounts: Vec<Value> =
        (0..EACH).flat_map(|n| [account("close", n), account("price", n)]).collect();
    let user = |n: usize| json!({ "email": format!("user{n}@acme.example"), "id": id(1, n) });
    let mut users: Vec<Value> = (0..EACH).map(user).collect();
    users.push(json!({ "email": "root@acme.example", "id": id(2, 0), "record_type": "organization_owner" }));
    if later {
        // Five are as they should be.
        accounts[0]["status"] = "disabled".into();
        accounts[1]["managed_account_allow_custom_pricing"] = true.into();
        accounts[3]["managed_account_allow_custom_pricing"] = true.into();
        accounts.push(account("new", 0));
        users.remove(0);
        // Three differ from the plan.
        accounts[4]["status"] = "blocked".into();
        users[10]["email"] = "other.person@acme.example".into();
        let mut taken = account("new", 7);
        taken["organization_name"] = "Quite Another".into();
        accounts.push(taken);
    }
    let manager = json!({ "id": id(9, 0), "email": "root@acme.example" });
    let seed = json!({ "manager": manager, "accounts": accounts, "users": users });
    Seed::parse(&seed.to_string()).unwrap()
}

async fn sandbox(seed: Seed, port: u16) -> Running {
    start(SandboxConfig { port, ..SandboxConfig::new(SecretString::from(KEY), seed) })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_8_of_400_actions_3_are_stale_5_satisfied_and_392_done() {
    // Only for its folder and its key.
    let site = Site::open().await;
    let before = sandbox(organization(false), 0).await;
    let (url, port) = (before.url(), before.port());
    let path = site.folder.path().join("many.yaml");
    std::fs::write(&path, manifest()).unwrap();
    let plan = site.folder.path().join("plan.json");
    let here = ["--base-url", &url];
    site.ends(&[&["plan", text(&path), "--out", text(&plan)], &here[..]].concat(), 0).await;
    assert_eq!(super::json(&plan)["actions"].as_array().unwrap().len(), 4 * EACH);
    before.stop().await;

    let after = sandbox(organization(true), port).await;
    let audit = site.folder.path().join("audit.jsonl");
    let others = [&here[..], &["--format", "json", "--audit-log", text(&audit)]].concat();
    let output = site.run(&apply(&plan, &others)).await;
    assert_eq!(super::status(&output), Some(4), "{}", stderr(&output));
    let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcomes = applied["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 4 * EACH);
    assert_eq!(
        applied["summary"],
        json!({ "done": 392, "satisfied": 5, "failed": 0, "stale": 3, "unknown": 0, "skipped": 0 })
    );
    assert_eq!(after.writes(), 392);
    let mut said = String::new();
    for one in outcomes.iter().filter(|one| one["outcome"] != "done") {
        let word = |name: &str| one[name].as_str().unwrap_or_default();
        let why = one["error"]["message"].as_str().unwrap_or_default();
        let (outcome, action, email) = (word("outcome"), word("action"), word("email"));
        writeln!(said, "{outcome:<9}  {action:<14}  {email}  {why}").unwrap();
    }
    insta::assert_snapshot!(said);
    assert_eq!(super::read(&audit).lines().count(), 4 * EACH, "each outcome is in the log");

    // The stale ones are still not as planned, so it is not used up, and nothing is sent for it again.
    let again = site.run(&apply(&plan, &here)).await;
    assert_eq!(super::status(&again), Some(4));
    assert_eq!(after.writes(), 392);
}
