//! `completions`, in the shells themselves.

use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;
use tempfile::TempDir;

use crate::support::tools;

/// Writes the script of a shell. Returns false if the shell is missing.
fn prepare(shell: &str, path: &Path) -> bool {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    let output = command.args(["completions", shell]).output().unwrap();
    assert!(output.status.success());
    std::fs::write(path, output.stdout).unwrap();
    tools::find(shell, shell).is_some()
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

/// Words before the cursor, and what completes the last one.
const CASES: [(&str, &[&str]); 9] = [
    ("plan --report ma", &["markdown="]),
    ("plan --report git", &["github-summary=", "gitlab-terraform="]),
    ("plan --format ", &["text", "json", "markdown", "diff", "github"]),
    ("plan --only ", &["drift", "this-change"]),
    ("apply --only ", &["this-change"]),
    (
        "explain user_",
        &[
            "user_missing",
            "user_unlisted",
            "user_blocked",
            "user_disabled",
            "user_bypasses_sso",
            "user_stale",
        ],
    ),
    ("get accounts --status d", &["disabled"]),
    ("help stat", &["state"]),
    ("schema ", &["manifest", "plan", "outcome", "daemon", "review", "crd"]),
];

fn sorted<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    words.sort();
    words
}

#[test]
fn bash_completes_kinds_values_and_codes() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("completions");
    if !prepare("bash", &script) {
        return;
    }
    // The function that bash calls with the command, the word and the word before.
    let driver = r#"
        source "$1"
        shift
        COMP_WORDS=(trunkline "$@")
        COMP_CWORD=$#
        compopt() { :; }
        _trunkline_values trunkline "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    for (line, expected) in CASES {
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", driver, "bash"]).arg(&script).args(line.split(' '));
        let printed = output(&mut bash);
        let completed = printed.lines().filter(|word| !word.starts_with('-'));
        assert_eq!(sorted(completed), sorted(expected.iter().copied()), "{line}");
    }
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", driver, "bash"]).arg(&script).args(["validate", "--"]);
    let options = output(&mut bash);
    assert!(options.contains("--report") && !options.contains("--api-key-file"), "{options}");
}

#[test]
fn fish_completes_kinds_values_and_codes() {
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("completions");
    if !prepare("fish", &script) {
        return;
    }
    let complete = |line: &str| {
        let mut fish = Command::new("fish");
        let driver = "source $argv[1]; complete -C \"trunkline $argv[2]\"";
        fish.args(["--no-config", "-c", driver]).arg(&script).arg(line);
        fish.current_dir(folder.path()).env("HOME", folder.path());
        output(&mut fish)
    };
    let words = |printed: &str| {
        let words = printed.lines().map(|line| line.split('\t').next().unwrap());
        // Files may follow a kind of report.
        sorted(words.filter(|word| *word != "completions"))
    };
    for (line, expected) in CASES {
        assert_eq!(words(&complete(line)), sorted(expected.iter().copied()), "{line}");
    }
    assert_eq!(complete("plan --report markdown=comp").trim(), "markdown=completions");
    let options = complete("validate --");
    assert!(options.contains("--report") && !options.contains("--api-key-file"), "{options}");
}

#[test]
fn zsh_completes_kinds_values_and_codes() {
    let folder = TempDir::new().unwrap();
    if !prepare("zsh", &folder.path().join("_trunkline")) {
        return;
    }
    // A shell on a terminal of its own. Ctrl-X writes the line as it is after the completion.
    let driver = r#"
        zmodload zsh/zpty
        zpty child zsh -f -i
        zpty -w child 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D'
        zpty -w child 'dump() { print -r -- "$BUFFER" > line.tmp; mv line.tmp line; zle kill-buffer }; zle -N dump; bindkey "^X" dump'
        zpty -w child 'print -r -- ready > line'
        wait_for_line() {
            for ((i = 0; i < 1000; i++)); do
                [[ -s line ]] && { cat line; rm line; return }
                sleep 0.02
            done
            exit 1
        }
        wait_for_line
        for typed in "$@"; do
            zpty -n -w child "trunkline $typed"$'\t\x18'
            wait_for_line
        done
        zpty -d child
    "#;
    // An ambiguous word is completed as far as it is common.
    let cases = [
        ("plan --report ma", "plan --report markdown="),
        ("plan --report markdown=_tr", "plan --report markdown=_trunkline "),
        ("plan --report gith", "plan --report github-summary="),
        ("plan --format js", "plan --format json "),
        ("plan --only th", "plan --only this-change "),
        ("apply --only t", "apply --only this-change "),
        ("explain user_m", "explain user_missing "),
        ("explain use", "explain user_"),
        ("get accounts --status d", "get accounts --status disabled "),
        ("help stat", "help state "),
        ("validate --api-k", "validate --api-k"),
        ("plan --api-k", "plan --api-key-file="),
    ];
    let mut zsh = Command::new("zsh");
    zsh.args(["-f", "-c", driver, "zsh"]).args(cases.map(|(typed, _)| typed));
    zsh.current_dir(folder.path()).env("HOME", folder.path()).env("TERM", "dumb");
    let printed = output(&mut zsh);
    let completed: Vec<&str> = printed.lines().collect();
    let expected = cases.map(|(_, completed)| format!("trunkline {completed}"));
    assert_eq!(completed[0], "ready");
    assert_eq!(completed[1..], expected);
}
