//! Origins of actions, and the policy that applies while a change is reviewed.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use super::*;
use crate::support::plans::without_origins;
use crate::support::world::{TODAY, World, worlds};

/// Starts with base, head and live in sync, changes them, and looks at the actions with their origins.
fn check(
    change: impl FnOnce(&mut Desired, &mut Desired, &mut Live),
    wanted: &[(&str, Origin)],
) -> Plan {
    let Situation { mut want, mut live, state, today } = Situation::in_sync();
    let mut base = want.clone();
    change(&mut base, &mut want, &mut live);
    let plan = plan_since(&base, &want, &live, &state, today);
    let planned: Vec<(String, Origin)> =
        plan.actions.iter().map(|one| (in_words(&one.action), one.origin.unwrap())).collect();
    let planned: Vec<(&str, Origin)> =
        planned.iter().map(|(words, origin)| (words.as_str(), *origin)).collect();
    assert_eq!(planned, wanted);
    plan
}

fn account<'a>(desired: &'a mut Desired, name: &str) -> &'a mut WantedAccount {
    desired.accounts.get_mut(&email(name)).unwrap()
}

fn unlist_user(desired: &mut Desired, name: &str) {
    desired.users.as_mut().unwrap().remove(&Email::new(format!("{name}@acme.example")));
}

#[test]
fn the_origin_of_a_field_depends_on_the_side_that_equals_the_base() {
    let pool = Some(ChannelPool { allocatable: 500, allocated: 20 });
    // The state is empty, so limits are known only when every account has one and the sums agree.
    check(
        |base, head, _| {
            (account(base, "cat").enabled, account(head, "cat").enabled) =
                (Some(true), Some(false));
        },
        &[("disable cat@shop.example", Origin::ThisChange)],
    );
    check(
        |base, head, _| {
            (account(base, "cat").enabled, account(head, "cat").enabled) =
                (Some(false), Some(false));
        },
        &[("disable cat@shop.example", Origin::AlreadyDrifted)],
    );
    check(
        |base, head, live| {
            live.channels = pool;
            (account(base, "cat").channel_limit, account(head, "cat").channel_limit) =
                (Some(10), Some(30));
        },
        &[("limit cat@shop.example ?→30", Origin::Conflict)],
    );
    check(
        |base, head, live| {
            live.channels = pool;
            (account(base, "cat").channel_limit, account(head, "cat").channel_limit) =
                (None, Some(30));
        },
        &[("limit cat@shop.example ?→30", Origin::ThisChange)],
    );
}

#[test]
fn a_create_and_its_dependent_actions_have_one_origin() {
    let entry = |desired: &mut Desired, limit| {
        let mut owl = account(desired, "cat").clone();
        (owl.email, owl.name) = (email("owl"), "owl".to_owned());
        (owl.enabled, owl.channel_limit) = (Some(false), limit);
        desired.accounts.insert(owl.email.clone(), owl);
    };
    let all = |origin| {
        [
            ("create owl@shop.example", origin),
            ("disable owl@shop.example", origin),
            ("limit owl@shop.example ?→5", origin),
        ]
    };
    check(|_, head, _| entry(head, Some(5)), &all(Origin::ThisChange));
    let both = |base: &mut Desired, head: &mut Desired, _: &mut Live| {
        entry(base, Some(5));
        entry(head, Some(5));
    };
    check(both, &all(Origin::AlreadyDrifted));
    let mut differ = all(Origin::AlreadyDrifted);
    differ[2].1 = Origin::Conflict;
    let other_limit = |base: &mut Desired, head: &mut Desired, _: &mut Live| {
        entry(base, Some(9));
        entry(head, Some(5));
    };
    check(other_limit, &differ);
}

#[test]
fn a_removal_is_this_change_only_if_the_base_lets_the_user_stay() {
    let remove = "remove ops@acme.example";
    check(|_, head, _| unlist_user(head, "ops"), &[(remove, Origin::ThisChange)]);
    let both = |base: &mut Desired, head: &mut Desired, _: &mut Live| {
        unlist_user(base, "ops");
        unlist_user(head, "ops");
    };
    check(both, &[(remove, Origin::AlreadyDrifted)]);
    let absent = |_: &mut Desired, head: &mut Desired, _: &mut Live| {
        let users = head.users.as_mut().unwrap();
        users.get_mut(&Email::new("ops@acme.example")).unwrap().presence = Presence::Absent;
    };
    check(absent, &[(remove, Origin::ThisChange)]);
    let unmanaged = |base: &mut Desired, head: &mut Desired, _: &mut Live| {
        base.users = None;
        unlist_user(head, "ops");
    };
    check(unmanaged, &[(remove, Origin::ThisChange)]);
}

#[test]
fn an_ambiguous_account_in_the_base_is_a_conflict() {
    let change = |_: &mut Desired, head: &mut Desired, live: &mut Live| {
        let mut twin = live.accounts[0].clone();
        twin.id = AccountId::new("id-twin");
        live.accounts.push(twin);
        account(head, "cat").id = Some(AccountId::new("id-cat"));
        account(head, "cat").enabled = Some(false);
    };
    check(change, &[("disable cat@shop.example", Origin::Conflict)]);
}

#[test]
fn a_change_does_not_profit_from_the_policy_that_it_loosens() {
    let loosen = |base: &mut Desired, head: &mut Desired, _: &mut Live| {
        base.policy.unlisted_users = UnlistedUsers::Report;
        base.policy.budgets.removals = Budget::Count(0);
        base.policy.protected = [email("cat")].into();
        unlist_user(head, "ops");
        account(head, "cat").enabled = Some(false);
        account(head, "dog").enabled = Some(false);
    };
    let plan = check(loosen, &[("disable dog@shop.example", Origin::ThisChange)]);
    let found: Vec<Code> = plan.findings.iter().map(Finding::code).collect();
    let loose = Code::PolicyLoosened;
    assert_eq!(found, [Code::UserUnlisted, Code::Protected, loose, loose, loose]);
}

#[test]
fn the_smaller_budget_of_both_counts() {
    let change = |base: &mut Desired, head: &mut Desired, _: &mut Live| {
        base.policy.budgets.disables = Budget::Count(0);
        head.policy.budgets.disables = Budget::Percent(100);
        account(head, "cat").enabled = Some(false);
    };
    let plan = check(change, &[("disable cat@shop.example", Origin::ThisChange)]);
    let guard = Guard { name: GuardName::MaxDisables, actual: 1, limit: 0, of: 2 };
    assert_eq!(plan.guards, [guard]);
}

#[test]
fn only_this_change_keeps_its_actions_and_the_limits_of_the_whole_plan() {
    let change = |base: &mut Desired, head: &mut Desired, _: &mut Live| {
        for desired in [base, &mut *head] {
            account(desired, "cat").enabled = Some(false);
        }
        account(head, "dog").enabled = Some(false);
    };
    let origins = [
        ("disable cat@shop.example", Origin::AlreadyDrifted),
        ("disable dog@shop.example", Origin::ThisChange),
    ];
    let plan = check(change, &origins);
    let guards = plan.guards.clone();
    let chosen = plan.only_this_change();
    assert_eq!(chosen.requested().map(in_words).collect::<Vec<_>>(), ["disable dog@shop.example"]);
    assert_eq!(origins_of(&chosen), [Some(Origin::ThisChange)]);
    assert_eq!((chosen.unchosen, chosen.guards), (1, guards));
    let without_base = Situation::in_sync();
    assert_eq!(without_base.plan().only_this_change().actions, Vec::new());
}

fn origins_of(plan: &Plan) -> Vec<Option<Origin>> {
    plan.actions.iter().map(|planned| planned.origin).collect()
}

/// Tries a law on many worlds, with the manifest of another as the base.
fn law(law: impl Fn(Desired, World) -> TestCaseResult) {
    let config = Config { failure_persistence: None, ..Config::with_cases(1500) };
    let pair = (worlds(0.1), worlds(0.1));
    TestRunner::new(config).run(&pair, |(base, world)| law(base.want, world)).unwrap();
}

fn since(base: &Desired, world: &World) -> Plan {
    plan_since(base, &world.want, &world.read(), &world.state, day(TODAY))
}

#[test]
fn without_a_change_everything_has_drifted_already_and_the_plan_is_the_same() {
    law(|_, world| {
        let plan = since(&world.want, &world);
        let drifted = |one: &Option<Origin>| *one == Some(Origin::AlreadyDrifted);
        prop_assert!(origins_of(&plan).iter().all(drifted), "{:#?}", plan);
        prop_assert_eq!(without_origins(plan), world.plan());
        Ok(())
    });
}

/// The manifest that says what is there.
fn as_it_is(world: &World) -> Desired {
    let limits = world.plan().inventory.limits;
    let live = world.read();
    let accounts = live.accounts.iter().map(|have| {
        let LiveAccount {
            id,
            email,
            name,
            manager: _,
            api_user: _,
            custom_pricing,
            rollup_billing,
            status,
        } = have;
        let entry = WantedAccount {
            name: name.clone().unwrap(),
            email: email.clone(),
            id: Some(id.clone()),
            enabled: match status {
                Some(Status::Enabled) => Some(true),
                Some(Status::Disabled) => Some(false),
                Some(Status::Blocked) | None => None,
            },
            channel_limit: limits.get(id).copied(),
            custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
            min_balance: None,
            reenable_connections: false,
            password_from: None,
        };
        (email.clone(), entry)
    });
    let users = live.users.iter().flatten().map(|user| {
        let email = user.email.clone();
        (email.clone(), WantedUser::new(email, PRESENT))
    });
    let users = live.users.is_some().then(|| users.collect());
    // A policy that removes stale users would not leave the live side as it is.
    let access = AccessPolicy::default();
    let policy = Policy { access, ..world.want.policy.clone() };
    Desired { accounts: accounts.collect(), users, policy, ..world.want.clone() }
}

#[test]
fn a_base_equal_to_live_makes_everything_this_change() {
    law(|_, world| {
        let base = as_it_is(&world);
        prop_assume!(base.accounts.len() == world.read().accounts.len());
        let plan = since(&base, &world);
        let this_change = |one: &Option<Origin>| *one == Some(Origin::ThisChange);
        prop_assert!(origins_of(&plan).iter().all(this_change), "{:#?}", plan);
        Ok(())
    });
}

#[test]
fn a_base_never_adds_a_destructive_action_or_a_safety_limit() {
    law(|base, world| {
        let (with, without) = (since(&base, &world), world.plan());
        for destructive in with.requested().filter(|action| action.is_destructive()) {
            prop_assert!(without.requested().any(|one| one == destructive), "{:?}", destructive);
            prop_assert!(!base.policy.protected.contains(destructive.email()));
        }
        prop_assert!(origins_of(&with).iter().all(Option::is_some));
        let budgets = base.policy.budgets;
        for guard in &with.guards {
            let of_base = budgets_of(&budgets, guard.name).limit(guard.of);
            let of_head = budgets_of(&world.want.policy.budgets, guard.name).limit(guard.of);
            prop_assert_eq!(guard.limit, of_base.min(of_head));
        }
        Ok(())
    });
}

fn budgets_of(all: &Budgets, name: GuardName) -> Budget {
    budgets(all).into_iter().find(|(one, _)| *one == name).unwrap().1
}

#[test]
fn the_dependent_actions_of_a_create_are_selected_with_it() {
    law(|base, world| {
        let whole = since(&base, &world);
        let (all, chosen) = (whole.actions.len(), whole.clone().only_this_change());
        let count = |plan: &Plan| plan.actions.len() + plan.withheld + plan.unchosen;
        prop_assert_eq!((count(&chosen), count(&whole)), (count(&whole), all + whole.withheld));
        let found = |plan: &Plan| plan.findings.len() + plan.unchosen_findings;
        prop_assert_eq!(found(&chosen), found(&whole));
        prop_assert_eq!(&chosen.guards, &whole.guards);
        let new = |plan: &Plan| -> BTreeSet<Email> {
            plan.requested().filter(|one| one.is_create()).map(|one| one.email().clone()).collect()
        };
        let (created, of_all) = (new(&chosen), new(&whole));
        for action in whole.requested().filter(|action| action.awaits_create()) {
            prop_assert!(of_all.contains(action.email()));
            let is_chosen = chosen.requested().any(|one| one == action);
            prop_assert_eq!(is_chosen, created.contains(action.email()));
        }
        Ok(())
    });
}
