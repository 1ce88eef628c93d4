//! Notifications about drift.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ring::hmac;
use trunkline::state::{Location, LockHolder, Store};

use super::{Daemon, LARRY, Watch, until};
use crate::support::proxy::Fault;
use crate::support::server::{Reply, Server};
use crate::support::site::text;

pub(super) const OPENED: &str = "drift_opened larry@catfood.example enabled";
pub(super) const CLOSED: &str = "drift_closed larry@catfood.example enabled";

#[tokio::test(flavor = "multi_thread")]
async fn manual_drift_is_notified_once_and_closed_once_without_a_write() {
    let watch = Watch::open().await;
    let key = watch.site.folder.path().join("hmac.key");
    std::fs::write(&key, "0123456789abcdef\n").unwrap();
    let daemon = watch.daemon(&["--webhook-key-file", text(&key)]);
    watch.runs(2).await;
    assert_eq!(watch.hook.events(), Vec::<String>::new());
    watch.by_hand(LARRY, "disable").await;
    let writes = watch.site.sandbox.writes();
    watch.hook.wait(1).await;
    watch.runs(3).await;
    assert_eq!(watch.hook.events(), [OPENED]);
    assert_eq!(watch.site.sandbox.writes(), writes, "it only reads");
    watch.by_hand(LARRY, "enable").await;
    watch.hook.wait(2).await;
    watch.runs(3).await;
    assert_eq!(watch.hook.events(), [OPENED, CLOSED]);

    let received = &watch.hook.received()[0];
    assert_eq!(received.body["organization"], "acme");
    assert_eq!((&received.body["total"], &received.body["destructive"]), (&1.into(), &0.into()));
    assert_eq!(received.body["items"][0]["changes"][0]["before"], "false");
    assert!(received.body["time"].is_string() && received.body["id"].is_string());
    let header = |name| received.headers[name].to_str().unwrap();
    let signed = format!("{}.{}", header("x-trunkline-timestamp"), received.text);
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef");
    let tag = header("x-trunkline-signature").strip_prefix("v1=").unwrap();
    let byte = |at| u8::from_str_radix(&tag[at..at + 2], 16).unwrap();
    let tag: Vec<u8> = (0..tag.len()).step_by(2).map(byte).collect();
    hmac::verify(&key, signed.as_bytes(), &tag).unwrap();

    let (status, _, log) = daemon.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    for secret in [crate::support::site::KEY, "secret-path", "0123456789abcdef"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
    let line = log.lines().find(|line| line.contains("drifted")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["span"]["organization"], "acme", "{line}");
    assert_eq!(line["span"]["run"].as_str().map(str::len), Some(36), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn flapping_is_not_notified() {
    let watch = Watch::open().await;
    let daemon = watch.daemon(&["--open-after", "6", "--close-after", "6"]);
    for _ in 0..4 {
        watch.by_hand(LARRY, "disable").await;
        watch.runs(1).await;
        watch.by_hand(LARRY, "enable").await;
        watch.runs(1).await;
    }
    let waves = |state: &str| daemon.log().matches(&format!(r#""state":"{state}""#)).count();
    assert!(waves("drifted") >= 4 && waves("in_sync") >= 3, "{}", daemon.log());
    assert_eq!(watch.hook.events(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_down_is_unknown_and_never_drift() {
    let down = Arc::new(AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let watch =
        Watch::with(
            move |_, _, _| {
                if is_down.load(Ordering::Relaxed) { Fault::RequestLost } else { Fault::None }
            },
        )
        .await;
    let daemon = watch.daemon(&["--listen", "127.0.0.1:0"]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    down.store(true, Ordering::Relaxed);
    watch.hook.wait(2).await;
    let address = address(&daemon);
    let status = shown(&address, "/api/v1/status").await;
    assert!(
        status.contains(r#""state": "unknown""#) || status.contains(r#""state":"unknown""#),
        "{status}"
    );
    let metrics = shown(&address, "/metrics").await;
    let unknown = metrics.lines().find(|line| line.contains(r#"state="unknown""#));
    assert!(unknown.is_some_and(|line| line.ends_with(" 1")), "{metrics}");
    assert!(shown(&address, "/").await.to_lowercase().contains("unknown"));
    assert_eq!(watch.hook.events(), [OPENED, "unknown"]);
    let body = &watch.hook.received()[1].body;
    assert!(body["error"].as_str().is_some_and(|error| error.contains("502")), "{body}");
    // A repair that no run has found closes nothing.
    watch.by_hand(LARRY, "enable").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(watch.hook.events().len(), 2);
    down.store(false, Ordering::Relaxed);
    watch.hook.wait(4).await;
    assert_eq!(watch.hook.events()[2..], ["drift_closed - unknown", CLOSED]);
    assert_eq!(watch.hook.received()[2].body["items"][0]["kind"], "organization");
    assert!(daemon.log().contains(r#""state":"unknown""#), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_does_not_answer_is_unknown() {
    let watch = Watch::open().await;
    let silent = Server::start(|_, _| Reply::silence()).await;
    let arguments = ["daemon", text(&watch.manifest), "--schedule", "* * * * * *"];
    let more = ["--state", "none", "--webhook", &watch.hook.url];
    let mut command = watch.site.command(&[&arguments[..], &more].concat());
    command.env("TELNYX_BASE_URL", &silent.origin);
    let _daemon = Daemon::start(command);
    watch.hook.wait(1).await;
    let body = &watch.hook.received()[0].body;
    assert_eq!(body["event"], "unknown");
    assert_eq!(body["error"], "reading took longer than 5s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_repeats_and_forgets_nothing() {
    let watch = Watch::open().await;
    let daemon = watch.daemon(&[]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    daemon.logs("notification delivered").await;
    watch.runs(1).await;
    drop(daemon);
    let daemon = watch.daemon(&[]);
    watch.runs(4).await;
    assert_eq!(watch.hook.events(), [OPENED]);
    drop(daemon);
    watch.by_hand(LARRY, "enable").await;
    let _daemon = watch.daemon(&[]);
    watch.hook.wait(2).await;
    assert_eq!(watch.hook.events(), [OPENED, CLOSED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undelivered_notification_is_sent_after_a_restart_with_the_same_id() {
    let watch = Watch::open().await;
    watch.hook.answer(500);
    let daemon = watch.daemon(&[]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(2).await;
    drop(daemon);
    watch.hook.answer(200);
    let before = watch.hook.received().len();
    let _daemon = watch.daemon(&[]);
    watch.hook.wait(before + 1).await;
    watch.runs(3).await;
    let received = watch.hook.received();
    assert_eq!(received.len(), before + 1);
    assert!(received[0].body["id"].is_string());
    assert!(received.iter().all(|one| one.body["id"] == received[0].body["id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_notification_is_given_up_and_the_answer_is_logged() {
    let watch = Watch::open().await;
    watch.hook.refuse(OPENED);
    let daemon = watch.daemon(&["--open-after", "1", "--close-after", "1"]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    watch.by_hand(LARRY, "enable").await;
    until("the next", || watch.hook.events().iter().any(|event| event == CLOSED)).await;
    assert!(daemon.log().contains("giving up"), "{}", daemon.log());
    assert!(daemon.log().contains("answered 422: no_service"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_state_is_locked_the_memory_waits() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path().join(".trunkline/acme.json");
    let store = Store::new(&Location::File(path.clone()));
    let hold = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let daemon = watch.daemon(&[]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    watch.runs(2).await;
    assert_eq!(std::fs::read(&path).unwrap(), before, "{}", daemon.log());
    drop(hold);
    until("the state", || std::fs::read_to_string(&path).unwrap().contains("notified_at")).await;
    drop(daemon);
    let _daemon = watch.daemon(&[]);
    watch.runs(3).await;
    assert_eq!(watch.hook.events(), [OPENED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_state_makes_the_organization_unknown_and_is_not_changed() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path().join(".trunkline/acme.json");
    std::fs::write(&path, "{ torn").unwrap();
    let _daemon = watch.daemon(&[]);
    watch.hook.wait(1).await;
    assert_eq!(watch.hook.events(), ["unknown"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{ torn");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_does_not_wait_for_the_daemon_and_its_result_is_noticed() {
    let watch = Watch::open().await;
    let _daemon = watch.daemon(&[]);
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    // With no time to wait for the lock, and the daemon writing each second.
    for _ in 0..5 {
        watch.site.ends(&["apply", text(&watch.manifest), "--auto-approve"], 0).await;
    }
    watch.hook.wait(2).await;
    assert_eq!(watch.hook.events(), [OPENED, CLOSED]);
    until("the state", || {
        let state = watch.site.folder.path().join(".trunkline/acme.json");
        !std::fs::read_to_string(state).unwrap().contains("outbox")
    })
    .await;
}

/// The address of the web server, from the log.
pub(super) fn address(daemon: &Daemon) -> String {
    let log = daemon.log();
    let address = log.split("status page at http://").nth(1).unwrap();
    address.split('/').next().unwrap().to_owned()
}

/// Requests a path of the web server.
pub(super) async fn shown(address: &str, path: &str) -> String {
    let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
    let answer = client.get(format!("http://{address}{path}")).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_shown_by_webhook_metrics_json_and_page() {
    let watch = Watch::open().await;
    let daemon = watch.daemon(&["--listen", "127.0.0.1:0"]);
    watch.runs(2).await;
    let address = address(&daemon);
    shown(&address, "/livez").await;
    shown(&address, "/readyz").await;
    let status: serde_json::Value =
        serde_json::from_str(&shown(&address, "/api/v1/status").await).unwrap();
    let acme = &status["organizations"][0];
    assert_eq!((&acme["organization"], &acme["state"]), (&"acme".into(), &"in_sync".into()));
    assert!(acme["last_success"].is_string() && acme["next_run"].is_string(), "{acme}");
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    watch.runs(1).await;
    let status: serde_json::Value =
        serde_json::from_str(&shown(&address, "/api/v1/status").await).unwrap();
    let acme = &status["organizations"][0];
    assert_eq!(acme["state"], "drifted");
    assert_eq!(acme["differences"][0]["email"], LARRY);
    let metrics = shown(&address, "/metrics").await;
    assert!(metrics.lines().any(|line| line.starts_with("trunkline_") && line.contains("acme")));
    assert!(!metrics.contains(LARRY), "no label for each account");
    let page = shown(&address, "/").await;
    assert!(page.contains(LARRY) && page.contains("acme"), "{page}");
    let (status, _, log) = daemon.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
}
