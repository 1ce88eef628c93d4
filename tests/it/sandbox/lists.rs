//! The list of accounts: pages, order, filters.

use std::fmt::Write as _;

use super::support::Api;

#[tokio::test]
async fn small_pages_give_every_account_once() {
    let api = Api::small().await;
    let mut seen = Vec::new();
    for page in 1..=3 {
        let answer = api
            .get(&format!("/managed_accounts?page[size]=2&page[number]={page}&sort=created_at"))
            .await;
        assert_eq!(answer.json()["meta"]["total_pages"], 3);
        assert_eq!(answer.json()["meta"]["total_results"], 5);
        seen.extend(
            answer
                .data()
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
    }
    let all: Vec<_> = api.running.accounts().into_iter().map(|account| account.id).collect();
    assert_eq!(seen, all[..5]);
}

#[tokio::test]
async fn the_default_order_is_newest_first_even_within_a_millisecond() {
    let api = Api::small().await;
    for n in 0..30 {
        let _ = api
            .create(&format!(r#"{{"business_name":"N","email":"n{n}@n.example"}}"#))
            .await
            .data();
    }
    let newest = api.emails("/managed_accounts?page[size]=30").await;
    let expected: Vec<_> = (0..30).rev().map(|n| format!("n{n}@n.example")).collect();
    assert_eq!(newest, expected);
    let mut oldest = api.emails("/managed_accounts?page[size]=250&sort=created_at").await;
    oldest.reverse();
    assert_eq!(oldest[..30], expected);
}

#[tokio::test]
async fn sort_by_email_is_ascending() {
    let api = Api::small().await;
    let emails = api.emails("/managed_accounts?sort=email").await;
    assert!(emails.is_sorted() && emails.len() == 5, "{emails:?}");
}

#[tokio::test]
async fn a_page_has_20_items_by_default_and_none_past_the_last_page() {
    let mut accounts = String::new();
    for n in 0..45 {
        write!(accounts, r#"{}{{"email":"a{n}@x.example"}}"#, if n == 0 { "" } else { "," })
            .unwrap();
    }
    let api = Api::seeded(&format!(r#"{{"accounts":[{accounts}]}}"#)).await;
    assert_eq!(api.emails("/managed_accounts").await.len(), 20);
    assert_eq!(api.emails("/managed_accounts?page[number]=3").await.len(), 5);
    let beyond = api.get("/managed_accounts?page[number]=18446744073709551615").await;
    assert_eq!(beyond.data().as_array().unwrap().len(), 0);
    assert_eq!(beyond.json()["meta"]["total_results"], 45);
}

#[tokio::test]
async fn an_empty_list_has_one_page() {
    let api = Api::seeded("{}").await;
    let meta = api.get("/managed_accounts").await.json()["meta"].clone();
    assert_eq!(
        meta,
        serde_json::json!({"total_pages":1,"total_results":0,"page_number":1,"page_size":20})
    );
}

#[tokio::test]
async fn the_status_lists_are_apart_and_together_everything() {
    let api = Api::small().await;
    let count = async |query: &str| api.emails(&format!("/managed_accounts?{query}")).await.len();
    assert_eq!(count("filter[status][eq]=enabled").await, 3);
    assert_eq!(count("filter[status][eq]=disabled").await, 1);
    assert_eq!(count("filter[status][eq]=blocked").await, 1);
    assert_eq!(count("filter[status][eq]=cancelled").await, 1);
    assert_eq!(count("filter[status][eq]=all").await, 5);
    assert_eq!(count("filter[status][eq]=active&include_cancelled_accounts=true").await, 5);
    assert_eq!(count("filter[status][eq]=all&include_cancelled_accounts=true").await, 6);
    assert_eq!(count("include_cancelled_accounts=true").await, 6);
    assert_eq!(count("include_cancelled_accounts=false").await, 5);
}

#[tokio::test]
async fn eq_is_exact_and_contains_ignores_case() {
    let api = Api::small().await;
    let count = async |query: &str| api.emails(&format!("/managed_accounts?{query}")).await.len();
    assert_eq!(count("filter[email][eq]=larry@catfood.example").await, 1);
    assert_eq!(count("filter%5Bemail%5D%5Beq%5D=larry%40catfood.example").await, 1);
    assert_eq!(count("filter[email][eq]=Larry@catfood.example").await, 0);
    assert_eq!(count("filter[email][contains]=CATFOOD").await, 1);
    assert_eq!(count("filter[organization_name][eq]=Old+Mill+Bakery").await, 1);
    assert_eq!(count("filter[organization_name][contains]=mill%20b").await, 1);
    assert_eq!(
        count("filter[organization_name][contains]=mill&filter[email][contains]=larry").await,
        0
    );
}

#[tokio::test]
async fn list_items_have_neither_secrets_nor_balance_nor_status() {
    let api = Api::small().await;
    for item in api.get("/managed_accounts").await.data().as_array().unwrap() {
        for field in ["api_key", "api_token", "balance", "status", "channel_limit"] {
            assert!(item.get(field).is_none(), "{field}");
        }
    }
}

#[tokio::test]
async fn a_page_over_250_is_refused_with_422() {
    let api = Api::small().await;
    let refused = api.get("/managed_accounts?page[size]=251").await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.errors(), [("10015".to_owned(), "page[size]".to_owned())]);
    assert_eq!(
        refused.json()["errors"][0]["source"],
        serde_json::json!({"parameter":"page[size]"})
    );
    assert_eq!(api.get("/managed_accounts?page[size]=250").await.status, 200);
}

#[tokio::test]
async fn invalid_queries_are_refused_with_422_naming_the_parameter() {
    let api = Api::small().await;
    let bad = [
        ("page[size]", "0"),
        ("page[number]", "0"),
        ("page[number]", "x"),
        ("sort", "-email"),
        ("sort", "-created_at"),
        ("filter[status][eq]", "deleted"),
        ("filter[email][contains]", "ab"),
        ("filter[organization_name][contains]", ""),
        ("filter[email][starts_with]", "larry"),
        ("filter", "x"),
        ("include_cancelled_accounts", "1"),
    ];
    for (name, value) in bad {
        let refused = api.get(&format!("/managed_accounts?{name}={value}")).await;
        assert_eq!(
            (refused.status, refused.places()),
            (422, vec![name.to_owned()]),
            "{name}={value}"
        );
    }
    assert_eq!(api.get("/managed_accounts?colour=red").await.status, 200);
}
