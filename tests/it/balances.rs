//! Balances: read where they are declared, exact, and never guessed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use trunkline::sandbox::Seed;

use crate::support::proxy::Fault;
use crate::support::site::{Site, text};

fn id(place: usize) -> String {
    format!("00000000-0000-4000-8000-{place:012x}")
}

fn account(place: usize, name: &str, balance: &str, currency: &str) -> Value {
    json!({
        "id": id(place),
        "email": format!("{name}@shop.example"),
        "organization_name": name,
        "balance": {
            "balance": balance, "credit_limit": "10.00", "available_credit": "0.00", "currency": currency,
        },
    })
}

/// Accounts with enough, too little and less than nothing, one without a balance, and one whose balance is not a number.
fn seed() -> Seed {
    let mut rolled = account(4, "rolled", "0.00", "USD");
    rolled["rollup_billing"] = json!(true);
    let accounts = [
        account(1, "rich", "25.00", "USD"),
        account(2, "poor", "24.99", "USD"),
        account(3, "debtor", "-0.01", "EUR"),
        rolled,
        account(5, "odd", "many", "USD"),
        account(6, "free", "0.30", "USD"),
    ];
    Seed::parse(&json!({ "accounts": accounts }).to_string()).unwrap()
}

const NAMES: [&str; 5] = ["rich", "poor", "debtor", "rolled", "odd"];

/// Writes a manifest in which every account but `free` declares a minimum.
fn manifest(site: &Site, names: &[&str]) -> String {
    let entry = |name: &&str| {
        format!("  - {{ name: {name}, email: {name}@shop.example, min_balance: 25 }}\n")
    };
    let entries: String = names.iter().map(entry).collect();
    let free = "  - { name: free, email: free@shop.example }\n";
    let manifest = format!("version: 1\norganization: acme\naccounts:\n{entries}{free}");
    let path = site.folder.path().join("balances.yaml");
    std::fs::write(&path, manifest).unwrap();
    text(&path).to_owned()
}

fn codes(plan: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = plan["findings"].as_array().unwrap();
    findings.iter().map(|one| (word(&one["code"]), word(&one["email"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_reads_declared_balances_and_reports_the_debt_first() {
    let site = Site::seeded(seed(), Duration::ZERO, |_, _, _| Fault::None).await;
    let path = manifest(&site, &NAMES);
    let plan = site.json(&["plan", &path, "--format", "json", "--detailed-exitcode"], 2).await;
    let expected = [
        ("negative_balance", "debtor@shop.example"),
        ("low_balance", "poor@shop.example"),
        ("not_compared", "odd@shop.example"),
        ("not_compared", "rolled@shop.example"),
    ];
    let found = codes(&plan);
    let found: Vec<_> = found.iter().map(|(code, email)| (code.as_str(), email.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!(plan["summary"]["in_sync"], 2);
    let requests = site.proxy.passed();
    let single = requests.iter().filter(|one| one.contains("/managed_accounts/00000000"));
    // Neither of the account that declares nothing, nor of the one whose charges go to the manager.
    assert_eq!(single.count(), 4, "{requests:?}");
    let message = plan["findings"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("has a negative balance of -0.01 EUR; add funds"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_a_balance_that_cannot_be_read_makes_the_accounts_incomplete() {
    for status in [403, 404, 422, 500] {
        let site = Site::seeded(seed(), Duration::ZERO, move |_, path, _| {
            if path.ends_with(&id(2)) { Fault::Refused(status) } else { Fault::None }
        })
        .await;
        let path = manifest(&site, &NAMES);
        let plan = site.json(&["plan", &path, "--format", "json"], 7).await;
        assert_eq!(plan["inventory"]["complete"], false, "{status}");
        let reason = plan["findings"].as_array().unwrap().iter().find_map(|one| {
            let message = one["message"].as_str().unwrap();
            message.contains("balances: ").then(|| message.to_owned())
        });
        let reason = reason.unwrap();
        assert!(reason.contains("could be read") && reason.contains(&id(2)), "{reason}");
        let found = codes(&plan);
        let left = ("inventory_incomplete".to_owned(), "poor@shop.example".to_owned());
        assert!(found.contains(&left), "{status}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_read_no_balance_is_not_asked_for_every_account() {
    let single = |path: &str| path.contains("/managed_accounts/00000000");
    for (status, most) in [(403, 8), (404, 18)] {
        let asked = std::sync::Arc::new(AtomicUsize::new(0));
        let count = std::sync::Arc::clone(&asked);
        let accounts: Vec<Value> =
            (0..60).map(|n| account(n, &format!("a{n}"), "1.00", "USD")).collect();
        let seed = Seed::parse(&json!({ "accounts": accounts }).to_string()).unwrap();
        let site = Site::seeded(seed, Duration::from_millis(5), move |_, path, _| {
            if !single(path) {
                return Fault::None;
            }
            count.fetch_add(1, Ordering::SeqCst);
            Fault::Refused(status)
        })
        .await;
        let names: Vec<String> = (0..60).map(|n| format!("a{n}")).collect();
        let path = manifest(&site, &names.iter().map(String::as_str).collect::<Vec<_>>());
        site.ends(&["--parallelism", "4", "plan", &path], 7).await;
        let asked = asked.load(Ordering::SeqCst);
        assert!((1..=most).contains(&asked), "{status}: {asked} requests");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_balances_lists_every_account_and_adds_each_currency_exactly() {
    let site = Site::seeded(seed(), Duration::ZERO, |_, _, _| Fault::None).await;
    insta::assert_snapshot!("get_balances_table", site.ends(&["get", "balances"], 0).await);
    let csv = site.ends(&["get", "balances", "--format", "csv"], 0).await;
    insta::assert_snapshot!("get_balances_csv", csv);
    let json = site.json(&["get", "balances", "--format", "json"], 0).await;
    let totals = json!([
        { "currency": "EUR", "balance": "-0.01", "accounts": 1 },
        { "currency": "USD", "balance": "50.29", "accounts": 3 },
    ]);
    assert_eq!(json["totals"], totals);
    assert_eq!(json["accounts"].as_array().unwrap().len(), 6);
    let some = site.json(&["get", "balances", "--email", "debtor", "--format", "json"], 0).await;
    assert_eq!(some["accounts"][0]["balance"], "-0.01");
    assert_eq!(some["accounts"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn get_balances_says_that_balances_are_missing() {
    let site = Site::seeded(seed(), Duration::ZERO, move |_, path, _| {
        if path.ends_with(&id(2)) { Fault::Refused(500) } else { Fault::None }
    })
    .await;
    let output = site.run(&["get", "balances", "--format", "json"]).await;
    assert_eq!(output.status.code(), Some(7));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("balances: 4 of 5 could be read"), "{said}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let poor = json["accounts"].as_array().unwrap().iter().find(|one| one["name"] == "poor");
    assert_eq!(poor.unwrap()["balance"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_signs_in_after_the_plan_is_not_removed_as_stale() {
    let user = |last_sign_in: &str| {
        json!({ "users": [
            { "email": "root@acme.example", "record_type": "organization_owner",
              "created_at": "2020-01-01T00:00:00Z", "last_sign_in_at": "2026-01-01T00:00:00Z" },
            { "id": id(9), "email": "ops@acme.example",
              "created_at": "2020-01-01T00:00:00Z", "last_sign_in_at": last_sign_in },
        ]})
        .to_string()
    };
    // The lists lag behind: only the read of the user shows the new sign-in.
    for (now, status, left) in [("2021-01-01T00:00:00Z", 0, 1), ("2021-02-01T00:00:00Z", 4, 2)] {
        let answer = json!({ "data": {
            "id": id(9), "record_type": "organization_sub_user", "email": "ops@acme.example",
            "user_status": "enabled", "organization_user_bypasses_sso": false, "groups": [],
            "created_at": "2020-01-01T00:00:00Z", "last_sign_in_at": now,
        }});
        let seed = Seed::parse(&user("2021-01-01T00:00:00Z")).unwrap();
        let answer: &'static str = answer.to_string().leak();
        let site = Site::seeded(seed, Duration::ZERO, move |method, path, _| {
            let reads = method == "GET" && path.contains(&format!("users/{}", id(9)));
            if reads { Fault::Instead(answer) } else { Fault::None }
        })
        .await;
        let path = site.folder.path().join("stale.yaml");
        let manifest = "version: 1\norganization: acme\npolicy: { stale_after: 90d, stale_users: remove, max_removals: 1 }\n\
                        users:\n  - { email: root@acme.example, owner: true, keep: true }\n  - email: ops@acme.example\n";
        std::fs::write(&path, manifest).unwrap();
        let printed = site.ends(&["apply", text(&path), "-y"], status).await;
        assert_eq!(printed.contains("the user signed in on 2021-02-01"), left == 2, "{printed}");
        let users = site.json(&["get", "groups-report", "--format", "json"], 0).await;
        assert_eq!(users.as_array().unwrap().len(), left, "{now}");
    }
}
