//! Accounts that the state knows and the API no longer lists: none is created a second time.

use assert_cmd::Command;
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline::sandbox::{Running, SandboxConfig, Seed, start};

use crate::support::site::KEY;

const NAMES: [&str; 3] = ["ann", "bob", "cat"];
const OTHER: &str = "other";

fn email(name: &str) -> String {
    format!("{name}@shop.example")
}

fn account(name: &str) -> Value {
    let id = format!("00000000-0000-4000-8000-0000000000{:x}", name.as_bytes()[0]);
    json!({ "id": id, "email": email(name), "organization_name": name })
}

/// A sandbox on this port with one account, the accounts of `names` and this behavior.
async fn sandbox(port: u16, names: &[&'static str], behavior: Value) -> Running {
    let accounts: Vec<Value> = [OTHER].iter().chain(names).map(|name| account(name)).collect();
    let seed = json!({ "accounts": accounts, "behavior": behavior }).to_string();
    let config = SandboxConfig::new(SecretString::from(KEY), Seed::parse(&seed).unwrap());
    start(SandboxConfig { port, ..config }).await.unwrap()
}

/// Runs a command that must end with `status`, and returns its output.
async fn run(folder: &TempDir, port: u16, arguments: &[&str], status: i32) -> String {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.args(arguments).current_dir(folder.path()).env("TELNYX_API_KEY", KEY);
    command.env("TELNYX_BASE_URL", format!("http://127.0.0.1:{port}/v2"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{text}");
    text
}

/// A folder whose state knows all accounts, and the port of the sandbox that had them.
async fn known() -> (TempDir, u16) {
    let folder = TempDir::new().unwrap();
    let entry = |name: &&str| {
        format!("  - {{ name: {name}, email: {}, custom_pricing: true }}\n", email(name))
    };
    let accounts: String = [OTHER].iter().chain(&NAMES).map(entry).collect();
    let policy = "policy: { max_creates: 10 }\n";
    let manifest = format!("version: 1\norganization: acme\n{policy}accounts:\n{accounts}");
    std::fs::write(folder.path().join("trunkline.yaml"), manifest).unwrap();
    let sandbox = sandbox(0, &NAMES, json!({})).await;
    let port = sandbox.port();
    run(&folder, port, &["apply", "-y"], 0).await;
    sandbox.stop().await;
    (folder, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn known_accounts_that_exist_but_are_not_listed_make_the_inventory_incomplete() {
    let (folder, port) = known().await;
    let sandbox = sandbox(port, &NAMES, json!({ "unlisted": NAMES.map(email) })).await;
    for command in [&["plan"][..], &["apply", "-y"]] {
        let text = run(&folder, port, command, 7).await;
        for name in NAMES {
            let gap = format!("no list shows {}, but its account", email(name));
            assert!(text.contains(&gap), "{text}");
        }
    }
    assert_eq!(sandbox.accounts().len(), 1 + NAMES.len(), "none was created again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_account_that_does_not_exist_is_created_again_only_after_state_forget() {
    let (folder, port) = known().await;
    let sandbox = sandbox(port, &NAMES[1..], json!({})).await;
    let text = run(&folder, port, &["apply", "-y"], 4).await;
    assert!(text.contains("trunkline state forget ann@shop.example"), "{text}");
    assert!(sandbox.account("ann@shop.example").is_none());
    run(&folder, port, &["state", "forget", "ann@shop.example"], 0).await;
    run(&folder, port, &["apply", "-y"], 0).await;
    assert!(sandbox.account("ann@shop.example").is_some());
}
