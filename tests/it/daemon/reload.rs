//! Changes of the configuration at run time: the memory, and problems.

use std::fs;
use std::time::Duration;

use trunkline::sandbox::Seed;

use super::drift::OPENED;
use super::life::{config, configured};
use super::{LARRY, Watch, other, seeded, until};
use crate::support::site::KEY;

const MANAGER: &str = "6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10";
const OTHER: &str = "aaaaaaaa-3f0c-4f5a-9c1e-2d6a2f1b7c10";

#[tokio::test(flavor = "multi_thread")]
async fn another_api_and_state_start_without_memory() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path();
    let manifest = fs::read_to_string(&watch.manifest).unwrap();
    let line = format!("manager_account_id: {MANAGER}\n");
    assert!(manifest.contains(&line));
    fs::write(&watch.manifest, manifest.replace(&line, "")).unwrap();
    let daemon = configured(&watch, "    state: old.json\n");
    watch.runs(1).await;
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    assert_eq!(watch.hook.events(), [OPENED]);

    let seed = Seed::small().to_json().unwrap().replace(MANAGER, OTHER);
    let (_sandbox, proxy, _folder) = seeded(Seed::parse(&seed).unwrap()).await;
    let changed = config(&watch, "* * * * * *").replace(&watch.site.proxy.url, &proxy.url);
    fs::write(path.join("daemon.yaml"), changed + "    state: new.json\n").unwrap();
    daemon.signal("HUP");
    let new = || fs::read_to_string(path.join("new.json")).unwrap_or_default();
    until("the new state", || new().contains("differences")).await;
    until("its manager", || new().contains(OTHER)).await;
    assert!(!new().contains(MANAGER), "{}", new());
    assert!(!daemon.log().contains("belongs to manager"), "{}", daemon.log());
    let old = fs::read_to_string(path.join("old.json")).unwrap();
    assert!(old.contains(MANAGER) && !old.contains(OTHER), "{old}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_base_url_the_environment_counts() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path();
    fs::write(path.join("key"), KEY).unwrap();
    let line = format!("    base_url: {}\n", watch.site.proxy.url);
    let all = config(&watch, "* * * * *");
    assert!(all.contains(&line));
    fs::write(path.join("daemon.yaml"), all.replace(&line, "")).unwrap();
    let once = ["daemon", "--config", "daemon.yaml", "--once"];
    assert_eq!(watch.site.ends(&once, 0).await, "acme: in sync\n");
    // The flag overrides the environment, and the file both.
    let unreachable = ["--base-url", "http://127.0.0.1:9/v2"];
    let output = watch.site.run(&[&once[..], &unreachable].concat()).await;
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.starts_with("acme: unknown") && output.status.code() == Some(1), "{out}");
    fs::write(path.join("daemon.yaml"), all).unwrap();
    assert_eq!(watch.site.ends(&[&once[..], &unreachable].concat(), 0).await, "acme: in sync\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_organization_is_checked_at_once_and_a_shared_state_is_rejected() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path();
    let daemon = configured(&watch, "    state: one.json\nlisten: 127.0.0.1:0\n");
    watch.runs(1).await;
    let (sandbox, proxy, _folder) = other().await;
    let second = fs::read_to_string(&watch.manifest).unwrap().replace("acme", "second");
    fs::write(path.join("second.yaml"), second).unwrap();
    let one = config(&watch, "* * * * * *");
    let two = config(&watch, "0 0 29 2 *").replace("manifest.yaml", "second.yaml");
    let two = two.replace(&watch.site.proxy.url, &proxy.url);
    let two = two.split_once("organizations:\n").unwrap().1;
    let both = |state: &str| {
        format!("{one}    state: one.json\n{two}    state: {state}\nlisten: 127.0.0.1:0\n")
    };
    fs::write(path.join("daemon.yaml"), both("./one.json")).unwrap();
    daemon.signal("HUP");
    daemon.logs("acme and second use the same state").await;
    assert_eq!(sandbox.requests(), 0);
    fs::write(path.join("daemon.yaml"), both("two.json")).unwrap();
    daemon.signal("HUP");
    daemon.logs(r#""organization":"second""#).await;
    assert!(sandbox.requests() > 0);
    // A bad manifest keeps its organization as it was, and no other.
    let good = fs::read_to_string(path.join("second.yaml")).unwrap();
    fs::write(path.join("second.yaml"), good.replace("accounts:", "acounts:")).unwrap();
    daemon.logs("Did you mean `accounts`?").await;
    fs::write(path.join("daemon.yaml"), both("two.json").replace("one.json", "moved.json"))
        .unwrap();
    watch.by_hand(LARRY, "disable").await;
    until("the other one's new state", || path.join("moved.json").exists()).await;
    assert!(daemon.log().matches("configuration rejected").count() == 2);
    let status = super::drift::shown(&super::drift::address(&daemon), "/api/v1/status").await;
    assert!(status.contains(r#""organization": "second""#), "{status}");
    fs::write(path.join("second.yaml"), good).unwrap();
    daemon.logs("configuration reloaded").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_retried_and_the_web_server_needs_a_restart() {
    let watch = Watch::open().await;
    let path = watch.site.folder.path();
    let hosts = "hosts: [Trunkline.internal.example]\nlisten: 127.0.0.1:0\n";
    let daemon = configured(&watch, &format!("    state: one.json\n{hosts}"));
    watch.runs(1).await;
    let address = super::drift::address(&daemon);
    let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
    for (host, status) in [("trunkline.internal.example:9464", 200), ("other.example", 421)] {
        let asked = client.get(format!("http://{address}/livez")).header("host", host);
        assert_eq!(asked.send().await.unwrap().status(), status, "{host}");
    }
    let new = config(&watch, "* * * * * *").replace("file: key", "file: later");
    let more = "    state: two.json\nlisten: 127.0.0.1:1\n";
    fs::write(path.join("daemon.yaml"), new + more).unwrap();
    daemon.logs("no file or folder at later").await;
    fs::write(path.join("later"), KEY).unwrap();
    daemon.logs("a change of `listen` or `hosts` needs a restart").await;
    assert_eq!(daemon.log().matches("no file or folder at later").count(), 1, "{}", daemon.log());
    // Everything else is in use.
    watch.by_hand(LARRY, "disable").await;
    until("the new state", || path.join("two.json").exists()).await;
    let metrics = super::drift::shown(&address, "/metrics").await;
    assert!(metrics.contains("trunkline_config_last_reload_successful 0"), "{metrics}");
}
