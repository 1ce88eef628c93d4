//! Rules on the plan as a whole: gaps in the inventory, policies, safety limits and order.

use super::*;

#[test]
fn an_incomplete_inventory_allows_no_destructive_action_and_no_create() {
    check(
        |want, live| {
            live.gaps = gaps();
            live.accounts[1].status = Some(Status::Disabled);
            want.users.as_mut().unwrap().remove(&Email::new("ops@acme.example"));
            want.accounts.get_mut(&email("cat")).unwrap().enabled = Some(false);
            let mut cow = want.accounts[&email("cat")].clone();
            cow.email = email("cow");
            want.accounts.insert(email("cow"), cow);
        },
        &["enable dog@shop.example"],
        &[Code::InventoryIncomplete; 5],
    );
}

#[test]
fn a_gap_in_one_half_does_not_affect_the_other() {
    let lacking = |half| {
        move |want: &mut Desired, live: &mut Live| {
            live.gaps = vec![Gap::new(half, "a page was empty")];
            want.users.as_mut().unwrap().remove(&Email::new("ops@acme.example"));
            want.accounts.get_mut(&email("cat")).unwrap().enabled = Some(false);
        }
    };
    let accounts = check(
        lacking(Half::Accounts),
        &["remove ops@acme.example"],
        &[Code::InventoryIncomplete; 2],
    );
    let users =
        check(lacking(Half::Users), &["disable cat@shop.example"], &[Code::InventoryIncomplete; 2]);
    assert_eq!((accounts.withheld, users.withheld), (1, 1));
}

#[test]
fn a_manifest_without_accounts_reports_no_live_account() {
    let plan = check(
        |want, _| {
            want.accounts.clear();
            want.policy.unlisted_accounts = UnlistedAccounts::Disable;
        },
        &[],
        &[],
    );
    assert!(!plan.has_drift());
}

#[test]
fn unlisted_accounts_and_users_that_are_ignored_are_counted() {
    let plan = check(
        |want, _| {
            want.accounts.remove(&email("cat"));
            want.users.as_mut().unwrap().remove(&Email::new("ops@acme.example"));
            want.policy.unlisted_accounts = UnlistedAccounts::Ignore;
            want.policy.unlisted_users = UnlistedUsers::Ignore;
        },
        &[],
        &[],
    );
    assert_eq!((plan.ignored, plan.in_sync), (2, 2));
}

#[test]
fn more_creates_than_the_manifest_allows_are_refused() {
    let plan = check(
        |want, live| {
            want.policy.budgets.creates = 1;
            live.accounts.clear();
        },
        &["create cat@shop.example", "create dog@shop.example"],
        &[],
    );
    let guard = Guard { name: GuardName::MaxCreates, actual: 2, limit: 1, of: 0 };
    assert_eq!(plan.guards, [guard]);
    assert!(guard.refused());
}

#[test]
fn creates_above_the_quota_or_without_a_state_are_noticed() {
    let create = |want: &mut Desired, live: &mut Live| {
        let cat = live.accounts.remove(0);
        want.policy.unlisted_accounts = UnlistedAccounts::Ignore;
        cat
    };
    check_all(
        |situation| {
            create(&mut situation.want, &mut situation.live);
            situation.state.forgotten = true;
        },
        &["create cat@shop.example"],
        &[Code::UntrackedCreates],
    );
    check(
        |want, live| {
            let cat = create(want, live);
            live.accounts.extend((0..999).map(|n| LiveAccount {
                id: AccountId::new(format!("other-{n}")),
                email: email(&format!("other{n}")),
                name: None,
                ..cat.clone()
            }));
        },
        &["create cat@shop.example"],
        &[Code::AccountQuota],
    );
}

#[test]
fn a_setting_that_applies_to_nothing_is_noticed() {
    let plan = check(
        |want, _| {
            want.policy.protected =
                ["rooot@acme.example", "cat@shop.example"].map(Email::new).into();
            let accept = |code, address: &str, until: &str| Accepted {
                code,
                email: Some(Email::new(address)),
                until: until.parse().unwrap(),
                reason: None,
            };
            want.accept = vec![
                accept(Code::UserMissing, "ops@acme.example", "2030-01-01"),
                accept(Code::UserMissing, "ops@acme.example", "2020-01-01"),
            ];
        },
        &[],
        &[Code::ProtectedUnmatched, Code::AcceptUnmatched, Code::AcceptUnmatched],
    );
    assert!(!plan.has_drift());
}

#[test]
fn access_is_removed_before_other_access_is_granted() {
    check(
        |want, live| {
            want.policy.budgets.removals = Budget::Count(5);
            want.users.as_mut().unwrap().remove(&Email::new("ops@acme.example"));
            let cat = want.accounts.get_mut(&email("cat")).unwrap();
            (cat.enabled, cat.custom_pricing) = (Some(false), Some(true));
            live.accounts[1].status = Some(Status::Disabled);
            let mut ant = want.accounts[&email("cat")].clone();
            ant.email = email("ant");
            want.accounts.insert(email("ant"), ant);
        },
        &[
            "remove ops@acme.example",
            "disable cat@shop.example",
            "update cat@shop.example",
            "enable dog@shop.example",
            "create ant@shop.example",
            "disable ant@shop.example",
        ],
        &[],
    );
}

#[test]
fn a_safety_limit_refuses_only_a_plan_that_exceeds_it() {
    let remove = |budget| {
        move |want: &mut Desired, _: &mut Live| {
            want.policy.budgets.removals = budget;
            want.users.as_mut().unwrap().remove(&Email::new("ops@acme.example"));
        }
    };
    let refused = |budget| {
        let plan = check(remove(budget), &["remove ops@acme.example"], &[]);
        assert_eq!(plan.guards.len(), 1);
        plan.guards[0].refused()
    };
    assert!(!refused(Budget::Percent(25)));
    assert!(!refused(Budget::Count(1)));
    assert!(refused(Budget::Count(0)));
    assert!(refused(Budget::Percent(0)));
}

#[test]
fn equal_input_in_another_order_gives_the_same_plan() {
    let (mut desired, mut live) = in_sync();
    desired.accounts = BTreeMap::new();
    desired.policy.unlisted_accounts = UnlistedAccounts::Disable;
    desired.users.as_mut().unwrap().clear();
    let make = |live: &Live| plan(&desired, live, &State::default(), day("2026-03-01"));
    let one = make(&live);
    live.accounts.reverse();
    live.users.as_mut().unwrap().reverse();
    assert_eq!(make(&live), one);
}
