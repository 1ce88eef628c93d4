//! The pipelines of `examples/`, checked against our rules and run step by step against a sandbox.

mod action;
mod gitlab;
mod image;
mod kubernetes;
mod machine;
mod release;
mod reviews;
mod rules;
mod runner;
mod story;

use serde_json::Value;

/// A file of the repository.
fn file(path: &str) -> String {
    let full = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
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
const WORKFLOWS: [&str; 4] = ["pull-request.yml", "plan.yml", "apply.yml", "drift.yml"];

/// The action that installs Trunkline, for our users and for the workflows above.
const ACTION: &str = ".github/actions/trunkline/action.yml";
