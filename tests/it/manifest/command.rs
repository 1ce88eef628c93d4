//! `validate`, `schema`, and how problems come out of every command that reads a manifest.

use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;

use super::repository;

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.args(arguments).current_dir(repository("."));
    command.env_remove("TELNYX_API_KEY").env_remove("TELNYX_BASE_URL").env_remove("NO_COLOR");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

const BROKEN: &str = "tests/it/data/broken/duplicate_email.yaml";

#[test]
fn a_valid_manifest_is_summed_up_with_its_number_of_files() {
    for (manifest, summary) in [
        ("manifests/example.yaml", "Valid: acme, 9 accounts, 5 users\nRead 1 file\n"),
        (
            "manifests/franchise",
            "Valid: corner-kitchen, 300 accounts, 21 users, 2 accepted findings\nRead 7 files\n",
        ),
        (
            "manifests/franchise/organization.yaml",
            "Valid: corner-kitchen, accounts not managed, users not managed, 2 accepted findings\nRead 1 file\n",
        ),
    ] {
        let (status, out, _) = run(&["validate", manifest]);
        assert_eq!((status, out.as_str()), (Some(0), summary));
    }
    assert_eq!(run(&["-q", "validate", "manifests/example.yaml"]).1, "");
}

#[test]
fn several_manifests_are_checked_and_any_problem_ends_with_status_1() {
    let (example, franchise) = ("manifests/example.yaml", "manifests/franchise");
    let valid = "Valid: acme, 9 accounts, 5 users\n";
    let (status, out, err) = run(&["validate", example, franchise]);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert!(out.starts_with(valid) && out.ends_with("\nRead 8 files\n"), "{out}");
    let (status, out, err) = run(&["validate", BROKEN, example, "missing.yaml"]);
    assert_eq!((status, out), (Some(1), format!("{valid}Read 1 file\n")));
    assert!(err.ends_with("\n3 problems in 2 files\n"), "{err}");
    let (status, _, err) = run(&["validate", example, franchise, "--report", "env=/dev/null"]);
    assert_eq!(status, Some(1));
    assert!(
        err.starts_with("error: a report is of one manifest, and 2 are given\nhint: "),
        "{err}"
    );
}

#[test]
fn problems_go_to_stderr_and_end_with_status_1_and_a_count() {
    for command in ["validate", "plan", "apply"] {
        let (status, out, err) = run(&[command, BROKEN]);
        assert_eq!((status, out.as_str()), (Some(1), ""), "{command}");
        assert!(err.starts_with("error: two accounts have the email"), "{command}:\n{err}");
        assert!(err.ends_with("\n2 problems in 1 file\n"), "{command}:\n{err}");
        assert!(!err.contains('\u{1b}'), "{command} has colours where no terminal is");
    }
}

#[test]
fn problems_have_colours_on_request() {
    let (_, _, err) = run(&["--color", "always", "validate", BROKEN]);
    assert!(err.contains("\u{1b}[1m\u{1b}[91merror"), "{err:?}");
    assert!(!run(&["--color", "never", "validate", BROKEN]).2.contains('\u{1b}'));
}

#[test]
fn the_printed_schema_equals_the_one_in_the_repository() {
    let (status, out, _) = run(&["schema", "manifest"]);
    assert_eq!(status, Some(0));
    assert_eq!(out, std::fs::read_to_string(repository("manifests/schema.json")).unwrap());
    assert_eq!(run(&["schema", "nothing"]).0, Some(1));
}
