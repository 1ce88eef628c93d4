//! Creating accounts and changing them.

use trunkline::sandbox::AccountStatus;

use super::support::Api;

#[tokio::test]
async fn a_create_returns_the_requested_values_and_the_secrets() {
    let api = Api::small().await;
    let made = api
        .create(r#"{"business_name":"Nine Lives","email":"n@lives.example","managed_account_allow_custom_pricing":true,"unknown":1}"#)
        .await
        .data();
    assert_eq!(made["organization_name"], "Nine Lives");
    assert_eq!(made["email"], "n@lives.example");
    assert_eq!(made["managed_account_allow_custom_pricing"], true);
    assert_eq!(made["balance"]["currency"], "USD");
    assert!(made["api_key"].as_str().unwrap().starts_with("KEY"));
    assert!(made.get("status").is_none());
    let kept = api.running.account("n@lives.example").unwrap();
    assert_eq!(
        (kept.status, kept.channel_limit, kept.connections_enabled),
        (AccountStatus::Enabled, 10, true)
    );
}

#[tokio::test]
async fn a_missing_email_is_derived_from_that_of_the_manager() {
    let api = Api::small().await;
    let made = api.create(r#"{"business_name":"Nine Lives"}"#).await.data();
    let email = made["email"].as_str().unwrap();
    assert!(email.starts_with("root+") && email.ends_with("@acme.example"), "{email}");
}

#[tokio::test]
async fn an_account_that_rolls_up_billing_has_no_balance() {
    let api = Api::small().await;
    let made = api.create(r#"{"business_name":"N","rollup_billing":true}"#).await.data();
    assert!(made.get("balance").is_none());
}

#[tokio::test]
async fn all_invalid_fields_of_a_create_are_reported_at_once() {
    let api = Api::small().await;
    let body = r#"{"business_name":"","email":7,"password":[],"managed_account_allow_custom_pricing":"no","rollup_billing":null}"#;
    let refused = api.create(body).await;
    assert_eq!(refused.status, 422);
    let expected = [
        "/business_name",
        "/email",
        "/password",
        "/managed_account_allow_custom_pricing",
        "/rollup_billing",
    ];
    assert_eq!(refused.places(), expected);
    assert_eq!(api.create(r#"{"email":"x"}"#).await.places(), ["/business_name", "/email"]);
    assert_eq!(api.running.accounts().len(), 6);
}

#[tokio::test]
async fn an_email_is_taken_in_any_case_and_by_a_cancelled_account_too() {
    let api = Api::small().await;
    for email in ["LARRY@catfood.example", "hello@gonefishing.example"] {
        let refused = api.create(&format!(r#"{{"business_name":"N","email":"{email}"}}"#)).await;
        assert_eq!((refused.status, refused.places()), (422, vec!["/email".to_owned()]));
    }
}

#[tokio::test]
async fn only_one_of_many_creates_with_one_email_succeeds() {
    let api = Api::small().await;
    let creates = (0..20).map(|_| api.create(r#"{"business_name":"N","email":"same@n.example"}"#));
    let answers = futures_util::future::join_all(creates).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(api.running.accounts().len(), 7);
}

#[tokio::test]
async fn a_new_account_gets_the_rest_of_the_pool() {
    let api =
        Api::seeded(r#"{"channels":{"allocatable":14},"accounts":[{"email":"a@b.example"}]}"#)
            .await;
    let _ = api.create(r#"{"business_name":"N","email":"n@b.example"}"#).await.data();
    let _ = api.create(r#"{"business_name":"M","email":"m@b.example"}"#).await.data();
    assert_eq!(api.running.account("n@b.example").unwrap().channel_limit, 4);
    assert_eq!(api.running.account("m@b.example").unwrap().channel_limit, 0);
}

#[tokio::test]
async fn an_update_changes_custom_pricing_and_nothing_else() {
    let api = Api::small().await;
    let larry = api.running.account("larry@catfood.example").unwrap();
    let path = format!("/managed_accounts/{}", larry.id);
    let body = r#"{"managed_account_allow_custom_pricing":true,"organization_name":"Other","email":"o@o.example"}"#;
    let updated = api.send("PATCH", &path, body).await.data();
    assert_eq!(updated["managed_account_allow_custom_pricing"], true);
    assert_eq!(updated["email"], "larry@catfood.example");
    assert_eq!(updated["organization_name"], "Larry's Cat Food");
    let refused = api.send("PATCH", &path, r#"{"managed_account_allow_custom_pricing":1}"#).await;
    assert_eq!(
        (refused.status, refused.places()),
        (422, vec!["/managed_account_allow_custom_pricing".to_owned()])
    );
    assert_eq!(api.send("PATCH", &path, "").await.status, 422);
}

#[tokio::test]
async fn a_request_without_a_change_keeps_updated_at() {
    let api = Api::small().await;
    let larry = api.running.account("larry@catfood.example").unwrap();
    let path = format!("/managed_accounts/{}", larry.id);
    let same = api.send("PATCH", &path, "{}").await.data();
    assert_eq!(same["updated_at"], same["created_at"]);
    let disabled = api.send("POST", &format!("{path}/actions/disable"), "").await.data();
    assert!(disabled["updated_at"].as_str() > same["updated_at"].as_str());
    let again = api.send("POST", &format!("{path}/actions/disable"), "").await.data();
    assert_eq!(again["updated_at"], disabled["updated_at"]);
}

#[tokio::test]
async fn disabling_and_enabling_an_account_leaves_connections_disabled() {
    let api = Api::small().await;
    let path = format!(
        "/managed_accounts/{}/actions",
        api.running.account("larry@catfood.example").unwrap().id
    );
    let now = || {
        let larry = api.running.account("larry@catfood.example").unwrap();
        (larry.status, larry.connections_enabled)
    };
    let _ = api.send("POST", &format!("{path}/disable"), "").await.data();
    assert_eq!(now(), (AccountStatus::Disabled, false));
    let _ = api.send("POST", &format!("{path}/enable"), "").await.data();
    assert_eq!(now(), (AccountStatus::Enabled, false));
    let _ = api
        .send("POST", &format!("{path}/enable"), r#"{"reenable_all_connections":true}"#)
        .await
        .data();
    assert_eq!(now(), (AccountStatus::Enabled, true));
    let refused =
        api.send("POST", &format!("{path}/enable"), r#"{"reenable_all_connections":"yes"}"#).await;
    assert_eq!(
        (refused.status, refused.places()),
        (422, vec!["/reenable_all_connections".to_owned()])
    );
}

#[tokio::test]
async fn a_blocked_account_is_neither_enabled_nor_unblocked_by_a_disable() {
    let api = Api::small().await;
    let path = format!("/managed_accounts/{}/actions", api.with_status(AccountStatus::Blocked).id);
    assert_eq!(api.send("POST", &format!("{path}/disable"), "").await.status, 200);
    assert_eq!(api.send("POST", &format!("{path}/enable"), "").await.status, 422);
    assert_eq!(
        api.running
            .accounts()
            .iter()
            .filter(|account| account.status == AccountStatus::Blocked)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_cancelled_account_can_be_read_but_not_changed() {
    let api = Api::small().await;
    let path = format!("/managed_accounts/{}", api.with_status(AccountStatus::Cancelled).id);
    let _ = api.get(&path).await.data();
    let changes = [
        ("PATCH", "", "{}"),
        ("POST", "/actions/disable", ""),
        ("POST", "/actions/enable", ""),
        ("PATCH", "/update_global_channel_limit", r#"{"channel_limit":1}"#),
    ];
    for (method, rest, body) in changes {
        let refused = api.send(method, &format!("{path}{rest}"), body).await;
        assert_eq!((refused.status, refused.places()), (422, vec!["/".to_owned()]), "{rest}");
    }
}

#[tokio::test]
async fn a_channel_limit_must_fit_into_the_rest_of_the_pool() {
    let api = Api::small().await;
    let larry = api.running.account("larry@catfood.example").unwrap();
    let path = format!("/managed_accounts/{}/update_global_channel_limit", larry.id);
    // 95 of 500 are held, 30 of them by this very account.
    let set = api.send("PATCH", &path, r#"{"channel_limit":435}"#).await.data();
    assert_eq!(set["channel_limit"], 435);
    assert_eq!(set["record_type"], "managed_account_global_outbound_settings");
    let pool = api.get("/managed_accounts/allocatable_global_outbound_channels").await.data();
    assert_eq!(pool["total_global_channels_allocated"], 500);
    let bad = [
        r#"{"channel_limit":436}"#,
        r#"{"channel_limit":-1}"#,
        r#"{"channel_limit":1.5}"#,
        "{}",
        r#"{"channel_limit":"3"}"#,
        r#"{"channel_limit":null}"#,
        r#"{"channel_limit":99999999999999999999999}"#,
    ];
    for body in bad {
        let refused = api.send("PATCH", &path, body).await;
        assert_eq!(
            (refused.status, refused.places()),
            (422, vec!["/channel_limit".to_owned()]),
            "{body}"
        );
    }
    let _ = api.send("PATCH", &path, r#"{"channel_limit":0}"#).await.data();
    let pool = api.get("/managed_accounts/allocatable_global_outbound_channels").await.data();
    assert_eq!(pool["total_global_channels_allocated"], 65);
}

#[tokio::test]
async fn an_unknown_account_is_404_without_a_body_for_every_request() {
    let api = Api::small().await;
    let requests = [
        ("GET", "", ""),
        ("PATCH", "", "[]"),
        ("POST", "/actions/disable", ""),
        ("POST", "/actions/enable", ""),
        ("PATCH", "/update_global_channel_limit", "{}"),
    ];
    for (method, rest, body) in requests {
        let answer = api
            .send(
                method,
                &format!("/managed_accounts/00000000-0000-4000-8000-000000000000{rest}"),
                body,
            )
            .await;
        assert_eq!((answer.status, answer.text.as_str()), (404, ""), "{method} {rest}");
    }
}

#[tokio::test]
async fn each_fault_of_a_create_has_its_documented_code() {
    let api = Api::small().await;
    for (body, code, place) in [
        (r#"{"email":"n@lives.example"}"#, "10004", "/business_name"),
        (r#"{"business_name":"N","email":"LARRY@catfood.example"}"#, "10012", "/email"),
        (r#"{"business_name":"N","email":"no address"}"#, "10019", "/email"),
    ] {
        let refused = api.create(body).await;
        assert_eq!(refused.status, 422, "{body}");
        assert_eq!(refused.errors(), [(code.to_owned(), place.to_owned())], "{body}");
    }
}

#[tokio::test]
async fn a_channel_limit_without_the_feature_has_its_documented_code() {
    let mut seed: serde_json::Value =
        serde_json::from_str(include_str!("../data/small.sandbox.json")).unwrap();
    seed["behavior"] = serde_json::json!({ "channels": "not_enabled" });
    let api = Api::seeded(&seed.to_string()).await;
    let id = api.running.account("larry@catfood.example").unwrap().id;
    let path = format!("/managed_accounts/{id}/update_global_channel_limit");
    let refused = api.send("PATCH", &path, r#"{"channel_limit":1}"#).await;
    assert_eq!((refused.status, refused.errors()[0].0.as_str()), (422, "20015"));
}
