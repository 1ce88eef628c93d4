//! Organizations on replicas whose states are in one namespace of Kubernetes.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use trunkline::sandbox::AccountStatus;

use super::drift::{address, shown};
use super::{Daemon, LARRY, Watch, until};
use crate::support::kube::{ApiServer, server};
use crate::support::kube_proxy::{KubeFault, KubeProxy};
use crate::support::site::KEY;

const ORGANIZATIONS: usize = 5;
/// The longest time that anything here takes.
const SOON: Duration = Duration::from_secs(60);

fn configure(watch: &Watch, namespace: &str) {
    let folder = watch.site.folder.path();
    let manifest = fs::read_to_string(&watch.manifest).unwrap();
    let api = &watch.site.proxy.url;
    let mut config = "version: 1\nlisten: 127.0.0.1:0\norganizations:\n".to_owned();
    for number in 0..ORGANIZATIONS {
        let name = format!("organization-{number}");
        let renamed = manifest.replacen("organization: acme", &format!("organization: {name}"), 1);
        assert_ne!(renamed, manifest);
        fs::write(folder.join(format!("{name}.yaml")), renamed).unwrap();
        let organization = format!(
            "  - manifest: {name}.yaml\n    api_key_file: key\n    base_url: {api}\n    \
             state: kubernetes://{namespace}\n    schedule: \"*/5 * * * * *\"\n"
        );
        config.push_str(&organization);
    }
    fs::write(folder.join("key"), KEY).unwrap();
    fs::write(folder.join("daemon.yaml"), config).unwrap();
}

async fn replica(watch: &Watch, server: &ApiServer) -> Daemon {
    let mut command = watch.site.command(&["daemon", "--config", "daemon.yaml", "--lease", "6"]);
    command.env_remove("TELNYX_API_KEY").env("KUBECONFIG", server.kubeconfig());
    let daemon = Daemon::start(command);
    daemon.logs("status page at").await;
    daemon
}

/// Waits until the replicas lead so many organizations, in any order.
async fn until_led(replicas: &[&Daemon], expected: &[usize]) {
    let mut led = Vec::new();
    let equal = async {
        while led != expected {
            tokio::time::sleep(Duration::from_millis(100)).await;
            led.clear();
            for replica in replicas {
                let metrics = shown(&address(replica), "/metrics").await;
                let is_led = |line: &&str| {
                    line.starts_with("trunkline_organization_leader{") && line.ends_with(" 1")
                };
                led.push(metrics.lines().filter(is_led).count());
            }
            led.sort_unstable();
        }
    };
    let reached = tokio::time::timeout(SOON, equal).await;
    assert!(reached.is_ok(), "{led:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_spread_over_replicas_and_taken_over_from_one_that_was_killed() {
    let Some(server) = server() else { return };
    let watch = Watch::open().await;
    configure(&watch, &server.new_namespace());
    let a = replica(&watch, server).await;
    until_led(&[&a], &[ORGANIZATIONS]).await;
    let b = replica(&watch, server).await;
    until_led(&[&a, &b], &[2, 3]).await;
    a.signal("KILL");
    until_led(&[&b], &[ORGANIZATIONS]).await;
    let (status, _, log) = b.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_leader_that_is_cut_off_notifies_and_heals_nothing_until_it_is_back() {
    let Some(server) = server() else { return };
    let watch = Watch::open().await;
    let away = Arc::new(AtomicBool::new(false));
    let is_away = Arc::clone(&away);
    // Only the lease of leadership: the state and its lock could be written.
    let proxy = KubeProxy::start(server, move |_, path| {
        let away = path.ends_with(".leader") && is_away.load(Ordering::Relaxed);
        if away { KubeFault::Away } else { KubeFault::None }
    })
    .await;
    let state = format!("kubernetes://{}", server.new_namespace());
    let kubeconfig = server.kubeconfig_by(&proxy.origin).display().to_string();
    let flags = ["--heal", "enable_account", "--lease", "3", "--state", &state];
    let daemon = watch.daemon_with(&flags, &[("KUBECONFIG", kubeconfig)]);
    watch.runs(2).await;
    away.store(true, Ordering::Relaxed);
    daemon.logs("as the last leader, without healing").await;
    watch.by_hand(LARRY, "disable").await;
    let writes = watch.site.sandbox.writes();
    watch.hook.wait(1).await;
    watch.runs(4).await;
    assert_eq!(watch.site.sandbox.writes(), writes, "{}", daemon.log());
    away.store(false, Ordering::Relaxed);
    let is_enabled = || watch.site.sandbox.account(LARRY).unwrap().status == AccountStatus::Enabled;
    until("healing", is_enabled).await;
    watch.runs(3).await;
    assert_eq!(watch.site.sandbox.writes(), writes + 1, "{}", daemon.log());
}
