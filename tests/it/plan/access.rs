//! Balances, sign-ins, single sign-on and privileged groups.

use super::*;

const OPS: &str = "ops@acme.example";

fn money(amount: &str) -> Balance {
    Balance { amount: amount.parse().unwrap(), currency: Some("USD".to_owned()) }
}

/// Makes everybody but `ops` a user who signed in yesterday, and `ops` one of these dates.
fn dates(situation: &mut Situation, created: Option<&str>, last_sign_in: LastSignIn) {
    for user in situation.live.users.as_mut().unwrap() {
        user.created = Some(day("2020-01-01"));
        user.last_sign_in = LastSignIn::On(day("2026-02-28"));
        user.bypasses_sso = Some(false);
        user.groups = Some(Vec::new());
    }
    situation.want.policy.access.stale_after = Some(90);
    let ops = user(&mut situation.live, "ops");
    (ops.created, ops.last_sign_in) = (created.map(day), last_sign_in);
}

#[test]
fn a_user_is_stale_only_if_both_dates_prove_it() {
    use LastSignIn::{Never, On, Unknown};
    let (old, recent) = (Some("2025-12-01"), Some("2025-12-02"));
    let cases = [
        // Today is 2026-03-01, so 2025-12-01 is 90 days ago.
        (old, On(day("2025-12-01")), &[Code::UserStale][..]),
        (old, On(day("2025-12-02")), &[]),
        (old, Never, &[Code::UserStale]),
        (old, Unknown, &[Code::NotCompared]),
        (recent, On(day("2025-12-01")), &[]),
        (recent, Never, &[]),
        (recent, Unknown, &[]),
        (None, On(day("2025-12-01")), &[Code::NotCompared]),
        (None, On(day("2025-12-02")), &[]),
        (None, Never, &[Code::NotCompared]),
        (None, Unknown, &[Code::NotCompared]),
        // A clock that is ahead of ours.
        (Some("2027-01-01"), Never, &[]),
    ];
    for (created, last_sign_in, findings) in cases {
        let plan = check_all(|situation| dates(situation, created, last_sign_in), &[], findings);
        assert_eq!(plan.withheld, 0);
        // Nothing is removed of whom a date is missing, even if stale users are.
        let removes = findings == [Code::UserStale] && last_sign_in != Never;
        check_all(
            |situation| {
                dates(situation, created, last_sign_in);
                situation.want.policy.access.stale_users = StaleUsers::Remove;
            },
            if removes { &["remove ops@acme.example"] } else { &[] },
            if removes { &[] } else { findings },
        );
    }
}

/// A stale `ops` whom the policy removes.
fn stale(situation: &mut Situation) {
    dates(situation, Some("2020-01-01"), LastSignIn::On(day("2025-01-01")));
    situation.want.policy.access.stale_users = StaleUsers::Remove;
}

#[test]
fn a_stale_user_is_removed_for_that_reason_within_the_limit_for_removals() {
    let plan = check_all(stale, &["remove ops@acme.example"], &[]);
    assert_eq!(plan.actions[0].reason, Reason::Stale);
    let guard = plan.guards.iter().find(|guard| guard.name == GuardName::MaxRemovals).unwrap();
    assert_eq!(guard.actual, 1);
    let strict = check_all(
        |situation| {
            stale(situation);
            situation.want.policy.budgets.removals = Budget::Count(0);
        },
        &["remove ops@acme.example"],
        &[],
    );
    assert!(strict.guards.iter().any(Guard::refused));
}

#[test]
fn promise_6_owners_protected_and_kept_users_are_never_removed_as_stale() {
    type Case = (fn(&mut Situation), &'static [Code]);
    let cases: [Case; 8] = [
        (|situation| user(&mut situation.live, "ops").role = Role::Owner, &[Code::UserStale]),
        (
            |situation| user(&mut situation.live, "ops").role = Role::Other("robot".to_owned()),
            &[Code::UserStale],
        ),
        (
            |situation| {
                situation.live.owners.insert(Email::new(OPS));
            },
            &[Code::UserStale],
        ),
        (
            |situation| {
                situation.want.policy.protected.insert(Email::new(OPS));
            },
            &[Code::UserStale],
        ),
        (|situation| situation.users().get_mut(&Email::new(OPS)).unwrap().keep = true, &[]),
        (
            |situation| {
                situation.want.accept.push(Accepted {
                    code: Code::UserStale,
                    email: Some(Email::new(OPS)),
                    until: day("2026-03-01"),
                    reason: None,
                });
            },
            &[Code::Accepted],
        ),
        (
            |situation| situation.want.policy.access.stale_users = StaleUsers::Report,
            &[Code::UserStale],
        ),
        // Removed before, and still listed as disabled.
        (
            |situation| {
                let ops = user(&mut situation.live, "ops");
                ops.status = Some(UserStatus::Disabled);
                situation.state.removed.insert(ops.id.clone());
            },
            &[Code::UserUnlisted],
        ),
    ];
    for (place, (change, findings)) in cases.into_iter().enumerate() {
        let mut situation = Situation::in_sync();
        stale(&mut situation);
        change(&mut situation);
        let plan = situation.plan();
        assert!(plan.actions.is_empty() && plan.withheld == 0, "{place}: {plan:#?}");
        let found: Vec<Code> = plan.findings.iter().map(Finding::code).collect();
        assert_eq!(found, findings, "{place}");
    }
}

#[test]
fn an_incomplete_read_withholds_the_removal_of_a_stale_user() {
    let plan = check_all(
        |situation| {
            stale(situation);
            situation.live.gaps = vec![Gap::new(Half::Users, "users: page 2 is empty")];
        },
        &[],
        &[Code::InventoryIncomplete, Code::InventoryIncomplete],
    );
    assert_eq!(plan.withheld, 1);
}

#[test]
fn an_unlisted_user_follows_the_policy_for_unlisted_users_and_not_the_one_for_stale_users() {
    let unlisted = |policy| {
        move |situation: &mut Situation| {
            stale(situation);
            situation.want.policy.unlisted_users = policy;
            situation.users().remove(&Email::new(OPS));
        }
    };
    check_all(unlisted(UnlistedUsers::Report), &[], &[Code::UserUnlisted, Code::UserStale]);
    let plan = check_all(unlisted(UnlistedUsers::Ignore), &[], &[]);
    assert_eq!(plan.ignored, 1);
    let plan = check_all(unlisted(UnlistedUsers::Remove), &["remove ops@acme.example"], &[]);
    assert_eq!(plan.actions[0].reason, Reason::Unlisted);
}

#[test]
fn only_listed_users_may_bypass_single_sign_on() {
    let situation = |bypasses: Option<bool>, only: Option<&[&str]>| {
        let only: Option<BTreeSet<Email>> =
            only.map(|only| only.iter().map(|email| Email::new(*email)).collect());
        move |situation: &mut Situation| {
            dates(situation, Some("2020-01-01"), LastSignIn::On(day("2026-02-28")));
            situation.want.policy.access.sso_bypass = only;
            user(&mut situation.live, "ops").bypasses_sso = bypasses;
        }
    };
    check_all(situation(Some(true), None), &[], &[]);
    check_all(situation(Some(true), Some(&[])), &[], &[Code::UserBypassesSso]);
    check_all(situation(Some(true), Some(&["OPS@acme.example"])), &[], &[]);
    check_all(situation(Some(false), Some(&[])), &[], &[]);
    check_all(situation(None, Some(&[])), &[], &[Code::NotCompared]);
    check_all(situation(None, Some(&[OPS])), &[], &[]);
}

#[test]
fn a_privileged_group_must_be_granted_by_the_entry() {
    let situation = |live: Option<&[&str]>, granted: Option<&[&str]>| {
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (live, granted) = (live.map(names), granted.map(names));
        move |situation: &mut Situation| {
            dates(situation, Some("2020-01-01"), LastSignIn::On(day("2026-02-28")));
            let privileged = ["Admin", "Billing"].map(str::to_owned);
            situation.want.policy.access.privileged_groups = privileged.into();
            user(&mut situation.live, "ops").groups = live;
            // An owner needs no group.
            user(&mut situation.live, "root").groups = Some(vec!["Admin".to_owned()]);
            let groups = granted.map(|granted| granted.into_iter().collect());
            situation.list_user(OPS, Presence::Present { groups, until: None });
        }
    };
    check_all(situation(Some(&["Support"]), None), &[], &[]);
    let plan =
        check_all(situation(Some(&["Billing", "Admin"]), None), &[], &[Code::PrivilegedGroup]);
    let groups = ["Admin", "Billing"].map(str::to_owned).into();
    assert_eq!(plan.findings[0].what, FindingKind::PrivilegedGroup { groups });
    check_all(situation(Some(&["Admin"]), Some(&["Admin"])), &[], &[]);
    let both = [Code::GroupMismatch, Code::PrivilegedGroup];
    check_all(situation(Some(&["Admin", "Billing"]), Some(&["Admin"])), &[], &both);
    check_all(situation(None, None), &[], &[Code::NotCompared]);
    check_all(
        |one| {
            situation(Some(&["Admin"]), None)(one);
            one.want.policy.unlisted_users = UnlistedUsers::Report;
            one.users().remove(&Email::new(OPS));
        },
        &[],
        &[Code::UserUnlisted, Code::PrivilegedGroup],
    );
}

/// A situation with this balance of `cat`, and a minimum of 25.
fn balance(amount: Option<&str>) -> impl FnOnce(&mut Situation) {
    let amount = amount.map(money);
    move |situation| {
        situation.account("cat").min_balance = Some(Amount::from(25));
        let cat = AccountId::new("id-cat");
        situation.live.balances.extend(amount.map(|amount| (cat, amount)));
    }
}

#[test]
fn a_balance_below_the_minimum_is_low_and_one_below_zero_is_negative() {
    for (amount, findings) in [
        ("25", &[][..]),
        ("25.00", &[]),
        ("24.99", &[Code::LowBalance]),
        ("0", &[Code::LowBalance]),
        ("-0.00", &[Code::LowBalance]),
        ("-0.01", &[Code::NegativeBalance]),
        ("-79228162514264337593543950335", &[Code::NegativeBalance]),
    ] {
        let plan = check_all(balance(Some(amount)), &[], findings);
        assert_eq!(plan.in_sync, if findings.is_empty() { 4 } else { 3 }, "{amount}");
    }
    check_all(
        |situation| {
            balance(Some("-5"))(situation);
            situation.account("cat").min_balance = None;
        },
        &[],
        &[],
    );
}

#[test]
fn an_unread_balance_is_never_enough() {
    let plan = check_all(balance(None), &[], &[Code::NotCompared]);
    assert_eq!(plan.in_sync, 3);
    let plan = check_all(
        |situation| {
            balance(None)(situation);
            situation.live.gaps = vec![Gap::new(Half::Accounts, "balances: 0 of 1 could be read")];
        },
        &[],
        &[Code::InventoryIncomplete, Code::InventoryIncomplete],
    );
    assert_eq!(plan.in_sync, 3);
}

#[test]
fn a_negative_balance_is_the_first_finding_and_names_the_day_that_the_state_knows() {
    let plan = check_all(
        |situation| {
            balance(Some("-5"))(situation);
            situation.list_user("new@acme.example", PRESENT);
            let key = DifferenceKey {
                kind: trunkline::report::subject_name(Subject::Account).to_owned(),
                email: Some("cat@shop.example".to_owned()),
                code: "negative_balance".to_owned(),
            };
            let difference = Difference {
                since: 1_769_904_000,
                runs: 1,
                details: Details::default(),
                equal_runs: 1,
                clean_runs: 0,
                notified: None,
            };
            situation.state.memory.differences.insert(key, difference);
        },
        &[],
        &[Code::NegativeBalance, Code::UserMissing],
    );
    let kind = FindingKind::NegativeBalance { balance: money("-5"), since: Some(1_769_904_000) };
    assert_eq!(plan.findings[0].what, kind);
}

#[test]
fn a_stale_removal_comes_from_the_change_that_asks_for_it() {
    let base = |change: fn(&mut Situation)| {
        let mut situation = Situation::in_sync();
        stale(&mut situation);
        let head = situation.want.clone();
        change(&mut situation);
        let Situation { want, live, state, today } = situation;
        plan_since(&want, &head, &live, &state, today)
    };
    let origins = |plan: &Plan| plan.actions.iter().map(|one| one.origin).collect::<Vec<_>>();
    assert_eq!(origins(&base(|_| {})), [Some(Origin::AlreadyDrifted)]);
    let kept = base(|one| one.users().get_mut(&Email::new(OPS)).unwrap().keep = true);
    assert_eq!(origins(&kept), [Some(Origin::ThisChange)]);
    // The stricter of both policies only reports.
    assert_eq!(origins(&base(|one| one.want.policy.access.stale_users = StaleUsers::Report)), []);
}

#[test]
fn promise_10_findings_of_users_who_share_an_email_do_not_depend_on_the_order_of_the_read() {
    let plan = |reverse: bool| {
        let mut situation = Situation::in_sync();
        dates(&mut situation, Some("2020-01-01"), LastSignIn::On(day("2021-01-01")));
        let twin = LiveUser {
            id: UserId::new("id-twin"),
            last_sign_in: LastSignIn::On(day("2022-01-01")),
            ..user(&mut situation.live, "ops").clone()
        };
        let users = situation.live.users.as_mut().unwrap();
        users.push(twin);
        if reverse {
            users.reverse();
        }
        situation.plan()
    };
    assert_eq!(plan(false).findings.len(), 2);
    assert_eq!(plan(false), plan(true));
}
