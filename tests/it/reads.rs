//! Promise 1: `validate`, `plan`, `get` and everything else that only looks sends nothing but GET.

use std::collections::BTreeSet;

use crate::support::site::{Site, text};

/// Commands that are there to change something, or to be a server.
const WRITE: [&str; 4] = ["operator", "apply", "demo", "sandbox"];

/// Every way to use the others; `MANIFEST`, `ACCOUNT` and `USER` stand for what the sandbox has.
const READ: &[&[&str]] = &[
    &["validate", "MANIFEST"],
    &["plan", "MANIFEST"],
    &["plan", "MANIFEST", "--format", "json"],
    &["plan", "MANIFEST", "--detailed-exitcode"],
    &["plan", "MANIFEST", "--target", "ops@acme.example"],
    &["plan", "MANIFEST", "--state", "none", "-vvv"],
    &["plan", "MANIFEST", "--base", "MANIFEST"],
    &["diff", "MANIFEST", "MANIFEST"],
    &["diff", "MANIFEST", "MANIFEST", "--format", "json"],
    &["import"],
    &["import", "--organization", "acme", "--out", "imported.yaml"],
    &["init", "new"],
    &["init", "example", "--example"],
    &["fmt", "MANIFEST", "--check"],
    &["get", "accounts"],
    &["get", "accounts", "--format", "json"],
    &["get", "account", "ACCOUNT"],
    &["get", "account", "ACCOUNT", "--show-credentials"],
    &["get", "balances"],
    &["get", "channels"],
    &["get", "users"],
    &["get", "user", "USER"],
    &["get", "groups-report"],
    &["get", "groups-report", "--format", "csv"],
    &["review"],
    &["review", "MANIFEST"],
    &["review", "MANIFEST", "--format", "json"],
    &["state", "show"],
    &["state", "unlock"],
    &["schema", "manifest"],
    &["schema", "plan"],
    &["schema", "review"],
    &["schema", "daemon"],
    &["schema", "crd"],
    &["daemon", "MANIFEST", "--once"],
    &["explain"],
    &["explain", "user_missing"],
    &["completions", "bash"],
    &["man"],
    &["version"],
    &["help", "plan"],
];

#[tokio::test(flavor = "multi_thread")]
async fn promise_1_what_only_looks_sends_nothing_but_get() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    let (account, user) =
        (site.sandbox.accounts()[0].id.clone(), site.sandbox.users()[1].id.clone());
    // A state file for the commands that show it.
    site.ends(&["apply", text(&manifest), "--auto-approve"], 0).await;
    site.proxy.changes();
    let before = site.sandbox.writes();
    for line in READ {
        let word = |word: &&str| match *word {
            "MANIFEST" => text(&manifest).to_owned(),
            "ACCOUNT" => account.clone(),
            "USER" => user.clone(),
            word => word.to_owned(),
        };
        let words: Vec<String> = line.iter().map(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = site.run(&words).await;
        let status = output.status.code();
        assert_eq!(status, Some(0), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(site.proxy.changes(), Vec::<String>::new(), "{line:?}");
    }
    assert_eq!(site.sandbox.writes(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_is_known_to_read_or_to_write() {
    let site = Site::open().await;
    let help = site.ends(&["--help"], 0).await;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: BTreeSet<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let read = READ.iter().map(|line| line[0]);
    let known: BTreeSet<&str> = read.chain(WRITE).collect();
    assert_eq!(commands, known);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_of_what_is_in_sync_sends_nothing_but_get() {
    let site = Site::open().await;
    let manifest = site.manifest(&[]);
    site.ends(&["apply", text(&manifest), "--auto-approve"], 0).await;
    site.proxy.changes();
    site.ends(&["apply", text(&manifest)], 0).await;
    assert_eq!(site.proxy.changes(), Vec::<String>::new());
}
