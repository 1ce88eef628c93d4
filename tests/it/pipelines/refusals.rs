//! What the forge refuses: a comment or an issue that it does not take leaves no old verdict standing.

use super::story::{Story, set, various};

const OURS: &str = "acme/telnyx";

/// A second change on top of the first.
fn change_again(story: &Story) -> String {
    story.change(|text| {
        various(&set(text, "desk13@shop13.example", "enabled: true", "enabled: false"))
    });
    story.types("git rev-parse change")
}

#[test]
fn a_refused_comment_is_replaced_by_the_counts_and_a_link() {
    let story = Story::begin();
    story.change(various);
    story.plan(OURS).went_well();
    let full = story.machine.forge("comments/1/body");
    story.machine.remember("limit", "600");
    story.change(|text| {
        various(&set(text, "desk13@shop13.example", "enabled: true", "enabled: false"))
    });
    let planned = story.plan(OURS).went_well();
    let short = story.machine.forge("comments/1/body");
    assert_ne!(short, full);
    assert!(short.starts_with("<!-- trunkline:acme -->\n"), "{short}");
    for part in [
        "could not be posted",
        "https://forge.example/",
        "destructive: ",
        "withheld: 0, ",
        "Digest: `sha256:",
    ] {
        assert!(short.contains(part), "{part}\n{short}");
    }
    assert!(planned.log.contains("::warning::GitHub refused the full comment"), "{}", planned.log);

    // A change without a plan does not show the counts of an older one.
    story.machine.remember("limit", "270");
    story.change(|text| text.replacen("custom_pricing", "custom_prizing", 1));
    assert_eq!(story.plan(OURS).failed.as_deref(), Some("Plan"));
    let short = story.machine.forge("comments/1/body");
    assert!(short.contains("There is no plan") && !short.contains("Create: "), "{short}");
    assert_eq!(story.machine.forge("comments/2/body"), "");
}

#[test]
fn a_refused_issue_is_replaced_by_the_counts_and_a_link() {
    let story = Story::begin();
    story.meddle("custom_pricing: false", "custom_pricing: true");
    story.machine.remember("limit", "400");
    story.drift().went_well();
    let short = story.machine.forge("issues/1/body");
    assert!(
        short.starts_with("<!-- trunkline:acme -->\n") && short.contains("update: 1,"),
        "{short}"
    );
    story.machine.remember("limit", "65536");
    story.drift().went_well();
    assert!(story.machine.forge("issues/1/body").contains("custom_pricing"));
    assert_eq!(story.machine.forge("issues/2/body"), "");
}

#[test]
fn no_refusal_leaves_the_verdict_on_an_older_commit() {
    let story = Story::begin();
    story.change(various);
    story.plan(OURS).went_well();
    let old = story.types("git rev-parse change");
    let verdict = story.machine.forge("comments/1/body");
    assert!(verdict.contains("destructive action"), "{verdict}");

    // Neither the report nor the short one is taken: what stands is that the old one does not count.
    story.machine.remember("limit", "260");
    let head = change_again(&story);
    let planned = story.plan(OURS);
    assert_eq!(planned.failed.as_deref(), Some("Comment"), "{}", planned.log);
    let left = story.machine.forge("comments/1/body");
    assert!(left.contains(head.trim()) && left.contains("no longer counts"), "{left}");
    assert!(!left.contains("destructive") && !left.contains(old.trim()), "{left}");
    assert_eq!(story.status(&head), "failure the plan could not be posted");

    // Not even that is taken: the comment goes away.
    story.machine.remember("limit", "65536");
    story.plan(OURS).went_well();
    assert!(story.machine.forge("comments/1/body").contains("destructive action"));
    story.machine.remember("limit", "10");
    assert_eq!(story.plan(OURS).failed.as_deref(), Some("Comment"));
    assert_eq!(story.machine.forge("comments/1/body"), "");

    // Nothing can be changed: no plan is made, and the verdict of this commit stays open.
    story.machine.remember("limit", "65536");
    story.plan(OURS).went_well();
    story.machine.remember("refuse", "PATCH\nDELETE\n");
    let head = change_again_differently(&story);
    let planned = story.plan(OURS);
    assert_eq!(planned.failed.as_deref(), Some("Withdraw the plan of the commit before"));
    assert_eq!(story.status(&head), "failure there is no plan");
    assert!(!planned.context.contains_key("steps.plan.outputs.digest"));
}

fn change_again_differently(story: &Story) -> String {
    story.change(|text| set(text, "desk14@shop14.example", "enabled: true", "enabled: false"));
    story.types("git rev-parse change")
}

#[test]
fn a_comment_that_is_too_long_is_shortened_before_the_forge_refuses_it() {
    let story = Story::begin();
    // Different limits for 2,000 new accounts: no two rows can share a line.
    story.change(|text| {
        let entry = |number: u32| {
            let name = format!("Branch office number {number} of the northern region");
            let email = format!("desk{number}@a-rather-long-name-of-a-branch-{number}.example");
            format!("  - name: {name}\n    email: {email}\n    channel_limit: {}\n", number + 1)
        };
        let new = (0..2_000).map(entry).collect::<Vec<_>>().concat();
        text.replacen("accounts:\n", &format!("accounts:\n{new}"), 1)
    });
    story.plan(OURS).went_well();
    let comment = story.machine.forge("comments/1/body");
    assert!(comment.contains("Shortened to fit: ") && comment.contains("2000"), "{comment}");
    assert!(comment.chars().count() <= 65_536 && comment.len() > 1_000);
    assert!(!comment.contains("could not be posted"));
}
