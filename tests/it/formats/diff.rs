//! The diff format: its YAML is equivalent to the manifest, and its hunks match their headers.

use std::path::Path;

use trunkline::manifest::parse;
use trunkline::model::{Desired, Email, WantedAccount};
use trunkline::plan::{Inventory, Plan};
use trunkline::report::{ReportContent, ReportFormat};

use super::written;
use crate::support::plans::World;

const EXAMPLE: &str = include_str!("../../../manifests/example.yaml");

fn diff(world: &World) -> String {
    written(ReportFormat::Diff, ReportContent::Plan(world.context())).unwrap()
}

fn nothing_live(desired: Desired) -> World {
    let inventory = Inventory { complete: true, ..Inventory::default() };
    World::of(Plan { inventory, ..Plan::default() }).with(desired)
}

/// The desired side, parsed from a diff against an empty live side.
fn reread(desired: Desired) -> Desired {
    let diff = diff(&nothing_live(desired));
    let lines = diff.lines().skip(3).map(|line| line.strip_prefix(['+', ' ']).unwrap());
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = format!("version: 1\norganization: acme\n{text}\n");
    parse(Path::new("acme.yaml"), &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn shown(account: &WantedAccount) -> WantedAccount {
    WantedAccount { reenable_connections: false, password_from: None, ..account.clone() }
}

#[test]
fn the_desired_side_is_yaml_that_is_equivalent_to_the_manifest() {
    let desired = parse(Path::new("acme.yaml"), EXAMPLE).unwrap();
    let again = reread(desired.clone());
    let wanted: Vec<_> = desired.accounts.values().map(shown).collect();
    assert_eq!(again.accounts.into_values().collect::<Vec<_>>(), wanted);
}

#[test]
fn every_valid_name_is_read_back_from_the_diff() {
    let names = [
        "Larry's Cat Food",
        "a: b # c",
        "- dash",
        "[list]",
        "{map}",
        "*alias &anchor !tag",
        "\"quoted\" \\ 'single'",
        "12",
        "1e3",
        "0x1f",
        "2027-01-01",
        "yes",
        "Null",
        "~",
        "| pipe > fold",
        "% percent @ at `tick`",
        "##[error]x ### y",
        "Ünal & Söhne 日本 🦊",
        "trailing dot.",
    ];
    for name in names {
        let mut desired = parse(Path::new("acme.yaml"), EXAMPLE).unwrap();
        desired.users = None;
        for account in desired.accounts.values_mut() {
            account.name = name.to_owned();
        }
        let again = reread(desired);
        assert!(again.accounts.values().all(|account| account.name == name), "{name}");
    }
}

#[test]
fn each_hunk_has_the_number_of_lines_in_its_header() {
    let world = World::of_everything();
    let diff = diff(&world);
    let mut heads = 0;
    for hunk in diff.split("\n@@ ").skip(1) {
        let (head, lines) = hunk.split_once(" @@\n").unwrap();
        let of = |sign: char, other: char| {
            lines.lines().filter(|line| line.starts_with([sign, other])).count()
        };
        let count =
            |side: &str| side.split_once(',').map_or(1, |(_, count)| count.parse().unwrap());
        let (old, new) = head.split_once(' ').unwrap();
        assert_eq!((of('-', ' '), of('+', ' ')), (count(old), count(new)), "{hunk}");
        heads += 1;
    }
    assert!(heads > 0);
}

#[test]
fn an_account_is_compared_with_itself_among_many_differences() {
    let mut desired = parse(Path::new("acme.yaml"), EXAMPLE).unwrap();
    let model = desired.accounts.values().next().unwrap().clone();
    for number in 0..20_000 {
        let email = Email::new(format!("customer{number}@shop.example"));
        desired.accounts.insert(email.clone(), WantedAccount { email, ..model.clone() });
    }
    let diff = diff(&nothing_live(desired));
    assert!(diff.lines().count() > 100_000, "in linear time");
}
