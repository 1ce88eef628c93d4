//! The variants of the API that the `behavior` object of a seed selects.

use serde_json::{Value, json};
use trunkline::sandbox::{SandboxConfig, Seed};

use super::support::{Answer, Api, KEY};

/// A sandbox with this behavior: an account of each status, an owner and a user.
async fn api(behavior: Value) -> Api {
    Api::start(config(&behavior)).await
}

fn config(behavior: &Value) -> SandboxConfig {
    SandboxConfig::new(KEY.to_owned().into(), Seed::parse(&seed(behavior)).unwrap())
}

fn seed(behavior: &Value) -> String {
    json!({
        "accounts": [
            { "email": "enabled@x.example", "balance": { "balance": "-3.50", "credit_limit": "10.00", "available_credit": "6.50", "currency": "USD" } },
            { "email": "disabled@x.example", "status": "disabled" },
            { "email": "blocked@x.example", "status": "blocked" },
            { "email": "cancelled@x.example", "status": "cancelled" }
        ],
        "users": [
            { "email": "root@acme.example", "record_type": "organization_owner" },
            { "email": "ops@acme.example" }
        ],
        "behavior": behavior
    })
    .to_string()
}

async fn create(api: &Api) -> Answer {
    api.create(r#"{"business_name":"New","email":"new@x.example"}"#).await
}

#[test]
fn an_unknown_behavior_is_an_error_that_names_it() {
    for (behavior, named) in [
        (json!({ "ownr": "hidden" }), "ownr"),
        (json!({ "owner": "gone" }), "gone"),
        (json!({ "unlisted": ["typo@x.example"] }), "typo@x.example"),
        (json!({ "null_fields": { "typo@x.example": ["email"] } }), "typo@x.example"),
        (json!({ "null_fields": { "ops@acme.example": ["emial"] } }), "emial"),
        (json!({ "unlisted": ["ops@acme.example"] }), "ops@acme.example is not an account"),
    ] {
        let error = Seed::parse(&seed(&behavior)).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn a_seed_is_written_with_its_behavior() {
    let text = Seed::parse(&seed(&json!({ "owner": "hidden" }))).unwrap().to_json().unwrap();
    assert!(text.contains(r#""owner": "hidden""#));
    assert_eq!(Seed::parse(&text).unwrap().to_json().unwrap(), text);
}

#[tokio::test]
async fn the_owner_is_listed_or_only_reported_or_hidden() {
    for (owner, listed, reported) in [("listed", 2, 2), ("report_only", 1, 2), ("hidden", 1, 1)] {
        let api = api(json!({ "owner": owner })).await;
        assert_eq!(api.emails("/organizations/users").await.len(), listed, "{owner}");
        let report = api.emails("/organizations/users/users_groups_report").await;
        assert_eq!(report.len(), reported, "{owner}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_a_managers_reads_users_only() {
    for (access, status, code) in [
        ("unauthorized", 401, None),
        ("forbidden", 403, None),
        ("not_authorized", 403, Some("10010")),
        ("no_grant", 403, Some("10010")),
        ("inactive", 403, Some("20012")),
    ] {
        let api = api(json!({ "managed_accounts": access })).await;
        for path in ["", "/allocatable_global_outbound_channels"] {
            let answer = api.get(&format!("/managed_accounts{path}")).await;
            assert_eq!(answer.status, status, "{access}");
            assert_eq!(answer.json()["errors"][0]["code"].as_str(), code, "{access}");
        }
        assert_eq!(create(&api).await.status, status);
        assert_eq!(api.running.accounts().len(), 4);
        assert_eq!(api.get("/organizations/users").await.status, 200);
    }
}

#[tokio::test]
async fn a_refusal_of_users_always_has_a_body() {
    for (access, status, code) in [
        ("unauthorized", 401, "10009"),
        ("forbidden", 403, "10010"),
        ("no_grant", 403, "10010"),
        ("inactive", 403, "20012"),
    ] {
        let api = api(json!({ "users": access })).await;
        for path in ["", "/users_groups_report"] {
            let answer = api.get(&format!("/organizations/users{path}")).await;
            assert_eq!(answer.status, status, "{access}");
            assert_eq!(answer.json()["errors"][0]["code"], code, "{access}");
        }
        assert_eq!(api.get("/managed_accounts").await.status, 200);
    }
}

#[tokio::test]
async fn the_pool_is_zero_without_the_feature_and_403_without_the_right() {
    let path = "/managed_accounts/allocatable_global_outbound_channels";
    for (channels, read, set) in [("not_enabled", 200, 422), ("forbidden", 403, 200)] {
        let api = api(json!({ "channels": channels })).await;
        let pool = api.get(path).await;
        assert_eq!(pool.status, read);
        if read == 200 {
            assert_eq!(pool.data()["allocatable_global_outbound_channels"], 0);
            assert_eq!(pool.data()["total_global_channels_allocated"], 0);
        }
        let id = api.running.account("enabled@x.example").unwrap().id;
        let limit = format!("/managed_accounts/{id}/update_global_channel_limit");
        let answer = api.send("PATCH", &limit, r#"{"channel_limit":1}"#).await;
        assert_eq!(answer.status, set);
        if set == 422 {
            assert_eq!(answer.errors()[0].0, "20015");
        }
    }
}

#[tokio::test]
async fn a_status_filter_is_narrow_or_wide_or_ignored_or_rejected() {
    let path = "/managed_accounts?filter[status][eq]=disabled";
    for (behavior, listed) in [
        (json!({}), 1),
        (json!({ "disabled_filter": "wide" }), 3),
        (json!({ "status_filter": "ignored" }), 3),
    ] {
        assert_eq!(api(behavior.clone()).await.emails(path).await.len(), listed, "{behavior}");
    }
    let rejecting = api(json!({ "status_filter": "rejected" })).await;
    assert_eq!(rejecting.get(path).await.places(), ["filter[status][eq]"]);
    assert_eq!(rejecting.get("/managed_accounts").await.status, 200);
}

#[tokio::test]
async fn a_new_key_appears_after_the_reads_or_never() {
    for (delivery, reads_with_key) in [
        (json!("immediate"), [true, true, true]),
        (json!({ "after_reads": 1 }), [false, true, true]),
        (json!("never"), [false, false, false]),
    ] {
        let api = api(json!({ "api_key": delivery })).await;
        let created = create(&api).await.data();
        assert_eq!(created.get("api_key").is_some(), delivery == "immediate");
        assert!(created.get("api_token").is_some());
        let path = format!("/managed_accounts/{}", created["id"].as_str().unwrap());
        for has_key in reads_with_key {
            let read = api.get(&path).await.data();
            assert_eq!(read.get("api_key").is_some(), has_key, "{delivery}");
        }
    }
}

#[tokio::test]
async fn a_new_token_may_be_missing() {
    let api = api(json!({ "api_token": "never" })).await;
    let created = create(&api).await.data();
    assert!(created.get("api_token").is_none() && created.get("api_key").is_some());
}

#[tokio::test]
async fn the_answer_to_a_limit_may_lack_the_limit() {
    let api = api(json!({ "limit_answer": "without_channel_limit" })).await;
    let id = api.running.account("enabled@x.example").unwrap().id;
    let limit = format!("/managed_accounts/{id}/update_global_channel_limit");
    let answer = api.send("PATCH", &limit, r#"{"channel_limit":1}"#).await.data();
    assert!(answer.get("channel_limit").is_none());
    assert_eq!(api.running.account("enabled@x.example").unwrap().channel_limit, 1);
}

#[tokio::test]
async fn a_balance_is_that_of_the_seed() {
    let api = api(json!({})).await;
    let id = api.running.account("enabled@x.example").unwrap().id;
    let balance = api.get(&format!("/managed_accounts/{id}")).await.data()["balance"].clone();
    assert_eq!(balance["balance"], "-3.50");
    assert_eq!(balance["available_credit"], "6.50");
}

#[tokio::test]
async fn the_account_quota_refuses_one_more_account() {
    let api = api(json!({ "account_quota": 5 })).await;
    assert_eq!(create(&api).await.status, 200);
    assert_eq!(api.create(r#"{"business_name":"One more"}"#).await.places(), ["/"]);
}

#[tokio::test]
async fn a_taken_email_may_be_accepted() {
    let api = api(json!({ "taken_emails": "accepted" })).await;
    assert_eq!(create(&api).await.status, 200);
    assert_eq!(create(&api).await.status, 200);
    assert_eq!(api.running.accounts().len(), 6);
}

#[tokio::test]
async fn the_rate_limit_is_described_in_the_selected_form() {
    let now = jiff::Timestamp::now().as_second();
    for form in ["policy", "ietf", "reset_time"] {
        let config =
            SandboxConfig { rate_limit: Some(20), ..config(&json!({ "rate_limit_fields": form })) };
        let answer = Api::start(config).await.get("/organizations/users").await;
        let header = |name| answer.header(name).to_owned();
        match form {
            "policy" => assert_eq!(header("x-ratelimit-limit"), "20, 20;window=1"),
            "ietf" => {
                assert_eq!(header("ratelimit-policy"), r#""default";q=20;w=1"#);
                assert_eq!(header("ratelimit"), r#""default";r=19;t=1"#);
                assert_eq!(header("x-ratelimit-limit"), "");
            }
            _ => assert!(header("x-ratelimit-reset").parse::<i64>().unwrap() > now),
        }
    }
}

#[tokio::test]
async fn late_lists_show_the_state_before_a_change() {
    let api = api(json!({ "lists_late": 2 })).await;
    let created = create(&api).await.data();
    for listed in [3, 3, 4, 4] {
        assert_eq!(api.emails("/managed_accounts").await.len(), listed);
    }
    let path = format!("/managed_accounts/{}", created["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.status, 200);
}

#[tokio::test]
async fn an_unlisted_account_is_counted_nowhere_and_still_retrieved() {
    let api = api(json!({ "unlisted": ["enabled@x.example"] })).await;
    let list = api.get("/managed_accounts").await.json();
    assert_eq!(list["meta"]["total_results"], 2);
    let id = api.running.account("enabled@x.example").unwrap().id;
    assert_eq!(api.get(&format!("/managed_accounts/{id}")).await.status, 200);
}

#[tokio::test]
async fn a_client_that_waits_for_the_named_reset_time_is_not_refused() {
    let behavior = json!({ "rate_limit_fields": "reset_time" });
    let api = Api::start(SandboxConfig { rate_limit: Some(1), ..config(&behavior) }).await;
    for _ in 0..5 {
        let answer = api.get("/organizations/users").await;
        assert_eq!(answer.status, 200);
        let reset = answer.header("x-ratelimit-reset").parse().unwrap();
        let reset = jiff::Timestamp::from_second(reset).unwrap();
        let wait = reset.duration_since(jiff::Timestamp::now());
        tokio::time::sleep(wait.try_into().unwrap_or_default()).await;
    }
}

#[tokio::test]
async fn lists_may_lack_totals() {
    let meta = api(json!({ "totals": "neither" })).await.get("/managed_accounts").await.json();
    assert_eq!(meta["meta"], json!({ "page_number": 1, "page_size": 20 }));
    let meta = api(json!({ "totals": "pages_only" })).await.get("/managed_accounts").await.json();
    assert_eq!(meta["meta"], json!({ "page_number": 1, "page_size": 20, "total_pages": 1 }));
}

#[tokio::test]
async fn a_named_field_is_null_in_lists_and_in_the_report() {
    let odd = json!({ "null_fields": { "OPS@acme.example": ["email", "record_type"] } });
    let api = api(odd).await;
    for path in ["/organizations/users", "/organizations/users/users_groups_report"] {
        let user = api.get(path).await.data()[1].clone();
        assert_eq!((&user["email"], &user["record_type"]), (&Value::Null, &Value::Null));
        assert!(user["id"].is_string());
    }
}

#[tokio::test]
async fn a_client_that_gives_up_in_the_second_half_of_the_latency_has_made_its_change() {
    let latency = std::time::Duration::from_secs(2);
    let api = Api::start(SandboxConfig { latency, ..config(&json!({})) }).await;
    let lost = tokio::time::timeout(latency * 3 / 4, create(&api)).await;
    assert!(lost.is_err());
    assert!(api.running.account("new@x.example").is_some());
}

#[tokio::test]
async fn a_page_past_the_last_one_is_empty_however_large_its_number() {
    let api = api(json!({})).await;
    let path = "/organizations/users?page[number]=60580617937849456896552552719072624640";
    assert_eq!(api.get(path).await.data(), json!([]));
}
