//! The rules for our workflows, and tests that a broken rule is noticed.

use serde_json::{Value, json};

use super::{ACTION, WORKFLOWS, example, file, yaml};

/// The broken rules of a workflow.
fn problems(text: &str) -> Vec<String> {
    let workflow = yaml(text);
    let mut found = Vec::new();
    if workflow["permissions"] != json!({}) {
        found.push("it has permissions for every job".to_owned());
    }
    if workflow["defaults"]["run"]["shell"] != "bash" {
        found.push("its shell does not stop at a pipe that fails".to_owned());
    }
    let triggers = workflow["on"].as_object().unwrap();
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        let mut of_job = Vec::new();
        permissions(job, &mut of_job);
        job["steps"].as_array().unwrap().iter().for_each(|one| step(one, &mut of_job));
        if triggers.contains_key("pull_request") {
            of_anybody(&workflow, job, &mut of_job);
        }
        let ours = "github.event.pull_request.head.repo.full_name == github.repository";
        if triggers.contains_key("pull_request_target") {
            trusted_only(job, ours, &mut of_job);
        }
        if triggers.contains_key("workflow_run") {
            trusted_only(job, "github.event.workflow_run.event == 'merge_group'", &mut of_job);
        }
        // Everyone who may push can create a branch with a name of the queue.
        if triggers.contains_key("merge_group") {
            of_anybody(&workflow, job, &mut of_job);
        }
        if job.to_string().contains("trunkline apply") {
            applies(&workflow, job, &mut of_job);
        }
        found.extend(of_job.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    for line in text.lines().filter(|line| line.contains("uses: ") && line.contains('@')) {
        if !line.contains(" # v") {
            found.push(format!("no version after the commit: {}", line.trim()));
        }
    }
    found
}

fn permissions(job: &Value, found: &mut Vec<String>) {
    match job["permissions"].as_object() {
        Some(granted) if granted.get("contents") != Some(&json!("write")) => {}
        _ => found.push("it has more permissions than it needs".to_owned()),
    }
}

pub(super) fn step(step: &Value, found: &mut Vec<String>) {
    if step["env"].to_string().contains("secrets.AWS") {
        found.push("a key of the bucket is stored".to_owned());
    }
    if let Some(uses) = step["uses"].as_str() {
        let pinned =
            |commit: &str| commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
        let at = uses.split_once('@').map(|(_, commit)| commit);
        if !uses.starts_with("./") && !at.is_some_and(pinned) {
            found.push(format!("{uses} can be moved"));
        }
        if uses.starts_with("actions/checkout@") && step["with"]["persist-credentials"] != false {
            found.push("the token stays behind in the checkout".to_owned());
        }
    }
    if step["run"].as_str().is_some_and(|script| script.contains("${{")) {
        found.push("a value is pasted into a script".to_owned());
    }
}

/// A job that any contributor's change can start and rewrite.
fn of_anybody(workflow: &Value, job: &Value, found: &mut Vec<String>) {
    let text = [workflow["env"].to_string(), job.to_string()].concat();
    if text.contains("secrets.") || text.contains("secrets[") || job.get("environment").is_some() {
        found.push("a pull request can read a secret".to_owned());
    }
    let granted = job["permissions"].as_object();
    if granted.is_some_and(|granted| granted.values().any(|level| level != "read")) {
        found.push("a pull request may write".to_owned());
    }
}

/// A job with a key, for a change that is not trusted yet.
fn trusted_only(job: &Value, condition: &str, found: &mut Vec<String>) {
    if job.get("environment").is_none() {
        found.push("the key is not kept to main".to_owned());
    }
    if job["if"] != condition {
        found.push("forks get a plan".to_owned());
    }
    for step in job["steps"].as_array().unwrap() {
        let with = &step["with"];
        if with.get("ref").is_some() || with.get("repository").is_some() {
            found.push("it checks out the change".to_owned());
        }
        let script = step["run"].as_str().unwrap_or_default();
        let fetches =
            ["git checkout", "git switch", "git merge", "git worktree", "git reset", "pr checkout"];
        if fetches.iter().any(|command| script.contains(command)) {
            found.push("it checks out the change".to_owned());
        }
    }
}

/// A job that changes something.
fn applies(workflow: &Value, job: &Value, found: &mut Vec<String>) {
    let group = workflow["concurrency"]["group"].as_str().unwrap_or("${{");
    if group.contains("${{") {
        found.push("two may apply at a time".to_owned());
    }
    if workflow["concurrency"]["cancel-in-progress"] != false {
        found.push("an apply is stopped midway".to_owned());
    }
    if job.get("environment").is_none() {
        found.push("no approval is required".to_owned());
    }
    if !job.to_string().contains("--expect") {
        found.push("another plan than the approved one is applied".to_owned());
    }
}

#[test]
fn the_workflows_keep_our_rules() {
    for name in WORKFLOWS {
        let found = problems(&example(&format!("github/{name}")));
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn the_action_pastes_no_value_into_a_script() {
    let action = yaml(&file(ACTION));
    let mut found = Vec::new();
    for one in action["runs"]["steps"].as_array().unwrap() {
        assert!(one["shell"] == "bash" || one["uses"].is_string());
        step(one, &mut found);
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_workflow_that_breaks_a_rule_is_noticed() {
    let checkout = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2";
    let secret = "TELNYX_API_KEY: ${{ secrets.TELNYX_API_KEY }}";
    let breaks = [
        ("apply.yml", "permissions: {}", "permissions: write-all", "permissions for every job"),
        ("drift.yml", "    shell: bash", "    shell: sh", "shell does not stop"),
        ("apply.yml", "contents: read", "contents: write", "more permissions than it needs"),
        ("drift.yml", checkout, "actions/checkout@v4 # v4", "can be moved"),
        ("drift.yml", " # v4.2.2", "", "no version after"),
        ("drift.yml", "persist-credentials: false", "persist-credentials: true", "token stays"),
        (
            "plan.yml",
            "cd \"$RUNNER_TEMP/proposed\"",
            "echo ${{ github.event.pull_request.title }}",
            "pasted",
        ),
        ("pull-request.yml", "MANIFEST: manifests", secret, "can read a secret"),
        (
            "pull-request.yml",
            "timeout-minutes: 20",
            "environment: trunkline-plan",
            "can read a secret",
        ),
        ("pull-request.yml", "contents: read", "pull-requests: write", "may write"),
        ("plan.yml", "environment: trunkline-plan", "name: plan", "not kept to main"),
        ("plan.yml", "    if: github.event", "    if: true || github.event", "forks get a plan"),
        (
            "plan.yml",
            "persist-credentials: false",
            "ref: refs/pull/7/head",
            "checks out the change",
        ),
        ("drift.yml", "vars.TRUNKLINE_ROLE", "secrets.AWS_ACCESS_KEY_ID", "key of the bucket"),
        ("merge-queue.yml", "environment: trunkline-plan", "name: plan", "not kept to main"),
        ("merge-queue.yml", "== 'merge_group'", "!= 'push'", "forks get a plan"),
        ("merge-queue.yml", "take() {", "git merge \"$QUEUE\"", "checks out the change"),
        ("plan.yml", "sleep 5", "git checkout FETCH_HEAD", "checks out the change"),
        ("apply.yml", "group: trunkline-apply", "group: apply-${{ github.sha }}", "two may apply"),
        ("apply.yml", "cancel-in-progress: false", "cancel-in-progress: true", "stopped midway"),
        ("apply.yml", "environment: trunkline-apply", "name: apply", "no approval is required"),
        ("apply.yml", "--expect \"$DIGEST\"", "", "another plan"),
    ];
    for (name, from, to, expected) in breaks {
        let text = example(&format!("github/{name}"));
        assert!(text.contains(from), "{name}: {from}");
        let found = problems(&text.replace(from, to));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{name}, {to}: {found:#?}");
    }
}
