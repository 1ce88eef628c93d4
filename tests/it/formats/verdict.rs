//! The verdict and the reasons, in every format that shows them.

use trunkline::model::UserId;
use trunkline::plan::{
    AccountTarget, Action, Finding, FindingKind, Inventory, Plan, PlannedAction, Reason,
};
use trunkline::report::{ReportContent, ReportFormat};

use super::written;
use crate::support::plans::{World, email, id, limit, planned, user};

#[test]
fn promise_13_in_sync_is_never_printed_while_anything_differs_or_is_withheld() {
    for bits in 0..256_u32 {
        let has = |bit: u32| bits & (1 << bit) != 0;
        let mut findings = Vec::new();
        findings.extend(has(0).then(|| Finding::user(user("new"), FindingKind::UserMissing)));
        findings.extend(has(6).then(|| Finding::user(user("odd"), FindingKind::StatusUnknown)));
        findings.extend(has(5).then(|| Finding::user(user("root"), FindingKind::Protected)));
        let plan = Plan {
            findings,
            actions: has(1).then(|| planned(limit("inn", Some(1), 2))).into_iter().collect(),
            withheld: usize::from(has(2)),
            unchosen: usize::from(has(3)),
            unchosen_findings: usize::from(has(7)),
            in_sync: 7,
            inventory: Inventory { complete: !has(4), ..Inventory::default() },
            ..Plan::default()
        };
        let clean = !(0..5).any(has) && !has(6) && !has(7);
        let world = World::of(plan);
        for format in [ReportFormat::Text, ReportFormat::Markdown, ReportFormat::GithubSummary] {
            let text = written(format, ReportContent::Plan(world.context())).unwrap();
            assert_eq!(text.contains("In sync"), clean, "{bits:b} as {}: {text}", format.name());
        }
        let env = written(ReportFormat::Env, ReportContent::Plan(world.context())).unwrap();
        let drift = has(0) || has(1) || has(2);
        assert!(env.contains(&format!("TRUNKLINE_DRIFT={drift}\n")), "{bits:b}: {env}");
    }
}

#[test]
fn the_reason_of_an_action_is_in_every_format_that_shows_the_action() {
    let reasons = [
        (Reason::Unlisted, "unlisted", "not listed"),
        (Reason::Absent, "absent", "listed as absent"),
        (
            Reason::UntilPassed("2027-01-31".parse().unwrap()),
            "until_passed",
            "until 2027-01-31 has passed",
        ),
        (Reason::Stale, "stale", "no sign-in within stale_after"),
    ];
    for (reason, word, sentence) in reasons {
        let remove = Action::RemoveUser { id: UserId::new("id-left"), email: user("left") };
        let mill = email("mill");
        let disable =
            Action::DisableAccount { target: AccountTarget::Live(id("mill")), email: mill };
        for (action, is_user) in [(remove, true), (disable, false)] {
            let mut world = World::of_everything();
            let action = PlannedAction { action, reason, origin: None };
            world.plan = Plan { actions: vec![action], ..Plan::default() };
            if is_user {
                world.live.accounts.clear();
            }
            for format in ReportFormat::ALL {
                let text = written(format, ReportContent::Plan(world.context())).unwrap();
                let says = match format {
                    ReportFormat::Json => format!("\"reason\": \"{word}\""),
                    // These formats show no actions.
                    ReportFormat::Sarif | ReportFormat::GitlabTerraform | ReportFormat::Env => {
                        continue;
                    }
                    _ => sentence.to_owned(),
                };
                assert!(text.contains(&says), "{word} as {}: {text}", format.name());
            }
        }
    }
}

#[test]
fn an_owner_that_the_api_hides_is_not_a_difference() {
    use trunkline::model::{Presence, WantedUser};
    let mut desired = World::of_everything().desired;
    desired.accounts.clear();
    let root = WantedUser::new(user("root"), Presence::Owner);
    desired.users = Some([(user("root"), root)].into());
    let inventory = Inventory { complete: true, ..Inventory::default() };
    let world = World::of(Plan { inventory, ..Plan::default() }).with(desired);
    assert_eq!(written(ReportFormat::Diff, ReportContent::Plan(world.context())).unwrap(), "");
}
