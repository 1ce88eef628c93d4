//! The workflow for Atlantis: the server's steps in order, with the variables that Atlantis sets.

use std::fs;

use serde_json::Value;

use super::machine::{KEY, said};
use super::story::{Story, set, various};
use super::{example, yaml};

/// The steps of a command.
fn steps(command: &str) -> Vec<Value> {
    let config = yaml(&example("atlantis/repos.yaml"));
    let workflow = config["repos"][0]["workflow"].as_str().unwrap();
    config["workflows"][workflow][command]["steps"].as_array().unwrap().clone()
}

/// Checks out the pull request as `--checkout-strategy=merge` does.
fn check_out(story: &Story) {
    story.types("git checkout -q --detach main && git merge -q --no-ff -m atlantis-merge change");
}

/// Runs a command in the folder of the project. `arguments` are what Atlantis makes of those in the comment.
fn run(story: &Story, name: &str, arguments: &str) -> (Option<i32>, String) {
    let project = yaml(&example("atlantis/atlantis.yaml"))["projects"][0].clone();
    let folder = story.repository().join(project["dir"].as_str().unwrap());
    let mut log = String::new();
    for step in steps(name) {
        let run = &step["run"];
        assert_eq!(run["shell"], "bash");
        let mut command = story.machine.bash(&folder, run["command"].as_str().unwrap());
        let own = story.machine.path("own");
        command.env("PATH", format!("{}:{}", own.display(), std::env::var("PATH").unwrap()));
        command.env("TELNYX_API_KEY", KEY).env("TRUNKLINE_STATE", story.state());
        command.env("PLANFILE", planfile(story)).env("PULL_NUM", "7").env("DIR", &folder);
        command.env("TRUNKLINE_AUDIT", story.machine.path("forge"));
        command.env("COMMENT_ARGS", arguments);
        let output = command.output().unwrap();
        log += &said(&output);
        if !output.status.success() {
            return (output.status.code(), log);
        }
    }
    (Some(0), log)
}

fn planfile(story: &Story) -> std::path::PathBuf {
    story.machine.path("default.tfplan")
}

/// An argument of a comment, as Atlantis passes it.
fn escaped(arguments: &[&str]) -> String {
    let one = |argument: &&str| argument.chars().flat_map(|c| ['\\', c]).collect::<String>();
    arguments.iter().map(one).collect::<Vec<_>>().join(",")
}

#[test]
fn a_change_is_planned_and_applied_once() {
    let story = Story::begin();
    story.change(various);
    check_out(&story);
    let (status, log) = run(&story, "plan", "");
    assert_eq!(status, Some(0), "{log}");
    for part in ["desk12@shop12.example", "[this change]", "This change: 4, already drifted: 0."] {
        assert!(log.contains(part), "{part}\n{log}");
    }
    // No line of it ends the code block that Atlantis puts it into.
    assert!(log.lines().all(|line| !line.trim_start().starts_with("```")), "{log}");
    let (status, log) = run(&story, "apply", "");
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("Applied: 4 done"), "{log}");
    assert!(story.machine.forge("7.jsonl").contains("desk40@shop40.example"));
    // A second apply of the same plan sends nothing.
    let (status, log) = run(&story, "apply", "");
    assert_eq!(status, Some(4), "{log}");
    assert_eq!(story.machine.forge("7.jsonl").lines().count(), 4);
}

#[test]
fn what_changed_after_the_plan_is_not_sent() {
    let story = Story::begin();
    story.change(|text| set(text, "desk10@shop10.example", "enabled: true", "enabled: false"));
    check_out(&story);
    assert_eq!(run(&story, "plan", "").0, Some(0));
    let entry = "email: desk10@shop10.example";
    story.types("git checkout -q main");
    story.meddle(&format!("{entry}\n"), &format!("{entry}\n    channel_limit: 3\n"));
    story.types("sed 's/desk10@shop10/other10@shop10/' ../portal.yaml > ../other.yaml");
    check_out(&story);
    let (status, log) = run(&story, "apply", "");
    // A limit beside the planned field does not stop it.
    assert_eq!(status, Some(0), "{log}");
    story.change(|text| set(text, "desk11@shop11.example", "enabled: true", "enabled: false"));
    check_out(&story);
    assert_eq!(run(&story, "plan", "").0, Some(0));
    story.types("trunkline apply manifests --auto-approve --state ../elsewhere.json");
    let (status, log) = run(&story, "apply", "");
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("satisfied"), "another apply did it: {log}");
}

#[test]
fn a_plan_that_fails_leaves_no_plan_to_apply() {
    let story = Story::begin();
    story.change(various);
    check_out(&story);
    assert_eq!(run(&story, "plan", "").0, Some(0));
    assert!(planfile(&story).exists());
    story.change(|text| set(text, "desk10@shop10.example", "custom_pricing", "custom_prizing"));
    check_out(&story);
    let (status, log) = run(&story, "plan", "");
    assert_eq!(status, Some(1), "{log}");
    assert!(!planfile(&story).exists(), "the plan of the commit before is gone");
    assert_eq!(run(&story, "apply", "").0, Some(1));

    // So does a bucket that is lost.
    story.change(various);
    check_out(&story);
    assert_eq!(run(&story, "plan", "").0, Some(0));
    story.keep_state_at("s3://lost/trunkline");
    story.machine.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    story.machine.set("AWS_ALLOW_HTTP", "true");
    story.machine.set("AWS_ACCESS_KEY_ID", "AKIAOFTHETESTS");
    story.machine.set("AWS_SECRET_ACCESS_KEY", "secret");
    assert_eq!(run(&story, "apply", "").0, Some(1), "nothing is sent without the state");
    let (status, log) = run(&story, "plan", "");
    assert_eq!(status, Some(1), "{log}");
    assert!(!planfile(&story).exists());
    assert_eq!(story.machine.forge("7.jsonl"), "");
}

#[test]
fn a_comment_approves_a_number_and_nothing_else() {
    let story = Story::begin();
    story.change(|text| text.replacen("enabled: true", "enabled: false", 12));
    check_out(&story);
    assert_eq!(run(&story, "plan", "").0, Some(0));
    let (status, log) = run(&story, "apply", "");
    assert_eq!(status, Some(3), "{log}");
    for bad in [
        &["--state", "none"][..],
        &["--approve-destructive", "12", "--plan", "other"],
        &["--approve-destructive", "$(touch pwned)"],
        &["--auto-approve"],
    ] {
        let (status, log) = run(&story, "apply", &escaped(bad));
        assert_eq!(status, Some(1), "{log}");
        assert!(log.contains("the only arguments are"), "{log}");
    }
    assert_eq!(run(&story, "apply", &escaped(&["--approve-destructive", "11"])).0, Some(3));
    let (status, log) = run(&story, "apply", &escaped(&["--approve-destructive", "12"]));
    assert_eq!(status, Some(0), "{log}");
}

#[test]
fn a_pull_request_cannot_bring_its_own_workflow() {
    let config = yaml(&example("atlantis/repos.yaml"));
    let repository = &config["repos"][0];
    assert_eq!(repository["allow_custom_workflows"], false);
    assert_eq!(repository["allowed_overrides"].as_array().unwrap().len(), 0);
    let required = repository["apply_requirements"].as_array().unwrap();
    assert!(required.contains(&"approved".into()) && required.contains(&"undiverged".into()));
    let project = yaml(&example("atlantis/atlantis.yaml"));
    assert!(project["projects"][0].get("workflow").is_none());
    for step in steps("plan").into_iter().chain(steps("apply")) {
        let shell: Vec<_> = step["run"]["shellArgs"].as_array().unwrap().clone();
        assert_eq!(shell, ["-euo", "pipefail", "-c"], "it stops at the first failure");
    }
    assert!(fs::metadata(super::folder().join("atlantis/repos.yaml")).is_ok());
}
