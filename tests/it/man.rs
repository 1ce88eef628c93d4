//! `man`: one page for each command.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;
use tempfile::TempDir;

use crate::support::tools;

fn trunkline(arguments: &[&str]) -> String {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Writes the pages to a folder, and returns them by name.
fn pages(folder: &Path) -> BTreeMap<String, String> {
    trunkline(&["man", "--out", folder.to_str().unwrap()]);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let page = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    entries.map(page).collect()
}

#[test]
fn every_command_has_a_page_with_its_variables_files_statuses_and_examples() {
    let folder = TempDir::new().unwrap();
    let pages = pages(&folder.path().join("man/man1"));
    let listed = |help: &str| -> Vec<String> {
        let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        let named = commands.lines().filter(|line| !line.starts_with("   "));
        named.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
    };
    let mut expected = vec!["trunkline.1".to_owned()];
    for command in listed(&trunkline(&["--help"])) {
        if ["get", "state"].contains(&command.as_str()) {
            let below = listed(&trunkline(&[&command, "--help"]));
            expected.extend(below.iter().map(|below| format!("trunkline-{command}-{below}.1")));
        }
        expected.push(format!("trunkline-{command}.1"));
    }
    expected.sort();
    assert_eq!(pages.keys().cloned().collect::<Vec<_>>(), expected);
    for (name, page) in &pages {
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "\"EXIT STATUS\"", "EXAMPLES"] {
            assert!(page.contains(&format!(".SH {section}\n")), "{name}: {section}");
        }
    }
    let plan = &pages["trunkline-plan.1"];
    for word in [
        ".SH \"ENVIRONMENT\"\n.TP\n\\fBTRUNKLINE_MANIFEST\\fR\n",
        "\\fBTELNYX_API_KEY\\fR",
        "\\fBTRUNKLINE_STATE\\fR\nSets \\-\\-state,",
        ".SH \"FILES\"\n.TP\n\\fBtrunkline.yaml\\fR\n",
        "\\fB7\\fR\ninventory incomplete",
        "\ntrunkline plan acme.yaml\n",
    ] {
        assert!(plan.contains(word), "{word}:\n{plan}");
    }
    assert!(!plan.contains("TRUNKLINE_LOCK_TIMEOUT") && !plan.contains("\\fB6\\fR"));
    assert!(!pages["trunkline-schema.1"].contains("ENVIRONMENT"));
    let all = trunkline(&["man"]);
    assert!(pages.values().all(|page| all.contains(page.as_str())));
}

#[test]
fn no_page_has_a_warning_of_mandoc_or_man() {
    let folder = TempDir::new().unwrap();
    let names: Vec<String> = pages(folder.path()).into_keys().collect();
    let lints: [(&str, &[&str]); 2] =
        [("mandoc", &["-T", "lint", "-W", "warning"]), ("man", &["--warnings", "-l"])];
    for (tool, arguments) in lints {
        let package = if tool == "man" { "man-db" } else { tool };
        let Some(program) = tools::find(tool, package) else { continue };
        let mut lint = Command::new(program);
        lint.env("MANPAGER", "cat").env("LC_ALL", "C.UTF-8");
        lint.args(arguments).args(&names).current_dir(folder.path());
        let output = lint.output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let printed = text(&output.stderr);
        assert_eq!(printed, "", "{tool}");
        if tool == "mandoc" {
            // It prints warnings to stdout. The pages of two builds are equal, so they have no date.
            let warnings = text(&output.stdout);
            let others = warnings.lines().filter(|line| !line.contains("missing date"));
            assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
        } else {
            assert!(output.status.success(), "{tool}");
        }
    }
}
