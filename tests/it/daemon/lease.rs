//! Several daemons with one state in a bucket: one watches, and when it is gone another one goes on.

use serde_json::Value;

use super::drift::{CLOSED, OPENED, address, shown};
use super::{Daemon, LARRY, Watch};
use crate::support::moto::{Moto, moto, settings};

/// A daemon whose state is in a bucket, and which can be asked how it stands.
fn daemon(watch: &Watch, origin: &str, key: &str) -> Daemon {
    let state = format!("s3://{key}");
    let more = ["--state", &state, "--listen", "127.0.0.1:0"];
    watch.daemon_with(&more, &settings(origin))
}

/// How the organization stands, as a daemon says.
async fn stands(daemon: &Daemon) -> Value {
    let text = shown(&address(daemon), "/api/v1/status").await;
    serde_json::from_str::<Value>(&text).unwrap()["organizations"][0].clone()
}

fn runs(daemon: &Daemon) -> usize {
    daemon.log().matches(r#""message":"run""#).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_one_watches_and_when_it_is_killed_the_other_goes_on() {
    let Some(moto) = moto() else { return };
    let watch = Watch::open().await;
    // A folder, in which each organization has its own.
    let key = Moto::new_key().strip_suffix("/acme.json").unwrap().to_owned();
    let first = daemon(&watch, &moto.origin, &key);
    watch.runs(1).await;
    let second = daemon(&watch, &moto.origin, &key);
    second.logs("another daemon watches; this one stands by").await;
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    // What was told is written after that; who is killed before tells it again.
    first.logs(r#""message":"told""#).await;
    watch.runs(1).await;
    assert_eq!(runs(&second), 0, "{}", second.log());

    // It is well, and knows who knows more.
    let at = address(&second);
    shown(&at, "/readyz").await;
    shown(&at, "/livez").await;
    let other = stands(&second).await;
    assert!(other["watched_by"].as_str().unwrap().contains("(daemon) on "), "{other}");
    assert_eq!(other["next_run"], Value::Null);
    let metrics = shown(&at, "/metrics").await;
    assert!(metrics.contains("trunkline_organization_watched{organization=\"acme\"} 0\n"));
    assert!(!metrics.contains("trunkline_organization_state{"), "{metrics}");
    let page = shown(&at, "/").await;
    assert!(page.contains("This daemon stands by for process "), "{page}");
    assert_eq!(stands(&first).await["watched_by"], Value::Null);

    first.signal("KILL");
    second.logs("taken over: from now on it is watched here").await;
    watch.by_hand(LARRY, "enable").await;
    watch.hook.wait(2).await;
    assert_eq!(watch.hook.events(), [OPENED, CLOSED], "what was told before is not told again");
    assert_eq!(stands(&second).await["watched_by"], Value::Null);

    // Who is told to end leaves it to the next one at once.
    let third = daemon(&watch, &moto.origin, &key);
    third.logs("another daemon watches; this one stands by").await;
    let (status, _, log) = second.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    third.logs("taken over: from now on it is watched here").await;
    watch.runs(2).await;
    assert_eq!(watch.hook.events(), [OPENED, CLOSED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_find_out_whether_another_one_watches_watches() {
    let watch = Watch::open().await;
    // Nobody listens there.
    let daemon = daemon(&watch, "http://127.0.0.1:9", "states/acme.json");
    daemon.logs("whether another daemon watches is not known; this one does").await;
    daemon.logs(r#""state":"unknown""#).await;
    assert_eq!(stands(&daemon).await["watched_by"], Value::Null);
    let (status, _, log) = daemon.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("secret_of_the_tests"), "{log}");
}
