//! Waits for the rate limit, as a person sees them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::support::bodies;
use crate::support::server::{Reply, Server};

/// A server whose first answer is a 429 that names a point in time.
async fn exhausted(seconds: i64) -> Server {
    let refused = AtomicBool::new(false);
    Server::start(move |_, _| {
        if refused.swap(true, Ordering::Relaxed) {
            return Reply::json(200, bodies::list(&[]));
        }
        let reset = jiff::Timestamp::now().as_second() + seconds;
        let body = r#"{"errors":[{"code":"10011","title":"Too many requests"}]}"#;
        Reply::json(429, body)
            .header("x-ratelimit-limit", "100, 100;w=60")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", &reset.to_string())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_of_more_than_5_s_prints_one_line_with_reason_and_length() {
    let server = exhausted(8).await;
    let mut command = assert_cmd::Command::cargo_bin("trunkline").unwrap();
    command.args(["get", "accounts"]).env("TELNYX_API_KEY", "KEY_test");
    command.env("TELNYX_BASE_URL", format!("{}/v2", server.origin));
    let begun = Instant::now();
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let waited = begun.elapsed().as_secs();
    let shown = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!((6..30).contains(&waited), "waited {waited} s");
    assert_eq!(shown.matches("for the rate limit").count(), 1, "{shown}");
    assert!(shown.contains("waiting 8 s") || shown.contains("waiting 7 s"), "{shown}");
}
