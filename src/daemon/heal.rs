//! Doing what may be done without a person: the only place of the daemon that can write.
//!
//! Only the classes that a user has named, and each of them gives something: a known limit is raised, an account
//! is enabled or allowed prices of its own. Never a loss, never a limit that is not known, and nothing while
//! a guard refuses the plan, the inventory may lack something, somebody else applies, or the freeze file is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;

use super::config::Class;
use super::pass::today;
use super::setup::Setup;
use super::sighting::item;
use super::words::words;
use crate::detect;
use crate::execute::{Outcome, Summary, Work, execute, remember};
use crate::model::{Item, Live};
use crate::plan::{Action, Guard, Plan, PlannedAction, Target, plan};
use crate::report;
use crate::state::{Holder, Journal, Store};

/// Actions under way at once. There is no hurry.
const PARALLELISM: usize = 4;

const FROZEN: &str = "the freeze file is there, or nobody can say that it is not";

/// The class of an action. `None`: a person has to do it.
pub(super) fn class(action: &Action) -> Option<Class> {
    match action {
        Action::SetChannelLimit {
            target: Target::Live(_), before: Some(before), after, ..
        } => (before < after).then_some(Class::RaiseChannelLimit),
        Action::EnableAccount { .. } => Some(Class::EnableAccount),
        Action::UpdateAccount { before: Some(false), after: true, .. } => {
            Some(Class::UpdateAccount)
        }
        // A loss, an assertion, or a create and what belongs to it.
        Action::SetChannelLimit { .. }
        | Action::UpdateAccount { .. }
        | Action::RemoveUser { .. }
        | Action::DisableAccount { .. }
        | Action::CreateAccount(_) => None,
    }
}

/// Leaves only what may be healed of what was announced.
fn choose(mut plan: Plan, classes: &BTreeSet<Class>, announced: &BTreeSet<Item>) -> Plan {
    let all = plan.actions.len();
    plan.actions.retain(|PlannedAction { action, .. }| {
        let allowed = class(action).is_some_and(|class| classes.contains(&class));
        allowed && announced.contains(&item(action))
    });
    plan.unchosen += all - plan.actions.len();
    plan
}

/// Heals what was announced, as far as it may. Returns how many actions were done.
///
/// # Errors
///
/// When nothing was done, or not everything. In words.
pub(super) async fn heal(
    setup: &Setup,
    store: &Store,
    announced: &BTreeSet<Item>,
    stop: watch::Receiver<bool>,
) -> Result<usize, String> {
    if is_frozen(setup.freeze_file.as_deref()) {
        return Err(FROZEN.to_owned());
    }
    let holder = Holder::this("daemon heal");
    let binding = setup.binding(None);
    let opened = Journal::open(store.clone(), &binding, &holder, Duration::ZERO).await;
    let journal = opened.map_err(|error| words(&error))?;
    let healed = under_lock(setup, &journal, announced, stop).await;
    let closed = journal.close().await.map_err(|error| words(&error));
    closed.and(healed)
}

/// Whether the freeze file is there, or may be: one that cannot be looked at, and a link to nowhere, freeze too.
fn is_frozen(file: Option<&Path>) -> bool {
    file.is_some_and(|file| match fs::symlink_metadata(file) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::NotFound,
    })
}

async fn under_lock(
    setup: &Setup,
    journal: &Journal,
    announced: &BTreeSet<Item>,
    stop: watch::Receiver<bool>,
) -> Result<usize, String> {
    let (desired, session) = (&setup.desired, setup.connection.session());
    let reader = session.reader();
    let read = Box::pin(detect::read(&reader, desired)).await;
    let live: Live = read.map_err(|error| words(&error))?;
    if detect::wrong_manager(desired, &live).is_some() {
        return Err("the key belongs to another manager".to_owned());
    }
    let state = journal.state();
    let found = Box::pin(detect::find_hidden(&reader, desired, &state, live)).await;
    let live = found.map_err(|error| words(&error))?;
    let plan = plan(desired, &live, &state, today()?);
    if !plan.inventory.complete {
        return Err("the inventory may lack something".to_owned());
    }
    if plan.guards.iter().any(Guard::refused) {
        return Err("a guard refuses the plan".to_owned());
    }
    let plan = choose(plan, &setup.heal, announced);
    if plan.actions.is_empty() {
        return Ok(0);
    }
    // Reading may have taken minutes.
    if is_frozen(setup.freeze_file.as_deref()) {
        return Err(FROZEN.to_owned());
    }
    let remembered = remember(journal, desired, &live, &plan).await;
    remembered.map_err(|error| words(&error))?;
    let told = |outcome: &Outcome| {
        let words = report::outcome_text(outcome, report::Style::default());
        tracing::info!(outcome = words, "healed");
    };
    let work = Work {
        plan: &plan,
        live: &live,
        reader: &reader,
        writer: &session.writer(),
        journal,
        passwords: &BTreeMap::new(),
        parallelism: PARALLELISM,
        create_grace: Duration::ZERO,
        on_created: None,
        on_outcome: &told,
    };
    let outcomes = execute(&work, stop).await;
    let Summary { done, satisfied, failed, stale, unknown, skipped } = Summary::of(&outcomes);
    match failed + stale + unknown + skipped {
        0 => Ok(done + satisfied),
        other => Err(format!("{done} actions were done, {other} were not")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Email, UserId};
    use crate::plan::NewAccount;

    fn actions() -> Vec<(Action, Option<Class>)> {
        let email = || Email::new("a@shop.example");
        let id = || AccountId::new("1");
        let limit = |target, before, after| Action::SetChannelLimit {
            target,
            email: email(),
            before,
            after,
        };
        let update =
            |before, after| Action::UpdateAccount { id: id(), email: email(), before, after };
        let live = || Target::Live(id());
        vec![
            (limit(live(), Some(10), 30), Some(Class::RaiseChannelLimit)),
            (limit(live(), Some(30), 10), None),
            (limit(live(), None, 30), None),
            (limit(Target::Created, None, 30), None),
            (update(Some(false), true), Some(Class::UpdateAccount)),
            (update(Some(true), false), None),
            (update(None, true), None),
            (
                Action::EnableAccount { id: id(), email: email(), connections: true },
                Some(Class::EnableAccount),
            ),
            (Action::DisableAccount { target: live(), email: email() }, None),
            (Action::RemoveUser { id: UserId::new("1"), email: email() }, None),
            (
                Action::CreateAccount(NewAccount {
                    name: "A".to_owned(),
                    email: email(),
                    custom_pricing: None,
                    rollup_billing: None,
                    password_from: None,
                }),
                None,
            ),
        ]
    }

    #[test]
    fn no_loss_no_assertion_and_no_create_is_ever_healed() {
        for (action, wanted) in actions() {
            assert_eq!(class(&action), wanted, "{action:?}");
            let harmless =
                !action.is_destructive() && !action.is_assertion() && !action.is_create();
            assert!(harmless || wanted.is_none(), "{action:?}");
        }
    }

    #[test]
    fn only_a_freeze_file_that_certainly_is_not_there_lets_anything_be_healed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("freeze");
        assert!(!is_frozen(None));
        assert!(!is_frozen(Some(&file)));
        assert!(!is_frozen(Some(&folder.path().join("no/folder"))));
        std::os::unix::fs::symlink("nowhere", &file).unwrap();
        assert!(is_frozen(Some(&file)), "a link to nowhere");
        fs::remove_file(&file).unwrap();
        fs::write(&file, "").unwrap();
        assert!(is_frozen(Some(&file)));
        // Whoever may not look there is not told that nothing is there.
        assert!(is_frozen(Some(&file.join("below"))), "it cannot be looked at");
    }

    #[test]
    fn only_what_was_named_and_announced_is_chosen() {
        let plan = || Plan {
            actions: actions()
                .into_iter()
                .map(|(action, _)| PlannedAction::declared(action))
                .collect(),
            ..Plan::default()
        };
        let all: BTreeSet<Item> = plan().requested().map(item).collect();
        let classes = Class::ALL.into_iter().collect();
        assert_eq!(choose(plan(), &classes, &all).actions.len(), 3);
        assert_eq!(choose(plan(), &[Class::EnableAccount].into(), &all).actions.len(), 1);
        assert_eq!(choose(plan(), &classes, &BTreeSet::new()).actions, []);
        assert_eq!(choose(plan(), &BTreeSet::new(), &all).actions, []);
    }
}
