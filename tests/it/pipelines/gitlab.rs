//! The GitLab pipeline: which jobs get the key, and the scripts in order.

use std::fs;

use serde_json::{Value, json};

use super::machine::{KEY, said};
use super::story::{Story, set, various};
use super::{example, yaml};

fn pipeline() -> Value {
    yaml(&example("gitlab/.gitlab-ci.yml"))
}

/// The script of a job with its `before_script`: GitLab runs both in one shell.
fn script(job: &str) -> String {
    let pipeline = pipeline();
    let parts = [&pipeline["default"]["before_script"], &pipeline[job]["script"]];
    let lines = parts.into_iter().flat_map(|part| part.as_array().unwrap());
    lines.map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Runs a job in the repository. `dotenv` is the output of earlier jobs.
fn run(
    story: &Story,
    job: &str,
    variables: &[(&str, &str)],
    dotenv: &str,
) -> (Option<i32>, String) {
    let key = story.machine.path("key");
    fs::write(&key, KEY).unwrap();
    let repository = story.repository();
    story.types("git clean -qfdx -e '*.env'");
    let mut command = story.machine.bash(&repository, &script(job));
    command.env("CI_PROJECT_DIR", &repository).env("MANIFEST", "manifests");
    command.env("TRUNKLINE_REPOSITORY", "https://git.example/trunkline");
    command.env("TRUNKLINE_REV", "0123456789abcdef0123456789abcdef01234567");
    command.env("TRUNKLINE_STATE", story.machine.path("state.json"));
    if job != "check" {
        command.env("TELNYX_API_KEY_FILE", key);
    }
    command.envs(variables.iter().copied());
    command.envs(dotenv.lines().map(|line| line.split_once('=').unwrap()));
    let output = command.output().unwrap();
    (output.status.code(), said(&output))
}

#[test]
fn a_change_goes_through_the_pipeline() {
    let story = Story::begin();
    story.change(various);
    let base = story.types("git rev-parse main");
    let of_request = [("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.trim())];
    let read = |name: &str| fs::read_to_string(story.repository().join(name)).unwrap();

    let (status, log) = run(&story, "check", &of_request, "");
    assert_eq!(status, Some(0), "{log}");
    assert!(read("manifest.diff").contains("+    email: desk40@shop40.example"));
    let (status, log) = run(&story, "plan", &of_request, "");
    assert_eq!(status, Some(0), "{log}");
    assert_eq!(read("plan.json"), "{\"create\":1,\"update\":2,\"delete\":1}\n");
    assert!(read("plan.md").contains("this change"));

    story.merge();
    let (status, log) = run(&story, "plan", &[], "");
    assert_eq!(status, Some(0), "{log}");
    let dotenv = read("plan.env");
    let (status, log) = run(&story, "apply", &[], &dotenv);
    assert_eq!(status, Some(0), "{log}");
    assert!(read("audit.jsonl").contains("desk40@shop40.example"));
    assert_eq!(run(&story, "drift", &[], "").0, Some(0));
    // The same plan no longer matches the live side.
    assert_eq!(run(&story, "apply", &[], &dotenv).0, Some(4));

    story.meddle("custom_pricing: false", "custom_pricing: true");
    assert_eq!(run(&story, "drift", &[], "").0, Some(2));
    story.change(|text| set(text, "desk13@shop13.example", "custom_pricing", "custom_prizing"));
    assert_eq!(run(&story, "check", &of_request, "").0, Some(1));
}

#[test]
fn the_pipeline_keeps_our_rules() {
    let pipeline = pipeline();
    assert!(!script("check").contains("TELNYX_API_KEY"));
    // GitLab gives the key to protected branches only.
    for rule in pipeline["plan"]["rules"].as_array().unwrap() {
        let condition = rule["if"].as_str().unwrap();
        assert!(
            condition.contains("$TELNYX_API_KEY_FILE") || condition.contains("$CI_DEFAULT_BRANCH"),
            "{rule}"
        );
    }
    let apply = &pipeline["apply"];
    assert_eq!(apply["resource_group"], "trunkline-apply");
    assert_eq!(apply["interruptible"], false);
    let rules = apply["rules"].as_array().unwrap();
    assert!(rules.iter().all(|rule| rule["when"] == "manual"), "{rules:?}");
    assert_eq!(pipeline["drift"]["allow_failure"], json!({ "exit_codes": [2] }));
    for job in ["plan", "apply"] {
        assert_eq!(pipeline[job]["artifacts"]["access"], "developer");
    }
}
