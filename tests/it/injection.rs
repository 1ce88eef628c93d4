//! Promise 11 for the whole program: names from the API are never more than text. [`crate::formats::names`] tests
//! every report format by itself; here the same names come over HTTP, through every command.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use trunkline::model::is_harmful;
use trunkline::report::ReportFormat;
use trunkline::sandbox::Seed;

use crate::canary::matrix::named;
use crate::daemon::{Daemon, until};
use crate::formats::names::NAMES;
use crate::formats::readers::commands;
use crate::support::proxy::{Fault, Proxy};
use crate::support::site::{KEY, Site, text};

/// Command lines that print data from the API; `ACCOUNT` and `USER` stand for ids.
const SHOW: &[&[&str]] = &[
    &["plan", "hostile.yaml"],
    &["plan", "hostile.yaml", "--target", "new0@shop.example"],
    &["apply", "hostile.yaml", "--auto-approve"],
    &["apply", "hostile.yaml", "--auto-approve", "--audit-log", "audit.jsonl", "--format=json"],
    &[
        "apply",
        "hostile.yaml",
        "--auto-approve",
        "--format=markdown",
        "--report=github-summary=s.md",
    ],
    &["diff", "hostile.yaml", "hostile.yaml"],
    &["import"],
    &["import", "--out", "imported.yaml"],
    &["init", "new"],
    &["validate", "imported.yaml"],
    &["validate", "imported.yaml", "new"],
    &["fmt", "imported.yaml"],
    &["get", "accounts"],
    &["get", "accounts", "--format", "json"],
    &["get", "accounts", "--format", "csv"],
    &["get", "account", "ACCOUNT"],
    &["get", "account", "ACCOUNT", "--format", "json"],
    &["get", "account", "::error::\u{1b}[2J\u{202e}"],
    &["get", "balances"],
    &["get", "balances", "--format", "json"],
    &["get", "balances", "--format", "csv"],
    &["get", "channels"],
    &["get", "users"],
    &["get", "users", "--format", "json"],
    &["get", "users", "--format", "csv"],
    &["get", "user", "USER"],
    &["get", "groups-report"],
    &["get", "groups-report", "--format", "json"],
    &["get", "groups-report", "--format", "csv"],
    &["review"],
    &["review", "hostile.yaml"],
    &["review", "hostile.yaml", "--format", "json"],
    &["review", "hostile.yaml", "--format", "csv"],
    &["review", "hostile.yaml", "--format", "markdown"],
    &["state", "show"],
    &["state", "show", "--format", "json"],
    &["state", "resolve", "::error::\u{1b}[2J@shop.example", "--retry"],
    &["state", "forget", "::error::\u{1b}[2J@shop.example"],
    &["state", "unlock"],
    &["daemon", "hostile.yaml", "--once"],
];

/// Commands that print no data from the API.
const SILENT: [&str; 9] =
    ["operator", "schema", "sandbox", "demo", "completions", "man", "explain", "version", "help"];

/// An organization in which every name is hostile.
fn seed(names: &[String]) -> Seed {
    let accounts: Vec<Value> = (0..)
        .zip(names)
        .map(|(n, name): (usize, _)| {
            let name = if name.trim().is_empty() { "-" } else { name };
            json!({
                "email": format!("shop{n}@many.example"),
                "organization_name": name,
                "balance": {
                    "balance": "-1.00", "currency": name, "credit_limit": name, "available_credit": name,
                },
            })
        })
        .collect();
    let users: Vec<Value> = (0..)
        .zip(names)
        .map(|(n, name): (usize, _)| {
            let name = if name.trim().is_empty() { "-" } else { name };
            json!({ "email": format!("user{n}@many.example"), "groups": [name, format!("x\n{name}")] })
        })
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json!({ "accounts": accounts, "users": users }).to_string())
        .unwrap();
    Seed::read(file.path()).unwrap()
}

/// A manifest whose differences bring every name into the reports.
fn manifest(site: &Site) {
    let entry = |n: usize| {
        let name = format!("email: shop{n}@many.example, name: Shop {n}");
        format!("  - {{ {name}, channel_limit: {n}, custom_pricing: true, min_balance: 1 }}\n")
    };
    let accounts: String = (0..NAMES.len() - 3).map(entry).collect();
    let user = |n: usize| format!("  - {{ email: user{n}@many.example, groups: [Ops] }}\n");
    let users: String = (0..NAMES.len()).map(user).collect();
    let new = "  - { email: new0@shop.example, name: \"::add-mask::</details>`@team\" }\n";
    let text = format!("version: 1\norganization: many\naccounts:\n{accounts}{new}users:\n{users}");
    std::fs::write(site.folder.path().join("hostile.yaml"), text).unwrap();
}

async fn site() -> Site {
    let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let faults = |method: &str, path: &str, body: &str| match (method, path) {
        ("POST", "/v2/managed_accounts") if body.contains("new0@") => Fault::Echoed(422),
        _ => Fault::None,
    };
    let site = Site::keyed(KEY, seed(&names), Duration::ZERO, faults).await;
    manifest(&site);
    site
}

/// Returns the text, which must not contain control characters other than `lines`.
fn inert(what: &str, bytes: &[u8], lines: &[char]) -> String {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let harmful = text.chars().find(|c| is_harmful(*c) && !lines.contains(c));
    assert_eq!(harmful, None, "{what}:\n{text}");
    text
}

fn has_no_commands(what: &str, text: &str) {
    assert_eq!(commands(text), [], "{what}:\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_a_name_from_the_api_stays_text_in_every_command() {
    let site = site().await;
    let (account, user) =
        (site.sandbox.accounts()[0].id.clone(), site.sandbox.users()[1].id.clone());
    for line in SHOW {
        let word = |word: &&'static str| match *word {
            "ACCOUNT" => account.clone(),
            "USER" => user.clone(),
            word => word.to_owned(),
        };
        let words: Vec<String> = line.iter().map(word).collect();
        for log in ["text", "json"] {
            let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
            words.extend(["-vvv", "--log-format", log]);
            let output = site.run(&words).await;
            let csv = line.contains(&"csv");
            let kept: &[char] = if csv { &['\n', '\r', '\t'] } else { &['\n'] };
            let out = inert(&format!("stdout of {line:?}"), &output.stdout, kept);
            let err = inert(&format!("stderr of {line:?}"), &output.stderr, &['\n']);
            has_no_commands(&format!("stdout of {line:?}"), &out);
            has_no_commands(&format!("stderr of {line:?}"), &err);
            if csv {
                assert!(out.contains("=cmd()") && out.contains("::error::"), "{out}");
                assert!(![",=", ",\"="].iter().any(|begin| out.contains(begin)), "{out}");
            }
            if line.iter().any(|word| word.ends_with("json")) && output.status.success() {
                serde_json::from_str::<Value>(&out).unwrap();
            }
            for line in err.lines().filter(|line| log == "json" && line.starts_with('{')) {
                serde_json::from_str::<Value>(line).unwrap();
            }
        }
    }
    let file = |name: &str| std::fs::read(site.folder.path().join(name)).unwrap();
    for line in inert("the audit log", &file("audit.jsonl"), &['\n']).lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    has_no_commands("the summary", &inert("the summary", &file("s.md"), &['\n']));
    // The imported manifest is valid and canonical.
    site.ends(&["validate", "imported.yaml"], 0).await;
    site.ends(&["fmt", "imported.yaml", "--check"], 0).await;
    let imported = String::from_utf8(file("imported.yaml")).unwrap();
    let imported = trunkline::manifest::parse("imported.yaml".as_ref(), &imported).unwrap();
    assert!(imported.accounts.len() > 20, "{imported:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_a_name_from_the_api_stays_text_in_every_format_of_a_plan() {
    let site = site().await;
    for form in ReportFormat::ALL {
        let file = format!("r.{}", form.name());
        let report = format!("--report={}={file}", form.name());
        let bytes = if form.is_file() {
            site.ends(&["plan", "hostile.yaml", &report], 0).await;
            std::fs::read(site.folder.path().join(&file)).unwrap()
        } else {
            let shown = site.ends(&["plan", "hostile.yaml", "--format", form.name()], 0).await;
            shown.into_bytes()
        };
        let text = inert(form.name(), &bytes, &['\n']);
        assert!(!text.is_empty(), "{}", form.name());
        match form {
            ReportFormat::Github => {
                assert_eq!(commands(&text).len(), text.lines().count(), "{text}");
            }
            ReportFormat::Json | ReportFormat::Sarif | ReportFormat::GitlabTerraform => {
                serde_json::from_str::<Value>(&text).unwrap();
                has_no_commands(form.name(), &text);
            }
            ReportFormat::Text
            | ReportFormat::Markdown
            | ReportFormat::Diff
            | ReportFormat::GithubSummary
            | ReportFormat::Env => {
                has_no_commands(form.name(), &text);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_tested_with_hostile_names() {
    let site = Site::open().await;
    let mut known: BTreeSet<String> = SHOW.iter().map(|line| line[0].to_owned()).collect();
    known.extend(SILENT.map(str::to_owned));
    let all: BTreeSet<String> = named(&site, &[]).await.into_iter().collect();
    assert_eq!(known, all);
    for command in ["get", "state"] {
        for sub in named(&site, &[command]).await {
            assert!(
                SHOW.iter().any(|line| line[0] == command && line[1] == sub),
                "{command} {sub}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_a_name_from_the_api_stays_text_in_notifications_and_pages() {
    let site = site().await;
    let hook = async || Proxy::start("http://127.0.0.1:9", |_, _, _| Fault::Refused(200)).await;
    let (generic, slack) = (hook().await, hook().await);
    let origin = |proxy: &Proxy| proxy.url.trim_end_matches("/v2").to_owned();
    let (webhook, slack_file) = (origin(&generic), site.folder.path().join("slack.url"));
    std::fs::write(&slack_file, origin(&slack)).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let mut arguments = vec!["daemon", "hostile.yaml", "--schedule", "* * * * * *", "-vvv"];
    arguments.extend(["--webhook", &webhook, "--slack-url-file", text(&slack_file)]);
    arguments.extend(["--open-after", "1", "--listen", &listen]);
    let daemon = Daemon::start(site.command(&arguments));
    until("both are notified", || generic.heard("drift_opened") && slack.heard("found")).await;
    let client = trunkline::telnyx::client(Duration::from_secs(20), true).unwrap();
    for path in ["/", "/metrics", "/api/v1/status", "/readyz", "/livez"] {
        let answer = client.get(format!("http://{listen}{path}")).send().await.unwrap();
        let shown = inert(path, &answer.bytes().await.unwrap(), &['\n']);
        match path {
            "/api/v1/status" => _ = serde_json::from_str::<Value>(&shown).unwrap(),
            "/" => assert!(!shown.contains("<script"), "{shown}"),
            _ => {}
        }
    }
    for sent in [generic.all(), slack.all()] {
        inert("a notification", sent.as_bytes(), &[]);
    }
    let (_, _, log) = daemon.end("TERM").await;
    has_no_commands("the log", &inert("the log", log.as_bytes(), &['\n']));
}
