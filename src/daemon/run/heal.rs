//! Healing: the only part of the daemon that writes to Telnyx.
//!
//! Only configured classes are healed, and each of them gives something: it raises a known limit, enables an account,
//! or allows custom pricing. Never anything destructive, never an unknown limit, and nothing while a safety limit
//! refuses the plan, the inventory of accounts is incomplete, another process applies, or the freeze file exists.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;

use crate::daemon::config::{HealClass, Setup};
use crate::daemon::drift::key;
use crate::detect;
use crate::execute::{Ending, Execution, Outcome, Summary, execute, remember};
use crate::model::{DifferenceKey, Half, error_chain};
use crate::plan::{AccountTarget, Action, Guard, Plan};
use crate::report;
use crate::state::{self, Journal, LeaderCheck, LockHolder, Store};

/// The actions in flight at once. Healing is not urgent.
const PARALLELISM: usize = 4;

const FROZEN: &str = "the freeze file exists, or cannot be checked";

/// The result of healing.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Healing {
    /// The differences whose action was sent, even if the answer was lost.
    pub healed: Vec<DifferenceKey>,
    /// The reason if anything was not done.
    pub error: Option<String>,
}

/// Returns the class of an action. `None` if only a person may do it.
pub(super) fn class(action: &Action) -> Option<HealClass> {
    match action {
        Action::SetChannelLimit {
            target: AccountTarget::Live(_),
            before: Some(before),
            after,
            ..
        } => (before < after).then_some(HealClass::RaiseChannelLimit),
        Action::EnableAccount { .. } => Some(HealClass::EnableAccount),
        Action::UpdateAccount { before: Some(false), after: true, .. } => {
            Some(HealClass::UpdateAccount)
        }
        // Destructive, of an unknown value, or part of a create.
        Action::SetChannelLimit { .. }
        | Action::UpdateAccount { .. }
        | Action::RemoveUser { .. }
        | Action::DisableAccount { .. }
        | Action::CreateAccount(_) => None,
    }
}

/// Reduces a plan to the allowed classes and these differences.
fn choose(
    mut plan: Plan,
    classes: &BTreeSet<HealClass>,
    differences: &BTreeSet<DifferenceKey>,
) -> Plan {
    let all = plan.actions.len();
    plan.actions.retain(|planned| {
        let allowed = class(&planned.action).is_some_and(|class| classes.contains(&class));
        allowed && differences.contains(&key(planned))
    });
    plan.unchosen += all - plan.actions.len();
    plan
}

/// Heals these differences as far as the configuration allows, while this replica leads.
pub(in crate::daemon) async fn heal(
    setup: &Setup,
    (store, leader): (&Store, LeaderCheck),
    differences: &BTreeSet<DifferenceKey>,
    stop: watch::Receiver<bool>,
) -> Healing {
    if is_frozen(setup.freeze_file.as_deref()) {
        return Healing::failed(FROZEN);
    }
    let holder = LockHolder::this("daemon heal");
    let binding = setup.binding(None);
    let journal = match Journal::open(store.clone(), &binding, &holder, Duration::ZERO).await {
        Ok(journal) => journal.led_by(leader),
        Err(error) => return Healing::failed(error_chain(&error)),
    };
    let healed = under_lock(setup, &journal, differences, stop).await;
    let mut healing = healed.unwrap_or_else(Healing::failed);
    if let Err(error) = journal.close().await {
        healing.error.get_or_insert(error_chain(&error));
    }
    healing
}

impl Healing {
    fn failed(error: impl Into<String>) -> Self {
        Self { healed: Vec::new(), error: Some(error.into()) }
    }
}

/// Returns true unless the freeze file certainly does not exist. A dangling link freezes too.
fn is_frozen(file: Option<&Path>) -> bool {
    file.is_some_and(|file| match fs::symlink_metadata(file) {
        Ok(_) => true,
        Err(error) => error.kind() != ErrorKind::NotFound,
    })
}

async fn under_lock(
    setup: &Setup,
    journal: &Journal,
    differences: &BTreeSet<DifferenceKey>,
    stop: watch::Receiver<bool>,
) -> Result<Healing, String> {
    let (desired, session) = (&setup.desired, setup.connection.session());
    let reader = session.reader();
    let state = async |_| Ok::<_, state::Error>(journal.state());
    let observed = Box::pin(detect::observe(&reader, desired, state)).await;
    let observation = observed.map_err(|error| error_chain(&error))?;
    let plan = observation.plan(desired, None);
    // Every class changes an account.
    if !observation.live.is_complete(Half::Accounts) {
        return Err("the inventory of accounts is incomplete".to_owned());
    }
    if plan.guards.iter().any(Guard::refused) {
        return Err("a safety limit refuses the plan".to_owned());
    }
    let plan = choose(plan, &setup.heal, differences);
    if plan.actions.is_empty() {
        return Ok(Healing::default());
    }
    // Reading may have taken minutes.
    if is_frozen(setup.freeze_file.as_deref()) {
        return Err(FROZEN.to_owned());
    }
    let remembered = remember(journal, desired, &observation.live, &plan).await;
    remembered.map_err(|error| error_chain(&error))?;
    let state = setup.state_info();
    let log = |outcome: &Outcome| {
        let outcome = report::outcome_text(outcome, &state, report::Style::default());
        tracing::info!(outcome, "healed");
    };
    let work = Execution {
        parallelism: PARALLELISM,
        on_outcome: &log,
        ..Execution::new(&plan, &observation.live, session, journal)
    };
    let outcomes = execute(&work, stop).await;
    let sent = |ending: &Ending| matches!(ending, Ending::Done | Ending::Unknown(_));
    // Outcomes are in the order of the plan.
    let pairs = plan.actions.iter().zip(&outcomes);
    let healed = pairs.filter(|(_, outcome)| sent(&outcome.ending)).map(|(one, _)| key(one));
    let healed = healed.collect();
    let Summary { done, satisfied: _, failed, stale, unknown, skipped } = Summary::of(&outcomes);
    let not_done = failed + stale + unknown + skipped;
    let error = (not_done > 0).then(|| format!("{done} done, {not_done} not done"));
    Ok(Healing { healed, error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Email, UserId};
    use crate::plan::{PlannedAccount, PlannedAction};

    fn actions() -> Vec<(Action, Option<HealClass>)> {
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
        let live = || AccountTarget::Live(id());
        vec![
            (limit(live(), Some(10), 30), Some(HealClass::RaiseChannelLimit)),
            (limit(live(), Some(30), 10), None),
            (limit(live(), None, 30), None),
            (limit(AccountTarget::Created, None, 30), None),
            (update(Some(false), true), Some(HealClass::UpdateAccount)),
            (update(Some(true), false), None),
            (update(None, true), None),
            (
                Action::EnableAccount { id: id(), email: email(), connections: true },
                Some(HealClass::EnableAccount),
            ),
            (Action::DisableAccount { target: live(), email: email() }, None),
            (Action::RemoveUser { id: UserId::new("1"), email: email() }, None),
            (
                Action::CreateAccount(PlannedAccount {
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
    fn nothing_destructive_unknown_or_new_is_ever_healed() {
        for (action, wanted) in actions() {
            assert_eq!(class(&action), wanted, "{action:?}");
            let allowed = !action.is_destructive() && !action.is_assertion() && !action.is_create();
            assert!(allowed || wanted.is_none(), "{action:?}");
        }
    }

    #[test]
    fn healing_needs_a_freeze_file_that_certainly_does_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("freeze");
        assert!(!is_frozen(None));
        assert!(!is_frozen(Some(&file)));
        assert!(!is_frozen(Some(&folder.path().join("no/folder"))));
        std::os::unix::fs::symlink("nowhere", &file).unwrap();
        assert!(is_frozen(Some(&file)), "a dangling link");
        fs::remove_file(&file).unwrap();
        fs::write(&file, "").unwrap();
        assert!(is_frozen(Some(&file)));
        assert!(is_frozen(Some(&file.join("below"))), "it cannot be checked");
    }

    #[test]
    fn only_configured_classes_and_open_differences_are_chosen() {
        let plan = || Plan {
            actions: actions()
                .into_iter()
                .map(|(action, _)| PlannedAction::declared(action))
                .collect(),
            ..Plan::default()
        };
        let all: BTreeSet<DifferenceKey> = plan().actions.iter().map(key).collect();
        let classes = HealClass::ALL.into_iter().collect();
        assert_eq!(choose(plan(), &classes, &all).actions.len(), 3);
        assert_eq!(choose(plan(), &[HealClass::EnableAccount].into(), &all).actions.len(), 1);
        assert_eq!(choose(plan(), &classes, &BTreeSet::new()).actions, []);
        assert_eq!(choose(plan(), &BTreeSet::new(), &all).actions, []);
    }
}
