//! Names in Markdown are only ever code.

use trunkline::report::{ReportContent, ReportFormat};

use super::readers::page;
use super::written;
use crate::support::plans::{World, outcomes};

#[test]
fn a_plan_of_everything_contains_no_unexpected_elements() {
    let world = World::of_everything();
    let ended = outcomes(&world.plan, "refused");
    for body in
        [ReportContent::Plan(world.context()), ReportContent::Outcomes(world.context(), &ended)]
    {
        let comment = written(ReportFormat::Markdown, body).unwrap();
        let read = page(&comment);
        assert_eq!(read.strange, Vec::<String>::new());
        assert!(!read.text.contains('@'), "an email is in code: {}", read.text);
        let known = |html: &String| {
            html.starts_with("<!-- trunkline:acme -->")
                || html.starts_with("<details><summary><b>")
                || html == "</details>"
        };
        assert!(read.html.iter().all(known), "{:?}", read.html);
        let open = read.html.iter().filter(|html| html.starts_with("<details>")).count();
        let closed = read.html.iter().filter(|html| *html == "</details>").count();
        assert!(open > 0 && open == closed, "every fold is closed");
    }
}

#[test]
fn a_comment_begins_with_the_mark_that_finds_it_again() {
    let world = World::of_everything();
    let comment = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    assert!(comment.starts_with("<!-- trunkline:acme -->\n### "));
    let summary =
        written(ReportFormat::GithubSummary, ReportContent::Plan(world.context())).unwrap();
    assert!(summary.starts_with("### "), "a summary replaces nothing");
}

#[test]
fn the_verdict_comes_first_then_destructive_actions_above_every_fold_and_the_digest_last() {
    let world = World::of_everything();
    let comment = written(ReportFormat::Markdown, ReportContent::Plan(world.context())).unwrap();
    let place = |what: &str| comment.find(what).unwrap_or_else(|| panic!("{what}"));
    let places = [
        place("**5 destructive actions** and 37 other actions."),
        place("**An apply is refused** by 2 safety limits"),
        place("#### 5 destructive actions"),
        place("northwind@shop.example"),
        place("<details>"),
        place("Digest `sha256:"),
        place("--expect sha256:"),
    ];
    assert!(places.is_sorted(), "{places:?}");
}
