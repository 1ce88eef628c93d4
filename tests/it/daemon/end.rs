//! Ends with an obstacle: a locked state, a signal, a removed target.

use std::fs;
use std::time::Duration;

use trunkline::state::{Location, LockHolder, StateLock, Store};

use super::drift::OPENED;
use super::{Daemon, LARRY, Watch, until};
use crate::support::site::text;

/// Locks the state, as an apply does.
async fn held(watch: &Watch) -> StateLock {
    let path = watch.site.folder.path().join(".trunkline/acme.json");
    let store = Store::new(&Location::File(path));
    store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap()
}

/// Releases the state in the background after two seconds.
fn free_later(hold: StateLock) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(hold);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn once_waits_for_a_locked_state_so_that_nothing_is_repeated() {
    let watch = Watch::open().await;
    watch.by_hand(LARRY, "disable").await;
    let arguments = ["daemon", text(&watch.manifest), "--open-after", "1"];
    let once = [&arguments[..], &["--once", "--webhook", &watch.hook.url]].concat();
    free_later(held(&watch).await);
    assert_eq!(watch.site.ends(&once, 0).await, "acme: drifted, 1 difference\n");
    watch.site.ends(&once, 0).await;
    assert_eq!(watch.hook.events(), [OPENED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_waits_for_a_locked_state_at_the_end() {
    let watch = Watch::open().await;
    let daemon = watch.daemon(&["--open-after", "1"]);
    watch.runs(1).await;
    let hold = held(&watch).await;
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    free_later(hold);
    let (status, _, log) = daemon.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    let _daemon = watch.daemon(&["--open-after", "1"]);
    watch.runs(2).await;
    assert_eq!(watch.hook.events(), [OPENED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_once_has_the_exit_status_of_the_signal() {
    let watch = Watch::slow(Duration::from_millis(700)).await;
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        watch.site.proxy.passed();
        let daemon =
            Daemon::start(watch.site.command(&["daemon", text(&watch.manifest), "--once"]));
        until("the first request", || !watch.site.proxy.passed().is_empty()).await;
        let (status, _, log) = daemon.end(name).await;
        assert_eq!(status.code(), Some(code), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_for_a_removed_target_are_dropped() {
    let watch = Watch::open().await;
    watch.hook.answer(500);
    let state =
        || fs::read_to_string(watch.site.folder.path().join(".trunkline/acme.json")).unwrap();
    let daemon = watch.daemon(&["--open-after", "1"]);
    watch.by_hand(LARRY, "disable").await;
    until("a message", || state().contains(r#""event": "drift_opened""#)).await;
    drop(daemon);
    let plain = ["daemon", text(&watch.manifest), "--schedule", "* * * * * *"];
    let _daemon = Daemon::start(watch.site.command(&plain));
    until("nothing that waits", || !state().contains("drift_opened")).await;
    assert!(state().contains("notified_at"), "the notified difference is still known");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_saved_is_logged_once_and_saved_later() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path().join(".trunkline");
    let daemon = watch.daemon(&["--open-after", "1"]);
    watch.runs(1).await;
    // A folder in place of the temporary file: not even root can write there.
    let beside = path.join(".acme.json.new");
    fs::create_dir(&beside).unwrap();
    watch.by_hand(LARRY, "disable").await;
    let words = "cannot save the state; retrying";
    daemon.logs(words).await;
    watch.runs(4).await;
    let log = daemon.log();
    assert_eq!(log.matches(words).count(), 1, "{log}");
    let line = log.lines().find(|line| line.contains(words)).unwrap();
    assert!(line.contains("irectory"), "the error of the system: {line}");
    fs::remove_dir(&beside).unwrap();
    until("the state", || {
        fs::read_to_string(path.join("acme.json")).unwrap().contains("notified_at")
    })
    .await;
}
