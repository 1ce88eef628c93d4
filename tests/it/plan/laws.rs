//! Laws for every organization, every manifest and every state. A test checks that the generators reach the
//! cases that the laws are about.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use super::*;
use crate::support::world::{Customer, TODAY, World, rich_worlds, worlds};

const CASES: u32 = 2000;

/// Checks a law on many worlds.
fn law(gaps: f64, law: impl Fn(World) -> TestCaseResult) {
    check_law(&worlds(gaps), law);
}

/// Checks a law on many worlds with owners, accepted findings and half-read inventories too.
pub(super) fn rich_law(gaps: f64, law: impl Fn(World) -> TestCaseResult) {
    check_law(&rich_worlds(gaps), law);
}

fn check_law(worlds: &impl Strategy<Value = World>, law: impl Fn(World) -> TestCaseResult) {
    let config = Config { failure_persistence: None, ..Config::with_cases(CASES) };
    TestRunner::new(config).run(worlds, law).unwrap();
}

#[test]
fn a_simulated_apply_converges_in_one_run() {
    law(0.0, |mut world| {
        let first = world.plan();
        let refused = world.apply(&first);
        // What the pool refuses for want of channels stays to be done.
        if refused.is_empty() {
            prop_assert_eq!(world.plan().actions, Vec::new(), "after {:#?}", first);
        } else {
            let short = first.requested().any(|one| matches!(one, Action::SetChannelLimit { .. }));
            prop_assert!(short && refused.iter().all(|one| !one.is_destructive()));
        }
        Ok(())
    });
}

#[test]
fn in_sync_means_no_action() {
    law(0.0, |mut world| {
        // The manifest says what is there.
        let accounts = world.accounts.iter().filter(|one| !one.cancelled).map(|one| {
            let LiveAccount { id, email, name, custom_pricing, rollup_billing, status, .. } =
                &one.account;
            let account = WantedAccount {
                name: name.clone().unwrap(),
                email: email.clone(),
                id: Some(id.clone()),
                enabled: status
                    .filter(|status| *status != Status::Blocked)
                    .map(|status| status == Status::Enabled),
                channel_limit: world.state.limits.get(id).copied(),
                custom_pricing: *custom_pricing,
                rollup_billing: *rollup_billing,
                min_balance: None,
                reenable_connections: false,
                password_from: None,
            };
            (email.clone(), account)
        });
        world.want.accounts = accounts.collect();
        // Stale users are drift, whatever the entries say.
        world.want.policy.access = AccessPolicy::default();
        let users = world.users.iter().map(|user| user.email.clone());
        world.want.users =
            Some(users.map(|email| (email.clone(), WantedUser::new(email, PRESENT))).collect());
        let unique =
            world.want.accounts.len() == world.accounts.iter().filter(|one| !one.cancelled).count();
        prop_assume!(unique);
        let plan = world.plan();
        let changes = plan.requested().filter(|action| !action.is_assertion()).count();
        prop_assert_eq!(changes, 0, "{:#?}", plan);
        if plan.inventory.channels != Channels::Unverified {
            prop_assert!(plan.actions.is_empty(), "{:#?}", plan);
        }
        Ok(())
    });
}

#[test]
fn promise_10_input_order_changes_nothing() {
    law(0.2, |world| {
        let (want, mut live) = (&world.want, world.read());
        let make = |live: &Live| plan(want, live, &world.state, day(TODAY));
        let one = make(&live);
        live.accounts.reverse();
        live.cancelled.reverse();
        live.users.iter_mut().for_each(|users| users.reverse());
        prop_assert_eq!(&make(&live), &one);
        let by = live.accounts.len().min(2);
        live.accounts.rotate_left(by);
        let users = live.users.iter_mut().filter(|users| !users.is_empty());
        users.for_each(|users| users.rotate_right(1));
        prop_assert_eq!(&make(&live), &one);
        Ok(())
    });
}

#[test]
fn promise_6_no_owner_protected_or_listed_user_is_removed_unless_proven_stale() {
    law(0.0, |world| {
        let plan = world.plan();
        for action in
            plan.requested().filter(|action| action.is_destructive() || action.is_assertion())
        {
            prop_assert!(!world.want.policy.protected.contains(action.email()), "{action:?}");
            if let Action::RemoveUser { id, email } = action {
                let user = world.users.iter().find(|user| user.id == *id).unwrap();
                prop_assert_eq!(&user.role, &Role::SubUser);
                let listed = world.want.users.as_ref().unwrap().get(email);
                let stays = listed.is_some_and(|user| match user.presence {
                    Presence::Present { until, .. } => {
                        until.is_none_or(|until| day(TODAY) <= until)
                    }
                    Presence::Owner => true,
                    Presence::Absent => false,
                });
                // A listed user is removed only for proven sign-ins of long ago.
                let access = &world.want.policy.access;
                let stale = access.stale_users == StaleUsers::Remove
                    && !listed.is_some_and(|entry| entry.keep)
                    && user.created == Some(day("2025-01-01"))
                    && user.last_sign_in == LastSignIn::On(day("2025-10-01"))
                    && access.stale_after == Some(30);
                prop_assert!(!stays || stale, "{email} is listed");
            }
        }
        Ok(())
    });
}

#[test]
fn promise_5_an_incomplete_inventory_allows_no_destructive_action_and_no_create() {
    rich_law(1.0, |world| {
        prop_assume!(!world.gaps.is_empty());
        let (plan, live) = (world.plan(), world.read());
        let half = |one: &Action| match one.subject() {
            Subject::User => Half::Users,
            Subject::Account | Subject::Organization => Half::Accounts,
        };
        let bad = plan.requested().find(|one| {
            (one.is_destructive() || one.is_create() || one.is_assertion())
                && !live.is_complete(half(one))
        });
        prop_assert_eq!(bad, None);
        let told = plan.findings.iter().any(|finding| finding.code() == Code::InventoryIncomplete);
        prop_assert!(told && !plan.inventory.complete);
        Ok(())
    });
}

#[test]
fn known_limits_never_exceed_the_pool_at_any_step() {
    law(0.0, |mut world| {
        // Everything is known, and nothing is given out by default.
        world.allotment = 0;
        let limits = world.accounts.iter().filter(|one| !one.cancelled);
        world.state.limits = limits.map(|one| (one.account.id.clone(), one.limit)).collect();
        world.state.remainder = None;
        let plan = world.plan();
        let fits = plan.findings.iter().all(|finding| finding.code() != Code::PoolExceeded);
        let refused = world.apply(&plan);
        if fits && plan.inventory.channels == Channels::Consistent {
            prop_assert_eq!(refused, Vec::new());
        }
        prop_assert!(world.allocated() <= world.allocatable);
        Ok(())
    });
}

#[test]
fn an_account_that_may_exist_is_not_created() {
    law(0.0, |world| {
        for action in world.plan().requested().filter(|action| action.is_create()) {
            let email = action.email();
            let there = world.accounts.iter().any(|one| one.account.email == *email);
            prop_assert!(!there, "{email} is live or cancelled");
            let create = world.state.creates.get(email);
            prop_assert!(matches!(create, None | Some(Create::Intended)), "{create:?}");
        }
        Ok(())
    });
}

#[test]
fn no_account_and_no_user_gets_two_actions_of_one_kind() {
    law(0.1, |world| {
        let plan = world.plan();
        let kind = |action: &Action| in_words(action).split(' ').next().unwrap().to_owned();
        let mut seen = BTreeSet::new();
        for action in plan.requested() {
            prop_assert!(seen.insert((
                kind(action),
                action.email().clone(),
                action.id().map(str::to_owned)
            )));
        }
        let status = |one: &&Action| {
            matches!(one, Action::EnableAccount { .. } | Action::DisableAccount { .. })
        };
        let both: Vec<_> = plan.requested().filter(status).filter_map(Action::id).collect();
        prop_assert_eq!(both.iter().collect::<BTreeSet<_>>().len(), both.len());
        Ok(())
    });
}

/// An address, and the same with up to two typing mistakes in its local part.
fn mistyped() -> impl Strategy<Value = (String, String)> {
    let edit = (0..4_u8, any::<prop::sample::Index>(), "[a-z]");
    ("[a-z]{6,12}", prop::collection::vec(edit, 1..=2)).prop_map(|(right, edits)| {
        let mut wrong: Vec<char> = right.chars().collect();
        for (kind, place, letter) in edits {
            let place = place.index(wrong.len() - 1);
            let letter = letter.chars().next().unwrap();
            match kind {
                0 => wrong.insert(place, letter),
                1 => drop(wrong.remove(place)),
                2 => wrong[place] = letter,
                _ => wrong.swap(place, place + 1),
            }
        }
        (right, wrong.into_iter().collect())
    })
}

#[test]
fn promise_7_possible_renames_of_users_and_accounts_are_withheld() {
    let config = Config { failure_persistence: None, ..Config::with_cases(CASES) };
    let law = |(right, wrong): (String, String)| {
        prop_assume!(right != wrong);
        let mut situation = Situation::in_sync();
        situation.want.policy.unlisted_accounts = UnlistedAccounts::Disable;
        situation.list_user(&format!("{right}@acme.example"), PRESENT);
        situation.rename_user("ops", &format!("{wrong}@acme.example"));
        let mut cat = situation.want.accounts.remove(&email("cat")).unwrap();
        cat.email = email(&right);
        cat.name = "cats".to_owned();
        situation.want.accounts.insert(cat.email.clone(), cat);
        situation.live.accounts[0].email = email(&wrong);
        let plan = situation.plan();
        prop_assert_eq!(&plan.actions, &Vec::new());
        let held = plan.findings.iter().filter(|one| one.code() == Code::PossibleRename).count();
        // Both halves of each.
        prop_assert_eq!(held, 4);
        Ok(())
    };
    TestRunner::new(config).run(&mistyped(), law).unwrap();
}

/// The cases that the generators must reach.
const REACHED: [&str; 34] = [
    "unlisted account",
    "ignored account",
    "disabled as unlisted",
    "not managed field",
    "default allotment",
    "blocked",
    "cancelled",
    "unknown status",
    "odd case",
    "owner",
    "protected",
    "expired",
    "absent",
    "incomplete",
    "users not managed",
    "ambiguous",
    "id of another email",
    "id gone",
    "id taken",
    "unresolved create",
    "looks like",
    "known limits",
    "unverified limits",
    "raise",
    "lower",
    "pool exceeded",
    "accepted",
    "accepted rename",
    "owner of accounts",
    "owner entry",
    "only accounts incomplete",
    "only users incomplete",
    "vanished",
    "removal without effect",
];

#[test]
fn the_generators_reach_what_the_laws_are_about() {
    use std::cell::RefCell;
    let reached = RefCell::new(BTreeMap::<&str, u32>::new());
    rich_law(0.2, |world| {
        let mut reached = reached.borrow_mut();
        let plan = world.plan();
        let mut see = |what, is: bool| *reached.entry(what).or_default() += u32::from(is);
        let found = |code| plan.findings.iter().any(|finding| finding.code() == code);
        let has = |is: fn(&Finding) -> bool| plan.findings.iter().any(is);
        let act = |is: fn(&Action) -> bool| plan.requested().any(is);
        let policy = &world.want.policy;
        see("unlisted account", found(Code::AccountUnlisted));
        see("ignored account", policy.unlisted_accounts == UnlistedAccounts::Ignore);
        see(
            "disabled as unlisted",
            act(|one| matches!(one, Action::DisableAccount { target: AccountTarget::Live(_), .. })),
        );
        see("not managed field", world.want.accounts.values().any(|want| want.enabled.is_none()));
        see("default allotment", world.allotment > 0 && act(Action::is_create));
        see("blocked", found(Code::AccountBlocked));
        see("cancelled", found(Code::AccountCancelled));
        see("unknown status", found(Code::StatusUnknown));
        let odd = |one: &Customer| one.account.email.as_str() != one.account.email.folded();
        see("odd case", world.accounts.iter().any(odd));
        see("owner", found(Code::OwnerUnlisted));
        see("protected", found(Code::Protected));
        let users = || world.want.users.iter().flatten().map(|(_, user)| &user.presence);
        let expired = Presence::Present { groups: None, until: Some(day("2026-02-28")) };
        see("expired", users().any(|presence| *presence == expired));
        see("absent", users().any(|presence| *presence == Presence::Absent));
        see("incomplete", found(Code::InventoryIncomplete));
        see("users not managed", world.want.users.is_none());
        see("ambiguous", has(|one| matches!(one.what, FindingKind::AccountAmbiguous { .. })));
        see("id of another email", found(Code::ImmutableEmail));
        see("id gone", has(|one| matches!(one.what, FindingKind::AccountGone { .. })));
        see("id taken", has(|one| matches!(one.what, FindingKind::IdentityConflict { .. })));
        see("unresolved create", found(Code::UnresolvedCreate));
        see("looks like", found(Code::PossibleRename));
        see(
            "known limits",
            plan.inventory.channels == Channels::Consistent && !world.state.limits.is_empty(),
        );
        see("unverified limits", plan.inventory.channels == Channels::Unverified);
        see("raise", act(|one| one.phase() == 6));
        see(
            "lower",
            act(|one| matches!(one, Action::SetChannelLimit { .. }) && one.is_destructive()),
        );
        see("pool exceeded", found(Code::PoolExceeded));
        see("accepted", found(Code::Accepted));
        let two = |one: &Accepted| one.code == Code::PossibleRename && day(TODAY) <= one.until;
        see("accepted rename", world.want.accept.iter().any(two));
        let is_owner = |user: &LiveUser| world.owner.as_ref() == Some(&user.email);
        see("owner of accounts", world.users.iter().any(is_owner));
        see("owner entry", users().any(|presence| *presence == Presence::Owner));
        let gaps = |half| world.gaps.iter().all(|gap| gap.half == half) && !world.gaps.is_empty();
        see("only accounts incomplete", gaps(Half::Accounts));
        see("only users incomplete", gaps(Half::Users));
        see("vanished", found(Code::AccountVanished));
        see(
            "removal without effect",
            has(|one| matches!(one.what, FindingKind::RemovalWithoutEffect)),
        );
        Ok(())
    });
    let reached = reached.into_inner();
    for what in REACHED {
        assert!(reached.get(what).is_some_and(|count| *count > 10), "{what}: {reached:#?}");
    }
}
