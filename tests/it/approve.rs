//! Approval of a plan, and what an apply does when something was not sent or is not visible yet.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::support::proxy::Fault;
use crate::support::server::{Reply, Server};
use crate::support::site::{Site, text};

/// Runs a command that must end with `status`, and returns what it printed to stderr.
async fn error(site: &Site, arguments: &[&str], status: i32) -> String {
    let output = site.run(arguments).await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{error}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_6_over_a_limit_nothing_is_sent_until_the_exact_number_is_approved() {
    let site = Site::open().await;
    let manifest = site.manifest(&[("max_removals: 25%", "max_removals: 0")]);
    let apply = ["apply", text(&manifest), "-y"];
    let with = |options: &[&'static str]| [&apply[..], options].concat();
    let shown = error(&site, &apply, 3).await;
    assert_eq!(
        shown,
        "error: the plan exceeds a safety limit: max_removals (1, limit 0); nothing was sent\n\
         hint: Review the plan. To apply it anyway, add --approve-destructive 3.\n"
    );
    for wrong in ["2", "4"] {
        let shown = error(&site, &with(&["--approve-destructive", wrong]), 3).await;
        assert!(shown.contains("which has 3 destructive changes"), "{shown}");
    }
    // The number of creates lifts no other limit.
    site.ends(&with(&["--approve-creates", "2"]), 3).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    site.ends(&with(&["--approve-destructive", "3"]), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_number_must_be_exact_even_if_no_limit_is_exceeded() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let apply = ["apply", text(&manifest), "-y"];
    let with = |options: &[&'static str]| [&apply[..], options].concat();
    for (options, actual) in [
        (["--approve-destructive", "2"], "3 destructive changes"),
        (["--approve-creates", "1"], "2 accounts to create"),
    ] {
        let shown = error(&site, &with(&options), 3).await;
        assert!(shown.contains(actual) && shown.contains("hint: Review the plan."), "{shown}");
    }
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    site.ends(&with(&["--approve-creates", "2", "--approve-destructive", "3"]), 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_and_without_auto_approve_nothing_is_sent() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let shown = error(&site, &["apply", text(&manifest)], 1).await;
    assert!(shown.contains("cannot ask for approval: stdin is not a terminal"), "{shown}");
    assert!(shown.contains("hint: Review the plan, then re-run with --auto-approve. "), "{shown}");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_withholds_something_exits_with_4() {
    let site = Site::open().await;
    site.ends(&["apply", text(&site.manifest(&[])), "-y"], 0).await;
    // More channels than the manager has.
    let manifest = site.manifest(&[("channel_limit: 30", "channel_limit: 5000")]);
    for _ in 0..2 {
        let shown = site.ends(&["apply", text(&manifest), "-y"], 4).await;
        assert!(shown.contains("pool_exceeded"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_with_another_digest_than_the_expected_one_exits_with_4() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = ["plan", text(&manifest), "--format", "json"];
    let made = site.json(&plan, 0).await;
    let digest = made["digest"].as_str().unwrap();
    site.ends(&[&plan[..], &["--expect", digest]].concat(), 0).await;
    let manifest = site.manifest(&[("channel_limit: 30", "channel_limit: 31")]);
    for command in [&["plan"][..], &["apply", "-y"]] {
        let arguments = [command, &[text(&manifest), "--expect", digest]].concat();
        let shown = error(&site, &arguments, 4).await;
        assert!(shown.contains(&format!("but --expect is {digest}")), "{shown}");
    }
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_of_a_saved_plan_over_its_limits_names_what_lifts_them() {
    let site = Site::open().await;
    for (max, words) in
        [("2", "saved for 24 hours: "), ("0", "saved for 24 hours, over its safety limits: ")]
    {
        let manifest = site.manifest(&[("max_disables: 1", &format!("max_disables: {max}"))]);
        let output = site.run(&["plan", text(&manifest), "--out", "a.plan.json"]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        let command = said.strip_prefix(words).expect(&said).trim_end();
        let words: Vec<&str> = command.split(' ').collect();
        let lifted = words.contains(&"--approve-destructive");
        assert_eq!(lifted, max == "0", "{command}");
        if lifted {
            site.ends(&[&words[1..], &["-y"]].concat(), 0).await;
        }
    }
    assert!(!site.proxy.changes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_with_findings_only_says_that_nothing_is_sent() {
    let site = Site::open().await;
    let manifest = site.folder.path().join("absent.yaml");
    let users = "version: 1\norganization: acme\nusers: [{ email: absent@acme.example }]\n";
    std::fs::write(&manifest, users).unwrap();
    let output = site.run(&["apply", text(&manifest)]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "nothing to send: the plan has findings only\n");
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

/// A site whose lists of accounts lag behind the first change by so many reads.
async fn lagging(reads: u32) -> Site {
    let (changed, seen) = (AtomicBool::new(false), AtomicU32::new(0));
    let faults = move |method: &str, path: &str, _: &str| {
        if method != "GET" {
            changed.store(true, Ordering::SeqCst);
        } else if path == "/v2/managed_accounts"
            && changed.load(Ordering::SeqCst)
            && seen.fetch_add(1, Ordering::SeqCst) < reads
        {
            return Fault::Outdated;
        }
        Fault::None
    };
    Site::with(Duration::ZERO, faults).await
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_reads_again_until_every_change_is_visible() {
    let site = lagging(12).await;
    let manifest = site.manifest(&[]);
    let shown = error(&site, &["apply", text(&manifest), "-y", "--verify"], 0).await;
    assert_eq!(shown, "");
    let lists = site.proxy.passed();
    let lists = lists.iter().filter(|line| *line == "GET /v2/managed_accounts").count();
    assert!(lists > 12, "{lists}");
    site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_gives_up_after_15_seconds_and_exits_with_5() {
    let site = lagging(u32::MAX).await;
    let manifest = site.manifest(&[]);
    let shown = error(&site, &["apply", text(&manifest), "-y", "--verify"], 5).await;
    assert!(shown.contains("changes are not visible yet"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_during_verify_loses_no_outcome() {
    let changed = AtomicBool::new(false);
    let faults = move |method: &str, path: &str, _: &str| {
        let report = path.ends_with("/users_groups_report");
        let after = changed.fetch_or(method != "GET", Ordering::SeqCst);
        if after && report { Fault::Refused(403) } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, faults).await;
    let manifest = site.manifest(&[]);
    let apply = ["apply", text(&manifest), "-y", "--verify", "--report", "json=out.json"];
    let output = site.run(&apply).await;
    let [shown, error] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(5), "{error}");
    assert!(error.contains("warning: the changes could not be verified: GET "), "{error}");
    assert!(shown.contains("Applied: 17 done"), "{shown}");
    let written = std::fs::read_to_string(site.folder.path().join("out.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap()["summary"]["done"], 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credentials_file_that_cannot_be_written_is_refused_before_the_first_request() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    for (option, hint) in
        [("--new-credentials", "with --new-credentials"), ("--audit-log", "with --audit-log")]
    {
        let apply = ["apply", text(&manifest), "-y", option, "/dev/full"];
        let shown = error(&site, &apply, 1).await;
        assert!(shown.contains("nothing was sent") && shown.contains(hint), "{shown}");
    }
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_that_breaks_midway_is_an_error_after_everything_was_recorded() {
    use std::io::BufRead as _;
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let path = site.folder.path().join("audit");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    // The reader closes the pipe after one line.
    let reader = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(path).unwrap();
        std::io::BufReader::with_capacity(1, file).lines().next().unwrap().unwrap()
    });
    let apply = ["apply", text(&manifest), "-y", "--audit-log", "audit", "--parallelism", "1"];
    let shown = error(&site, &apply, 1).await;
    assert!(shown.contains("error: writing the audit log audit: it is incomplete: "), "{shown}");
    assert!(serde_json::from_str::<Value>(&reader.await.unwrap()).unwrap()["action"].is_string());
    site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_the_rate_limit_of_5_seconds_is_one_line() {
    let pool = r#"{"data":{"allocatable_global_outbound_channels":1,"total_global_channels_allocated":0}}"#;
    let server = Server::script([Reply::too_many("7"), Reply::json(200, pool)]).await;
    let site = Site::open().await;
    let url = format!("{}/v2", server.origin);
    let shown = error(&site, &["get", "channels", "--base-url", &url], 0).await;
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines.len() == 1 && lines[0].starts_with("waiting "), "{shown}");
    assert!(lines[0].ends_with(" s for the rate limit"), "{shown}");
}
