//! The merge queue: a change passes with the plan of its review and with no other.

use super::story::{Story, set, various};

const OURS: &str = "acme/telnyx";

/// The commit of the queue that a run was for.
fn head(run: &super::runner::Run) -> String {
    run.context["github.event.workflow_run.head_sha"].clone()
}

#[test]
fn a_change_passes_with_the_plan_of_its_review() {
    let story = Story::begin();
    story.change(various);
    story.plan(OURS).went_well();
    let queued = story.queue("merge_group").went_well();
    assert_eq!(story.status(&head(&queued)), "success the plan is that of the review");
    assert!(queued.summary.contains("desk12@shop12.example"));
    // Nothing was sent: an apply follows the merge.
    story.merge();
    assert_eq!(story.apply(|| {}).went_well().ran, ["plan", "apply"]);
}

#[test]
fn a_change_behind_another_one_is_planned_again() {
    let story = Story::begin();
    story.change(various);
    story.plan(OURS).went_well();
    // Another change of the manifest is merged first.
    story.types("git checkout -q main && sed -i 's/name: Shop 20$/name: Shop 20 B/' manifests/acme.yaml && git commit -qam other && git push -q origin main");
    let queued = story.queue("merge_group");
    assert_eq!(queued.failed.as_deref(), Some("Plan"), "{}", queued.log);
    assert!(queued.log.contains("is no longer the one of the review"), "{}", queued.log);
    assert!(queued.log.contains("but --expect is sha256:"), "{}", queued.log);
    let status = story.status(&head(&queued));
    assert_eq!(status, "failure the plan is not that of the review, or there is none");
}

#[test]
fn drift_after_the_review_is_reviewed_too() {
    let story = Story::begin();
    story.change(various);
    story.plan(OURS).went_well();
    let live = "email: desk15@shop15.example";
    story.types("git checkout -q main");
    story.meddle(live, &format!("{live}\n    channel_limit: 4"));
    story.meddle("custom_pricing: false", "custom_pricing: true");
    let queued = story.queue("merge_group");
    assert_eq!(queued.failed.as_deref(), Some("Plan"), "{}", queued.log);
    // Planned again, it passes.
    story.types("git checkout -q change");
    story.plan(OURS).went_well();
    story.queue("merge_group").went_well();
}

#[test]
fn only_a_review_with_a_plan_can_pass() {
    let story = Story::begin();
    story.change(|text| set(text, "desk10@shop10.example", "custom_pricing", "custom_prizing"));
    assert_eq!(story.plan(OURS).failed.as_deref(), Some("Plan"));
    let queued = story.queue("merge_group");
    assert_eq!(queued.failed.as_deref(), Some("The digest of the review"), "{}", queued.log);
    assert!(story.status(&head(&queued)).starts_with("failure "));
    // A run that was not started for the queue gets no key.
    assert!(story.queue("push").ran.is_empty());
}
