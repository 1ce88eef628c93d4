//! Manifests, changed.

use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use trunkline::manifest::{canonical, parse};
use trunkline::report::{Style, problems};

use super::entry::Taken;
use super::entry::manifest::manifest;
use super::mutate::{cases, changes, cut, edited, law};
use super::tree::Tree;
use crate::support::manifests::manifests;

#[test]
fn any_manifest_is_read_correctly_or_refused_with_positions() {
    let documents =
        (manifests(), changes(), any::<bool>()).prop_map(|(desired, (edits, end), block)| {
            let tree = edited(Tree::of(&canonical(&desired)), &edits);
            cut(&if block { tree.yaml() } else { tree.json() }, &end)
        });
    law(cases(1.0, file!()), manifest, 8, documents);
}

/// A word that occurs in no message.
const SECRET: &str = "Xyzzy-Plugh";

#[test]
fn a_password_stays_out_of_every_message_whatever_else_is_wrong() {
    let documents = (manifests(), changes(), any::<prop::sample::Index>()).prop_map(
        |(desired, (edits, _), at)| {
            let mut tree = edited(Tree::of(&canonical(&desired)), &edits);
            let secret = || ("password".to_owned(), Tree::Leaf(SECRET.into()));
            let size = tree.size().max(1);
            tree.at(&mut at.index(size), &mut |part| match part {
                super::tree::Part::Field(fields, place) => fields.insert(place, secret()),
                super::tree::Part::Item(items, place) => {
                    items.insert(place, Tree::Map(vec![secret()]));
                }
            });
            tree.yaml().into_bytes()
        },
    );
    let mut runner = proptest::test_runner::TestRunner::new(cases(1.0, file!()));
    let run = runner.run(&documents, |bytes| {
        let text = std::str::from_utf8(&bytes).unwrap();
        prop_assume!(text.contains(SECRET));
        prop_assert_eq!(manifest(&bytes), Taken::Refused);
        let refused = parse(Path::new("m.yaml"), text).unwrap_err();
        let said = format!("{refused} {refused:?} {}", problems(&refused, Style::default()));
        prop_assert!(!said.contains("Xyzzy"), "{text}\n{said}");
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn deep_nesting_and_alias_bombs_are_refused() {
    let deep = |open: &str, close: &str, depth: usize| {
        format!("version: 1\naccounts: {}{}\n", open.repeat(depth), close.repeat(depth))
    };
    let mut aliases = "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..40 {
        let last = format!("*a{}, ", n - 1).repeat(9);
        writeln!(aliases, "a{n}: &a{n} [{last}]").unwrap();
    }
    let bombs = [
        deep("[", "]", 20),
        deep("[", "]", 100_000),
        deep("[", "", 100_000),
        deep("{a: ", "}", 100_000),
        deep("- ", "", 100_000),
        deep("? ", "", 50_000),
        aliases,
        "a: &a [*a]\n".to_owned(),
        "a: &a {<<: *a}\n".to_owned(),
        format!("version: {}\n", "9".repeat(1_000_000)),
        format!("{}: 1\n", "k".repeat(1_000_000)),
        "!".repeat(100_000),
        "&a ".repeat(100_000),
    ];
    for bomb in bombs {
        assert_eq!(manifest(bomb.as_bytes()), Taken::Refused, "{bomb:.60}");
    }
}

#[test]
fn too_deep_nesting_is_reported_at_any_depth() {
    for depth in [17, 100, 300, 10_000] {
        let text = format!("version: 1\naccounts: {}{}\n", "[".repeat(depth), "]".repeat(depth));
        let refused = parse(Path::new("m.yaml"), &text).unwrap_err().to_string();
        assert!(refused.contains("nested too deeply for a manifest"), "{depth}: {refused}");
    }
}
