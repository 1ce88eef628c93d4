//! From an unmanaged organization to a change that is reviewed and applied, by the workflows of
//! `examples/github/`, in an empty folder, with failures and races on the way.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::WORKFLOWS;
use super::machine::{Machine, executable};
use super::runner::run;
use super::story::{REV, Story, set, various};

const OURS: &str = "acme/telnyx";

#[test]
fn a_change_is_reviewed_and_applied() {
    let story = Story::begin();
    story.types("trunkline plan manifests --detailed-exitcode --state none");
    story.change(various);

    let checked = story.check().went_well();
    for line in
        ["+    custom_pricing: true", "+    email: desk40@shop40.example", "+    channel_limit: 7"]
    {
        assert!(checked.summary.contains(line), "{line}\n{}", checked.summary);
    }
    let mut uploaded = checked.uploaded;
    uploaded.sort();
    assert_eq!(uploaded, ["diff.diff", "diff.json", "diff.txt", "trunkline.sarif"]);

    // Comments of other people and other bots are not touched.
    story.machine.remember("comments/1/body", "<!-- trunkline:acme -->\nmine");
    story.machine.remember("comments/1/login", "mallory");
    story.machine.remember("comments/1/state", "open");
    story.machine.remember("comments/2/body", "coverage: 98 %");
    story.machine.remember("comments/2/login", "github-actions[bot]");
    story.machine.remember("comments/2/state", "open");
    let planned = story.plan(OURS).went_well();
    assert!(planned.uploaded.is_empty());
    let comment = story.machine.forge("comments/3/body");
    assert!(comment.starts_with("<!-- trunkline:acme -->\n"), "{comment}");
    assert!(
        comment.contains("desk12@shop12.example") && comment.contains("this change"),
        "{comment}"
    );
    story.change(|text| {
        various(&set(text, "desk13@shop13.example", "enabled: true", "enabled: false"))
    });
    story.plan(OURS).went_well();
    assert!(story.machine.forge("comments/3/body").contains("desk13@shop13.example"));
    assert_eq!(story.machine.forge("comments/4/body"), "");
    assert!(story.machine.forge("comments/1/body").ends_with("mine"));

    story.merge();
    let applied = story.apply(|| {}).went_well();
    assert_eq!(applied.ran, ["plan", "apply"]);
    let digest = &applied.context["needs.plan.outputs.digest"];
    // The reviewed, the approved and the applied plan are the same.
    assert!(story.machine.forge("comments/3/body").contains(digest), "{digest}");
    let head = story.types("git rev-parse change");
    assert_eq!(story.status(&head), format!("success {digest}"));
    assert!(story.machine.forge("comments/3/body").contains(&format!("Commit: {head}")));
    let audit = story.machine.forge("audit.jsonl");
    assert!(
        audit.lines().count() >= 5 && audit.lines().all(|line| line.contains(digest)),
        "{audit}"
    );
    assert_eq!(story.apply(|| {}).went_well().ran, ["plan"]);
    story.drift().went_well();
    assert_eq!(story.machine.forge("issues/1/body"), "");
    story.types("trunkline plan manifests --detailed-exitcode --state ../state.json");
    // No key of the bucket is stored: each job asked for a token.
    assert!(story.machine.forge("calls").contains("&audience=sts.amazonaws.com\n"));
    let cargo =
        format!("cargo install --locked --git https://git.example/trunkline --rev {REV} --root ");
    assert!(story.machine.forge("calls").contains(&cargo));
}

#[test]
fn a_fork_gets_no_plan() {
    let story = Story::begin();
    story.change(various);
    story.check().went_well();
    assert!(story.plan("mallory/telnyx").ran.is_empty());
}

#[test]
fn problems_of_a_change_are_shown_in_its_review() {
    let story = Story::begin();
    story.change(|text| set(text, "desk10@shop10.example", "custom_pricing", "custom_prizing"));
    let checked = story.check();
    assert_eq!(checked.failed.as_deref(), Some("Validate"));
    assert!(checked.log.contains("::error file=manifests/acme.yaml,line="), "{}", checked.log);
    assert!(checked.summary.contains("custom_prizing"));
    assert_eq!(story.plan(OURS).failed.as_deref(), Some("Plan"));
    let comment = story.machine.forge("comments/1/body");
    assert!(comment.starts_with("<!-- trunkline") && comment.contains("not valid"), "{comment}");
    let head = story.types("git rev-parse change");
    assert_eq!(story.status(&head), "failure there is no plan");

    // After the fix, the same comment is updated.
    story.change(various);
    story.plan(OURS).went_well();
    assert!(story.machine.forge("comments/1/body").contains("this change"));
    assert_eq!(story.machine.forge("comments/2/body"), "");

    story.change(|text| text.replacen("organization: acme", "organization:   acme", 1));
    assert_eq!(story.check().failed.as_deref(), Some("Layout"));
}

#[test]
fn a_link_in_a_change_is_not_followed() {
    let story = Story::begin();
    story.types("git checkout -q -B change main && ln -s /etc/passwd manifests/more.yaml");
    story.types("git add -A && git commit -qm link");
    story.offer();
    let planned = story.plan(OURS);
    assert_eq!(planned.failed.as_deref(), Some("Take the manifests, as data"));
    assert!(planned.log.contains("a manifest is a plain file"), "{}", planned.log);
    let comment = story.machine.forge("comments/1/body");
    assert!(
        comment.contains("There is no plan") && comment.contains("https://forge.example/"),
        "{comment}"
    );
}

#[test]
fn git_attributes_hide_no_file_from_a_plan() {
    let story = Story::begin();
    story.types("git checkout -q -B change main && echo '*.yaml export-ignore ident text eol=crlf' > .gitattributes");
    story.types("sed -i '0,/custom_pricing: false/s//custom_pricing: true/' manifests/acme.yaml");
    story.types("git add -A && git commit -qm attributes");
    story.offer();
    story.plan(OURS).went_well();
    let comment = story.machine.forge("comments/1/body");
    assert!(comment.contains("custom_pricing"), "{comment}");
}

#[test]
fn a_live_side_that_changed_after_the_approval_is_planned_again() {
    let story = Story::begin();
    story.change(various);
    story.merge();
    let applied = story.apply(|| {
        story.meddle("email: desk13@shop13.example", "email: desk13@shop13.example\n    channel_limit: 3");
        story.types("sed -i '/Shop 0$/,/custom_pricing/s/custom_pricing: true/custom_pricing: false/' ../portal.yaml");
        story.types("trunkline apply ../portal.yaml --auto-approve --state none");
    });
    assert_eq!(applied.failed.as_deref(), Some("What is left to do"), "{}", applied.log);
    assert_eq!(applied.context["steps.apply.outputs.status"], "4", "{}", applied.log);
    let again = "workflow run apply.yml --repo acme/telnyx --ref main";
    assert!(story.machine.forge("calls").contains(again));
    assert_eq!(story.machine.forge("audit.jsonl"), "");
}

#[test]
fn an_old_run_does_not_bring_back_an_old_manifest() {
    let story = Story::begin();
    story.change(various);
    story.merge();
    let applied = story.apply(|| story.machine.remember("main", "another commit"));
    assert_eq!(applied.failed.as_deref(), Some("Is this still what main says"));
    assert!(!applied.context.contains_key("steps.apply.outputs.status"));
}

#[test]
fn a_refused_plan_is_not_offered_for_approval_until_its_destructive_actions_are_counted() {
    let story = Story::begin();
    story.change(|text| text.replacen("enabled: true", "enabled: false", 12));
    story.merge();
    let refused = story.apply(|| {});
    assert_eq!((refused.ran.len(), refused.failed.as_deref()), (1, Some("Plan")));
    assert!(
        refused.log.contains(
            "::error::the safety limits refuse this plan, which has 12 destructive actions"
        ),
        "{}",
        refused.log
    );
    assert_eq!(story.apply_approving("11").failed.as_deref(), Some("Plan"));
    story.apply_approving("12").went_well();
    assert_eq!(story.apply(|| {}).went_well().ran, ["plan"]);
}

#[test]
fn drift_opens_one_issue_and_closes_it() {
    let story = Story::begin();
    let issue = |number: u8, what: &str| story.machine.forge(&format!("issues/{number}/{what}"));
    story.drift().went_well();
    assert_eq!(issue(1, "body"), "");
    // Another issue of the same bot is not touched.
    assert_eq!(story.left(6).failed.as_deref(), Some("What is left to do"));
    assert!(issue(1, "body").starts_with("<!-- trunkline-unknown -->"));

    story.meddle("custom_pricing: false", "custom_pricing: true");
    let found = story.drift().went_well();
    assert_eq!(found.context["steps.plan.outputs.drift"], "yes");
    assert!(issue(2, "body").starts_with("<!-- trunkline:acme -->"));
    story.meddle("enabled: true", "enabled: false");
    story.drift().went_well();
    assert!(issue(2, "body").contains("enabled"), "{}", issue(2, "body"));
    assert_eq!(issue(2, "state").trim(), "open");

    // A failure to read the live side says nothing about drift.
    let mut context = story.trusted();
    context.insert("secrets.TELNYX_API_KEY".to_owned(), "KEY_of_another".to_owned());
    let before = issue(2, "body");
    let failed = run(&story.machine, "drift.yml", &context, || {});
    assert_eq!(failed.failed.as_deref(), Some("Plan"));
    assert_eq!((issue(2, "body"), issue(2, "state").trim()), (before, "open"));

    story.apply(|| {}).went_well();
    story.drift().went_well();
    assert_eq!(issue(2, "state").trim(), "closed");
    assert_eq!(issue(1, "state").trim(), "open");
    assert_eq!(issue(3, "body"), "");
}

#[test]
fn a_change_that_waits_for_its_approval_is_no_drift() {
    let story = Story::begin();
    story.change(various);
    story.merge();
    story.apply(|| {}).went_well();
    story.change(|text| set(text, "desk14@shop14.example", "enabled: true", "enabled: false"));
    story.merge();
    // It is merged and not applied, and an apply that fails applies nothing.
    assert!(story.apply(|| story.machine.remember("main", "another commit")).failed.is_some());
    let waiting = story.drift().went_well();
    assert_eq!(waiting.context["steps.plan.outputs.drift"], "no", "{}", waiting.log);
    story.types("git checkout -q main~1");
    story.meddle("custom_pricing: false", "custom_pricing: true");
    story.types("git checkout -q main");
    let found = story.drift().went_well();
    assert_eq!(found.context["steps.plan.outputs.drift"], "yes", "{}", found.log);
    let issue = story.machine.forge("issues/1/body");
    assert!(!issue.contains("desk14@shop14.example"), "{issue}");
    assert!(issue.contains("Not selected: ") && issue.contains("Checked on "), "{issue}");
}

#[test]
fn a_create_with_an_unknown_outcome_is_reported_once() {
    let story = Story::begin();
    for _ in 0..2 {
        assert_eq!(story.left(6).failed.as_deref(), Some("What is left to do"));
    }
    let issue = story.machine.forge("issues/1/body");
    assert!(
        issue.contains("trunkline state resolve EMAIL") && issue.contains("https://forge.example/"),
        "{issue}"
    );
    assert_eq!(story.machine.forge("issues/2/body"), "");
    assert!(story.machine.forge("answers/1/body").starts_with("<!-- trunkline-unknown -->"));
    assert!(story.left(0).went_well().log.is_empty());
    assert!(story.left(5).log.contains("::error::the apply ended with 5"));
}

/// A stand-in for an apply with requests in flight when it is stopped.
const UNDER_WAY: &str = r#"#!/usr/bin/env bash
trap 'sleep 0.3; echo finished > "$FORGE/finished"; exit 143' TERM
touch "$FORGE/started"
while :; do sleep 0.05; done
"#;

#[test]
fn a_cancelled_run_waits_for_requests_in_flight() {
    let machine = Machine::new();
    executable(&machine.path("tools/trunkline"), UNDER_WAY);
    let workflow = super::yaml(&super::example("github/apply.yml"));
    let steps = workflow["jobs"]["apply"]["steps"].as_array().unwrap();
    let script = steps.iter().find(|step| step["id"] == "apply").unwrap()["run"].as_str().unwrap();
    let mut command = machine.bash(&machine.path("forge"), script);
    for name in ["MANIFEST", "DIGEST", "STATE", "APPROVE_DESTRUCTIVE"] {
        command.env(name, "");
    }
    command
        .env("RUNNER_TEMP", machine.path("forge"))
        .env("GITHUB_OUTPUT", machine.path("forge/output"));
    let mut running = command.spawn().unwrap();
    while !machine.path("forge/started").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    // As the runner does: the signal goes to the shell only, and again if the shell ignores the first, as it does
    // when these tests run in the background.
    let shell = running.id().to_string();
    let tell = |signal: &str| {
        let told = Command::new("kill").args([signal, &shell]).status().unwrap();
        assert!(told.success());
    };
    tell("-INT");
    std::thread::sleep(Duration::from_secs(1));
    if !machine.path("forge/finished").exists() {
        tell("-TERM");
    }
    running.wait().unwrap();
    assert_eq!(machine.forge("finished"), "finished\n");
    assert_eq!(machine.forge("output"), "status=143\n");
}

#[test]
fn every_workflow_is_run_here() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/github");
    let files =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.collect();
    files.sort();
    let mut named = WORKFLOWS.map(str::to_owned);
    named.sort();
    assert_eq!(files, named);
}
