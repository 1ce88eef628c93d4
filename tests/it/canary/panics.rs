//! Secrets in the face of the unexpected: a stream that is closed or full, and a panic.

use std::env;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use secrecy::SecretString;
use trunkline::daemon::config::{Address, KeySource, NotificationTarget, TargetFormat};
use trunkline::daemon::notify::Recipient;
use trunkline::sandbox;
use trunkline::state::{Location, Store};
use trunkline::telnyx::{AccountRequest, BaseUrl, Created, Credentials, Session, SessionConfig};

use super::*;
use crate::support::bodies::live_account;
use crate::support::proxy::Fault;
use crate::support::site::Site;

/// The variable that marks the panicking process.
const CHILD: &str = "TRUNKLINE_TEST_OF_PANICS";

/// Every type with a secret, in its debug format.
fn holders() -> Vec<(&'static str, String)> {
    let secret = |text: &str| SecretString::from(text);
    let base_url = BaseUrl::parse("https://api.example/v2").unwrap();
    let config = SessionConfig::new(base_url, secret(API_KEY));
    let session = Session::new(config.clone()).unwrap();
    let new = AccountRequest {
        name: "New".to_owned(),
        email: "new@shop.example".to_owned(),
        password: Some(secret(PASSWORD)),
        custom_pricing: None,
        rollup_billing: None,
    };
    let credentials =
        Credentials { api_key: Some(secret(ACCOUNT_KEY)), api_token: Some(secret(ACCOUNT_TOKEN)) };
    let created = Created { account: live_account("a1"), credentials: credentials.clone() };
    let url = format!("https://hook.example/{HOOK_PATH}?token={HOOK_QUERY}");
    let target = NotificationTarget {
        name: "ops".to_owned(),
        form: TargetFormat::Slack,
        url: Address::Given(secret(&url)),
    };
    let recipient = Recipient::new(&target).unwrap();
    let store = Store::new(&Location::parse("s3://bucket/acme.json").unwrap_or(Location::Memory))
        .with_settings([("AWS_SECRET_ACCESS_KEY".to_owned(), secret(BUCKET_KEY))]);
    let sandbox = sandbox::SandboxConfig::new(secret(API_KEY), seed());
    let held = [
        ("SessionConfig", format!("{config:?}{config:#?}")),
        ("Session", format!("{session:?}{session:#?}")),
        ("Reader", format!("{:?}{:#?}", session.reader(), session.reader())),
        ("Writer", format!("{:?}{:#?}", session.writer(), session.writer())),
        ("AccountRequest", format!("{new:?}{new:#?}")),
        ("Credentials", format!("{credentials:?}{credentials:#?}")),
        ("Created", format!("{created:?}{created:#?}")),
        ("KeySource", format!("{:?}", KeySource::Given(secret(API_KEY)))),
        ("NotificationTarget", format!("{target:?}{target:#?}")),
        ("Recipient", format!("{recipient:?}{recipient:#?}")),
        ("Store", format!("{store:?}{store:#?}")),
        ("sandbox::SandboxConfig", format!("{sandbox:?}{sandbox:#?}")),
    ];
    held.to_vec()
}

/// Panics with all of them.
#[test]
#[ignore = "a process for the other tests, which start it"]
fn the_process_that_panics() {
    let is_one = env::var_os(CHILD).is_some();
    assert!(!is_one, "{:?}", holders());
}

#[test]
fn promise_11_a_panic_shows_no_secret() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["canary::panics::the_process_that_panics", "--exact", "--ignored", "--nocapture"])
        .env(CHILD, "1")
        .env("RUST_BACKTRACE", "full")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("panicked") && text.contains("sandbox::SandboxConfig"), "{text}");
    search("a panic", &output.stderr, &[]);
    search("a panic", &output.stdout, &[]);
}

/// The types with a secret in a field, each with the entry of [`holders`] that shows it.
const KEEP: [(&str, &str); 15] = [
    ("Account", "sandbox::SandboxConfig"),
    ("AccountRequest", "AccountRequest"),
    ("Address", "NotificationTarget"),
    ("BucketStore", "Store"),
    // Types without Debug have nothing to show: of one request, of the sandbox's server, of one apply.
    ("Call", ""),
    ("Context", ""),
    ("Credentials", "Credentials"),
    // Converted to `Credentials`.
    ("CredentialsBody", "Credentials"),
    ("Execution", ""),
    ("KeySource", "KeySource"),
    ("KubernetesStore", "Store"),
    ("Outputs", ""),
    ("SandboxConfig", "sandbox::SandboxConfig"),
    ("SessionConfig", "SessionConfig"),
    // A part of `NotificationTarget`.
    ("Signer", "NotificationTarget"),
];

/// The types in a source file with a secret in a field.
fn keepers(source: &str) -> Vec<&str> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let (mut last, mut found) = ("", Vec::new());
    for line in source.lines() {
        let begun = line.split_once("struct ").or_else(|| line.split_once("enum "));
        if let Some((before, rest)) = begun
            && (before.is_empty() || before.starts_with("pub"))
        {
            last = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        }
        if line == "}" {
            // What follows is not a field of this type.
            last = "";
        }
        let is_field = line.starts_with("    ") && line.as_bytes()[4].is_ascii_alphabetic();
        let is_tuple = line.contains("struct ") && line.contains("SecretString)");
        let code = ["fn ", "let ", " = "].iter().any(|word| line.contains(word));
        let names = line.contains("SecretString")
            && !line.contains("&SecretString")
            && !line.contains("use ");
        if names && (is_field && !code || is_tuple) && !last.is_empty() {
            found.push(last);
        }
    }
    found
}

#[test]
fn every_type_with_a_secret_is_among_those_that_panic() {
    let mut keep = std::collections::BTreeSet::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            keep.extend(keepers(&source).into_iter().map(str::to_owned));
        }
    }
    let known: Vec<&str> = KEEP.iter().map(|(name, _)| *name).collect();
    assert_eq!(keep.iter().map(String::as_str).collect::<Vec<_>>(), known);
    let shown = holders();
    for (name, by) in KEEP.iter().filter(|(_, by)| !by.is_empty()) {
        assert!(shown.iter().any(|(holder, _)| holder == by), "{name} is shown by {by}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_a_full_or_closed_stream_reveals_no_secret() {
    let lost = |method: &str, _: &str, _: &str| match method {
        "GET" => Fault::None,
        _ => Fault::Echoed(422),
    };
    let site = Site::keyed(API_KEY, seed(), Duration::ZERO, lost).await;
    let manifest = site.manifest(&[]);
    let commands: [&[&str]; 4] = [
        &["plan", text(&manifest), "-vvv"],
        &["apply", text(&manifest), "--auto-approve", "-vvv", "--log-format", "json"],
        &["get", "accounts", "-vvv"],
        &["import", "-vvv"],
    ];
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    for arguments in commands {
        let streams = [(full(), Stdio::piped()), (Stdio::piped(), full())];
        let more = [(closed(), Stdio::piped()), (Stdio::piped(), closed())];
        for (out, err) in streams.into_iter().chain(more) {
            let mut command = site.command(arguments);
            command.env("TELNYX_API_KEY", API_KEY).env("RUST_BACKTRACE", "full");
            command.stdout(out).stderr(err);
            let output =
                tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            let status = output.status.code();
            assert!(matches!(status, Some(0 | 1 | 5)), "{arguments:?}: {:?}", output.status);
            let text = String::from_utf8_lossy(&output.stderr);
            assert!(!text.contains("panicked"), "{text}");
            search("stdout", &output.stdout, &[]);
            search("stderr", &output.stderr, &[]);
        }
    }
    assert!(site.proxy.heard(API_KEY));
    search_files(site.folder.path(), &[]);
}
