//! A comment never exceeds its number of bytes. It names what it leaves out, and cuts destructive actions last.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use trunkline::execute::{Ending, Outcome};
use trunkline::model::{Email, UserId};
use trunkline::plan::{AccountTarget, Action, Finding, FindingKind, Inventory, Origin, Plan};
use trunkline::report::{ReportContent, ReportFormat};

use super::readers::page;
use super::{within, written};
use crate::support::plans::{World, email, id, limit, planned, user};

/// Different changes, including destructive ones of several kinds.
fn large(changes: usize, destructive: usize) -> World {
    let mut actions: Vec<Action> = (0..destructive)
        .map(|n| match n % 3 {
            0 => Action::RemoveUser {
                id: UserId::new(format!("id-left{n}")),
                email: user(&format!("left{n}")),
            },
            1 => Action::DisableAccount {
                target: AccountTarget::Live(id(&format!("shut{n}"))),
                email: email(&format!("shut{n}")),
            },
            _ => limit(&format!("cut{n}"), Some(10_000), n as u64),
        })
        .collect();
    let rest = changes - destructive;
    actions
        .extend((0..rest).map(|n| limit(&format!("grows{n}"), Some(n as u64), 2 * n as u64 + 1)));
    let findings = (0..50)
        .map(|n| Finding::user(user(&format!("new{n}")), FindingKind::UserMissing))
        .collect();
    let inventory = Inventory { complete: true, ..Inventory::default() };
    let actions = actions.into_iter().map(planned).collect();
    World::of(Plan { actions, findings, inventory, ..Plan::default() })
}

fn names(world: &World, which: impl Fn(&Action) -> bool) -> BTreeSet<String> {
    let actions = world.plan.requested().filter(|action| which(action));
    actions.map(|action| action.email().as_str().to_owned()).collect()
}

#[test]
fn a_comment_on_5000_changes_fits_and_lists_every_destructive_action() {
    let world = large(5_000, 300);
    let comment = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    assert!(comment.len() <= 60_000, "{}", comment.len());
    let spans: BTreeSet<String> = page(&comment).code.into_iter().collect();
    assert!(names(&world, Action::is_destructive).is_subset(&spans));
    let fold = comment.find("<details>").unwrap();
    let last = comment.rfind("left297@acme.example").unwrap();
    assert!(last < fold, "destructive actions are above every fold");
}

#[test]
fn a_shortened_comment_names_what_it_leaves_out_and_its_counts_add_up() {
    let world = large(5_000, 300);
    let comment = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    assert!(
        comment.contains("Shortened to fit: updates. Everything: `trunkline plan"),
        "{comment}"
    );
    assert!(comment.contains("#### 300 destructive actions\n"));
    assert!(comment.contains("<b>Update</b> (4700 actions)"));
    assert!(comment.contains("- 4700 × set channel limit\n"));
    assert!(comment.contains("Left out to fit: the names and changes of all 4700."));
    let columns = "| update | disable | remove | destructive | findings |";
    assert!(comment.contains(columns), "only those that are not zero");
    assert!(comment.contains("| 4800 | 100 | 100 | 300 | 50 |"), "as in every report");
    assert!(comment.contains("new49@acme.example"), "what fits is not left out");
}

#[test]
fn a_comment_that_fits_leaves_nothing_out() {
    let world = large(200, 30);
    let comment = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    let spans: BTreeSet<String> = page(&comment).code.into_iter().collect();
    assert!(names(&world, |_| true).is_subset(&spans));
    assert!(!comment.contains("Left out") && !comment.contains("Shortened"));
}

#[test]
fn destructive_actions_are_listed_while_they_fit_and_a_smaller_limit_never_gives_a_longer_comment()
{
    let world = large(400, 20);
    let destructive = names(&world, Action::is_destructive);
    let mut before = usize::MAX;
    for budget in [60_000, 20_000, 10_000, 6_000, 4_000, 3_000] {
        let comment =
            within(ReportFormat::Markdown, ReportContent::Plan(world.context()), budget).unwrap();
        assert!(comment.len() <= budget.min(before), "{} for {budget}", comment.len());
        before = comment.len();
        let spans: BTreeSet<String> = page(&comment).code.into_iter().collect();
        assert!(destructive.is_subset(&spans), "{budget}");
    }
}

#[test]
fn more_destructive_actions_than_fit_become_their_number_and_the_command_that_lists_them() {
    let world = large(2_300, 2_300);
    for max_bytes in [1_000, 5_000, 60_000, 65_536] {
        let comment =
            within(ReportFormat::Markdown, ReportContent::Plan(world.context()), max_bytes)
                .unwrap();
        assert!(comment.len() <= max_bytes, "{} for {max_bytes}", comment.len());
        assert!(comment.starts_with("<!-- trunkline:acme -->\n"), "{comment}");
        assert!(comment.contains("**2300 destructive actions** and nothing else."), "{comment}");
    }
    let comment = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    for part in [
        "Shortened to fit: destructive actions, findings. Everything: `trunkline plan ",
        "#### 2300 destructive actions\n",
        "- 767 × remove user\n",
        "Left out to fit: the names and changes of all 2300.\n",
        "--expect sha256:",
    ] {
        assert!(comment.contains(part), "{part}\n{comment}");
    }
    assert_eq!(comment.matches("trunkline plan ").count(), 2, "{comment}");
}

#[test]
fn failures_that_do_not_fit_become_their_number() {
    let world = large(2_300, 2_300);
    let failed = |action: &Action| Outcome {
        action: action.clone(),
        ending: Ending::Stale("the live account has changed since the plan was made".to_owned()),
        created: None,
        request_id: None,
        keys_unsaved: false,
    };
    let outcomes: Vec<Outcome> = world.plan.requested().map(failed).collect();
    let body = ReportContent::Outcomes(world.context(), &outcomes);
    let comment = written(ReportFormat::Markdown, body).unwrap();
    assert!(comment.len() <= 60_000, "{}", comment.len());
    assert!(comment.contains("- 767 × stale: remove user\n"), "{comment}");
}

#[test]
fn equal_destructive_actions_share_a_row_before_any_is_left_out() {
    let actions = (0..1_500)
        .map(|n| Action::DisableAccount {
            target: AccountTarget::Live(id(&format!("shut{n}"))),
            email: email(&format!("shut{n}")),
        })
        .map(planned)
        .collect();
    let world = World::of(Plan { actions, ..Plan::default() });
    let comment = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    assert!(comment.len() <= 60_000, "{}", comment.len());
    let read = page(&comment);
    let spans: BTreeSet<String> = read.code.into_iter().collect();
    assert!(names(&world, Action::is_destructive).is_subset(&spans));
    assert!(!comment.contains("Shortened"), "nothing was left out");
}

#[test]
fn destructive_actions_keep_their_rows_while_anything_else_can_be_shortened() {
    let destructive = (0..400).map(|n| Action::DisableAccount {
        target: AccountTarget::Live(id(&format!("shut{n}"))),
        email: email(&format!("shut{n}")),
    });
    let updates = (0..300).map(|n| limit(&format!("grows{n}"), Some(n), 2 * n + 1));
    let actions = destructive.chain(updates).map(planned).collect();
    let world = World::of(Plan { actions, ..Plan::default() });
    let whole = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    let comment =
        within(ReportFormat::Markdown, ReportContent::Plan(world.context()), whole.len() - 1)
            .unwrap();
    assert!(comment.len() < whole.len() && comment.contains("Shortened to fit: updates."));
    assert!(page(&comment).rows.len() > 400);
}

#[test]
fn a_summary_stays_below_900_kib() {
    let world = large(60_000, 300);
    let summary =
        written(ReportFormat::GithubSummary, ReportContent::Plan(world.context())).unwrap();
    assert!(summary.len() <= 900 << 10, "{}", summary.len());
    assert!(summary.contains("#### 300 destructive actions\n"));
}

#[test]
fn at_most_nine_annotations_are_shown_and_the_rest_is_counted() {
    let world = large(5_000, 300);
    let log = written(ReportFormat::Github, ReportContent::Plan(world.context())).unwrap();
    let commands = super::readers::commands(&log);
    assert_eq!(commands.len(), 10);
    assert!(commands[9].data.ends_with("and 341 more than are shown here"), "{log}");
}

/// A plan of any size with a base: kinds of actions and findings, about addresses of any characters.
fn plans() -> impl Strategy<Value = Plan> {
    let name = prop_oneof![
        4 => "[a-z]{1,12}".prop_map(|name| name + "@shop.example"),
        1 => "\\PC{0,60}",
        // One character, four bytes and two units of UTF-16.
        1 => "[\u{1F98A}\u{1F40B}]{1,60}",
        1 => "[`|<\\\\*_\\n-]{1,40}",
    ];
    let rows = prop::collection::vec((0..6_u8, name, any::<u64>()), 0..1_200);
    // Rows may be equal, so that groups form, and different, so that they do not.
    (rows, 1..400_usize, prop::bool::ANY).prop_map(|(rows, repeated, complete)| {
        let mut plan =
            Plan { inventory: Inventory { complete, ..<_>::default() }, ..<_>::default() };
        for (kind, name, number) in rows.iter().cycle().take(rows.len() * repeated.div_ceil(100)) {
            let email = Email::new(name.as_str());
            let target = || AccountTarget::Live(id(name));
            let action = match kind {
                0 => Action::RemoveUser { id: UserId::new(name.as_str()), email },
                1 => Action::DisableAccount { target: target(), email },
                2 => Action::SetChannelLimit {
                    target: target(),
                    email,
                    before: Some(*number),
                    after: 1,
                },
                3 => Action::UpdateAccount { id: id(name), email, before: None, after: true },
                4 => {
                    plan.findings.push(Finding::user(email, FindingKind::UserMissing));
                    continue;
                }
                _ => {
                    let kind =
                        FindingKind::ImmutableName { have: name.clone(), want: name.clone() };
                    plan.findings.push(Finding::account(email, kind));
                    continue;
                }
            };
            let mut action = planned(action);
            action.origin =
                Some(if number % 2 == 0 { Origin::ThisChange } else { Origin::Conflict });
            plan.actions.push(action);
        }
        plan
    })
}

#[test]
fn no_plan_makes_a_comment_that_a_forge_refuses_for_its_length() {
    let config = Config { failure_persistence: None, ..Config::with_cases(40) };
    let sizes = (plans(), 1_000..65_536_usize);
    let law = TestRunner::new(config).run(&sizes, |(plan, max_bytes)| {
        let world = World::of(plan);
        let body = ReportContent::Plan(world.context());
        let comments = [
            (60_000, written(ReportFormat::Markdown, body).unwrap()),
            (max_bytes, within(ReportFormat::Markdown, body, max_bytes).unwrap()),
        ];
        for (most, comment) in comments {
            prop_assert!(comment.len() <= most, "{} bytes for {most}", comment.len());
            // GitHub refuses 65,537 characters; other forges count units of UTF-16 or bytes, which are never fewer.
            prop_assert!(comment.encode_utf16().count() <= 65_536);
            prop_assert!(comment.chars().count() <= 65_536);
            prop_assert!(comment.starts_with("<!-- trunkline:acme -->\n"));
        }
        Ok(())
    });
    law.unwrap();
}
