//! Whatever is sent, the sandbox answers, with a status that is expected, and goes on.

use std::time::Duration;

use proptest::{prelude::*, test_runner::Config as Cases};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    runtime::Runtime,
};

use super::support::{Api, KEY};

/// Words that get a request past the first checks.
fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "managed_accounts",
        "organizations",
        "users",
        "actions",
        "disable",
        "enable",
        "remove",
        "v2",
        "update_global_channel_limit",
        "allocatable_global_outbound_channels",
        "users_groups_report",
        "%00",
        "%",
        "..",
    ]);
    prop_oneof![3 => known.prop_map(str::to_owned), 1 => "[!-~&&[^?# /]]{0,12}"]
}

fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "page[size]",
        "page[number]",
        "page",
        "sort",
        "filter[status][eq]",
        "filter[email][contains]",
        "filter[",
        "filter]",
        "include_groups",
        "filter[user_status]",
        "%5B%FF",
        "",
    ]);
    let value = prop_oneof!["[0-9]{0,25}", "[!-~&&[^# ]]{0,12}", Just("%F0%9F".to_owned())];
    prop::collection::vec((name, value).prop_map(|(name, value)| format!("{name}={value}")), 0..4)
        .prop_map(|pairs| pairs.join("&"))
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let field = prop::sample::select(vec![
        "business_name",
        "email",
        "channel_limit",
        "rollup_billing",
        "reenable_all_connections",
    ]);
    let value = prop::sample::select(vec![
        "1",
        "-1",
        "1e400",
        "\"\\ud800\"",
        "\"x\"",
        "null",
        "true",
        "[]",
        "{}",
        "18446744073709551616",
    ]);
    let object =
        (field, value).prop_map(|(field, value)| format!("{{\"{field}\":{value}}}").into_bytes());
    prop_oneof![2 => object, 1 => prop::collection::vec(any::<u8>(), 0..60)]
}

/// Sends bytes and reads the status of the answer.
async fn status(port: u16, request: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut head = vec![0; 12];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_exact(&mut head)).await;
    read.ok()?.ok()?;
    std::str::from_utf8(&head[9..]).ok()?.parse().ok()
}

#[test]
fn garbage_is_answered_with_a_status_that_is_expected() {
    let runtime = Runtime::new().unwrap();
    let api = runtime.block_on(Api::small());
    let port = api.running.port();
    let method =
        prop::sample::select(vec!["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"]);
    let path = prop::collection::vec(word(), 0..5).prop_map(|words| words.join("/"));
    proptest!(Cases { failure_persistence: None, ..Cases::with_cases(400) }, |(method in method, path in path, query in query(), body in body())| {
        let mut request = format!(
            "{method} /{path}?{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\
             content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len(),
        ).into_bytes();
        request.extend(&body);
        let status = runtime.block_on(status(port, &request));
        prop_assert!(matches!(status, Some(200 | 400 | 403 | 404 | 405 | 422)), "{status:?}");
    });
    assert_eq!(runtime.block_on(api.get("/managed_accounts")).status, 200);
}

#[tokio::test]
async fn input_that_is_not_http_does_not_stop_the_server() {
    let api = Api::small().await;
    let broken = "POST /v2/managed_accounts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer KEY_sandbox\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    for bytes in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", broken] {
        let _ = status(api.running.port(), bytes.as_bytes()).await;
    }
    assert_eq!(api.get("/managed_accounts").await.status, 200);
}
