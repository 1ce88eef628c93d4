//! Start, reload and end of the daemon.

use std::fs;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use trunkline::daemon::status::OrganizationState;
use trunkline::daemon::{ConfigSource, Defaults, Options, RequestLimits, run};
use trunkline::telnyx::BaseUrl;

use super::{Daemon, LARRY, Watch, other, until};
use crate::support::site::{KEY, text};

/// A daemon with a configuration file.
pub(super) fn configured(watch: &Watch, more: &str) -> Daemon {
    let folder = watch.site.folder.path();
    fs::write(folder.join("key"), KEY).unwrap();
    fs::write(folder.join("daemon.yaml"), config(watch, "* * * * * *") + more).unwrap();
    let arguments = ["daemon", "--config", "daemon.yaml", "--log-format", "json"];
    let mut command = watch.site.command(&arguments);
    command.env_remove("TELNYX_API_KEY");
    Daemon::start(command)
}

pub(super) fn config(watch: &Watch, schedule: &str) -> String {
    let (api, hook) = (&watch.site.proxy.url, &watch.hook.url);
    format!(
        "version: 1\norganizations:\n  - manifest: manifest.yaml\n    api_key_file: key\n    \
         base_url: {api}\n    schedule: \"{schedule}\"\n    timezone: Europe/Berlin\n    \
         notify:\n      - {{ name: ops, type: webhook, url: \"{hook}\" }}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_manifest_is_loaded_and_a_bad_one_is_rejected() {
    let watch = Watch::open().await;
    let daemon = configured(&watch, "");
    watch.runs(1).await;
    let good = fs::read_to_string(&watch.manifest).unwrap();
    fs::write(&watch.manifest, good.replace("accounts:", "acounts:")).unwrap();
    daemon.logs("Did you mean `accounts`?").await;
    // The previous manifest stays in use.
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    // Now the account should be disabled.
    fs::write(&watch.manifest, good.replacen("enabled: true", "enabled: false", 1)).unwrap();
    daemon.logs("configuration reloaded").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reloads_a_good_file_and_rejects_a_bad_one() {
    let watch = Watch::open().await;
    let daemon = configured(&watch, "");
    let file = watch.site.folder.path().join("daemon.yaml");
    watch.runs(1).await;
    fs::write(&file, "version: 1\norganisations: []\n").unwrap();
    daemon.signal("HUP");
    daemon.logs("keeping the previous one").await;
    watch.runs(2).await;
    let (sandbox, proxy, _) = other().await;
    let second = fs::read_to_string(&watch.manifest).unwrap().replace("acme", "second");
    fs::write(watch.site.folder.path().join("second.yaml"), second).unwrap();
    let more = config(&watch, "* * * * * *").replace("manifest.yaml", "second.yaml");
    let more = more.replace(&watch.site.proxy.url, &proxy.url);
    let more = more.split_once("organizations:\n").unwrap().1.to_owned();
    fs::write(&file, config(&watch, "* * * * * *") + &more).unwrap();
    daemon.signal("HUP");
    daemon.logs(r#""organization":"second""#).await;
    assert!(sandbox.requests() > 0);
    let (status, took, log) = daemon.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < Duration::from_secs(25), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_at_the_start_are_all_reported() {
    let watch = Watch::open().await;
    let folder = watch.site.folder.path();
    fs::write(folder.join("key"), KEY).unwrap();
    fs::write(folder.join("bad.yaml"), "version: 1\n").unwrap();
    let text = config(&watch, "* * * * * *").replace("manifest.yaml", "bad.yaml");
    fs::write(folder.join("daemon.yaml"), text).unwrap();
    let output = watch.site.run(&["daemon", "--config", "daemon.yaml"]).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("missing field `organization`"), "{error}");
    let output =
        watch.site.run(&["daemon", "--config", "daemon.yaml", "--webhook", "https://x"]).await;
    assert_eq!(output.status.code(), Some(1));
    let state = ["daemon", "--config", "daemon.yaml", "--state", "none"];
    assert!(watch.site.ends(&state, 1).await.is_empty());
    let arguments = ["daemon", text_of(&watch), "--webhook", "http://elsewhere.example/key"];
    let output = watch.site.run(&arguments).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("a webhook must use https://") && !error.contains("elsewhere"),
        "{error}"
    );
}

fn text_of(watch: &Watch) -> &str {
    text(&watch.manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_names_a_rejected_configuration_and_the_last_tick() {
    let watch = Watch::open().await;
    let folder = watch.site.folder.path();
    let file = folder.join("daemon.yaml");
    fs::write(folder.join("key"), KEY).unwrap();
    let good = config(&watch, "* * * * * *") + "    state: .trunkline/acme.json\n";
    fs::write(&file, &good).unwrap();
    let pace = RequestLimits { timeout: Duration::from_secs(5), parallelism: 4 };
    let (stop, (reload, reloads)) = (CancellationToken::new(), mpsc::channel(1));
    let defaults = Defaults {
        pace,
        base_url: BaseUrl::parse(BaseUrl::TELNYX).unwrap(),
        lease: Duration::from_secs(30),
    };
    let options = Options { source: ConfigSource::File(file.clone()), defaults, once: false };
    let running = tokio::spawn(run(options, stop.clone(), reloads));
    watch.runs(1).await;
    fs::write(&file, good.replace("schedule", "shedule")).unwrap();
    reload.send(()).await.unwrap();
    watch.runs(2).await;
    stop.cancel();
    let status = running.await.unwrap().unwrap();
    let rejected = status.rejected.as_deref().unwrap();
    assert!(rejected.contains("Did you mean `schedule`?"), "{rejected}");
    assert!(status.draining && status.ticked > status.started);
    let [organization] = &status.organizations[..] else { panic!("{status:?}") };
    assert_eq!(
        (organization.organization.as_str(), organization.state),
        ("acme", OrganizationState::InSync)
    );
    assert!(organization.runs.len() >= 3 && organization.counts.in_sync >= 3, "{status:?}");
    assert!(organization.counts.requests > 10 && organization.next_run.is_some());
    assert_eq!((organization.counts.drifted, organization.counts.unknown), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_in_flight_finishes_at_the_end() {
    let watch = Watch::open().await;
    let daemon = watch.daemon(&["--open-after", "1"]);
    watch.runs(1).await;
    watch.hook.delay(Duration::from_secs(3));
    watch.by_hand(LARRY, "disable").await;
    watch.hook.wait(1).await;
    // The delivery is in flight.
    let (status, took, log) = daemon.end("TERM").await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took > Duration::from_secs(1) && took < Duration::from_secs(25), "{took:?}");
    assert!(log.contains(r#""message":"notification delivered""#), "{log}");
    // The next process knows about it.
    watch.hook.delay(Duration::ZERO);
    let daemon = watch.daemon(&["--open-after", "1"]);
    watch.runs(2).await;
    assert_eq!(watch.hook.received().len(), 1);
    let (status, _, log) = daemon.end("INT").await;
    assert_eq!(status.code(), Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_never_overlap_and_ticks_during_a_run_coalesce() {
    let watch = Watch::slow(Duration::from_millis(700)).await;
    let daemon = watch.daemon(&[]);
    let runs = || -> Vec<(Timestamp, Timestamp)> {
        let log = daemon.log();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let runs = lines.filter(|line| line["fields"]["message"] == "run").map(|line| {
            let end: Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
            let took = line["fields"]["milliseconds"].as_i64().unwrap();
            (end - SignedDuration::from_millis(took), end)
        });
        runs.collect()
    };
    until("runs", || runs().len() >= 4).await;
    let runs = runs();
    let slack = SignedDuration::from_millis(5);
    for two in runs.windows(2) {
        assert!(two[1].0 + slack >= two[0].1, "{runs:?}");
        // A run became due during the first one, so it starts at once.
        assert!(two[1].0.duration_since(two[0].1) < SignedDuration::from_millis(900), "{runs:?}");
    }
    assert!(runs.iter().all(|(begin, end)| end.duration_since(*begin).as_millis() > 1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn once_checks_once_and_remembers_for_the_next_run() {
    let watch = Watch::open().await;
    let once = ["daemon", text_of(&watch), "--once", "--webhook", &watch.hook.url];
    assert_eq!(watch.site.ends(&once, 0).await, "acme: in sync\n");
    watch.by_hand(LARRY, "disable").await;
    assert_eq!(watch.site.ends(&once, 0).await, "acme: drifted, 1 difference\n");
    assert_eq!(watch.hook.events(), Vec::<String>::new());
    watch.site.ends(&once, 0).await;
    assert_eq!(watch.hook.events(), ["drift_opened larry@catfood.example enabled"]);
    watch.site.ends(&once, 0).await;
    assert_eq!(watch.hook.events().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_low_soft_limit_of_open_files_is_raised() {
    const ORGANIZATIONS: usize = 40;
    let watch = Watch::slow(Duration::from_millis(200)).await;
    let folder = watch.site.folder.path();
    fs::write(folder.join("key"), KEY).unwrap();
    let mut config = "version: 1\norganizations:\n".to_owned();
    for number in 0..ORGANIZATIONS {
        let manifest = format!(
            "version: 1\norganization: o{number}\npolicy: {{ unlisted_users: report }}\n\
             users: [{{ email: ops@acme.example }}]\n"
        );
        fs::write(folder.join(format!("o{number}.yaml")), manifest).unwrap();
        let organization = format!(
            "  - {{ manifest: o{number}.yaml, api_key_file: key, schedule: \"0 * * * *\", \
             base_url: \"{}\" }}\n",
            watch.site.proxy.url
        );
        config.push_str(&organization);
    }
    fs::write(folder.join("many.yaml"), config).unwrap();
    let daemon = watch.site.command(&["daemon", "--config", "many.yaml", "--once"]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -Sn 14; exec \"$0\" \"$@\""]);
    command.arg(daemon.get_program()).args(daemon.get_args()).current_dir(folder);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(out.matches(": drifted").count(), ORGANIZATIONS, "{out}\n{error}");
}
