//! Output to a terminal: its lines fit the width.

use std::path::Path;
use std::process::Command;

use crate::support::tools;

const TRUNKLINE: &str = env!("CARGO_BIN_EXE_trunkline");

/// Runs a command with a terminal of 60 columns, and returns what it shows.
fn shown(script: &Path, folder: &Path, arguments: &str) -> String {
    let command = format!("stty cols 60; {TRUNKLINE} {arguments}");
    let mut run = Command::new(script);
    run.args(["-qc", &command, "/dev/null"]).current_dir(folder).env_remove("TELNYX_API_KEY");
    let output = run.output().unwrap();
    String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
}

#[test]
fn text_fits_the_width_of_a_terminal() {
    let Some(script) = tools::find("script", "bsdutils") else { return };
    let folder = tempfile::tempdir().unwrap();
    let manifest = "version: 1\norganization: acme\npolicy:\n  unlisted_accounts: disable\n  max_creats: 1\naccounts: []\n";
    std::fs::write(folder.path().join("broken.yaml"), manifest).unwrap();
    let valid = manifest.replace("max_creats", "max_creates");
    std::fs::write(folder.path().join("base.yaml"), &valid).unwrap();
    let account = "accounts:\n- {name: A long name of a customer, email: a.long.address@customer.example, channel_limit: 12, enabled: true}\n";
    std::fs::write(folder.path().join("head.yaml"), valid.replace("accounts: []\n", account))
        .unwrap();
    let colours = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    for arguments in [
        "explain",
        "explain user_missing",
        "diff base.yaml head.yaml --color always",
        "plan head.yaml",
        "validate broken.yaml --color always",
    ] {
        let text = shown(&script, folder.path(), arguments);
        assert!(text.lines().count() > 1, "{arguments}: {text}");
        let visible = colours.replace_all(&text, "");
        for line in visible.lines() {
            assert!(line.chars().count() <= 60, "{arguments}: {line}");
        }
    }
}

#[test]
fn without_a_terminal_every_line_is_whole() {
    let output = Command::new(TRUNKLINE).arg("explain").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().any(|line| line.chars().count() > 60), "{text}");
}
