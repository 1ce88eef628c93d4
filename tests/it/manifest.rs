//! Manifests, good and broken.

use std::fmt::Write as _;
use std::path::Path;

use trunkline::manifest::parse;
use trunkline::model::{Budget, Email, UnlistedAccounts, UnlistedUsers};

/// The problems of a manifest, as they are shown.
fn problems(text: &str) -> String {
    parse(Path::new("acme.yaml"), text).unwrap_err().to_string()
}

/// A manifest with a head and the given rest.
fn with(rest: &str) -> String {
    format!("version: 1\norganization: acme\n{rest}")
}

#[test]
fn fields_come_from_the_entry_or_else_from_defaults_or_are_not_managed() {
    let text = with(
        "policy: { unlisted_accounts: disable, unlisted_users: remove, max_removals: 10%, max_enables: 3 }
defaults: { account: { enabled: true, custom_pricing: false } }
accounts:
  - { name: Cat, email: Cat@Shop.example, custom_pricing: true }
users:
  - email: ops@acme.example
",
    );
    let desired = parse(Path::new("acme.yaml"), &text).unwrap();
    let cat = &desired.accounts[&Email::new("cat@shop.example")];
    assert_eq!(
        (cat.enabled, cat.custom_pricing, cat.rollup_billing),
        (Some(true), Some(true), None)
    );
    assert_eq!(desired.policy.unlisted_accounts, UnlistedAccounts::Disable);
    assert_eq!(desired.policy.unlisted_users, UnlistedUsers::Remove);
    assert_eq!(desired.policy.budgets.removals, Budget::Percent(10));
    assert_eq!(desired.policy.budgets.enables, Budget::Count(3));
    assert_eq!(desired.policy.budgets.disables, Budget::Percent(25));
    assert_eq!(desired.users.unwrap().len(), 1);
}

#[test]
fn users_that_are_left_out_are_not_managed() {
    assert_eq!(parse(Path::new("acme.yaml"), &with("")).unwrap().users, None);
}

#[test]
fn everything_that_is_wrong_is_told_with_its_place() {
    let text = "version: 2
organization: acme corp
policy: { protected: [nobody] }
accounts:
  - { name: '', email: cat@shop.example }
  - { name: Dog, email: dog at shop }
  - { name: Cat again, email: CAT@shop.example }
users: []
";
    insta::assert_snapshot!(problems(text));
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let cases = [
        (
            "an unknown field",
            with("accounts:\n  - { name: A, email: a@b.example, enable: true }\n"),
        ),
        (
            "a wrong type",
            with("accounts:\n  - { name: A, email: a@b.example, enabled: yes please }\n"),
        ),
        (
            "yes is no boolean",
            with("accounts:\n  - { name: A, email: a@b.example, enabled: yes }\n"),
        ),
        ("a missing field", with("accounts:\n  - name: A\n")),
        ("a key twice", with("organization: other\n")),
        ("a bad budget", with("policy: { max_removals: 120% }\n")),
        ("a negative budget", with("policy: { max_removals: -1 }\n")),
        ("a bad policy", with("policy: { unlisted_users: delete }\n")),
        ("no YAML", "version: [1\n".to_owned()),
        ("nothing", String::new()),
        ("two documents", "version: 1\norganization: a\n---\nversion: 1\n".to_owned()),
        ("disable everything", with("policy: { unlisted_accounts: disable }\n")),
    ];
    let mut shown = String::new();
    for (what, text) in cases {
        writeln!(shown, "# {what}\n{}\n", problems(&text)).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_small_file_cannot_become_a_large_one_by_aliases() {
    let mut text = with("accounts:\n  - &a0 { name: A, email: a@b.example }\n");
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        writeln!(text, "  - &a{level} [{before}]").unwrap();
    }
    assert!(!problems(&text).is_empty());
}

#[test]
fn a_manifest_of_a_hundred_thousand_accounts_is_read() {
    let mut text = with("accounts:\n");
    for number in 0..100_000 {
        writeln!(
            text,
            "  - name: Shop {number}\n    email: shop{number}@reseller.example\n    enabled: true"
        )
        .unwrap();
    }
    assert_eq!(parse(Path::new("large.yaml"), &text).unwrap().accounts.len(), 100_000);
}
