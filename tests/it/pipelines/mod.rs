//! The pipelines of `examples/`, checked against our rules and run step by step against a sandbox.

mod action;
mod atlantis;
#[cfg(feature = "object-store")]
mod bucket;
mod gitlab;
mod hooks;
mod image;
mod kubernetes;
mod machine;
mod policy;
mod queue;
mod refusals;
mod release;
mod reviews;
mod rules;
mod runner;
mod story;

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of the examples.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// A program that `.ci/tools` installs. Where `TRUNKLINE_TOOLS` names their folder it must be there; otherwise the test
/// reports that it was skipped.
#[expect(clippy::print_stderr, reason = "a skipped test must not look like one that passed")]
fn tools(program: &str) -> Option<PathBuf> {
    let named = std::env::var_os("TRUNKLINE_TOOLS").filter(|named| !named.is_empty());
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin");
    let path = named.clone().map_or(ours, PathBuf::from).join(program);
    let found = path.is_file();
    assert!(found || named.is_none(), "TRUNKLINE_TOOLS has no {program}");
    if !found {
        eprintln!("SKIPPED: {program} is not in target/tools; see .ci/tools");
    }
    found.then_some(path)
}

/// A file of the repository.
fn file(path: &str) -> String {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(full).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file of `examples/`.
fn example(name: &str) -> String {
    file(&format!("examples/{name}"))
}

/// YAML as GitHub reads it: `on` is a string.
fn yaml(text: &str) -> Value {
    let options = serde_yaml::options! { strict_booleans: true };
    serde_yaml::from_str_with_options(text, options).unwrap()
}

/// The workflows for GitHub.
const WORKFLOWS: [&str; 5] =
    ["pull-request.yml", "plan.yml", "merge-queue.yml", "apply.yml", "drift.yml"];

/// The action that installs Trunkline, for our users and for the workflows above.
const ACTION: &str = ".github/actions/trunkline/action.yml";

#[test]
fn the_blocks_of_the_documents_copy_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/pipelines.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root, folder.path().join("trunkline")).unwrap();
    let copies = |line: &&str| line.starts_with("cp ") || line.starts_with("mkdir ");
    let script = page.lines().filter(copies).collect::<Vec<_>>().join("\n");
    let mut bash = std::process::Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script]).current_dir(folder.path());
    let output = bash.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let workflows = WORKFLOWS.map(|name| format!(".github/workflows/{name}"));
    let others =
        [".gitlab-ci.yml", "templates/trunkline.yml", "atlantis.yaml", "policy/trunkline.rego"];
    for file in workflows.iter().map(String::as_str).chain(others) {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
}
