//! The program as its users run it, against a sandbox.

use std::process::Stdio;
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt as _;
use secrecy::ExposeSecret;
use serde_json::Value;
use trunkline::sandbox::Account;

use crate::support::proxy::Fault;
use crate::support::site::{KEY, Site, text};

/// Formats the outcomes as `outcome action email`.
fn outcomes(applied: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let outcomes = applied["outcomes"].as_array().unwrap().iter();
    outcomes
        .map(|one| {
            format!("{} {} {}", word(&one["outcome"]), word(&one["action"]), word(&one["email"]))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_apply_plan_ends_in_sync_and_a_second_apply_sends_nothing() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 2).await;
    site.ends(&["plan", text(&manifest)], 0).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new(), "a plan only reads");
    site.ends(&["apply", text(&manifest), "--auto-approve"], 0).await;
    assert_eq!(site.proxy.changes().len(), 17);
    let shown = site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 0).await;
    assert!(shown.ends_with("In sync: 14 entries are as they should be.\n"), "{shown}");
    site.ends(&["apply", text(&manifest)], 0).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
    site.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_as_json_has_the_documented_form() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let plan = site.ends(&["plan", text(&manifest), "--format", "json"], 0).await;
    assert_eq!(site.ends(&["plan", text(&manifest), "--format", "json"], 0).await, plan);
    let digest =
        serde_json::from_str::<Value>(&plan).unwrap()["digest"].as_str().unwrap().to_owned();
    let folder = text(site.folder.path());
    let settled = plan.replace(&site.proxy.url, "URL").replace(&digest, "DIGEST");
    insta::assert_snapshot!(settled.replace(folder, "FOLDER"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_another_manager_is_refused() {
    let site = Site::open().await;
    let manifest = site.manifest(&[("6ee4a469", "7ee4a469")]);
    site.ends(&["apply", text(&manifest), "--auto-approve"], 3).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_plan_command_names_the_manifest_that_was_given() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let expect = format!("sha256:{}", "0".repeat(64));
    let error = async |arguments: &[&str]| {
        let output = site.run(&[arguments, &["--expect", &expect]].concat()).await;
        assert_eq!(output.status.code(), Some(4));
        String::from_utf8(output.stderr).unwrap()
    };
    let named = format!("`trunkline plan {}`", text(&manifest));
    for command in ["plan", "apply"] {
        let printed = error(&[command, text(&manifest)]).await;
        assert!(printed.contains(&named), "{printed}");
    }
    std::fs::rename(&manifest, manifest.with_file_name("trunkline.yaml")).unwrap();
    let printed = error(&["plan"]).await;
    assert!(printed.contains("`trunkline plan`"), "{printed}");
    let printed = error(&["plan", "--state", "a b.json"]).await;
    assert!(printed.contains("`trunkline plan --state 'a b.json'`"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_failed_action_stops_only_what_depends_on_it() {
    let refused = |method: &str, path: &str, body: &str| {
        let create = method == "POST" && path == "/v2/managed_accounts";
        if create && body.contains("crew@tallship") { Fault::Refused(422) } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, refused).await;
    let manifest = site.manifest(&[]);
    let applied =
        site.json(&["apply", text(&manifest), "--auto-approve", "--format", "json"], 5).await;
    let outcomes = outcomes(&applied);
    assert_eq!(outcomes.len(), 17);
    assert!(outcomes.contains(&"failed create_account crew@tallship.example".to_owned()));
    assert!(outcomes.contains(&"skipped disable_account crew@tallship.example".to_owned()));
    assert!(outcomes.contains(&"skipped set_channel_limit crew@tallship.example".to_owned()));
    assert!(outcomes.contains(&"done create_account hello@sunriseyoga.example".to_owned()));
    assert_eq!(applied["summary"]["done"], 14);
    let failed =
        applied["outcomes"].as_array().unwrap().iter().find(|one| one["outcome"] == "failed");
    assert_eq!(failed.unwrap()["error"]["status"], 422);
    assert_eq!(failed.unwrap()["error"]["code"], "10015");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answer_is_lost_is_looked_up_adopted_and_sent_once() {
    let lost = |method: &str, path: &str, _: &str| {
        if method == "POST" && path == "/v2/managed_accounts" {
            Fault::AnswerLost
        } else {
            Fault::None
        }
    };
    let site = Site::with(Duration::ZERO, lost).await;
    let manifest = site.manifest(&[]);
    let applied =
        site.json(&["apply", text(&manifest), "--auto-approve", "--format", "json"], 0).await;
    assert_eq!(applied["summary"]["done"], 17, "actions after a create apply to its account");
    let creates =
        site.proxy.changes().into_iter().filter(|line| line == "POST /v2/managed_accounts");
    assert_eq!(creates.count(), 2, "one each");
    site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_5_a_user_who_cannot_be_read_again_is_not_removed() {
    let site = Site::open().await;
    let users = site.sandbox.users();
    let left = users.into_iter().find(|user| user.email == "left@acme.example").unwrap();
    let path = format!("/v2/organizations/users/{}", left.id);
    let removal = format!("POST {path}/actions/remove");
    let unseen = move |_: &str, asked: &str, _: &str| {
        if asked == path { Fault::RequestLost } else { Fault::None }
    };
    let site = Site::with(Duration::ZERO, unseen).await;
    let manifest = site.manifest(&[]);
    let applied =
        site.json(&["apply", text(&manifest), "--auto-approve", "--format", "json"], 5).await;
    assert!(outcomes(&applied).contains(&"failed remove_user left@acme.example".to_owned()));
    assert!(!site.proxy.passed().contains(&removal));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_an_apply_cleanly() {
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let site = Site::with(Duration::from_millis(150), |_, _, _| Fault::None).await;
        let manifest = site.manifest(&[]);
        let arguments = ["apply", text(&manifest), "--auto-approve", "--format", "json"];
        let child = site.command(&arguments).arg("--parallelism").arg("1").spawn().unwrap();
        let id = child.id().to_string();
        // The first change has been sent.
        while site.proxy.changes().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let killed = std::process::Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(killed.success());
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
        let output = tokio::time::timeout(Duration::from_secs(7), ended).await.unwrap().unwrap();
        assert_eq!(output.status.code(), Some(status));
        let applied: Value = serde_json::from_slice(&output.stdout).unwrap();
        let summary = &applied["summary"];
        assert!(
            summary["skipped"].as_u64() > Some(0) && summary["done"].as_u64() > Some(0),
            "{summary}"
        );
        assert_eq!(outcomes(&applied).len(), 17, "every action has an outcome");
        site.ends(&["apply", text(&manifest), "--auto-approve"], 0).await;
        site.ends(&["plan", text(&manifest), "--detailed-exitcode"], 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_a_hint_and_exit_with_1() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let cases: [(&[&str], Option<&str>, &str); 5] = [
        (&[], None, "no API key given"),
        (&[], Some("KEY_wrong"), "401"),
        (&["--base-url=http://api.telnyx.com/v2"], Some(KEY), "https://"),
        (&["--api-key-file=./nowhere"], Some(KEY), "nowhere"),
        (&["--detailed-exitcodes"], Some(KEY), "--detailed-exitcode"),
    ];
    for (arguments, key, says) in cases {
        let mut command = site.command(&["plan", text(&manifest)]);
        command.args(arguments).env_remove("TELNYX_API_KEY");
        command.envs(key.map(|key| ("TELNYX_API_KEY", key)));
        let run = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = run.await.unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(says) && !error.contains("KEY_wrong"), "{error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_sandbox_stopped_as_soon_as_it_listens_exits_cleanly() {
    use std::io::BufRead as _;
    for signal in ["-INT", "-TERM"] {
        for _ in 0..10 {
            let mut command = std::process::Command::cargo_bin("trunkline").unwrap();
            let command = command.args(["sandbox", "--port", "0"]).stdout(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut line = String::new();
            let stdout = child.stdout.take().unwrap();
            std::io::BufReader::new(stdout).read_line(&mut line).unwrap();
            assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
            let id = child.id().to_string();
            let killed = std::process::Command::new("kill").args([signal, &id]).status().unwrap();
            assert!(killed.success());
            assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
        }
    }
}

#[test]
fn without_certificates_the_demo_runs_and_https_fails_with_a_hint() {
    let bare = |arguments: &[&str]| {
        let mut command = std::process::Command::cargo_bin("trunkline").unwrap();
        command.args(arguments).env("TELNYX_API_KEY", KEY).env_remove("TELNYX_BASE_URL");
        command.env_remove("SSL_CERT_FILE").env("SSL_CERT_DIR", "/nonexistent");
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(bare(&["demo"]), (Some(0), String::new()));
    let (status, error) = bare(&["get", "channels", "--base-url", "https://api.telnyx.example"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("hint: https needs") && !error.contains("API_KEY"), "{error}");
}

#[test]
fn a_base_url_with_a_secret_in_it_is_refused_and_never_shown() {
    for url in [
        "https://joe:hunter2@api.telnyx.com/v2",
        "http://joe:hunter2@api.telnyx.com/v2",
        "joe:hunter2@api.telnyx.com/v2",
        "https://api.telnyx.com/v2?api_key=hunter2",
        "https://api.telnyx.com/v2#hunter2",
    ] {
        for (arguments, status) in [(["get", "channels"], 1), (["get", "--help"], 0)] {
            let mut command = std::process::Command::cargo_bin("trunkline").unwrap();
            command.args(arguments).env("TELNYX_API_KEY", KEY).env("TELNYX_BASE_URL", url);
            let output = command.output().unwrap();
            let (out, err) = (output.stdout, output.stderr);
            let printed = String::from_utf8([out, err].concat()).unwrap();
            assert_eq!(output.status.code(), Some(status), "{printed}");
            assert!(!printed.contains("hunter2"), "{printed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_shows_secrets_only_with_show_credentials() {
    let site = Site::open().await;
    let accounts = site.json(&["get", "accounts", "--format", "json"], 0).await;
    assert_eq!(accounts.as_array().unwrap().len(), 7, "the cancelled one is not listed");
    assert_eq!(accounts[2]["status"], "disabled");
    let id = accounts[0]["id"].as_str().unwrap();
    let live = site.sandbox.accounts();
    let secret = live[0].api_key.expose_secret();
    assert!(!site.ends(&["get", "account", id], 0).await.contains(secret));
    assert!(site.ends(&["get", "account", id, "--show-credentials"], 0).await.contains(secret));
    let channels = site.json(&["get", "channels", "--format", "json"], 0).await;
    let allocated = live.iter().map(Account::held_channels).sum::<u64>();
    assert_eq!(channels["allocated"], allocated);
    let users = site.json(&["get", "users", "--format", "json"], 0).await;
    assert_eq!(users.as_array().unwrap().len(), 6);
    let user = users[1]["id"].as_str().unwrap();
    assert_eq!(
        site.json(&["get", "user", user, "--format", "json"], 0).await["groups"][0],
        "Engineering"
    );
    let report = site.ends(&["get", "groups-report", "--format", "csv"], 0).await;
    assert!(report.starts_with("id,email,user_status,created_at,last_sign_in_at,groups\n"));
    assert!(report.contains("\"Engineering, Support\"") && report.ends_with('\n'), "{report}");
    site.ends(&["get", "groups-report"], 0).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn get_accounts_passes_the_filters_on() {
    let site = Site::open().await;
    let emails = async |filters: &[&str]| {
        let list = [&["get", "accounts", "--format", "json"], filters].concat();
        let list = site.json(&list, 0).await;
        let rows = list.as_array().unwrap().iter();
        rows.map(|one| {
            format!("{} {}", one["email"].as_str().unwrap(), one["status"].as_str().unwrap())
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(emails(&["--email", "CATFOOD"]).await, ["larry@catfood.example enabled"]);
    assert_eq!(emails(&["--name", "harbour"]).await, ["dispatch@harbourtaxi.example disabled"]);
    assert_eq!(emails(&["--status", "disabled"]).await, ["dispatch@harbourtaxi.example disabled"]);
    let cancelled = emails(&["--status", "cancelled"]).await;
    assert!(cancelled.len() == 1 && cancelled[0].ends_with(" cancelled"), "{cancelled:?}");
    assert_eq!(emails(&["--cancelled"]).await.len(), 8);
    assert_eq!(site.run(&["get", "accounts", "--email", "ab"]).await.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn get_account_shows_status_times_and_balance() {
    let site = Site::open().await;
    let accounts = site.json(&["get", "accounts", "--format", "json"], 0).await;
    let disabled = accounts.as_array().unwrap().iter().find(|one| one["status"] == "disabled");
    let id = disabled.unwrap()["id"].as_str().unwrap();
    let shown = site.json(&["get", "account", id, "--format", "json"], 0).await;
    assert_eq!(shown["status"], "disabled");
    for field in ["created_at", "updated_at", "balance", "available_credit", "currency"] {
        assert!(shown[field].is_string(), "{field}: {shown}");
    }
    let table = site.ends(&["get", "account", id], 0).await;
    assert!(table.contains("\nstatus") && table.contains("\nbalance"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn get_writes_every_list_as_csv() {
    let site = Site::open().await;
    for (what, header, lines) in [
        ("accounts", "id,email,name,status,custom_pricing,rollup_billing,created_at,updated_at", 8),
        ("users", "id,email,role,status,groups,bypasses_sso,created_at,last_sign_in_at", 7),
        ("channels", "allocatable,allocated", 2),
    ] {
        let csv = site.ends(&["get", what, "--format", "csv"], 0).await;
        assert_eq!(csv.lines().next(), Some(header));
        assert_eq!(csv.lines().count(), lines, "{csv}");
        assert!(csv.ends_with('\n'), "{csv:?}");
    }
    let users = site.ends(&["get", "users", "--format", "csv"], 0).await;
    assert!(users.contains(",\"Engineering, Support\","), "{users}");
    let report = site.ends(&["get", "groups-report", "--format", "csv"], 0).await;
    assert!(report.ends_with('\n'), "{report:?}");
}
