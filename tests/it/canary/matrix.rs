//! The output and the files of every command, with all its options, at `-vvv`.

use std::collections::BTreeSet;
use std::process::Output;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use trunkline::report::ReportFormat;

use super::*;
use crate::support::proxy::Fault;
use crate::support::site::Site;

/// The command lines; `ACCOUNT` and `USER` stand for ids in the sandbox, `PROXIED` for an API behind a proxy.
const MATRIX: &[&[&str]] = &[
    &["validate", "canary.yaml"],
    &["validate", "literal.yaml"],
    &["validate", "literal.yaml", "--format", "json", "--report=sarif=v.sarif"],
    &["plan", "canary.yaml"],
    &["plan", "canary.yaml", "--format", "json"],
    &["plan", "canary.yaml", "--format", "diff"],
    &["plan", "canary.yaml", "--format", "github"],
    &["plan", "canary.yaml", "--format", "markdown"],
    &["plan", "canary.yaml", "--base", "literal.yaml"],
    &["plan", "literal.yaml"],
    &["plan", "literal.yaml", "--format", "github", "--report=markdown=p.md"],
    &["plan", "nowhere.yaml"],
    &["plan", "canary.yaml", "--state", "none"],
    &["plan", "canary.yaml", "--state", "s3://user:canary5OfABaseUrl@bucket/acme.json"],
    &["plan", "canary.yaml", "--state", "ftp://user:canary5OfABaseUrl@bucket/acme.json"],
    &["plan", "canary.yaml", "--state", "https://store.example/x?sig=canary5OfABaseUrl"],
    &["plan", "canary.yaml", "--state", "az://container/x?sig=canary5OfABaseUrl"],
    &["plan", "canary.yaml", "--out", "plan.json"],
    &["plan", "canary.yaml", "--api-key=KEYcanary12ThatNobodyTakes"],
    &["plan", "canary.yaml", "--api-key-file", "wrong"],
    &["plan", "canary.yaml", "--api-key-file", "nowhere"],
    &["diff", "canary.yaml", "canary.yaml"],
    &["diff", "canary.yaml", "literal.yaml"],
    &["diff", "base.yaml", "canary.yaml", "--format", "json"],
    &["import"],
    &["import", "--out", "imported.yaml"],
    &["init", "new"],
    &["init", "new"],
    &["explain", "10007"],
    &["version"],
    &["help", "apply"],
    &["fmt", "canary.yaml", "--diff"],
    &["fmt", "literal.yaml", "--diff"],
    &["fmt", "canary.yaml", "--check"],
    &["fmt", "literal.yaml", "--check"],
    &["apply", "--plan", "plan.json"],
    &["apply", "--plan", "canary.yaml"],
    &["apply", "--plan", "literal.yaml"],
    &["get", "accounts"],
    &["get", "accounts", "--format", "json"],
    &["get", "account", "ACCOUNT"],
    &["get", "account", "ACCOUNT", "--format", "json"],
    &["get", "account", "missing"],
    &["get", "users"],
    &["get", "user", "USER"],
    &["get", "balances"],
    &["get", "balances", "--format", "json"],
    &["get", "channels"],
    &["get", "groups-report"],
    &["get", "groups-report", "--format", "csv"],
    &["apply", "canary.yaml"],
    &["apply", "tight.yaml", "--auto-approve", "--format", "json"],
    &[
        "apply",
        "canary.yaml",
        "--auto-approve",
        "--create-grace=0s",
        "--audit-log=audit.jsonl",
        "--snapshot=snapshot.yaml",
        "--new-credentials=keys.jsonl",
    ],
    &["review"],
    &["review", "canary.yaml"],
    &["review", "canary.yaml", "--format", "json"],
    &["review", "canary.yaml", "--format", "csv"],
    &["review", "canary.yaml", "--format", "markdown"],
    &["review", "literal.yaml"],
    &["review", "canary.yaml", "--since", "literal.yaml"],
    &["state", "show"],
    &["state", "show", "--format", "json"],
    &["state", "resolve", "--all", "--retry"],
    &["state", "forget", "hello@sunriseyoga.example"],
    &["state", "unlock"],
    &[
        "apply",
        "canary.yaml",
        "-y",
        "--create-grace=1s",
        "--format=markdown",
        "--report=text=a.txt",
    ],
    &["apply", "canary.yaml", "--auto-approve", "--format=github", "--report=markdown=a.md"],
    &["apply", "--plan", "plan.json", "--auto-approve"],
    &["apply", "canary.yaml", "--auto-approve", "--format", "json"],
    &["get", "accounts", "--api-key-file", "key"],
    &["get", "accounts", "--base-url", "https://user:canary5OfABaseUrl@127.0.0.1:9/v2"],
    &["get", "accounts", "--base-url", "http://canary5OfABaseUrl@127.0.0.1:9/v2"],
    &["get", "accounts", "--base-url", "https://api.example/v2?key=canary5OfABaseUrl"],
    &["get", "accounts", "--base-url", "PROXIED", "--timeout", "1s"],
    &["get", "accounts", "--timeout", "canary"],
    &["daemon", "canary.yaml", "--once"],
    &["daemon", "literal.yaml", "--once"],
    &["daemon", "canary.yaml", "--once", "--webhook", "http://hook.example/canary6PathOfAWebhook"],
    &["daemon", "--config", "daemon.yaml", "--once"],
    &["daemon", "--config", "broken.yaml", "--once"],
    &["daemon", "--config", "no.yaml", "--once"],
    &["operator", "--base-url", "https://user:canary5OfABaseUrl@127.0.0.1:9/v2"],
    &["sandbox", "--api-key-file", "nowhere"],
    &["sandbox", "--seed", "literal.yaml", "--api-key-file", "key"],
    &["demo"],
    &["schema", "manifest"],
    &["schema", "plan"],
    &["schema", "outcome"],
    &["schema", "review"],
    &["schema", "daemon"],
    &["schema", "crd"],
    &["completions", "bash"],
    &["man"],
];

/// A configuration of the daemon with every secret in the wrong place.
const CONFIG: &str = "\
version: 1
organizations:
  - manifest: canary.yaml
    api_key_file: key
    api_key: KEYcanary12ThatNobodyTakes
    base_url: https://user:canary5OfABaseUrl@127.0.0.1:9/v2
    state: ftp://user:canary5OfABaseUrl@bucket/acme.json
    schedule: \"*/5 * * * *\"
    notify:
      - { name: one, type: webhook, url: \"http://hook.example/canary6PathOfAWebhook?t=canary7QueryOfAWebhook\" }
      - { name: two, type: webhook, url: canary6PathOfAWebhook, hmac_key: canary9KeyThatSignsWebhooks }
      - { name: three, type: slack, url: \"https://hook.example/x\", token: canary7QueryOfAWebhook }
";

async fn run(site: &Site, arguments: &[&str], more: &[&str], proxy: &str) -> Output {
    let mut command = site.command(arguments);
    command.args(more).env("TELNYX_API_KEY", API_KEY).env("TRUNKLINE_SECRET_CANARY", PASSWORD);
    command.env("HTTPS_PROXY", proxy).env("AWS_SECRET_ACCESS_KEY", BUCKET_KEY);
    command.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// A proxy that refuses every request. Returns its URL and what it receives.
async fn gate() -> (String, std::sync::Arc<std::sync::Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let received = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let into = std::sync::Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let read = stream.read(&mut bytes).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&bytes[..read]).into_owned();
            into.lock().unwrap().push_str(&request);
            // The refusal repeats the password.
            let refusal =
                format!("HTTP/1.1 407 {PROXY_PASSWORD}\r\nx-echo: {PROXY_PASSWORD}\r\n\r\n");
            let _ = stream.write_all(refusal.as_bytes()).await;
        }
    });
    (format!("http://user:{PROXY_PASSWORD}@{address}"), received)
}

/// A site whose API repeats what it is sent.
async fn site() -> Site {
    let faults = |method: &str, path: &str, body: &str| match (method, path) {
        ("POST", "/v2/managed_accounts") if body.contains("crew@") => Fault::RequestLost,
        ("POST", path) if path.ends_with("/actions/enable") => Fault::Echoed(422),
        ("POST", path) if path.ends_with("/actions/remove") => Fault::Echoed(409),
        ("PATCH", path) if path.ends_with("/update_global_channel_limit") => Fault::Echoed(403),
        ("GET", path) if path.ends_with("/missing") => Fault::Echoed(404),
        _ => Fault::None,
    };
    let site = Site::keyed(API_KEY, seed(), Duration::ZERO, faults).await;
    let email = "    email: hello@sunriseyoga.example\n";
    let source = format!("{email}    password_from: {{ env: TRUNKLINE_SECRET_CANARY }}\n");
    let write = |name: &str, text: &str| {
        std::fs::write(site.folder.path().join(name), text).unwrap();
    };
    let text = std::fs::read_to_string(site.manifest(&[
        (email, &source),
        // The read of a balance has the secrets of its account.
        ("rollup_billing: false }", "rollup_billing: false, min_balance: 5 }"),
    ]))
    .unwrap();
    write("canary.yaml", &text);
    write("base.yaml", &text.replace(&source, email));
    write("tight.yaml", &text.replace("max_disables: 1", "max_disables: 0"));
    let literal = format!(
        "version: 1\norganization: acme\naccounts: [{{ name: A, email: a@b.example, password: {LITERAL} }}]\n"
    );
    write("literal.yaml", &literal);
    write("key", &format!("{API_KEY}\n"));
    write("wrong", WRONG_KEY);
    write("daemon.yaml", CONFIG);
    write("broken.yaml", &CONFIG.replace("canary6PathOfAWebhook?", "canary6PathOfAWebhook\" ["));
    write("no.yaml", &format!("{CONFIG}    url: \"https://hook.example/{HOOK_PATH}\n"));
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_no_command_writes_a_secret() {
    let (site, (proxy, received)) = (site().await, gate().await);
    let account = site.sandbox.accounts()[0].id.clone();
    let user = site.sandbox.users()[0].id.clone();
    let report = |form: ReportFormat| format!("--report={}=r.{0}", form.name());
    let reports: Vec<String> =
        ReportFormat::ALL.into_iter().filter(|form| form.is_file()).map(report).collect();
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    let mut lines: Vec<Vec<&str>> = MATRIX.iter().map(|line| line.to_vec()).collect();
    lines.insert(0, [&["plan", "canary.yaml"][..], &reports].concat());
    let mut codes = BTreeSet::new();
    for line in &mut lines {
        for word in line.iter_mut() {
            match *word {
                "ACCOUNT" => *word = &account,
                "USER" => *word = &user,
                "PROXIED" => *word = "https://api.example/v2",
                _ => {}
            }
        }
        for more in [&["-vvv"][..], &["-vvv", "--log-format", "json"]] {
            let output = run(&site, line, more, &proxy).await;
            search(&format!("stdout of {line:?}"), &output.stdout, &[]);
            search(&format!("stderr of {line:?}"), &output.stderr, &[]);
            codes.insert(output.status.code().unwrap());
        }
    }
    // These files hold secrets on purpose.
    let kept =
        ["key", "wrong", "literal.yaml", "daemon.yaml", "broken.yaml", "no.yaml", "keys.jsonl"];
    search_files(site.folder.path(), &kept);

    for form in ReportFormat::ALL.into_iter().filter(|form| form.is_file()) {
        let written = site.folder.path().join(format!("r.{}", form.name()));
        assert!(written.exists(), "a report as {}", form.name());
    }

    // The program used each of them.
    for secret in [API_KEY, WRONG_KEY, PASSWORD] {
        assert!(site.proxy.heard(secret), "{secret} was sent");
    }
    let credentials = super::forms::base64(format!("user:{PROXY_PASSWORD}").as_bytes());
    assert!(received.lock().unwrap().contains(&credentials), "the proxy received its password");
    let shown = run(&site, &["get", "account", &account, "--show-credentials"], &[], &proxy).await;
    search("the account", &shown.stdout, &[ACCOUNT_KEY, ACCOUNT_TOKEN]);
    let caught = std::panic::catch_unwind(|| search("it", &shown.stdout, &[]));
    assert!(caught.is_err(), "a secret that is there is found");
    let kept = std::fs::read_to_string(site.folder.path().join("keys.jsonl")).unwrap();
    assert!(kept.lines().count() > 0 && kept.contains("api_key"), "{kept}");
    // An unknown outcome outranks the actions that failed with it.
    assert!([0, 1, 3, 6].iter().all(|code| codes.contains(code)), "{codes:?}");
}

/// The subcommands in the help of a command.
pub(crate) async fn named(site: &Site, command: &[&str]) -> Vec<String> {
    let help = site.ends(&[command, &["--help"]].concat(), 0).await;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| Some(line.split_whitespace().next()?.to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_in_the_matrix() {
    let site = Site::open().await;
    let mut missing = Vec::new();
    for command in named(&site, &[]).await {
        let below = named(&site, &[&command]).await;
        let below = if below.is_empty() { vec![String::new()] } else { below };
        for sub in below {
            let there = MATRIX.iter().any(|line| {
                line[0] == command && (sub.is_empty() || line.get(1) == Some(&sub.as_str()))
            });
            if !there {
                missing.push(format!("{command} {sub}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}
