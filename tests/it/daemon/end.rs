//! How it ends when something is in the way: a state file in use, a signal, a target that is gone.

use std::fs;
use std::time::Duration;

use trunkline::state::{Hold, Holder, Location, Store};

use super::drift::OPENED;
use super::{Daemon, LARRY, Watch, until};
use crate::support::site::text;

/// Holds the state, as an apply does.
async fn held(watch: &Watch) -> Hold {
    let path = watch.site.folder.path().join(".trunkline/acme.json");
    let store = Store::new(&Location::File(path));
    store.lock(&Holder::this("apply"), Duration::ZERO).await.unwrap()
}

/// Waits in the background until it has been told, and a little longer, before the state is free.
fn free_later(hold: Hold) {
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(hold);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn once_waits_for_a_state_in_use_so_that_the_next_time_tells_nothing_again() {
    let watch = Watch::open().await;
    watch.by_hand(LARRY, "disable").await;
    let arguments = ["daemon", text(&watch.manifest), "--open-after", "1"];
    let once = [&arguments[..], &["--once", "--webhook", &watch.hook.url]].concat();
    free_later(held(&watch).await);
    assert_eq!(watch.site.ends(&once, 0).await, "acme: drifted, 1 differences\n");
    watch.site.ends(&once, 0).await;
    assert_eq!(watch.hook.events(), [OPENED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_ends_waits_for_a_state_in_use() {
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
async fn once_that_is_interrupted_says_so() {
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
async fn what_waits_for_a_target_that_is_gone_after_a_restart_waits_no_longer() {
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
    assert!(state().contains("told_at"), "what was announced is known all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_written_is_said_once_with_its_cause_and_written_once_it_can_be() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path().join(".trunkline");
    let daemon = watch.daemon(&["--open-after", "1"]);
    watch.runs(1).await;
    // Where the new text would go is a folder: not even a superuser can write there.
    let beside = path.join(".acme.json.new");
    fs::create_dir(&beside).unwrap();
    watch.by_hand(LARRY, "disable").await;
    let words = "what is remembered is not in the state";
    daemon.logs(words).await;
    watch.runs(4).await;
    let log = daemon.log();
    assert_eq!(log.matches(words).count(), 1, "{log}");
    let line = log.lines().find(|line| line.contains(words)).unwrap();
    assert!(line.contains("irectory"), "the system's words: {line}");
    fs::remove_dir(&beside).unwrap();
    until("the state", || fs::read_to_string(path.join("acme.json")).unwrap().contains("told_at"))
        .await;
}
