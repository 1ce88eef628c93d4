//! Kept plans: what is still sent of them when the world has gone on.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult, TestRunner};

use super::*;
use crate::support::world::{World, worlds};

const CASES: u32 = 1500;

fn now_of(plan: &Plan, world: &World) -> (Vec<RecheckResult>, Plan) {
    let (live, fresh) = (world.read(), world.plan());
    let now = CurrentState { live: &live, state: &world.state, plan: &fresh };
    (recheck(&plan.actions, &now), fresh)
}

fn runner() -> TestRunner {
    TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(CASES) })
}

#[test]
fn while_nothing_has_changed_everything_goes() {
    let law = |world: World| -> TestCaseResult {
        let plan = world.plan();
        let (verdicts, _) = now_of(&plan, &world);
        prop_assert_eq!(verdicts, vec![RecheckResult::Go; plan.actions.len()]);
        Ok(())
    };
    runner().run(&worlds(0.2), law).unwrap();
}

#[test]
fn applied_actions_are_satisfied() {
    let law = |mut world: World| -> TestCaseResult {
        let plan = world.plan();
        let refused = world.apply(&plan);
        let (verdicts, _) = now_of(&plan, &world);
        for (action, verdict) in plan.requested().zip(verdicts) {
            let fits = verdict == RecheckResult::Satisfied || refused.contains(action);
            prop_assert!(fits, "{:?} of {:?}", verdict, action);
        }
        Ok(())
    };
    runner().run(&worlds(0.0), law).unwrap();
}

#[test]
fn promise_8_no_action_is_sent_that_would_not_be_planned_now() {
    let law = |(before, after): (World, World)| -> TestCaseResult {
        let plan = before.plan();
        let world = World { want: before.want, ..after };
        let (verdicts, fresh) = now_of(&plan, &world);
        prop_assert_eq!(verdicts.len(), plan.actions.len());
        for (action, verdict) in plan.requested().zip(&verdicts) {
            match verdict {
                RecheckResult::Go => {
                    prop_assert!(fresh.requested().any(|one| one == action), "{:?}", action);
                }
                RecheckResult::Stale(changed) => {
                    prop_assert!(changed.before != changed.now, "{:?}", changed);
                    prop_assert!(
                        !fresh.requested().any(|one| one == action),
                        "{:?}: {:?}",
                        action,
                        changed
                    );
                }
                RecheckResult::Satisfied | RecheckResult::Withheld(_) => {
                    prop_assert!(
                        !fresh.requested().any(|one| one == action),
                        "{:?}: {:?}",
                        action,
                        verdict
                    );
                }
            }
        }
        // What is done to a created account goes only with its create.
        let goes = |(action, verdict): (&Action, &RecheckResult)| {
            (action.is_create() && *verdict == RecheckResult::Go).then(|| action.email().clone())
        };
        let created: BTreeSet<Email> = plan.requested().zip(&verdicts).filter_map(goes).collect();
        for (action, verdict) in plan.requested().zip(&verdicts) {
            let alone = action.awaits_create() && *verdict == RecheckResult::Go;
            prop_assert!(!alone || created.contains(action.email()));
        }
        Ok(())
    };
    runner().run(&(worlds(0.1), worlds(0.2)), law).unwrap();
}

#[test]
fn promise_5_an_incomplete_inventory_reports_no_object_as_missing() {
    let law = |mut world: World| -> TestCaseResult {
        let plan = world.plan();
        world.gaps = gaps();
        world.accounts.clear();
        world.users.clear();
        let (verdicts, _) = now_of(&plan, &world);
        // Nothing is in that list any more: what looks gone or missing may be there.
        prop_assert!(
            verdicts.iter().all(|verdict| match verdict {
                RecheckResult::Withheld(_) => true,
                // Telnyx itself has said that this one is there.
                RecheckResult::Satisfied => !world.state.creates.is_empty(),
                RecheckResult::Go | RecheckResult::Stale(_) => false,
            }),
            "{:?}",
            verdicts
        );
        Ok(())
    };
    runner().run(&worlds(0.0), law).unwrap();
}

/// Plans what `want` says, lets `later` happen, and looks at what becomes of the only action.
fn check(
    want: impl FnOnce(&mut Situation),
    later: impl FnOnce(&mut Situation),
    expected: &RecheckResult,
) {
    let mut situation = Situation::in_sync();
    want(&mut situation);
    let plan = situation.plan();
    assert!(!plan.actions.is_empty(), "{plan:?}");
    later(&mut situation);
    let fresh = situation.plan();
    let now = CurrentState { live: &situation.live, state: &situation.state, plan: &fresh };
    let verdicts = recheck(&plan.actions, &now);
    assert_eq!(verdicts.first(), Some(expected), "{:?}", plan.actions);
    // What depends on the first one does not go without it.
    assert!(verdicts[1..].iter().all(|verdict| *verdict != RecheckResult::Go), "{verdicts:?}");
}

fn stale(fact: Fact, before: Option<FactValue>, now: Option<FactValue>) -> RecheckResult {
    RecheckResult::Stale(StaleFact { fact, before, now })
}

fn text(text: &str) -> FactValue {
    FactValue::Field(FieldValue::Text(text.to_owned()))
}

fn flag(value: bool) -> FactValue {
    FactValue::Field(FieldValue::Bool(value))
}

fn number(value: u64) -> FactValue {
    FactValue::Field(FieldValue::Number(value))
}

fn address(email: &str) -> FactValue {
    FactValue::Email(Email::new(email))
}

fn unlist(situation: &mut Situation) {
    situation.users().remove(&Email::new("ops@acme.example"));
}

fn ops(situation: &mut Situation) -> &mut LiveUser {
    user(&mut situation.live, "ops")
}

fn dog(situation: &mut Situation) -> &mut LiveAccount {
    let mut accounts = situation.live.accounts.iter_mut();
    accounts.find(|account| account.email == email("dog")).unwrap()
}

#[test]
fn a_removed_user_is_satisfied_and_a_changed_user_is_stale() {
    let gone = |situation: &mut Situation| situation.live.users.as_mut().unwrap().truncate(1);
    check(unlist, gone, &RecheckResult::Satisfied);
    let email = |situation: &mut Situation| ops(situation).email = Email::new("chief@acme.example");
    let moved =
        stale(Fact::Email, Some(address("ops@acme.example")), Some(address("chief@acme.example")));
    check(unlist, email, &moved);
    let owner = |situation: &mut Situation| ops(situation).role = Role::Owner;
    let owns =
        stale(Fact::Role, Some(FactValue::Role(Role::SubUser)), Some(FactValue::Role(Role::Owner)));
    check(unlist, owner, &owns);
}

#[test]
fn a_user_who_became_a_possible_rename_is_withheld() {
    let want = |situation: &mut Situation| {
        situation.list_user("opz@acme.example", PRESENT);
        unlist(situation);
        let mut opz = ops(situation).clone();
        (opz.id, opz.email) = (UserId::new("id-opz"), Email::new("opz@acme.example"));
        situation.live.users.as_mut().unwrap().push(opz);
    };
    let missed = |situation: &mut Situation| {
        situation.live.users.as_mut().unwrap().retain(|user| user.id.as_str() != "id-opz");
    };
    check(want, missed, &RecheckResult::Withheld(WithheldReason::NotPlanned));
}

#[test]
fn a_status_that_no_action_can_change_is_stale() {
    let close = |situation: &mut Situation| situation.account("dog").enabled = Some(false);
    let set = |status| move |situation: &mut Situation| dog(situation).status = status;
    check(close, set(Some(Status::Disabled)), &RecheckResult::Satisfied);
    let yes = || Some(flag(true));
    check(
        close,
        set(Some(Status::Blocked)),
        &stale(Fact::Enabled, yes(), Some(FactValue::Blocked)),
    );
    check(close, set(None), &stale(Fact::Enabled, yes(), None));
    let open = |situation: &mut Situation| dog(situation).status = Some(Status::Disabled);
    check(open, set(Some(Status::Enabled)), &RecheckResult::Satisfied);
    let no = Some(flag(false));
    check(open, set(Some(Status::Blocked)), &stale(Fact::Enabled, no, Some(FactValue::Blocked)));
}

#[test]
fn a_vanished_account_or_a_changed_email_is_stale() {
    let close = |situation: &mut Situation| situation.account("dog").enabled = Some(false);
    let gone = |situation: &mut Situation| {
        situation.live.accounts.retain(|account| account.email != email("dog"));
    };
    check(close, gone, &stale(Fact::Account, Some(FactValue::Id(AccountId::new("id-dog"))), None));
    let renamed = |situation: &mut Situation| dog(situation).email = email("wolf");
    check(
        close,
        renamed,
        &stale(Fact::Email, Some(address("dog@shop.example")), Some(address("wolf@shop.example"))),
    );
}

#[test]
fn pricing_is_rechecked_against_its_planned_and_desired_values() {
    let want = |situation: &mut Situation| situation.account("dog").custom_pricing = Some(true);
    let set = |pricing| move |situation: &mut Situation| dog(situation).custom_pricing = pricing;
    check(want, set(Some(true)), &RecheckResult::Satisfied);
    check(want, set(None), &stale(Fact::CustomPricing, Some(flag(false)), None));
}

#[test]
fn a_limit_that_changed_or_became_unknown_is_stale() {
    let pool = |allocated| Some(ChannelPool { allocatable: 100, allocated });
    let want = |situation: &mut Situation| {
        for name in ["cat", "dog"] {
            situation.account(name).channel_limit = Some(10);
        }
        situation.state.limits =
            [(AccountId::new("id-cat"), 10), (AccountId::new("id-dog"), 20)].into();
        situation.state.remainder = Some(Remainder { channels: 0, unrecorded: BTreeSet::new() });
        situation.live.channels = pool(30);
    };
    let to = |limit| {
        move |situation: &mut Situation| {
            situation.state.limits.insert(AccountId::new("id-dog"), limit);
            situation.live.channels = pool(10 + limit);
        }
    };
    let was = || Some(number(20));
    check(want, to(10), &RecheckResult::Satisfied);
    check(want, to(15), &stale(Fact::ChannelLimit, was(), Some(number(15))));
    let unsure = |situation: &mut Situation| situation.live.channels = pool(31);
    check(want, unsure, &stale(Fact::ChannelLimit, was(), None));
}

#[test]
fn an_assertion_that_would_take_away_something_known_by_now_is_stale() {
    let want = |situation: &mut Situation| {
        situation.account("dog").channel_limit = Some(10);
        situation.live.channels = Some(ChannelPool { allocatable: 100, allocated: 30 });
    };
    let known = |situation: &mut Situation| {
        situation.state.limits = [(AccountId::new("id-dog"), 20)].into();
        let unrecorded = [AccountId::new("id-cat")].into();
        situation.state.remainder = Some(Remainder { channels: 10, unrecorded });
    };
    check(want, known, &stale(Fact::ChannelLimit, None, Some(number(20))));
}

/// An entry without an account, to be disabled at once.
fn missing(situation: &mut Situation) {
    situation.account("dog").enabled = Some(false);
    situation.live.accounts.truncate(1);
}

fn appeared(change: impl FnOnce(&mut LiveAccount)) -> impl FnOnce(&mut Situation) {
    move |situation: &mut Situation| {
        let mut dog = in_sync().1.accounts.remove(1);
        change(&mut dog);
        situation.live.accounts.push(dog);
    }
}

#[test]
fn an_account_that_exists_by_now_is_neither_created_nor_changed() {
    check(missing, appeared(|_| ()), &RecheckResult::Satisfied);
    check(missing, appeared(|dog| dog.status = Some(Status::Disabled)), &RecheckResult::Satisfied);
    let named = |dog: &mut LiveAccount| dog.name = Some("wolf".to_owned());
    check(missing, appeared(named), &stale(Fact::Name, Some(text("dog")), Some(text("wolf"))));
    let twice = |situation: &mut Situation| {
        appeared(|_| ())(situation);
        appeared(|dog| dog.id = AccountId::new("id-twin"))(situation);
    };
    check(missing, twice, &stale(Fact::Account, None, Some(FactValue::Accounts(2))));
    let cancelled = |situation: &mut Situation| {
        situation.live.cancelled.push(in_sync().1.accounts.remove(1));
    };
    check(missing, cancelled, &stale(Fact::Account, None, Some(FactValue::Cancelled)));
}

#[test]
fn a_create_that_was_sent_before_is_not_sent_again() {
    let known = |create: Create| {
        move |situation: &mut Situation| {
            situation.state.creates.insert(email("dog"), create);
        }
    };
    check(missing, known(Create::Sending), &RecheckResult::Withheld(WithheldReason::Unresolved));
    let there = Create::Acknowledged(AccountId::new("id-new"));
    check(missing, known(there), &RecheckResult::Satisfied);
}

#[test]
fn the_stricter_of_two_safety_limits_applies() {
    let guard = |name, actual, limit| Guard { name, actual, limit, of: 12 };
    let removal = |name: &str| Action::RemoveUser {
        id: UserId::new(name),
        email: Email::new(format!("{name}@acme.example")),
    };
    let (_, live) = in_sync();
    // Two users are left: a quarter of them is one.
    let left = [PlannedAction::declared(removal("ops"))];
    let budgets = Budgets::default();
    let of_now = Guard { name: GuardName::MaxRemovals, actual: 1, limit: 1, of: 2 };
    let kept = [guard(GuardName::MaxRemovals, 1, 3), guard(GuardName::MaxDisables, 4, 3)];
    assert_eq!(stricter(&kept, &budgets, &live, &left), [of_now, kept[1]]);
    let refused = [guard(GuardName::MaxRemovals, 5, 3)];
    assert_eq!(stricter(&refused, &budgets, &live, &left), refused);
    assert_eq!(stricter(&[], &budgets, &live, &left), [of_now]);
}
