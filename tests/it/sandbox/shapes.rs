//! Answers have the fields that the vendor's document requires, of the types it gives.

use serde_json::Value;
use trunkline::sandbox::AccountStatus;

use super::support::Api;

const LISTED: [&str; 7] =
    ["record_type", "id", "email", "api_user", "manager_account_id", "created_at", "updated_at"];
const USER: [&str; 5] = ["id", "record_type", "email", "user_status", "created_at"];

#[track_caller]
fn has_texts(thing: &Value, fields: &[&str]) {
    for field in fields {
        assert!(thing[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {thing}");
    }
}

/// `2018-02-02T22:25:27.521Z`.
#[track_caller]
fn is_time(text: &Value) {
    let shape: String =
        text.as_str().unwrap().chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
}

#[track_caller]
fn is_account(account: &Value) {
    has_texts(account, &LISTED);
    has_texts(account, &["api_key", "api_token", "organization_name"]);
    assert_eq!(account["record_type"], "managed_account");
    assert_eq!(account["id"].as_str().unwrap().len(), 36);
    is_time(&account["created_at"]);
    is_time(&account["updated_at"]);
    assert!(
        account["managed_account_allow_custom_pricing"].is_boolean()
            && account["rollup_billing"].is_boolean()
    );
    if account["rollup_billing"] == false {
        has_texts(
            &account["balance"],
            &["record_type", "balance", "credit_limit", "available_credit", "currency"],
        );
    }
}

#[tokio::test]
async fn every_answer_about_one_account_is_a_managed_account() {
    let api = Api::small().await;
    is_account(&api.create(r#"{"business_name":"N"}"#).await.data());
    let path = format!("/managed_accounts/{}", api.with_status(AccountStatus::Enabled).id);
    is_account(&api.get(&path).await.data());
    is_account(&api.send("PATCH", &path, "{}").await.data());
    is_account(&api.send("POST", &format!("{path}/actions/disable"), "").await.data());
    is_account(&api.send("POST", &format!("{path}/actions/enable"), "").await.data());
}

#[tokio::test]
async fn a_list_has_items_and_meta() {
    let api = Api::small().await;
    for path in ["/managed_accounts", "/organizations/users"] {
        let list = api.get(path).await.json();
        for field in ["total_pages", "total_results", "page_number", "page_size"] {
            assert!(list["meta"][field].is_u64(), "{field} of {path}");
        }
    }
    for item in api
        .get("/managed_accounts?include_cancelled_accounts=true")
        .await
        .data()
        .as_array()
        .unwrap()
    {
        has_texts(item, &LISTED);
    }
}

#[tokio::test]
async fn channels_are_integers() {
    let api = Api::small().await;
    let pool = api.get("/managed_accounts/allocatable_global_outbound_channels").await.data();
    has_texts(&pool, &["record_type"]);
    assert!(pool["managed_account_allow_custom_pricing"].is_boolean());
    assert_eq!(pool["allocatable_global_outbound_channels"], 500);
    assert_eq!(pool["total_global_channels_allocated"], 95);
    let path = format!(
        "/managed_accounts/{}/update_global_channel_limit",
        api.with_status(AccountStatus::Enabled).id
    );
    let set = api.send("PATCH", &path, r#"{"channel_limit":0}"#).await.data();
    has_texts(&set, &["record_type", "id", "email", "manager_account_id"]);
    assert_eq!(set["channel_limit"], 0);
}

#[tokio::test]
async fn every_answer_about_users_has_the_required_fields() {
    let api = Api::small().await;
    let path = format!("/organizations/users/{}", api.user("ops@acme.example"));
    let mut users = api
        .get("/organizations/users/users_groups_report")
        .await
        .data()
        .as_array()
        .unwrap()
        .clone();
    assert!(users.iter().all(|user| user["groups"].is_array()));
    users.push(api.get(&path).await.data());
    users.push(api.send("POST", &format!("{path}/actions/remove"), "").await.data());
    for user in users {
        has_texts(&user, &USER);
        is_time(&user["created_at"]);
        assert!(user["organization_user_bypasses_sso"].is_boolean());
        for group in user["groups"].as_array().into_iter().flatten() {
            has_texts(group, &["id", "name"]);
        }
    }
}

#[tokio::test]
async fn every_error_has_code_title_detail_and_meta() {
    let api = Api::small().await;
    let answers = [
        api.create("{}").await,
        api.get("/managed_accounts?page[size]=0").await,
        api.get("/organizations/users?page[size]=0").await,
        api.get("/organizations/users/unknown").await,
        api.get("/nothing").await,
    ];
    for answer in answers {
        let error = &answer.json()["errors"][0];
        has_texts(error, &["code", "title", "detail"]);
        has_texts(&error["meta"], &["url"]);
        assert_eq!(answer.header("content-type"), "application/json");
    }
}
