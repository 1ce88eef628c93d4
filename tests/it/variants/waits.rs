//! The rate limit: every form of its header fields is understood, and a long wait is reported.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use secrecy::SecretString;
use serde_json::json;
use trunkline::sandbox::{SandboxConfig, Seed, start};
use trunkline::telnyx::{BaseUrl, Session, SessionConfig, StatusFilter};

use crate::support::server::{Reply, Server};
use crate::support::{KEY, bodies};

/// Requests a second that the servers of these tests accept.
const LIMIT: u32 = 10;

/// Sends 1 request, then 24 concurrently.
async fn send_many(base_url: &str) {
    let base_url = BaseUrl::parse(base_url).unwrap();
    let session = Session::new(SessionConfig::new(base_url, KEY.into())).unwrap();
    let reader = session.reader();
    reader.count(StatusFilter::Enabled).await.unwrap();
    for count in join_all((0..24).map(|_| reader.count(StatusFilter::Enabled))).await {
        count.unwrap();
    }
}

/// Counts requests in windows of one second of the clock, and describes the limit by `fields`.
async fn limited(
    refused: Arc<AtomicUsize>,
    fields: fn(u32, i64) -> Vec<(&'static str, String)>,
) -> Server {
    let window = Mutex::new((0, 0));
    Server::start(move |_, _| {
        let second = jiff::Timestamp::now().as_second();
        let mut window = window.lock().unwrap();
        if window.0 != second {
            *window = (second, 0);
        }
        window.1 += 1;
        let mut reply = if window.1 > LIMIT {
            refused.fetch_add(1, Ordering::Relaxed);
            Reply::json(429, r#"{"errors":[{"code":"10011","title":"Too many requests"}]}"#)
        } else {
            Reply::json(200, bodies::list(&[]))
        };
        for (name, value) in fields(LIMIT.saturating_sub(window.1), second + 1) {
            reply = reply.header(name, &value);
        }
        reply
    })
    .await
}

fn vendor(limit: &str, remaining: u32, reset: i64) -> Vec<(&'static str, String)> {
    vec![
        ("x-ratelimit-limit", limit.to_owned()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_refused_by_a_fake_whose_limit_is_described_in_any_form() {
    type Fields = fn(u32, i64) -> Vec<(&'static str, String)>;
    let forms: [(&str, Fields); 9] = [
        ("policy", |remaining, _| vendor("10, 10;window=1", remaining, 1)),
        ("short policy", |remaining, _| vendor("10, 10;w=1", remaining, 1)),
        ("reset time", |remaining, reset| vendor("10", remaining, reset)),
        ("no limit", |remaining, reset| vendor("", remaining, reset)[1..].to_vec()),
        ("quoted", |remaining, _| vendor("\"10\"", remaining, 1)),
        ("the tight policy second", |remaining, _| vendor("1000;w=3600, 10;w=1", remaining, 1)),
        ("ISO time", |remaining, reset| {
            let mut fields = vendor("10", remaining, reset);
            fields[2].1 = jiff::Timestamp::from_second(reset).unwrap().to_string();
            fields
        }),
        ("IETF", |remaining, _| {
            vec![
                ("RateLimit-Policy", r#""burst";q=10;w=1"#.to_owned()),
                ("RateLimit", format!(r#""burst";r={remaining};t=1"#)),
            ]
        }),
        ("IETF draft 6", |remaining, _| {
            vec![
                ("RateLimit-Policy", "10;w=1".to_owned()),
                ("RateLimit", format!("limit=10, remaining={remaining}, reset=1")),
            ]
        }),
    ];
    // A busy machine sees the end of a window late. A form that is not understood is refused in every run.
    let refused = forms.map(|(form, fields)| async move {
        let mut least = usize::MAX;
        for _ in 0..5 {
            let refused = Arc::new(AtomicUsize::new(0));
            let server = limited(Arc::clone(&refused), fields).await;
            send_many(&format!("{}/v2", server.origin)).await;
            least = least.min(refused.load(Ordering::Relaxed));
            if least == 0 {
                break;
            }
        }
        (form, least)
    });
    let refused = join_all(refused).await;
    assert!(refused.iter().all(|(_, refused)| *refused == 0), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_refused_by_the_sandbox_whose_limit_is_described_in_any_form() {
    for form in ["plain", "policy", "ietf"] {
        let seed = json!({ "behavior": { "rate_limit_fields": form } }).to_string();
        let config = SandboxConfig::new(SecretString::from(KEY), Seed::parse(&seed).unwrap());
        let config = SandboxConfig { rate_limit: Some(LIMIT), ..config };
        let sandbox = start(config).await.unwrap();
        send_many(&sandbox.url()).await;
        assert_eq!(sandbox.requests(), 25, "{form}: a refused request is sent again");
    }
}

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
    command
        .timeout(Duration::from_secs(60))
        .args(["get", "accounts"])
        .env("TELNYX_API_KEY", "KEY_test");
    command.env("TELNYX_BASE_URL", format!("{}/v2", server.origin));
    let begun = Instant::now();
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let waited = begun.elapsed().as_secs();
    let shown = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!((6..30).contains(&waited), "waited {waited} s");
    assert_eq!(shown.matches("for the rate limit").count(), 1, "{shown}");
    // A busy machine notices the wait late.
    let waits = |seconds: u32| shown.contains(&format!("waiting {seconds} s"));
    assert!((5..=8).any(waits), "{shown}");
}
