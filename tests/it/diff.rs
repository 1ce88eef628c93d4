//! `diff` compares two manifests without a network.

use std::path::Path;

use assert_cmd::Command;
use proptest::prelude::*;
use tempfile::TempDir;
use trunkline::model::Desired;
use trunkline::plan::compare;
use trunkline::{manifest, report};

use crate::support::manifests::manifests;

const BASE: &str = "\
version: 1
organization: acme
policy:
  unlisted_users: report
  max_removals: 1
  max_disables: 25%
  protected: [root@acme.example, ops@acme.example]
accept:
  - { code: user_missing, email: new@acme.example, until: 2027-02-01 }
accounts:
  - { name: Cat, email: cat@shop.example, enabled: true, channel_limit: 30, custom_pricing: true }
  - { name: Dog, email: dog@shop.example, id: 00000000-0000-4000-8000-0000000000d0 }
  - { name: Owl, email: owl@shop.example }
  - { name: Bee, email: bee@shop.example, channel_limit: 10 }
users:
  - { email: root@acme.example, groups: [A] }
  - email: ops@acme.example
  - email: left@acme.example
  - email: gone@acme.example
";

const HEAD: &str = "\
version: 1
organization: acme
manager_account_id: 00000000-0000-4000-8000-000000000001
policy:
  unlisted_users: remove
  max_removals: 25%
  max_disables: 1
  protected: [root@acme.example]
accept:
  - { code: user_missing, email: new@acme.example, until: 2027-03-01, reason: \"\\\"soon\\\"\" }
accounts:
  - { name: Cat, email: cat@shop.example, enabled: false, channel_limit: 10, custom_pricing: true }
  - { name: Dog, email: hound@shop.example, id: 00000000-0000-4000-8000-0000000000d0, password_from: { env: TRUNKLINE_SECRET_DOG } }
  - { name: Bee, email: bee@shop.example, channel_limit: 12, reenable_connections: true }
  - { name: Fox, email: fox@shop.example, enabled: true }
users:
  - { email: root@acme.example, groups: [A, \"B, C\"], until: 2027-01-31 }
  - email: ops@acme.example
  - { email: left@acme.example, absent: true }
  - { email: new@acme.example }
";

/// Runs `diff` on two manifests without a key, and returns the output and the exit status.
fn diff(base: &str, head: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let folder = TempDir::new().unwrap();
    for (name, text) in [("base.yaml", base), ("head.yaml", head)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut command = Command::cargo_bin("trunkline").unwrap();
    command.current_dir(folder.path()).env_remove("TELNYX_API_KEY");
    // Any connection to this address fails.
    command.env("TELNYX_BASE_URL", "http://127.0.0.1:1/v2");
    let output = command.args(["diff", "base.yaml", "head.yaml"]).args(arguments).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[test]
fn a_comparison_of_everything_as_text() {
    let (text, status) = diff(BASE, HEAD, &[]);
    assert_eq!(status, Some(0));
    insta::assert_snapshot!(text);
    assert_eq!(diff(BASE, HEAD, &["--detailed-exitcode"]), (text, Some(2)));
}

#[test]
fn a_comparison_of_everything_as_json() {
    let (text, status) = diff(BASE, HEAD, &["--format", "json"]);
    assert_eq!(status, Some(0));
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn a_comparison_of_everything_as_a_unified_diff() {
    let (text, status) = diff(BASE, HEAD, &["--format", "diff"]);
    assert_eq!(status, Some(0));
    insta::assert_snapshot!(text);
}

#[test]
fn equivalent_manifests_have_no_difference() {
    let moved =
        BASE.replace("version: 1\norganization: acme\n", "") + "organization: acme\nversion: 1\n";
    let moved = moved.replace("cat@shop", "Cat@Shop");
    for format in ["text", "json"] {
        let (text, status) = diff(BASE, &moved, &["--detailed-exitcode", "--format", format]);
        assert_eq!(status, Some(0), "{text}");
    }
    assert_eq!(diff(BASE, BASE, &["--format", "diff"]).0, "");
}

#[test]
fn removing_the_list_of_users_is_reported_and_removes_no_user() {
    let head = &BASE[..BASE.find("users:\n").unwrap()];
    let (text, _) = diff(BASE, head, &[]);
    assert!(
        text.contains("! users: managed → not managed")
            && text.contains("0 destructive, 1 loosened"),
        "{text}"
    );
}

#[test]
fn an_invalid_manifest_is_an_error() {
    assert_eq!(diff(BASE, "version: 2\n", &[]), (String::new(), Some(1)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_canonical_manifest_reads_back_as_equal(desired in manifests()) {
        let text = manifest::canonical(&desired);
        let read = manifest::parse(Path::new("m.yaml"), &text);
        prop_assert_eq!(read.as_ref(), Ok(&desired), "{}", text);
        prop_assert_eq!(manifest::canonical(&read.unwrap()), text);
    }

    #[test]
    fn a_difference_is_found_exactly_when_the_digests_differ(one in manifests(), other in manifests()) {
        let (mut one, mut other) = (one, other);
        for desired in [&mut one, &mut other] {
            desired.accept.sort_by_key(|one| (one.email.clone(), one.code));
        }
        prop_assert!(compare(&one, &one).is_empty());
        let same = report::desired_digest(&one) == report::desired_digest(&other);
        prop_assert_eq!(compare(&one, &other).is_empty(), same);
        // No part of a manifest goes unnoticed.
        let mixes = [
            Desired { policy: other.policy.clone(), ..one.clone() },
            Desired { accept: other.accept.clone(), ..one.clone() },
            Desired { accounts: other.accounts.clone(), ..one.clone() },
            Desired { users: other.users.clone(), ..one.clone() },
        ];
        for mix in mixes {
            let same = report::desired_digest(&one) == report::desired_digest(&mix);
            prop_assert_eq!(compare(&one, &mix).is_empty(), same, "{:#?}", compare(&one, &mix));
        }
    }
}
