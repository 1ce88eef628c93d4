//! Promise 11: no secret in any output, log at any level, plan, ledger or file. Each place that can hold
//! one gets a secret of its own; then every byte that the whole command matrix writes is searched for them.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};
use trunkline::sandbox::Seed;

use crate::support::proxy::Fault;
use crate::support::site::{Site, text};

const API_KEY: &str = "KEYcanary0Authorization";
const PASSWORD: &str = "canary-password/with+signs=";
const ACCOUNT_KEY: &str = "KEYcanary1OfTheAccount";
const ACCOUNT_TOKEN: &str = "canary2TokenOfTheAccount";
const PROXY_PASSWORD: &str = "canary3ProxyPassword";
const LITERAL: &str = "canary4LiteralInAManifest";

const ALL: [&str; 6] = [API_KEY, PASSWORD, ACCOUNT_KEY, ACCOUNT_TOKEN, PROXY_PASSWORD, LITERAL];

/// Every form in which a secret might stand somewhere.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let percent = |byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            (*byte as char).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    let url: String = secret.as_bytes().iter().map(percent).collect();
    let reversed: String = secret.chars().rev().collect();
    let mut forms = vec![secret.as_bytes().to_vec(), url.into_bytes(), reversed.into_bytes()];
    // In the middle of a text, base64 depends on where it begins: the part that does not is searched for.
    for lead in ["", "x", "xx"] {
        let coded = base64(format!("{lead}{secret}").as_bytes());
        forms.push(coded.as_bytes()[4..coded.len() - 4].to_vec());
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunk = |chunk: &[u8]| {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        let digit = |place: u32| DIGITS[(bits >> (18 - 6 * place) & 63) as usize] as char;
        let shown = |(place, digits)| if place <= chunk.len() { digit(digits) } else { '=' };
        (0..4).zip(0..4).map(shown).collect::<String>()
    };
    bytes.chunks(3).map(chunk).collect()
}

fn search(what: &str, bytes: &[u8], allowed: &[&str]) {
    for secret in ALL.iter().filter(|secret| !allowed.contains(secret)) {
        for form in forms(secret) {
            let found = bytes.windows(form.len()).any(|part| part == form);
            let shown = String::from_utf8_lossy(bytes);
            assert!(
                !found,
                "{what} has {secret} as {:?}:\n{shown}",
                String::from_utf8_lossy(&form)
            );
        }
    }
}

fn search_files(folder: &Path, except: &[&str]) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search_files(&path, except);
        } else if !except.iter().any(|name| path.ends_with(name)) {
            search(text(&path), &std::fs::read(&path).unwrap(), &[]);
        }
    }
}

/// The example's organization, in which every account has secrets.
fn seed() -> Seed {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/example.sandbox.json");
    let mut seed: Value = serde_json::from_slice(&std::fs::read(example).unwrap()).unwrap();
    for account in seed["accounts"].as_array_mut().unwrap() {
        account["api_key"] = json!(ACCOUNT_KEY);
        account["api_token"] = json!(ACCOUNT_TOKEN);
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), seed.to_string()).unwrap();
    Seed::read(file.path()).unwrap()
}

async fn run(site: &Site, arguments: &[&str], more: &[&str]) -> Output {
    let mut command = site.command(arguments);
    command.args(more).env("TELNYX_API_KEY", API_KEY).env("TRUNKLINE_SECRET_CANARY", PASSWORD);
    command.env("HTTPS_PROXY", format!("http://user:{PROXY_PASSWORD}@127.0.0.1:9"));
    command.env("RUST_BACKTRACE", "full").env("RUST_LOG", "trace");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

const MATRIX: &[&[&str]] = &[
    &["validate", "canary.yaml"],
    &["validate", "literal.yaml"],
    &["plan", "canary.yaml"],
    &["plan", "canary.yaml", "--format", "json"],
    &["plan", "canary.yaml", "--format", "diff", "--report=env=r.env", "--report=json=r.json"],
    &["plan", "canary.yaml", "--format", "github", "--report=markdown=r.md"],
    &["plan", "canary.yaml", "--format", "markdown", "--report=diff=r.diff"],
    &["plan", "literal.yaml"],
    &["plan", "literal.yaml", "--format", "github", "--report=markdown=p.md"],
    &["validate", "literal.yaml", "--format", "json", "--report=sarif=v.sarif"],
    &["plan", "nowhere.yaml"],
    &["plan", "canary.yaml", "--state", "none"],
    &["plan", "canary.yaml", "--out", "plan.json"],
    &["apply", "--plan", "plan.json"],
    &["apply", "--plan", "canary.yaml"],
    &["get", "accounts"],
    &["get", "accounts", "--format", "json"],
    &["get", "account", "ACCOUNT"],
    &["get", "account", "ACCOUNT", "--format", "json"],
    &["get", "account", "nobody"],
    &["get", "users"],
    &["get", "channels"],
    &["get", "groups-report", "--format", "csv"],
    &["apply", "canary.yaml"],
    &[
        "apply",
        "canary.yaml",
        "--auto-approve",
        "--audit-log",
        "audit.jsonl",
        "--new-credentials",
        "keys.jsonl",
    ],
    &["apply", "canary.yaml", "--auto-approve", "--format", "markdown", "--report=text=a.txt"],
    &["apply", "canary.yaml", "--auto-approve", "--format", "github", "--report=markdown=a.md"],
    &["apply", "--plan", "plan.json", "--auto-approve"],
    &["apply", "canary.yaml", "--auto-approve", "--format", "json"],
    &["state", "show"],
    &["state", "show", "--format", "json"],
    &["get", "accounts", "--api-key-file", "key"],
    &["get", "accounts", "--base-url", "https://user:canary3ProxyPassword@127.0.0.1:9/v2"],
    &["get", "accounts", "--base-url", "https://127.0.0.1:9/v2", "--timeout", "1s"],
];

#[tokio::test(flavor = "multi_thread")]
async fn promise_11_no_secret_is_in_any_byte_that_is_written() {
    // The API repeats what it was sent, and fails now and then.
    let faults = |method: &str, path: &str, body: &str| match (method, path) {
        ("POST", "/v2/managed_accounts") if body.contains("crew@") => Fault::Refused(422),
        ("POST", path) if path.ends_with("/actions/enable") => Fault::AnswerLost,
        _ => Fault::None,
    };
    let site = Site::keyed(API_KEY, seed(), Duration::ZERO, faults).await;
    let manifest = site.manifest(&[(
        "    email: hello@sunriseyoga.example\n",
        "    email: hello@sunriseyoga.example\n    password_from: { env: TRUNKLINE_SECRET_CANARY }\n",
    )]);
    let file = |name: &str| site.folder.path().join(name);
    std::fs::rename(manifest, file("canary.yaml")).unwrap();
    std::fs::write(file("key"), format!("{API_KEY}\n")).unwrap();
    let literal = format!(
        "version: 1\norganization: acme\naccounts: [{{ name: A, email: a@b.example, password: {LITERAL} }}]\n"
    );
    std::fs::write(file("literal.yaml"), literal).unwrap();
    let account = site.sandbox.accounts()[0].id.clone();
    for line in MATRIX {
        let words: Vec<&str> =
            line.iter().map(|word| if *word == "ACCOUNT" { &account } else { *word }).collect();
        for more in [&["-vvv"][..], &["-vvv", "--log-format", "json"], &["-q"]] {
            let output = run(&site, &words, more).await;
            search(&format!("stdout of {line:?}"), &output.stdout, &[]);
            search(&format!("stderr of {line:?}"), &output.stderr, &[]);
        }
    }
    // What they are kept in is left out, and has them: the search finds what is there.
    search_files(site.folder.path(), &["key", "literal.yaml", "keys.jsonl"]);
    let shown = run(&site, &["get", "account", &account, "--show-credentials"], &[]).await;
    search("what was asked for", &shown.stdout, &[ACCOUNT_KEY, ACCOUNT_TOKEN]);
    let caught = std::panic::catch_unwind(|| search("it", &shown.stdout, &[]));
    assert!(caught.is_err(), "a secret that is there is found");
    assert!(std::fs::read_to_string(file("keys.jsonl")).unwrap().lines().count() > 0);
}

#[test]
fn a_secret_is_found_in_every_form() {
    assert_eq!(base64(b"canary"), "Y2FuYXJ5");
    for lead in ["", "a", "bc", "def"] {
        let coded = base64(format!("{lead}{PASSWORD} and more").as_bytes());
        let found = forms(PASSWORD)
            .iter()
            .any(|form| coded.as_bytes().windows(form.len()).any(|part| part == form));
        assert!(found, "{coded}");
    }
}
