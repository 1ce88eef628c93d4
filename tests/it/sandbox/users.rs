//! The users of the organization.

use reqwest::header::ACCEPT;

use super::support::{Answer, Api, KEY};

const REPORT: &str = "/organizations/users/users_groups_report";

async fn report(api: &Api, accept: &str) -> Answer {
    let request =
        api.client.get(api.running.url() + REPORT).bearer_auth(KEY).header(ACCEPT, accept);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn users_are_listed_with_groups_only_when_asked() {
    let api = Api::small().await;
    let without = api.get("/organizations/users").await;
    assert_eq!(without.json()["meta"]["page_size"], 250);
    assert!(without.data().as_array().unwrap().iter().all(|user| user.get("groups").is_none()));
    let with = api.get("/organizations/users?include_groups=true").await.data();
    assert_eq!(with[1]["groups"][0]["name"], "Engineering");
    assert_eq!(with[1]["groups"][0]["id"], with[2]["groups"][0]["id"]);
    assert_eq!(with[3]["last_sign_in_at"], serde_json::Value::Null);
}

#[tokio::test]
async fn users_are_filtered_and_paged() {
    let api = Api::small().await;
    assert_eq!(
        api.emails("/organizations/users?filter[user_status]=disabled").await,
        ["former@acme.example"]
    );
    assert_eq!(api.emails("/organizations/users?filter[email]=OPS@").await, ["ops@acme.example"]);
    let page = api.get("/organizations/users?page[size]=2&page[number]=3").await;
    assert_eq!(page.data().as_array().unwrap().len(), 1);
    assert_eq!(page.json()["meta"]["total_pages"], 3);
}

#[tokio::test]
async fn an_invalid_query_for_users_is_400() {
    let api = Api::small().await;
    let bad = [
        "page[size]=251",
        "page[colour]=1",
        "filter[user_status]=gone",
        "filter[name]=x",
        "include_groups=1",
    ];
    for query in bad {
        let refused = api.get(&format!("/organizations/users?{query}")).await;
        assert_eq!(
            (refused.status, refused.errors()),
            (400, vec![("10015".to_owned(), "/".to_owned())]),
            "{query}"
        );
    }
    let id = api.user("ops@acme.example");
    assert_eq!(
        api.get(&format!("/organizations/users/{id}?include_groups=maybe")).await.status,
        400
    );
}

#[tokio::test]
async fn a_user_is_retrieved_with_groups_only_when_asked() {
    let api = Api::small().await;
    let path = format!("/organizations/users/{}", api.user("ops@acme.example"));
    assert!(api.get(&path).await.data().get("groups").is_none());
    let user = api.get(&format!("{path}?include_groups=true")).await.data();
    assert_eq!(user["groups"].as_array().unwrap().len(), 2);
    assert_eq!(user["record_type"], "organization_sub_user");
}

#[tokio::test]
async fn the_report_is_json_unless_csv_is_asked_for() {
    let api = Api::small().await;
    for accept in ["application/json", "*/*"] {
        let json = report(&api, accept).await;
        assert_eq!(json.header("content-type"), "application/json");
        assert_eq!(json.data().as_array().unwrap().len(), 5);
        assert_eq!(json.data()[0]["groups"], serde_json::json!([]));
    }
    let csv = report(&api, "text/csv").await;
    assert_eq!(csv.header("content-type"), "text/csv");
    let lines: Vec<_> = csv.text.lines().collect();
    assert_eq!(lines[0], "id,email,user_status,created_at,last_sign_in_at,groups");
    assert!(lines[2].ends_with(r#",ops@acme.example,enabled,2024-01-01T00:01:00.000Z,2024-06-03T09:30:00.000Z,"Engineering, On call""#));
    assert!(lines[4].ends_with(",,Sales"));
    assert_eq!(lines.len(), 6);
}

#[tokio::test]
async fn a_removal_returns_the_user_who_is_then_not_found() {
    let api = Api::small().await;
    let path = format!("/organizations/users/{}", api.user("ops@acme.example"));
    let removed = api.send("POST", &format!("{path}/actions/remove"), "").await.data();
    assert_eq!(removed["email"], "ops@acme.example");
    assert_eq!(api.get(&path).await.status, 404);
    assert_eq!(api.send("POST", &format!("{path}/actions/remove"), "").await.status, 404);
    assert_eq!(api.running.users().len(), 4);
}

#[tokio::test]
async fn the_owner_cannot_be_removed() {
    let api = Api::small().await;
    let path = format!("/organizations/users/{}/actions/remove", api.user("root@acme.example"));
    let refused = api.send("POST", &path, "").await;
    assert_eq!(
        (refused.status, refused.errors()),
        (403, vec![("10010".to_owned(), "/".to_owned())])
    );
    assert_eq!(api.running.users().len(), 5);
}

#[tokio::test]
async fn an_unknown_user_is_404_with_a_body() {
    let api = Api::small().await;
    let missing = api.get("/organizations/users/unknown").await;
    assert_eq!(
        (missing.status, missing.errors()),
        (404, vec![("10005".to_owned(), "/".to_owned())])
    );
    assert_eq!(missing.json()["errors"][0]["title"], "Resource not found");
    assert_eq!(
        missing.json()["errors"][0]["meta"]["url"],
        "https://developers.telnyx.com/docs/overview/errors/10005"
    );
}
