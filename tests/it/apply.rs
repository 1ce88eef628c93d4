//! Apply: each planned action is executed once, in order, and reported.

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;
use trunkline::sandbox::Seed;

use crate::support::proxy::Fault;
use crate::support::site::{Site, text};

#[tokio::test(flavor = "multi_thread")]
async fn plan_apply_plan_of_every_worked_organization_exits_with_2_0_0() {
    for (manifest, seed) in [
        ("manifests/example.yaml", "manifests/example.sandbox.json"),
        ("manifests/franchise", "manifests/franchise.sandbox.json"),
        ("manifests/reseller.yaml", "manifests/reseller.sandbox.json"),
    ] {
        let site = Site::of(seed, Duration::ZERO).await;
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(manifest);
        let state = site.folder.path().join("state.json");
        let manifest = text(&manifest);
        let plan = ["plan", manifest, "--state", text(&state), "--format", "json"];
        let apply = ["apply", manifest, "--state", text(&state), "--auto-approve"];
        let first = site.json(&[&plan[..], &["--detailed-exitcode"]].concat(), 2).await;
        let applied = site.json(&[&apply[..], &["--format", "json"]].concat(), 0).await;
        let planned = first["actions"].as_array().unwrap().len();
        assert_eq!(applied["summary"]["done"], planned, "{manifest}");
        assert_eq!(applied["digest"], first["digest"], "{manifest}");
        let again = site.json(&plan, 0).await;
        assert_eq!(again["actions"], Value::Array(Vec::new()), "{manifest}");
        assert_eq!(again["inventory"]["channels"], "consistent");
        site.proxy.changes();
        site.ends(&apply, 0).await;
        assert_eq!(site.proxy.changes(), Vec::<String>::new(), "{manifest}");
    }
}

/// A kind of action, recognized by its request.
#[derive(Clone, Copy, Debug)]
struct Request {
    name: &'static str,
    method: &'static str,
    /// The end of its path.
    end: &'static str,
}

const REQUESTS: [Request; 6] = [
    Request { name: "remove_user", method: "POST", end: "/actions/remove" },
    Request { name: "disable_account", method: "POST", end: "/actions/disable" },
    Request { name: "set_channel_limit", method: "PATCH", end: "/update_global_channel_limit" },
    Request { name: "update_account", method: "PATCH", end: "" },
    Request { name: "enable_account", method: "POST", end: "/actions/enable" },
    Request { name: "create_account", method: "POST", end: "/managed_accounts" },
];

impl Request {
    fn is(self, method: &str, path: &str) -> bool {
        let update = !path.ends_with("/update_global_channel_limit");
        method == self.method && path.ends_with(self.end) && (!self.end.is_empty() || update)
    }
}

const FAILURES: [(&str, Fault); 5] = [
    ("422", Fault::Refused(422)),
    ("404", Fault::Refused(404)),
    ("403", Fault::Refused(403)),
    ("500 for good", Fault::Refused(500)),
    ("its answer lost for good", Fault::AnswerLost),
];

/// Returns the outcomes of an apply in which every request of one kind fails.
async fn failing(kind: Request, failure: &str, fault: Fault) -> String {
    let fails = move |method: &str, path: &str, _: &str| {
        if kind.is(method, path) { fault } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, fails).await;
    let manifest = site.manifest(&[]);
    let arguments =
        ["apply", text(&manifest), "--auto-approve", "--format", "json", "--create-grace", "1s"];
    let output = site.run(&arguments).await;
    let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut lines =
        vec![format!("{} fails: {failure} -> exit {:?}", kind.name, output.status.code().unwrap())];
    let outcomes = applied["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 17, "every action has exactly one outcome");
    for outcome in outcomes.iter().filter(|one| one["outcome"] != "done") {
        let word = |name: &str| outcome[name].as_str().unwrap_or_default().to_owned();
        let message = outcome["error"]["message"].as_str().unwrap_or_default();
        let settled = |part: &str| {
            let is_id = part.len() >= 36 && part[..36].matches('-').count() == 4;
            if is_id { format!("ID{}", &part[36..]) } else { part.to_owned() }
        };
        let message = message.split('/').map(settled).collect::<Vec<_>>().join("/");
        lines.push(format!(
            "  {} {} {}: {message}",
            word("outcome"),
            word("action"),
            word("email")
        ));
    }
    lines.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_9_one_failed_action_stops_only_what_depends_on_it() {
    let mut shown = Vec::new();
    for kind in REQUESTS {
        let cases = FAILURES.map(|(failure, fault)| failing(kind, failure, fault));
        shown.extend(join_all(cases).await);
    }
    insta::assert_snapshot!(shown.join("\n\n"));
}

/// An organization with a number of accounts that all need an update.
fn many(accounts: usize) -> (Seed, String) {
    let entry = |n: usize| {
        format!(r#"{{ "email": "shop{n:03}@many.example", "organization_name": "Shop {n}" }}"#)
    };
    let seed: Vec<String> = (0..accounts).map(entry).collect();
    let seed = format!(r#"{{ "accounts": [{}] }}"#, seed.join(","));
    let listed = |n: usize| format!("  - {{ name: Shop {n}, email: shop{n:03}@many.example }}\n");
    let manifest = format!(
        "version: 1\norganization: many\ndefaults: {{ account: {{ custom_pricing: true }} }}\naccounts:\n{}",
        (0..accounts).map(listed).collect::<String>()
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), seed).unwrap();
    (Seed::read(file.path()).unwrap(), manifest)
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_12_interrupted_in_the_middle_nothing_new_is_sent_and_the_next_run_finishes() {
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let (seed, manifest) = many(100);
        let site = Site::seeded(seed, Duration::from_millis(400), |_, _, _| Fault::None).await;
        let path = site.folder.path().join("many.yaml");
        std::fs::write(&path, manifest).unwrap();
        let arguments =
            ["apply", text(&path), "--auto-approve", "--format", "json", "--parallelism", "4"];
        let child = site.command(&arguments).spawn().unwrap();
        let mut changes = Vec::new();
        while changes.len() < 10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            changes.extend(site.proxy.changes());
        }
        let killed = Instant::now();
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        // Requests in flight may still arrive.
        tokio::time::sleep(Duration::from_millis(300)).await;
        changes.extend(site.proxy.changes());
        let output =
            tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        assert!(killed.elapsed() < Duration::from_secs(7), "{:?}", killed.elapsed());
        assert_eq!(output.status.code(), Some(status));
        let again = format!("To go on: trunkline apply {}", text(&path));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(error.lines().last(), Some(again.as_str()), "{error}");
        assert_eq!(site.proxy.changes(), Vec::<String>::new(), "sent after the signal");
        let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (done, skipped) = (&applied["summary"]["done"], &applied["summary"]["skipped"]);
        assert_eq!(
            done.as_u64().unwrap() + skipped.as_u64().unwrap(),
            100,
            "requests in flight are finished"
        );
        assert_eq!(done.as_u64(), Some(changes.len() as u64));
        site.ends(&["apply", text(&path), "--auto-approve"], 0).await;
        changes.extend(site.proxy.changes());
        changes.sort();
        changes.dedup();
        assert_eq!(changes.len(), 100, "nothing is sent twice");
        site.ends(&["plan", text(&path), "--detailed-exitcode"], 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_is_interrupted_while_it_reads_names_the_command_that_goes_on() {
    let slow = |_: &str, _: &str, _: &str| Fault::Silence;
    let site = Site::with(Duration::ZERO, slow).await;
    let manifest = site.manifest(&[]);
    let state = ["--state", "a state.json", "--target", "larry@catfood.example"];
    let arguments = [&["apply", text(&manifest), "--auto-approve"], &state[..]].concat();
    let child = site.command(&arguments).spawn().unwrap();
    while site.proxy.passed().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output =
        tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let hint = format!(
        "hint: To go on, run `trunkline apply {} --target larry@catfood.example --state 'a state.json'`.",
        text(&manifest)
    );
    assert_eq!(error.lines().last(), Some(hint.as_str()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_stops_an_apply_at_once() {
    let site = Site::with(Duration::from_secs(3), |_, _, _| Fault::None).await;
    let manifest = site.manifest(&[]);
    let child = site.command(&["apply", text(&manifest), "--auto-approve"]).spawn().unwrap();
    while site.proxy.changes().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let id = child.id().to_string();
    let kill = || std::process::Command::new("kill").args(["-INT", &id]).status().unwrap();
    kill();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let second = Instant::now();
    kill();
    let output =
        tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert!(second.elapsed() < Duration::from_secs(2), "{:?}", second.elapsed());
    assert_eq!(output.status.code(), Some(130));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_apply_is_refused_and_names_the_first() {
    let site = Site::with(Duration::from_millis(300), |_, _, _| Fault::None).await;
    let manifest = site.manifest(&[]);
    let first = site.command(&["apply", text(&manifest), "--auto-approve"]).spawn().unwrap();
    while site.proxy.passed().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let output = site.run(&["apply", text(&manifest), "--auto-approve"]).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains(&format!("process {} (apply)", first.id())), "{error}");
    let first =
        tokio::task::spawn_blocking(move || first.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(first.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_has_a_line_for_each_outcome_and_no_secret() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    site.ends(&["apply", text(&manifest), "--auto-approve", "--audit-log", "audit.jsonl"], 0).await;
    let log = std::fs::read_to_string(site.folder.path().join("audit.jsonl")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 17);
    for line in &lines {
        for field in ["time", "actor", "digest", "action", "email", "outcome", "request_id"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
        assert!(line["changes"].is_array());
    }
    assert!(!log.contains("KEY") && !log.contains("api_key"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_created_accounts_are_written_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let path = site.folder.path().join("keys.jsonl");
    let arguments = ["apply", text(&manifest), "--auto-approve", "--new-credentials", text(&path)];
    let shown = site.ends(&arguments, 0).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let keys = std::fs::read_to_string(&path).unwrap();
    assert_eq!(keys.lines().count(), 2);
    for line in keys.lines() {
        let kept: Value = serde_json::from_str(line).unwrap();
        let account = site.sandbox.account(kept["email"].as_str().unwrap()).unwrap();
        let secret = secrecy::ExposeSecret::expose_secret(&account.api_key);
        assert_eq!(
            (kept["api_key"].as_str(), kept["id"].as_str()),
            (Some(secret), Some(account.id.as_str()))
        );
        assert!(!shown.contains(secret));
    }
    assert!(!shown.contains("--show-credentials"), "the credentials are in the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hint_names_the_keys_of_all_created_accounts() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let shown = site.ends(&["apply", text(&manifest), "--auto-approve"], 0).await;
    let keys = "\n\nKeys of the 2 created accounts: `trunkline get account ID --show-credentials`, with each ID above.\n\nApplied: 17 done\n";
    assert!(shown.ends_with(keys), "{shown}");
    assert_eq!(shown.matches("--show-credentials").count(), 1, "{shown}");
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let arguments = ["apply", text(&manifest), "--auto-approve", "--format", "json"];
    let applied = site.json(&arguments, 0).await;
    let outcomes = applied["outcomes"].as_array().unwrap();
    let created = outcomes.iter().filter(|one| one["created_id"].is_string());
    for one in created.clone() {
        let command = format!(
            "`trunkline get account {} --show-credentials`",
            one["created_id"].as_str().unwrap()
        );
        assert!(one["hint"].as_str().unwrap().contains(&command), "{one}");
    }
    assert_eq!(created.count(), 2);
    let summary = applied["summary"].as_object().unwrap();
    assert_eq!(summary.len(), 6, "JSON has every count: {summary:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_the_audit_log_can_be_pipes() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let folder = site.folder.path();
    let mut readers = Vec::new();
    for name in ["keys", "audit"] {
        let path = folder.join(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        readers.push(tokio::task::spawn_blocking(move || std::fs::read_to_string(path).unwrap()));
    }
    let arguments = ["apply", text(&manifest), "--auto-approve", "--new-credentials", "keys"];
    let output = site.run(&[&arguments[..], &["--audit-log", "audit"]].concat()).await;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.contains("warning")), (Some(0), false), "{error}");
    let mut lines = Vec::new();
    for reader in readers {
        lines.push(reader.await.unwrap().lines().count());
    }
    assert_eq!(lines, [2, 17]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_credentials_cannot_be_written_is_still_disabled_and_limited() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let path = site.folder.path().join("credentials");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    // The reader of the pipe closes it at once.
    let reader = tokio::task::spawn_blocking(move || drop(std::fs::File::open(path).unwrap()));
    let arguments =
        ["apply", text(&manifest), "--auto-approve", "--new-credentials", "credentials"];
    let shown = site.ends(&[&arguments[..], &["--format", "json"]].concat(), 5).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    reader.await.unwrap();
    let summary = &shown["summary"];
    assert_eq!((summary["failed"].as_u64(), summary["skipped"].as_u64()), (Some(2), Some(0)));
    // The accounts exist in the desired state.
    let plan = site.json(&["plan", text(&manifest), "--format", "json"], 0).await;
    assert_eq!(plan["actions"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_cannot_be_written_is_an_error_after_everything_was_recorded() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let mut command = site.command(&["apply", text(&manifest), "--auto-approve"]);
    command.args(["--format", "json"]);
    command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = run.await.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("error: writing the result"), "{error}");
    site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_that_cannot_be_written_is_refused_before_the_first_request() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    for path in ["/dev/full", "missing/audit.jsonl"] {
        site.ends(&["apply", text(&manifest), "-y", "--audit-log", path], 1).await;
        assert_eq!(site.proxy.changes(), Vec::<String>::new(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_password_of_a_new_account_nothing_is_sent() {
    let site = Site::open().await;
    let manifest = site.manifest(&[(
        "    email: hello@sunriseyoga.example\n",
        "    email: hello@sunriseyoga.example\n    password_from: { env: TRUNKLINE_SECRET_YOGA }\n",
    )]);
    site.ends(&["plan", text(&manifest)], 0).await;
    site.ends(&["apply", text(&manifest), "--auto-approve"], 1).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    let mut command = site.command(&["apply", text(&manifest), "--auto-approve", "-vvv"]);
    command.env("TRUNKLINE_SECRET_YOGA", "correct horse");
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = run.await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    for text in [output.stdout, output.stderr] {
        assert!(!String::from_utf8_lossy(&text).contains("correct horse"));
    }
}
