//! `fmt` as its users run it.

use assert_cmd::Command;
use tempfile::TempDir;

#[test]
fn a_check_writes_nothing_and_names_the_files() {
    let folder = TempDir::new().unwrap();
    let (good, bad) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
    std::fs::write(&good, "version: 1\norganization: acme\n").unwrap();
    let messy = "accounts: [ ]   # none\nversion: 1\n";
    std::fs::write(&bad, messy).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("trunkline").unwrap();
        let output = command.arg("fmt").arg(folder.path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let named = format!("{}\n", bad.display());
    assert_eq!(run(&["--check"]), (Some(2), named.clone()));
    assert_eq!(std::fs::read_to_string(&bad).unwrap(), messy);
    assert_eq!(run(&[]), (Some(0), named));
    assert_eq!(std::fs::read_to_string(&bad).unwrap(), "version: 1\naccounts: []  # none\n");
    assert_eq!(run(&["--check"]), (Some(0), String::new()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    std::fs::write(&bad, "version: 1\naccount: []\n").unwrap();
    assert_eq!(run(&[]), (Some(1), String::new()));
}

#[test]
fn several_manifests_are_formatted_and_the_worst_status_counts() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("a.yaml", "organization: a\nversion: 1\n");
    write("b.yaml", "version: 2\n");
    write("c.yaml", "organization: c\nversion: 1\n");
    let run = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("trunkline").unwrap();
        command.arg("fmt").args(arguments).current_dir(folder.path());
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(&["--check", "a.yaml", "c.yaml"]), (Some(2), "a.yaml\nc.yaml\n".to_owned()));
    assert_eq!(run(&["a.yaml", "b.yaml", "c.yaml"]), (Some(1), "a.yaml\nc.yaml\n".to_owned()));
    assert_eq!(run(&["--check", "a.yaml", "c.yaml"]), (Some(0), String::new()));
    write("a.yaml", "organization: a\nversion: 1\n");
    assert_eq!(run(&["--check", "a.yaml", "c.yaml"]), (Some(2), "a.yaml\n".to_owned()));
}

#[test]
fn a_diff_writes_nothing_and_is_a_patch_to_the_canonical_layout() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("trunkline.yaml");
    let messy = "version: 1\n\n\norganization: acme\naccounts: [ ]   # none\n";
    std::fs::write(&path, messy).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("trunkline").unwrap();
        // Without PATH, the manifest in the working directory.
        command.arg("fmt").args(arguments).current_dir(folder.path());
        command.env_remove("TRUNKLINE_MANIFEST");
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, diff) = run(&["--diff"]);
    assert_eq!((status, std::fs::read_to_string(&path).unwrap().as_str()), (Some(2), messy));
    insta::assert_snapshot!(diff);
    assert_eq!(run(&["--diff", "trunkline.yaml"]), (Some(2), diff));
    assert_eq!(run(&[]).0, Some(0));
    assert_eq!(run(&["--diff"]), (Some(0), String::new()));
}

#[test]
fn a_dash_formats_stdin_to_stdout() {
    let run = |arguments: &[&str], text: &str| {
        let mut command = Command::cargo_bin("trunkline").unwrap();
        let output = command.arg("fmt").args(arguments).write_stdin(text).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let messy = "organization: acme\nversion:  1\n";
    let clean = "version: 1\norganization: acme\n";
    assert_eq!(run(&["-"], messy), (Some(0), clean.to_owned(), String::new()));
    assert_eq!(run(&["-"], clean), (Some(0), clean.to_owned(), String::new()));
    assert_eq!(run(&["-", "--check"], messy), (Some(2), "<stdin>\n".to_owned(), String::new()));
    let (status, diff, _) = run(&["-", "--diff"], messy);
    assert!(status == Some(2) && diff.starts_with("--- <stdin>\n+++ <stdin>\n@@ "), "{diff}");
    let (status, out, err) = run(&["-"], "version: 2\n");
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.contains("--> <stdin>:1"), "{err}");
    assert_eq!(run(&["-", "a.yaml"], clean).0, Some(1));
}
