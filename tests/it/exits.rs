//! The exit statuses that pipelines branch on. The tests of apply cover 0 to 3, 5, 6, 130 and 143, too.

use std::time::Duration;

use serde_json::Value;

use crate::support::bodies;
use crate::support::proxy::Fault;
use crate::support::server::{Reply, Server};
use crate::support::site::{Site, text};

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_appears_before_its_create_is_stale_and_left_alone_4() {
    let site = Site::with(Duration::from_millis(100), |_, _, _| Fault::None).await;
    let manifest = site.manifest(&[]);
    let child = site
        .command(&["apply", text(&manifest), "--auto-approve", "--format", "json"])
        .spawn()
        .unwrap();
    // The inventory is complete once the first change arrives.
    while site.proxy.changes().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
    let body = r#"{"business_name":"Another owner","email":"Crew@TallShip.example"}"#;
    let create = client.post(format!("{}/managed_accounts", site.sandbox.url()));
    let create =
        create.bearer_auth(crate::support::site::KEY).header("content-type", "application/json");
    assert!(create.body(body).send().await.unwrap().status().is_success());
    let output =
        tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of_crew = applied["outcomes"].as_array().unwrap().iter();
    let of_crew: Vec<&str> = of_crew
        .filter(|one| one["email"] == "crew@tallship.example")
        .map(|one| one["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(of_crew, ["satisfied", "stale", "skipped"], "the other account is not disabled");
    assert_eq!(output.status.code(), Some(4));
}

/// A server whose lists report one more item than they contain.
async fn incomplete() -> Server {
    let data = bodies::account("a1");
    let list = serde_json::json!({
        "data": [data], "meta": { "total_pages": 1, "total_results": 2, "page_number": 1, "page_size": 250 },
    });
    Server::start(move |_, _| Reply::json(200, list.to_string())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_an_incomplete_inventory_allows_no_destructive_action_and_no_create_7() {
    let server = incomplete().await;
    let site = Site::open().await;
    let text = "version: 1\norganization: shop\npolicy: { unlisted_accounts: disable }\n\
                accounts: [{ name: New, email: new@shop.example }]\n";
    let manifest = site.folder.path().join("shop.yaml");
    std::fs::write(&manifest, text).unwrap();
    for arguments in [&["plan"][..], &["plan", "--detailed-exitcode"], &["apply", "--auto-approve"]]
    {
        let mut command = site.command(&arguments[..1]);
        command.arg(&manifest).args(&arguments[1..]);
        command.env("TELNYX_BASE_URL", format!("{}/v2", server.origin));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(7), "{arguments:?}: {shown}");
        assert!(shown.contains("inventory_incomplete") && !shown.contains("to create"), "{shown}");
        assert!(
            !shown.contains("to disable")
                && shown.trim_end().ends_with("the inventory is incomplete")
        );
    }
    assert!(server.seen().iter().all(|seen| seen.body.is_empty()), "only reads were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_4_an_unresolved_create_is_reported_until_it_is_settled_6() {
    let lost = |method: &str, path: &str, _: &str| {
        let create = method == "POST" && path == "/v2/managed_accounts";
        if create { Fault::RequestLost } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, lost).await;
    let manifest = site.manifest(&[]);
    let apply = ["apply", text(&manifest), "--auto-approve", "--create-grace", "0s"];
    site.ends(&apply, 6).await;
    site.proxy.changes();
    // They are not sent again, and still reported.
    site.ends(&apply, 6).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    let plan = site.json(&["plan", text(&manifest), "--format", "json"], 0).await;
    assert_eq!(plan["summary"]["create"], 0);
    let codes =
        plan["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap());
    assert_eq!(codes.filter(|code| *code == "unresolved_create").count(), 2);
    // To accept the finding does not settle the create.
    let entry =
        |email| format!("  - {{ code: unresolved_create, email: {email}, until: 2099-01-01 }}\n");
    let entries = ["crew@tallship.example", "hello@sunriseyoga.example"].map(entry).concat();
    let accepted = site.manifest(&[("\naccounts:", &format!("\naccept:\n{entries}accounts:"))]);
    site.ends(&["apply", text(&accepted), "--auto-approve", "--create-grace", "0s"], 6).await;
    site.ends(&["state", "resolve", "--all", "--retry"], 0).await;
    let plan = site.json(&["plan", text(&manifest), "--format", "json"], 0).await;
    assert_eq!(plan["summary"]["create"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_target_is_sent_and_safety_limits_apply_to_the_whole_plan_3() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let apply = ["apply", text(&manifest), "--auto-approve", "--target", "Larry@CatFood.example"];
    let shown = site.ends(&apply, 0).await;
    assert!(shown.contains("Not selected: 15 actions"), "{shown}");
    assert_eq!(site.proxy.changes().len(), 2, "channel limit and custom pricing");
    let manifest = site.manifest(&[("max_disables: 1", "max_disables: 0")]);
    let apply = ["apply", text(&manifest), "--auto-approve", "--target", "orders@bluedoor.example"];
    site.ends(&apply, 3).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_withholds_something_exits_with_4_although_another_half_is_incomplete() {
    let seed = r#"{
        "accounts": [{ "email": "larry@shop.example", "organization_name": "Larry" }],
        "users": [{ "email": "root@acme.example", "record_type": "organization_owner" }, { "email": "odd@acme.example" }],
        "behavior": { "null_fields": { "odd@acme.example": ["email"] } }
    }"#;
    let seed = trunkline::sandbox::Seed::parse(seed).unwrap();
    let site = Site::seeded(seed, Duration::ZERO, |_, _, _| Fault::None).await;
    let manifest = site.folder.path().join("shop.yaml");
    let entry = |name: &str, email: &str| {
        let users = "users: [{ email: root@acme.example, owner: true }]\n";
        let account = format!("accounts: [{{ name: {name}, email: {email}@shop.example }}]\n");
        std::fs::write(&manifest, format!("version: 1\norganization: shop\n{account}{users}"))
            .unwrap();
    };
    let apply = ["apply", text(&manifest), "--auto-approve"];
    entry("Larry", "larry");
    site.ends(&apply, 7).await;
    // The live account may be this entry under another email.
    entry("Larry", "lary");
    site.ends(&apply, 4).await;
}
