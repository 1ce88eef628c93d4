//! Rules for every request: key, paths, methods, bodies, rate limit, latency, stopping.

use std::time::{Duration, Instant};

use trunkline::sandbox::{Error, SandboxConfig, start};

use super::support::{Answer, Api, KEY, client, small};

fn config() -> SandboxConfig {
    SandboxConfig::new(KEY.to_owned().into(), small())
}

#[tokio::test]
async fn a_wrong_key_is_401_with_a_body_only_for_users() {
    let api = Api::small().await;
    for authorization in ["", "Bearer KEY_wrong", "Basic KEY_sandbox", "KEY_sandbox", "Bearer "] {
        for (path, code) in [("/managed_accounts", None), ("/organizations/users", Some("10009"))] {
            let url = api.running.url() + path;
            let request = api.client.get(url).header("authorization", authorization);
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!(answer.status, 401, "{authorization}");
            assert_eq!(answer.text.is_empty(), code.is_none());
            assert_eq!(answer.json()["errors"][0]["code"].as_str(), code);
            assert_eq!(answer.header("x-ratelimit-limit"), "");
            assert_eq!(answer.header("x-request-id").len(), 36);
        }
    }
}

#[tokio::test]
async fn a_base_path_other_than_v2_is_404_with_a_body() {
    let api = Api::small().await;
    for base in ["", "/v1"] {
        let url = format!("http://127.0.0.1:{}{base}/managed_accounts", api.running.port());
        let answer = Answer::of(api.client.get(url).bearer_auth(KEY).send().await.unwrap()).await;
        assert_eq!((answer.status, answer.errors()[0].0.as_str()), (404, "10005"), "{base}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_404_and_an_undeclared_method_405_with_allow() {
    let api = Api::small().await;
    assert_eq!(api.get("/phone_numbers").await.status, 404);
    for (method, path, allow) in [
        ("DELETE", "/managed_accounts/x", "GET, PATCH"),
        ("HEAD", "/managed_accounts", "GET, POST"),
        ("PUT", "/managed_accounts/x/update_global_channel_limit", "PATCH"),
        ("POST", "/organizations/users", "GET"),
        ("GET", "/organizations/users/x/actions/remove", "POST"),
    ] {
        let answer = api.send(method, path, "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, allow), "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_422() {
    let api = Api::small().await;
    for body in ["{", "[]", "null", "\"x\"", "{\"business_name\":\"N\"} x", &"[".repeat(5000)] {
        let refused = api.create(body).await;
        assert_eq!((refused.status, refused.places()), (422, vec!["/".to_owned()]), "{body:.20}");
    }
    assert_eq!(api.create("").await.status, 422);
}

#[tokio::test]
async fn a_body_with_a_wrong_content_type_is_422() {
    let api = Api::small().await;
    for (content_type, status) in [
        ("text/plain", 422),
        ("application/x-www-form-urlencoded", 422),
        ("application/json; charset=utf-8", 200),
    ] {
        let request = api.client.post(api.running.url() + "/managed_accounts").bearer_auth(KEY);
        let request = request.header("content-type", content_type).body(r#"{"business_name":"N"}"#);
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{content_type}");
    }
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused_and_the_refusal_arrives() {
    let api = Api::small().await;
    let body =
        |length: usize| format!(r#"{{"business_name":"N","password":"{}"}}"#, "x".repeat(length));
    assert_eq!(api.create(&body(8 << 20)).await.status, 422);
    assert_eq!(api.create(&body(1000 << 10)).await.status, 200);
}

#[tokio::test]
async fn without_a_limit_the_headers_never_slow_a_client_down() {
    let api = Api::small().await;
    for _ in 0..3 {
        let answer = api.get("/nothing/here").await;
        let [limit, remaining, reset] = ["limit", "remaining", "reset"]
            .map(|name| answer.header(&format!("x-ratelimit-{name}")).to_owned());
        assert_eq!((limit.as_str(), remaining.as_str(), reset.as_str()), ("1000", "999", "1"));
    }
}

#[tokio::test]
async fn a_request_over_the_limit_is_429_with_retry_after() {
    let api = Api::start(SandboxConfig { rate_limit: Some(3), ..config() }).await;
    // On a busy machine the window of a second may end between the requests, and then they are sent again.
    let refused = loop {
        let first = Instant::now();
        let mut answers = Vec::new();
        for _ in 0..4 {
            answers.push(api.get("/managed_accounts").await);
        }
        if first.elapsed() < Duration::from_secs(1) {
            for (answer, remaining) in answers.iter().zip(["2", "1", "0"]) {
                let left = answer.header("x-ratelimit-remaining");
                assert_eq!((answer.status, left), (200, remaining));
            }
            break answers.pop().unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    assert_eq!(refused.errors(), [("10011".to_owned(), String::new())]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(api.get("/managed_accounts").await.status, 200);
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let api = Api::start(SandboxConfig { rate_limit: Some(0), ..config() }).await;
    assert_eq!(api.create(r#"{"business_name":"N"}"#).await.status, 429);
    assert_eq!(api.running.accounts().len(), 6);
}

#[tokio::test]
async fn the_latency_of_concurrent_requests_does_not_add_up() {
    let latency = Duration::from_millis(200);
    let api = Api::start(SandboxConfig { latency, ..config() }).await;
    let start = Instant::now();
    futures_util::future::join_all((0..10).map(|_| api.get("/managed_accounts"))).await;
    assert!(start.elapsed() >= latency && start.elapsed() < 10 * latency, "{:?}", start.elapsed());
}

#[tokio::test]
async fn requests_and_writes_are_counted() {
    let api = Api::small().await;
    let _ = api.get("/managed_accounts").await;
    let _ = api.create("{}").await;
    assert_eq!((api.running.requests(), api.running.writes()), (2, 1));
}

#[tokio::test]
async fn stopping_finishes_requests_in_flight_and_closes_the_port() {
    let running =
        start(SandboxConfig { latency: Duration::from_millis(200), ..config() }).await.unwrap();
    let url = running.url() + "/managed_accounts";
    let request = tokio::spawn(client().get(&url).bearer_auth(KEY).send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop().await;
    assert_eq!(request.await.unwrap().unwrap().status().as_u16(), 200);
    assert!(client().get(&url).send().await.is_err());
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_that_names_it() {
    let api = Api::small().await;
    let port = api.running.port();
    let error = start(SandboxConfig { port, ..config() }).await.unwrap_err();
    assert!(matches!(error, Error::Listen { .. }));
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}
