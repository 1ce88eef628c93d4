//! The pipelines of `examples/`, checked against our rules and run step by step against a sandbox.

mod bucket;
mod gitlab;
mod kubernetes;
mod machine;
mod queue;
mod refusals;
mod reviews;
mod rules;
mod runner;
mod story;

use serde_json::Value;

/// A file of `examples/`.
fn example(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// YAML as GitHub reads it: `on` is a string.
fn yaml(text: &str) -> Value {
    let options = serde_yaml::options! { strict_booleans: true };
    serde_yaml::from_str_with_options(text, options).unwrap()
}

/// The workflows for GitHub.
const WORKFLOWS: [&str; 5] =
    ["pull-request.yml", "plan.yml", "merge-queue.yml", "apply.yml", "drift.yml"];
