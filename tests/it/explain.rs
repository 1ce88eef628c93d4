//! `explain`: what each code in a report means.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use serde_json::Value;
use trunkline::model::Code;
use trunkline::plan::GuardName;
use trunkline::report::{guard_name, outcomes_schema};

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("trunkline").unwrap();
    let Output { status, stdout, stderr } =
        command.arg("explain").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// The codes that the list names.
fn listed() -> Vec<String> {
    let (status, list, _) = run(&[]);
    assert_eq!(status, Some(0));
    let rows = list.lines().filter_map(|line| line.strip_prefix("  "));
    rows.map(|row| row.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn everything_that_a_report_names_is_listed_once() {
    let listed = listed();
    let set: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(set.len(), listed.len());
    let codes = Code::ALL.into_iter().map(Code::name);
    let limits = GuardName::ALL.into_iter().map(guard_name);
    for name in codes.chain(limits) {
        assert!(set.contains(name), "{name}");
    }
    let schema: Value = serde_json::from_str(&outcomes_schema()).unwrap();
    let mut outcomes = Vec::new();
    enums(&schema, &mut outcomes);
    assert!(outcomes.iter().any(|list| list.contains(&"satisfied".to_owned())));
    for list in outcomes.iter().filter(|list| list.contains(&"satisfied".to_owned())) {
        for name in list {
            assert!(set.contains(name.as_str()), "{name}");
        }
    }
    for name in ["0", "7", "130", "143", "10004", "10011", "20015"] {
        assert!(set.contains(name), "{name}");
    }
}

/// Every list of allowed values in a schema.
fn enums(schema: &Value, found: &mut Vec<Vec<String>>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(values)) = fields.get("enum") {
                let texts = values.iter().filter_map(Value::as_str).map(str::to_owned);
                found.push(texts.collect());
            }
            fields.values().for_each(|value| enums(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| enums(value, found)),
        _ => {}
    }
}

#[test]
fn every_explanation_has_the_same_parts_and_80_columns() {
    for name in listed() {
        let (status, text, _) = run(&[&name]);
        assert_eq!(status, Some(0), "{name}");
        assert!(text.starts_with(&format!("{name} (")), "{text}");
        let titles = text.lines().filter(|line| line.ends_with(':') && !line.starts_with(' '));
        let titles: Vec<&str> = titles.collect();
        assert_eq!(titles, ["Meaning:", "Reason:", "What to do:"], "{text}");
        for part in text.split("\n\n").skip(1).take(3) {
            assert!(part.trim_end().ends_with('.') && part.lines().count() > 1, "{text}");
        }
    }
    let (_, all, _) = run(&["--all"]);
    let (_, list, _) = run(&[]);
    for line in all.lines().chain(list.lines()) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let (_, drift, _) = run(&["possible_rename"]);
    insta::assert_snapshot!(drift);
    assert!(all.contains(&drift));
}

#[test]
fn the_page_of_all_links_to_a_heading_for_each_code() {
    let (status, page, _) = run(&["--all", "--format", "markdown"]);
    assert_eq!(status, Some(0));
    let (mut headings, mut links) = (Vec::new(), Vec::new());
    let mut in_heading = false;
    for event in Parser::new_ext(&page, pulldown_cmark::Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => in_heading = true,
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Code(code) if in_heading => headings.push(code.to_string()),
            Event::Start(Tag::Link { dest_url, .. }) => links.push(dest_url.replacen('#', "", 1)),
            Event::Html(html) | Event::InlineHtml(html) => panic!("{html}"),
            _ => {}
        }
    }
    assert_eq!(headings, listed());
    assert_eq!(links, headings);
    let (_, one, _) = run(&["stale", "--format", "markdown"]);
    assert!(one.starts_with("### `stale`\n\n") && page.contains(&one), "{one}");
}

#[test]
fn a_code_is_found_in_any_case_and_a_near_miss_is_suggested() {
    assert_eq!(run(&["User-Missing"]), run(&["user_missing"]));
    for (code, near) in
        [("usr_missing", "user_missing"), ("rename", "possible_rename"), ("20014", "20012")]
    {
        let (status, out, error) = run(&[code]);
        assert_eq!((status, out.as_str()), (Some(1), ""));
        assert!(error.contains(&format!("`trunkline explain {near}`")), "{error}");
    }
    let (status, _, error) = run(&["nonsense"]);
    assert!(status == Some(1) && error.ends_with("run `trunkline explain`.\n"), "{error}");
    assert_eq!(run(&["stale", "--all"]).0, Some(1));
}
