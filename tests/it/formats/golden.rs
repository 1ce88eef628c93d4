//! Golden files of a plan of everything, its outcomes, and manifest problems in every format.

use std::path::Path;

use trunkline::manifest::{Problems, parse};
use trunkline::plan::{Inventory, Plan};
use trunkline::report::{ReportContent, ReportFormat};

use super::{within, written};
use crate::support::plans::{World, everything, everything_since, outcomes};

/// The formats without golden files elsewhere.
const FORMS: [ReportFormat; 7] = [
    ReportFormat::Markdown,
    ReportFormat::Diff,
    ReportFormat::Github,
    ReportFormat::GithubSummary,
    ReportFormat::Sarif,
    ReportFormat::GitlabTerraform,
    ReportFormat::Env,
];

pub(super) fn problems() -> Problems {
    let text = include_str!("../data/broken/duplicate_email.yaml");
    parse(Path::new("manifests/shop folder/acme.yaml"), text).unwrap_err()
}

fn golden(name: &str, form: ReportFormat, text: &str) {
    insta::assert_snapshot!(format!("{name}_as_{}", form.name()), text);
}

#[test]
fn a_plan_of_everything_in_every_format() {
    let world = World::of_everything();
    for form in FORMS {
        golden("everything", form, &written(form, ReportContent::Plan(world.context())).unwrap());
    }
}

#[test]
fn a_plan_since_a_base_shows_the_origins_of_its_actions() {
    let world = World { plan: everything_since(), ..World::of_everything() };
    let text = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    assert!(text.find("policy is loosened").unwrap() < text.find("remove user").unwrap());
    for form in ReportFormat::ALL {
        golden(
            "everything_since",
            form,
            &written(form, ReportContent::Plan(world.context())).unwrap(),
        );
    }
}

#[test]
fn outcomes_in_every_format_that_shows_them() {
    let world = World::of_everything();
    let ended = outcomes(&world.plan, "refused");
    for form in [ReportFormat::Markdown, ReportFormat::Github, ReportFormat::Env] {
        let text = written(form, ReportContent::Outcomes(world.context(), &ended)).unwrap();
        golden("outcomes", form, &text);
    }
}

#[test]
fn problems_in_every_format_that_shows_them() {
    let problems = problems();
    for form in [
        ReportFormat::Json,
        ReportFormat::Markdown,
        ReportFormat::Github,
        ReportFormat::Sarif,
        ReportFormat::Env,
    ] {
        golden("problems", form, &written(form, ReportContent::Problems(&problems)).unwrap());
    }
    for form in [ReportFormat::Diff, ReportFormat::GitlabTerraform] {
        assert_eq!(written(form, ReportContent::Problems(&problems)), None);
    }
}

#[test]
fn a_valid_manifest_in_every_format_that_shows_it() {
    let desired = World::of_everything().desired;
    for form in [
        ReportFormat::Text,
        ReportFormat::Json,
        ReportFormat::Markdown,
        ReportFormat::Github,
        ReportFormat::Env,
    ] {
        golden("valid", form, &written(form, ReportContent::Valid(&desired)).unwrap());
    }
}

#[test]
fn the_plan_of_everything_shortened_step_by_step() {
    let world = World::of_everything();
    for budget in [5_500, 3_500, 100] {
        let text =
            within(ReportFormat::Markdown, ReportContent::Plan(world.context()), budget).unwrap();
        insta::assert_snapshot!(format!("everything_in_{budget}_bytes"), text);
    }
}

#[test]
fn a_plan_in_sync_has_that_verdict_and_an_empty_diff() {
    let inventory = Inventory { complete: true, ..Inventory::default() };
    let plan = Plan { in_sync: 7, inventory, ..Plan::default() };
    let world = World::of(plan);
    let context = world.context();
    assert_eq!(written(ReportFormat::Diff, ReportContent::Plan(context)).unwrap(), "");
    let comment = written(ReportFormat::Markdown, ReportContent::Plan(context)).unwrap();
    assert!(comment.contains("**In sync**: 7 entries are as they should be."), "{comment}");
    assert!(!comment.contains("trunkline apply"), "no command to apply");
    assert_eq!(
        written(ReportFormat::GitlabTerraform, ReportContent::Plan(context)).unwrap(),
        "{\"create\":0,\"update\":0,\"delete\":0}\n"
    );
}

#[test]
fn the_widget_counts_each_action_once_and_every_destructive_one_as_a_delete() {
    let world = World::of_everything();
    let text =
        written(ReportFormat::GitlabTerraform, ReportContent::Plan(world.context())).unwrap();
    let counts: serde_json::Value = serde_json::from_str(&text).unwrap();
    let of = |name: &str| counts[name].as_u64().unwrap();
    let actions = everything().actions.len() as u64;
    assert_eq!(of("create") + of("update") + of("delete"), actions);
    assert_eq!(of("delete"), everything().destructive() as u64);
}
