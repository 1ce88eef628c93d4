//! Manifests, good and broken.

mod broken;
mod command;
mod editor;
mod faults;
mod folder;
mod mistakes;
mod schema;
mod secrets;
mod worked;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use trunkline::manifest::{Problems, parse};
use trunkline::model::{
    AccessPolicy, AccountId, Amount, Budget, Code, Day, Desired, Email, PasswordSource, Presence,
    StaleUsers, UnlistedAccounts, UnlistedUsers,
};
use trunkline::report::{self, Style};

/// Reads a text as the file `acme.yaml`.
fn read(text: &str) -> Result<Desired, Problems> {
    parse(Path::new("acme.yaml"), text)
}

/// The problems of a manifest, as they are shown on a terminal without colours.
fn shown(problems: &Problems) -> String {
    report::problems(problems, Style { colour: false })
}

/// A manifest with a head and the given rest.
fn with(rest: &str) -> String {
    format!("version: 1\norganization: acme\n{rest}")
}

/// A file of this repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// A manifest in which every field is there.
const EVERYTHING: &str = "\
version: 1
organization: acme
manager_account_id: 6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10
policy:
  unlisted_accounts: disable
  unlisted_users: remove
  max_removals: 10%
  max_disables: 0
  max_enables: 3
  max_channel_cut: 100%
  max_pricing_withdrawals: 0%
  max_creates: 7
  protected: [root@acme.example, Larry@CatFood.example]
  stale_after: 90d
  stale_users: remove
  sso_bypass: [Root@acme.example]
  privileged_groups: [Admin, Billing]
accept:
  - { code: user_missing, email: new@acme.example, until: 2027-02-01, reason: invited }
  - { code: pool_exceeded, until: 2028-02-29 }
defaults:
  account: { enabled: true, channel_limit: 10, custom_pricing: false, rollup_billing: false, min_balance: 25, reenable_connections: true }
accounts:
  - name: Larry's Cat Food
    email: Larry@CatFood.example
    id: f65ceda4-5d1c-4f0e-9a53-1f6d4e1a7b20
    enabled: false
    channel_limit: 4294967295
    custom_pricing: true
    rollup_billing: true
    reenable_connections: false
    password_from: { env: TRUNKLINE_SECRET_LARRY }
  - name: Blue Door Bakery
    email: orders@bluedoor.example
    min_balance: 100.50
    password_from: { file: secrets/blue door.txt }
users:
  - email: root@acme.example
  - { email: ops@acme.example, groups: [Engineering, Support, Engineering], until: 2027-01-31 }
  - { email: dev@acme.example, groups: [], keep: true }
  - { email: left@acme.example, absent: true }
  - { email: back@acme.example, absent: false }
  - { email: boss@acme.example, owner: true }
";

#[test]
fn every_field_is_read() {
    let Desired { organization, manager, policy, accept, accounts, users } =
        read(EVERYTHING).unwrap();
    assert_eq!(organization, "acme");
    assert_eq!(manager, Some(AccountId::new("6ee4a469-3f0c-4f5a-9c1e-2d6a2f1b7c10")));
    assert_eq!(policy.unlisted_accounts, UnlistedAccounts::Disable);
    assert_eq!(policy.unlisted_users, UnlistedUsers::Remove);
    assert_eq!(policy.budgets.removals, Budget::Percent(10));
    assert_eq!(policy.budgets.disables, Budget::Count(0));
    assert_eq!(policy.budgets.enables, Budget::Count(3));
    assert_eq!(policy.budgets.channel_cut, Budget::Percent(100));
    assert_eq!(policy.budgets.pricing_withdrawals, Budget::Percent(0));
    assert_eq!(policy.budgets.creates, 7);
    let protected = ["root@acme.example", "larry@catfood.example"].map(Email::new);
    assert_eq!(policy.protected, protected.into());
    let AccessPolicy { stale_after, stale_users, sso_bypass, privileged_groups } = policy.access;
    assert_eq!((stale_after, stale_users), (Some(90), StaleUsers::Remove));
    assert_eq!(sso_bypass, Some([Email::new("root@acme.example")].into()));
    assert_eq!(privileged_groups, ["Admin", "Billing"].map(str::to_owned).into());
    let [missing, pool] = &accept[..] else { panic!("{accept:?}") };
    assert_eq!(missing.code, Code::UserMissing);
    assert_eq!(missing.email, Some(Email::new("new@acme.example")));
    assert_eq!(missing.until, day("2027-02-01"));
    assert_eq!(missing.reason.as_deref(), Some("invited"));
    assert_eq!((pool.code, &pool.email), (Code::PoolExceeded, &None));
    assert_eq!((pool.until, &pool.reason), (day("2028-02-29"), &None));
    assert_eq!(accounts.len(), 2);
    let users = users.unwrap();
    let presence = |email: &str| users[&Email::new(email)].presence.clone();
    let present = |groups: Option<&[&str]>, until| {
        let groups = groups.map(|names| names.iter().map(ToString::to_string).collect());
        Presence::Present { groups, until }
    };
    assert_eq!(presence("root@acme.example"), present(None, None));
    let (groups, until) = (["Engineering", "Support"], day("2027-01-31"));
    assert_eq!(presence("ops@acme.example"), present(Some(&groups), Some(until)));
    assert_eq!(presence("dev@acme.example"), present(Some(&[]), None));
    assert_eq!(presence("left@acme.example"), Presence::Absent);
    assert_eq!(presence("back@acme.example"), present(None, None));
    assert_eq!(presence("boss@acme.example"), Presence::Owner);
    let kept = users.values().filter(|user| user.keep).map(|user| user.email.as_str());
    assert_eq!(kept.collect::<Vec<_>>(), ["dev@acme.example"]);
}

#[test]
fn an_amount_is_read_from_its_digits() {
    let minimum = |written: &str| {
        let entry = format!("{{ name: Cat, email: cat@shop.example, min_balance: {written} }}");
        let read = read(&with(&format!("accounts: [{entry}]")))?;
        Ok::<_, Problems>(read.accounts[&Email::new("cat@shop.example")].min_balance)
    };
    let amount = |text: &str| Some(text.parse::<Amount>().unwrap());
    for (written, text) in [
        ("0", "0"),
        ("25", "25"),
        ("25.00", "25"),
        ("0.1", "0.1"),
        // More digits than a binary fraction has.
        ("12345678901234567.89", "12345678901234567.89"),
    ] {
        assert_eq!(minimum(written).unwrap(), amount(text), "{written}");
    }
    for (written, fault) in [
        ("-0.01", "must not be negative"),
        ("-1", "must not be negative"),
        ("'25.00'", "must be an amount such as 25.00, not the string \"25.00\""),
        ("25.00 USD", "must be an amount"),
        ("1e3", "must be an amount"),
        (".inf", "must be an amount"),
        (".5", "must be an amount"),
        ("true", "must be an amount"),
    ] {
        let problems = minimum(written).unwrap_err();
        assert!(problems.0[0].message.contains(fault), "{written}: {problems:?}");
    }
    let shared = "accounts:
  - { name: Cat, email: cat@shop.example, min_balance: &least 12.50 }
  - { name: Dog, email: dog@shop.example, min_balance: *least }";
    let read = read(&with(shared)).unwrap();
    assert!(read.accounts.values().all(|one| one.min_balance == amount("12.5")), "{read:?}");
}

#[test]
fn a_rule_that_would_check_nothing_is_a_problem() {
    let users = "users: [{ email: a@x.example }]";
    for (manifest, fault) in [
        (format!("policy: {{ stale_users: remove }}\n{users}"), "`stale_users: remove` needs `stale_after`"),
        ("policy: { stale_after: 90d }".to_owned(), "`stale_after` checks users, but this manifest lists none"),
        ("policy: { sso_bypass: [] }".to_owned(), "`sso_bypass` checks users"),
        ("policy: { privileged_groups: [Admin] }".to_owned(), "`privileged_groups` checks users"),
        (
            "accounts: [{ name: Cat, email: cat@shop.example, rollup_billing: true, min_balance: 5 }]".to_owned(),
            "an account with `rollup_billing: true` has no balance",
        ),
        (
            "defaults: { account: { rollup_billing: true } }\naccounts: [{ name: Cat, email: cat@shop.example, min_balance: 5 }]".to_owned(),
            "an account with `rollup_billing: true` has no balance",
        ),
        (format!("policy: {{ stale_after: 90 }}\n{users}"), "must be a number of days such as 90d, not the number 90"),
        (format!("policy: {{ stale_after: 0d }}\n{users}"), "must be a number of days"),
        (format!("policy: {{ stale_after: 10000d }}\n{users}"), "must be a number of days"),
        (format!("policy: {{ stale_after: 90d, stale_users: disable }}\n{users}"), "must be report or remove"),
        ("users: [{ email: a@x.example, absent: true, keep: true }]".to_owned(), "cannot have `keep`"),
    ] {
        let problems = read(&with(&manifest)).unwrap_err();
        assert!(problems.0[0].message.contains(fault), "{manifest}: {problems:?}");
    }
}

#[test]
fn an_organization_has_one_owner_without_other_fields() {
    for (users, fault) in [
        (
            "{ email: a@x.example, owner: true }, { email: b@x.example, owner: true }",
            "only one owner",
        ),
        ("{ email: a@x.example, owner: true, until: 2027-01-31 }", "cannot have `until`"),
        ("{ email: a@x.example, absent: true, owner: true }", "cannot have `owner`"),
    ] {
        let text = format!("version: 1\norganization: acme\nusers: [{users}]\n");
        let problems = read(&text).unwrap_err();
        assert!(problems.0[0].message.contains(fault), "{problems:?}");
    }
}

#[test]
fn fields_come_from_the_entry_or_else_from_defaults() {
    let accounts = read(EVERYTHING).unwrap().accounts;
    let larry = &accounts[&Email::new("larry@catfood.example")];
    assert_eq!((larry.enabled, larry.channel_limit), (Some(false), Some(u64::from(u32::MAX))));
    assert_eq!((larry.custom_pricing, larry.rollup_billing), (Some(true), Some(true)));
    assert!(!larry.reenable_connections);
    assert_eq!(larry.email.as_str(), "Larry@CatFood.example");
    assert_eq!(larry.id, Some(AccountId::new("f65ceda4-5d1c-4f0e-9a53-1f6d4e1a7b20")));
    let variable = PasswordSource::Env("TRUNKLINE_SECRET_LARRY".to_owned());
    assert_eq!(larry.password_from, Some(variable));

    let bakery = &accounts[&Email::new("orders@bluedoor.example")];
    assert_eq!((bakery.enabled, bakery.channel_limit), (Some(true), Some(10)));
    assert_eq!((bakery.custom_pricing, bakery.rollup_billing), (Some(false), Some(false)));
    assert!(bakery.reenable_connections);
    // The default is for accounts with a balance, and Larry's charges go to the manager.
    assert_eq!(larry.min_balance, None);
    assert_eq!(bakery.min_balance, Some("100.5".parse().unwrap()));
    assert_eq!(bakery.id, None);
    let file = PasswordSource::File("secrets/blue door.txt".into());
    assert_eq!(bakery.password_from, Some(file));
}

#[test]
fn absent_fields_are_not_managed() {
    let desired = read(&with("accounts: [{ name: Cat, email: cat@shop.example }]")).unwrap();
    let cat = &desired.accounts[&Email::new("cat@shop.example")];
    assert_eq!((cat.enabled, cat.channel_limit), (None, None));
    assert_eq!((cat.custom_pricing, cat.rollup_billing), (None, None));
    assert!(!cat.reenable_connections);
    assert_eq!((&desired.users, &desired.manager), (&None, &None));
    assert_eq!(desired.policy, trunkline::model::Policy::default());
    let nothing = read(&with("")).unwrap();
    assert!(nothing.accounts.is_empty() && nothing.accept.is_empty());
}

#[test]
fn a_byte_order_mark_other_line_breaks_and_aliases_are_fine() {
    let text = with(
        "accounts:\n  - { name: &n Cat, email: cat@shop.example }\n  - { name: *n, email: dog@shop.example }\n",
    );
    let plain = read(&text).unwrap();
    assert_eq!(plain.accounts[&Email::new("dog@shop.example")].name, "Cat");
    assert_eq!(read(&format!("\u{feff}{text}")).unwrap(), plain);
    assert_eq!(read(&text.replace('\n', "\r\n")).unwrap(), plain);
    assert_eq!(read(&format!("--- # one\n{text}...\n")).unwrap(), plain);
    // The mark does not count as a column.
    let problems = read("\u{feff}version: 2\norganization: acme\n").unwrap_err();
    let place = problems.0[0].place.as_ref().unwrap();
    assert_eq!((place.line, place.column), (1, 10));
}

#[test]
fn the_problems_of_a_library_user_are_lines_of_text() {
    let text = with(
        "accounts:\n  - { name: Cat, email: cat@shop.example, enable: true }\n  - { name: Dog, email: Cat@shop.example }\n",
    );
    insta::assert_snapshot!(read(&text).unwrap_err());
}

/// A manifest of many accounts.
fn large(accounts: usize, enabled: &str) -> String {
    let mut text = with("accounts:\n");
    for number in 0..accounts {
        let email = format!("shop{number}@reseller.example");
        writeln!(text, "  - name: Shop {number}\n    email: {email}\n    enabled: {enabled}")
            .unwrap();
    }
    text
}

#[test]
fn a_manifest_of_a_hundred_thousand_accounts_is_read() {
    assert_eq!(read(&large(100_000, "true")).unwrap().accounts.len(), 100_000);
}

#[test]
fn any_number_of_problems_is_reported_at_once() {
    assert_eq!(read(&large(10_000, "yes")).unwrap_err().0.len(), 10_000);
}
