//! Valid and invalid seeds.

use super::*;
use crate::sandbox::state::AccountStatus;

fn problem(json: &str) -> String {
    Seed::parse(json).expect_err("it is to be refused").to_string()
}

#[test]
fn an_organization_can_have_an_account_of_each_status_and_an_owner() {
    let small = include_str!("../../../tests/it/data/small.sandbox.json");
    let state = Seed::parse(small).unwrap().into_state();
    for status in [
        AccountStatus::Enabled,
        AccountStatus::Disabled,
        AccountStatus::Blocked,
        AccountStatus::Cancelled,
    ] {
        assert!(state.accounts.iter().any(|account| account.status == status), "{status:?}");
    }
    assert_eq!(state.accounts.len(), 6);
    assert_eq!(state.users.len(), 5);
    assert_eq!(state.allocated(), 30 + 40 + 10 + 5 + 10);
}

#[test]
fn what_is_written_reads_back_as_the_same() -> Result<(), SeedError> {
    for seed in [Seed::empty(), Seed::small()] {
        let json = seed.to_json()?;
        assert_eq!(Seed::parse(&json)?.to_json()?, json);
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_organization() -> Result<(), SeedError> {
    assert_eq!(Seed::small().to_json()?, Seed::small().to_json()?);
    Ok(())
}

#[test]
fn a_large_organization_needs_no_more_than_emails() -> Result<(), SeedError> {
    let accounts: Vec<_> = (0..300).map(|n| format!(r#"{{"email":"a{n}@x.example"}}"#)).collect();
    let state = Seed::parse(&format!(r#"{{"accounts":[{}]}}"#, accounts.join(",")))?.into_state();
    assert_eq!(state.pool.allocatable, 3000);
    assert!(state.accounts.is_sorted_by(|a, b| a.created_at < b.created_at));
    Ok(())
}

#[test]
fn an_unknown_field_is_named_with_its_item() {
    let said = problem(
        r#"{"accounts":[{"email":"a@b.example"},{"email":"c@d.example","chanel_limit":3}]}"#,
    );
    assert!(
        said.contains("accounts[1]") && said.contains("chanel_limit") && said.contains("line 1"),
        "{said}"
    );
}

#[test]
fn a_list_is_not_taken_for_an_object() {
    for json in [
        "[]",
        "null",
        "3",
        "",
        r#"{"manager":[]}"#,
        r#"{"accounts":[["a@b.example"]]}"#,
        r#"{"users":{}}"#,
    ] {
        let _ = problem(json);
    }
}

#[test]
fn duplicates_are_refused_and_all_problems_reported() {
    let said = problem(
        r#"{"accounts":[{"email":"a@b.example"},{"email":"A@B.example","status":"cancelled","id":"x"}],
            "users":[{"email":"u@b.example","id":"1"},{"email":"v@b.example","id":"1","created_at":"yesterday"}]}"#,
    );
    for part in ["accounts[1]: email a@b.example", "not a UUID", "users[1]: id 1", "created_at"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn more_channels_than_the_pool_has_are_refused_but_a_cancelled_account_holds_none() {
    let said = problem(r#"{"channels":{"allocatable":9},"accounts":[{"email":"a@b.example"}]}"#);
    assert!(said.contains("hold 10") && said.contains("only 9"), "{said}");
    let fine = r#"{"channels":{"allocatable":9},"accounts":[{"email":"a@b.example","status":"cancelled","channel_limit":99}]}"#;
    assert!(Seed::parse(fine).is_ok());
}

#[test]
fn a_huge_limit_is_refused_without_a_panic() {
    let max = u64::MAX;
    let accounts = format!(
        r#"{{"email":"a@b.example","channel_limit":{max}}},{{"email":"c@b.example","channel_limit":{max}}}"#
    );
    let _ = problem(&format!(r#"{{"channels":{{"allocatable":5}},"accounts":[{accounts}]}}"#));
}
