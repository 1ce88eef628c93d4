//! Promise 2: plan → apply → plan is in sync but for findings, and a second apply sends nothing; with the
//! real client, executor and state over a socket, for every world that the planner's laws are tried on.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::watch;
use trunkline::detect;
use trunkline::execute::{Ending, Execution, Outcome, execute, remember};
use trunkline::model::{Create, Day, LastSignIn, Role, Status, UserStatus};
use trunkline::plan::{Action, Plan, plan};
use trunkline::sandbox::{self, Running, Seed};
use trunkline::state::{Binding, Journal, Location, LockHolder, StateChange, Store};
use trunkline::telnyx::Session;

use crate::support::world::{Customer, TODAY, World, day, uuid, worlds};
use crate::support::{KEY, budget, patient};

/// The organization as the sandbox takes it. It refuses what cannot be there: two accounts or users of
/// one email, and unknown roles.
fn seed(world: &mut World) -> Seed {
    let mut emails = BTreeSet::new();
    world.accounts.retain(|one| emails.insert(one.account.email.clone()));
    let mut emails = BTreeSet::new();
    world.users.retain(|user| emails.insert(user.email.clone()));
    world.users.retain(|user| !matches!(user.role, Role::Other(_)));
    // It creates no account whose email is not ASCII, as the document's format demands.
    world.want.accounts.retain(|email, _| email.as_str().is_ascii());
    let accounts: Vec<Value> = world.accounts.iter().map(account).collect();
    let users: Vec<Value> = world.users.iter().map(user).collect();
    let seed = json!({
        "manager": { "id": uuid(999), "email": "root@world.example" },
        "channels": { "allocatable": world.allocatable, "default_allotment": world.allotment },
        "accounts": accounts,
        "users": users,
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), seed.to_string()).unwrap();
    Seed::read(file.path()).unwrap()
}

fn account(customer: &Customer) -> Value {
    let Customer { account, cancelled, limit } = customer;
    let status = match account.status {
        _ if *cancelled => "cancelled",
        Some(Status::Disabled) => "disabled",
        Some(Status::Blocked) => "blocked",
        Some(Status::Enabled) | None => "enabled",
    };
    json!({
        "id": account.id.as_str(),
        "email": account.email.as_str(),
        "organization_name": account.name,
        "status": status,
        "channel_limit": limit,
        "managed_account_allow_custom_pricing": account.custom_pricing.unwrap_or(false),
        "rollup_billing": account.rollup_billing.unwrap_or(false),
        "balance": { "balance": format!("{}.50", i64::try_from(*limit).unwrap() - 10) },
    })
}

fn user(user: &trunkline::model::LiveUser) -> Value {
    let role =
        if user.role == Role::Owner { "organization_owner" } else { "organization_sub_user" };
    let status = match user.status {
        Some(UserStatus::Disabled) => "disabled",
        Some(UserStatus::Blocked) => "blocked",
        Some(UserStatus::Enabled | UserStatus::Other(_)) | None => "enabled",
    };
    let time = |day: Option<Day>| day.map(|day| format!("{day}T12:00:00Z"));
    let last_sign_in = match user.last_sign_in {
        LastSignIn::On(day) => Some(day),
        LastSignIn::Never | LastSignIn::Unknown => None,
    };
    json!({
        "id": user.id.as_str(), "email": user.email.as_str(), "record_type": role,
        "user_status": status, "groups": user.groups,
        "created_at": time(user.created), "last_sign_in_at": time(last_sign_in),
        "organization_user_bypasses_sso": user.bypasses_sso,
    })
}

/// A state file that knows what the world's knows.
async fn journal(world: &World, session: &Session) -> Journal {
    let binding = Binding {
        organization: "world".to_owned(),
        manager: None,
        base_url: session.reader().base_url(),
    };
    let store = Store::new(&Location::Memory);
    let holder = LockHolder::this("test");
    let journal = Journal::open(store, &binding, &holder, Duration::ZERO).await.unwrap();
    let known = &world.state;
    let mut changes = vec![StateChange::Limits(known.limits.clone(), known.remainder.clone())];
    changes.extend(known.creates.iter().map(|(email, create)| match create {
        Create::Intended => StateChange::Intend(vec![email.clone()]),
        Create::Sending => StateChange::Sending(email.clone()),
        Create::Acknowledged(id) => StateChange::Acknowledged(email.clone(), id.clone()),
    }));
    journal.record_all(changes).await.unwrap();
    journal
}

/// One run of the program.
async fn run(world: &World, session: &Session, journal: &Journal) -> (Plan, Vec<Outcome>) {
    let reader = session.reader();
    let live = detect::read(&reader, &world.want).await.unwrap();
    let plan = plan(&world.want, &live, &journal.state(), day(TODAY));
    remember(journal, &world.want, &live, &plan).await.unwrap();
    let work = Execution { parallelism: 4, ..Execution::new(&plan, &live, session, journal) };
    let (_stop, stopped) = watch::channel(false);
    let outcomes = execute(&work, stopped).await;
    (plan, outcomes)
}

async fn start(world: &mut World) -> Running {
    let config = sandbox::SandboxConfig::new(SecretString::from(KEY), seed(world));
    sandbox::start(config).await.unwrap()
}

/// Returns true if the pool had no channels left for a limit, so its action remains.
fn has_no_channels(outcome: &Outcome) -> bool {
    match (&outcome.action, &outcome.ending) {
        (Action::SetChannelLimit { .. }, Ending::Failed(fault)) => fault.status == Some(422),
        _ => false,
    }
}

async fn converges(
    mut world: World,
    seen: &RefCell<BTreeMap<String, u32>>,
) -> Result<(), TestCaseError> {
    let sandbox = start(&mut world).await;
    let session = patient(sandbox.url().trim_end_matches("/v2"), budget(0));
    let journal = journal(&world, &session).await;
    let (first, outcomes) = run(&world, &session, &journal).await;
    prop_assert_eq!(outcomes.len(), first.actions.len(), "one outcome per action");
    for outcome in &outcomes {
        let kind = format!("{:?}", std::mem::discriminant(&outcome.action));
        *seen.borrow_mut().entry(kind).or_default() += 1;
        let good = outcome.ending.is_good() || has_no_channels(outcome);
        prop_assert!(good, "{:?} after {:#?}", outcome, first);
    }
    if outcomes.iter().any(has_no_channels) {
        *seen.borrow_mut().entry("no channels".to_owned()).or_default() += 1;
    } else {
        let sent = sandbox.writes();
        let (second, outcomes) = run(&world, &session, &journal).await;
        prop_assert_eq!(&second.actions, &Vec::new(), "after {:#?}", first);
        let nothing = outcomes.is_empty() && sandbox.writes() == sent;
        prop_assert!(nothing, "a second apply sends nothing");
        *seen.borrow_mut().entry("converged".to_owned()).or_default() += 1;
    }
    sandbox.stop().await;
    Ok(())
}

#[test]
fn promise_2_an_apply_converges_in_one_run_and_a_second_one_sends_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let seen = RefCell::new(BTreeMap::new());
    let config = Config { failure_persistence: None, ..Config::with_cases(300) };
    let law = |world: World| runtime.block_on(converges(world, &seen));
    let often = || seen.borrow().len() == 8 && seen.borrow().values().all(|count| *count > 3);
    // Rare kinds are looked for a while longer.
    for _ in 0..4 {
        TestRunner::new(config.clone()).run(&worlds(0.0), law).unwrap();
        if often() {
            break;
        }
    }
    assert!(often(), "all six kinds of action, both ends, each some times: {seen:?}");
}
