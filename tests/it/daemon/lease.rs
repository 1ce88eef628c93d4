//! Leadership among daemons with one state in a bucket.

use serde_json::Value;

use super::drift::{CLOSED, OPENED, address, shown};
use super::{Daemon, LARRY, Watch};
use crate::support::moto::{Moto, moto, settings};

/// A daemon with a state in a bucket and a web server.
fn daemon(watch: &Watch, origin: &str, key: &str) -> Daemon {
    let state = format!("s3://{key}");
    let more = ["--state", &state, "--listen", "127.0.0.1:0"];
    watch.daemon_with(&more, &settings(origin))
}

/// The status of the organization.
async fn status(daemon: &Daemon) -> Value {
    let text = shown(&address(daemon), "/api/v1/status").await;
    serde_json::from_str::<Value>(&text).unwrap()["organizations"][0].clone()
}

fn runs(daemon: &Daemon) -> usize {
    daemon.log().matches(r#""message":"run""#).count()
}

/// Waits until the state has no difference and nothing to deliver. A leader that was killed while it wrote the
/// state leaves a lock, which expires after a minute.
async fn settled(watch: &Watch, origin: &str, key: &str) {
    let state = format!("s3://{key}/acme.json");
    for _ in 0..600 {
        let mut command = watch.site.command(&["state", "show", "--format", "json"]);
        command.args(["--state", &state]).envs(settings(origin));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let shown = serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default();
        let is_empty = |name: &str| shown["watch"][name].as_array().is_none_or(Vec::is_empty);
        if shown.is_object() && is_empty("differences") && is_empty("outbox") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the state still has a difference or something to deliver");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_replica_takes_over_from_the_leader() {
    let Some(moto) = moto() else { return };
    let watch = Watch::open().await;
    // A folder, in which each organization has its own.
    let key = Moto::new_key().strip_suffix("/acme.json").unwrap().to_owned();
    let first = daemon(&watch, &moto.origin, &key);
    watch.runs(1).await;
    let second = daemon(&watch, &moto.origin, &key);
    second.logs("on standby: another daemon is the leader").await;
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    // The state is saved after that.
    first.logs(r#""message":"notification delivered""#).await;
    watch.runs(1).await;
    assert_eq!(runs(&second), 0, "{}", second.log());

    // The standby is ready and names the leader.
    let at = address(&second);
    shown(&at, "/readyz").await;
    shown(&at, "/livez").await;
    let other = status(&second).await;
    assert!(other["leader"].as_str().unwrap().contains("(daemon) on "), "{other}");
    assert_eq!(other["next_run"], Value::Null);
    let metrics = shown(&at, "/metrics").await;
    assert!(metrics.contains("trunkline_organization_leader{organization=\"acme\"} 0\n"));
    assert!(!metrics.contains("trunkline_organization_state{"), "{metrics}");
    let page = shown(&at, "/").await;
    assert!(page.contains("On standby; the leader is process "), "{page}");
    assert_eq!(status(&first).await["leader"], Value::Null);

    first.signal("KILL");
    second.logs("took over leadership").await;
    watch.by_hand(LARRY, "enable").await;
    watch.hook.wait(2).await;
    assert_eq!(watch.hook.events(), [OPENED, CLOSED], "nothing is repeated");
    settled(&watch, &moto.origin, &key).await;
    assert_eq!(status(&second).await["leader"], Value::Null);

    // A regular end releases leadership at once.
    let third = daemon(&watch, &moto.origin, &key);
    third.logs("on standby: another daemon is the leader").await;
    let (status, _, log) = second.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    third.logs("took over leadership").await;
    watch.runs(2).await;
    assert_eq!(watch.hook.events(), [OPENED, CLOSED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_cannot_determine_the_leader_runs() {
    let watch = Watch::open().await;
    let daemon = daemon(&watch, "http://127.0.0.1:9", "states/acme.json");
    daemon.logs("cannot determine the leader; running without leadership").await;
    daemon.logs(r#""state":"unknown""#).await;
    assert_eq!(status(&daemon).await["leader"], Value::Null);
    let (status, _, log) = daemon.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!log.contains("secret_of_the_tests"), "{log}");
}
