//! Thirty organizations on three replicas: replicas are killed and suspended, and the API server fails in every way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use trunkline::sandbox::Seed;

use super::{Cluster, Operator, condition};
use crate::support::kube::{ApiServer, own_server};
use crate::support::kube_proxy::{KubeFault, KubeProxy};
use crate::support::proxy::{Fault, Proxy};

const ORGANIZATIONS: usize = 30;
/// The lease time of the replicas.
const LEASE: Duration = Duration::from_secs(8);
/// The time between two checks of an organization.
const PERIOD: i64 = 10;
/// The longest time that anything here takes.
const SOON: Duration = Duration::from_secs(180);

#[expect(clippy::print_stderr, reason = "figures are read by a person")]
fn figure(text: std::fmt::Arguments<'_>) {
    eprintln!("{text}");
}

fn name(number: usize) -> String {
    format!("organization-{number:02}")
}

/// Organizations of one manager, each with an account of its own that is to be disabled.
struct Fleet<'a> {
    cluster: Cluster<'a>,
    /// The way to the sandbox.
    telnyx: Proxy,
    /// The way to the API server, which can lose answers.
    kubernetes: KubeProxy,
    loses: Arc<AtomicBool>,
}

impl<'a> Fleet<'a> {
    async fn open(server: &'a ApiServer) -> Self {
        let email = |number| json!({ "email": format!("{}@catfood.example", name(number)) });
        let accounts: Vec<Value> = (0..ORGANIZATIONS).map(email).collect();
        let seed = json!({
            "manager": { "email": "root@acme.example" },
            "channels": { "allocatable": 500, "default_allotment": 2 },
            "accounts": accounts,
        });
        let seed = Seed::parse(&seed.to_string()).unwrap();
        let cluster = Cluster::with(server, seed, Duration::ZERO).await;
        for account in cluster.sandbox.accounts() {
            let name = account.email.split('@').next().unwrap();
            let manifest = json!({
                "version": 1,
                "organization": name,
                "policy": { "unlisted_accounts": "ignore" },
                "accounts": [
                    { "name": account.organization_name, "email": account.email, "enabled": false },
                ],
            });
            let schedule = json!({ "schedule": format!("*/{PERIOD} * * * * *") });
            cluster.create(name, manifest, schedule).await;
        }
        let telnyx = Proxy::start(&cluster.sandbox.url(), |_, _, _| Fault::None).await;
        let loses = Arc::new(AtomicBool::new(false));
        let (losing, writes) = (Arc::clone(&loses), AtomicUsize::new(0));
        let kubernetes = KubeProxy::start(server, move |method, _| {
            let is_write = losing.load(Ordering::Relaxed) && method != "GET";
            let lost = is_write && writes.fetch_add(1, Ordering::Relaxed) % 3 == 1;
            if lost { KubeFault::AnswerLost } else { KubeFault::None }
        })
        .await;
        Self { cluster, telnyx, kubernetes, loses }
    }

    async fn replica(&self) -> Replica {
        let lease = LEASE.as_secs().to_string();
        let more = ["--listen", "127.0.0.1:0", "--lease", &lease, "--log-format", "json"];
        let kubeconfig = self.cluster.server.kubeconfig_by(&self.kubernetes.origin);
        let operator = self.cluster.start_at(&self.telnyx.url, &kubeconfig, &more);
        operator.logs("status page at").await;
        let log = operator.log();
        let address = log.split("status page at http://").nth(1).unwrap();
        let address = address.split('/').next().unwrap().to_owned();
        Replica { operator, address }
    }

    /// Waits until these replicas lead every organization, evenly, and returns how long it took.
    async fn even(&self, replicas: &[&Replica]) -> Duration {
        let begun = Instant::now();
        loop {
            let mut led = Vec::new();
            for replica in replicas {
                led.push(replica.led().await);
            }
            let loads: Vec<usize> = led.iter().map(BTreeSet::len).collect();
            let all: BTreeSet<String> = led.into_iter().flatten().collect();
            let difference = loads.iter().max().unwrap() - loads.iter().min().unwrap();
            let total: usize = loads.iter().sum();
            if (all.len(), total) == (ORGANIZATIONS, ORGANIZATIONS) && difference <= 1 {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < SOON, "{loads:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Approves the plans of these organizations.
    async fn approve(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            let name = name(number);
            let status = self.cluster.status(&name).await;
            assert_eq!(condition(&status, "Ready")["reason"], "ApprovalRequired", "{status:#}");
            self.cluster.change(&name, json!({ "approve": status["plan"]["digest"] })).await;
        }
    }

    /// Waits until these organizations are in sync, and returns how long it took. An approval that was used by a replica
    /// which ended before it sent anything is given again, as a person would.
    async fn applied(&self, numbers: std::ops::Range<usize>) -> Duration {
        let begun = Instant::now();
        for number in numbers {
            loop {
                let resource = self.cluster.resources().get(&name(number)).await;
                let status = resource.map(|found| found.data["status"].clone()).unwrap_or_default();
                if condition(&status, "Ready")["reason"] == "InSync" {
                    break;
                }
                if condition(&status, "Approved")["reason"] == "ApprovalUsed" {
                    figure(format_args!("{}: approved again", name(number)));
                    self.cluster.change(&name(number), json!({ "approve": null })).await;
                    self.cluster.wait(&name(number), "Approved", "False", "NotApproved").await;
                    self.approve(number..number + 1).await;
                }
                assert!(begun.elapsed() < SOON, "{number}: {status:#}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        begun.elapsed()
    }
}

struct Replica {
    operator: Operator,
    address: String,
}

impl Replica {
    /// The organizations that this replica leads, by its metrics.
    async fn led(&self) -> BTreeSet<String> {
        let client = trunkline::telnyx::client(Duration::from_secs(5), true).unwrap();
        let answer = client.get(format!("http://{}/metrics", self.address)).send().await.unwrap();
        let metrics = String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap();
        let name = |line: &str| {
            let rest = line.strip_prefix("trunkline_organization_leader{organization=\"")?;
            Some(rest.strip_suffix("\"} 1")?.to_owned())
        };
        metrics.lines().filter_map(name).collect()
    }

    /// The times at which this replica has checked each organization.
    fn checks(&self) -> Vec<(String, Timestamp)> {
        let log = self.operator.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let check = |line: Value| {
            let fields = if line["fields"].is_object() { &line["fields"] } else { &line };
            let organization = fields["resource"].as_str()?.to_owned();
            let at = line["timestamp"].as_str()?.parse().ok()?;
            (fields["message"] == "checked").then_some((organization, at))
        };
        lines.filter_map(check).collect()
    }
}

/// Asserts that one replica has checked each organization between these times. How often depends on the load of the
/// machine; the number of periods with exactly one check is a figure.
fn assert_checked_by_one(replicas: &[&Replica], from: Timestamp, to: Timestamp) -> (usize, usize) {
    let mut counts: BTreeMap<(String, i64), usize> = BTreeMap::new();
    let mut by: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (number, replica) in replicas.iter().enumerate() {
        for (organization, at) in
            replica.checks().into_iter().filter(|(_, at)| (from..to).contains(at))
        {
            by.entry(organization.clone()).or_default().insert(number);
            *counts.entry((organization, at.as_second() / PERIOD)).or_default() += 1;
        }
    }
    assert_eq!(by.len(), ORGANIZATIONS, "{by:?}");
    assert!(by.values().all(|replicas| replicas.len() == 1), "{by:?}");
    let whole = (from.as_second() / PERIOD + 1)..(to.as_second() / PERIOD);
    let periods = whole.clone().count() * ORGANIZATIONS;
    let counts = counts.iter().filter(|((_, period), _)| whole.contains(period));
    (counts.filter(|(_, count)| **count == 1).count(), periods)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "leases expire on a busy machine; the nightly workflow runs it by itself"]
async fn thirty_organizations_survive_replicas_and_an_api_server_that_fail() {
    let Some(server) = own_server() else { return };
    let fleet = Fleet::open(&server).await;
    let (a, b, c) = tokio::join!(fleet.replica(), fleet.replica(), fleet.replica());
    let even = fleet.even(&[&a, &b, &c]).await;
    figure(format_args!("three replicas are even after {even:?}"));
    for number in 0..ORGANIZATIONS {
        fleet.cluster.wait(&name(number), "Ready", "False", "ApprovalRequired").await;
    }

    tokio::time::sleep(LEASE).await;
    let from = Timestamp::now();
    tokio::time::sleep(Duration::from_secs(4 * PERIOD.unsigned_abs())).await;
    let (once, periods) = assert_checked_by_one(&[&a, &b, &c], from, Timestamp::now());
    figure(format_args!("checked exactly once in {once} of {periods} periods of an organization"));

    fleet.approve(0..5).await;
    let applied = fleet.applied(0..5).await;
    figure(format_args!("five approved plans are applied after {applied:?}"));

    fleet.approve(5..10).await;
    c.operator.signal("KILL");
    let taken_over = fleet.even(&[&a, &b]).await;
    figure(format_args!(
        "the organizations of a killed replica are taken over after {taken_over:?}"
    ));
    fleet.applied(5..10).await;

    let d = fleet.replica().await;
    let joined = fleet.even(&[&a, &b, &d]).await;
    figure(format_args!("a replica that joins has its share after {joined:?}"));

    b.operator.signal("STOP");
    fleet.approve(10..15).await;
    let taken_over = fleet.even(&[&a, &d]).await;
    figure(format_args!(
        "the organizations of a suspended replica are taken over after {taken_over:?}"
    ));
    fleet.applied(10..15).await;
    b.operator.signal("CONT");
    let back = fleet.even(&[&a, &b, &d]).await;
    figure(format_args!("a replica that was suspended has its share again after {back:?}"));

    // Away for a minute, and what the watches would go on from is compacted meanwhile.
    fleet.approve(15..20).await;
    server.stop();
    server.compact().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    server.start_again();
    let applied = fleet.applied(15..20).await;
    figure(format_args!("approved plans are applied {applied:?} after an outage of a minute"));
    let even = fleet.even(&[&a, &b, &d]).await;
    figure(format_args!("after an outage the replicas are even after {even:?}"));
    let expired = |replica: &Replica| {
        let log = replica.operator.log();
        log.contains("listing the resources again") || log.contains("cannot watch the resources")
    };
    assert!([&a, &b, &d].into_iter().all(expired));

    // Connections stay open, and nothing answers.
    fleet.approve(20..25).await;
    server.signal("STOP");
    tokio::time::sleep(LEASE * 3).await;
    server.signal("CONT");
    let applied = fleet.applied(20..25).await;
    figure(format_args!("approved plans are applied {applied:?} after a server that hung"));
    fleet.even(&[&a, &b, &d]).await;

    // Another writer changes statuses all the time, and a third of the answers to writes are lost.
    fleet.loses.store(true, Ordering::Relaxed);
    let resources = fleet.cluster.resources();
    let noise = tokio::spawn(async move {
        for count in 0.. {
            for number in 25..30 {
                let change = json!({ "status": { "state": format!("noise-{count}") } });
                let params = PatchParams::default();
                let _ =
                    resources.patch_status(&name(number), &params, &Patch::Merge(&change)).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    fleet.approve(25..30).await;
    let applied = fleet.applied(25..30).await;
    figure(format_args!(
        "with a second writer and lost answers, plans are applied after {applied:?}"
    ));
    noise.abort();
    fleet.loses.store(false, Ordering::Relaxed);

    // No action twice, and none lost.
    tokio::time::sleep(Duration::from_secs(2 * PERIOD.unsigned_abs())).await;
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for change in fleet.telnyx.changes() {
        *sent.entry(change).or_default() += 1;
    }
    assert_eq!(sent.len(), ORGANIZATIONS, "{sent:#?}");
    assert!(sent.values().all(|count| *count == 1), "{sent:#?}");
    let ids = fleet.cluster.sandbox.accounts();
    for account in ids {
        let line = format!("POST /v2/managed_accounts/{}/actions/disable", account.id);
        assert!(sent.contains_key(&line), "{line}: {sent:#?}");
    }
}
