//! The checks before a saved plan is executed: the file, then what the plan was made for, then the live side. Each
//! refusal gives its own reason, and nothing is sent before the last check.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;

use super::prepare::Prepared;
use crate::cli::exit::Failure;
use crate::cli::global::Global;
use crate::cli::plan::{self, Planned};
use crate::cli::private_file;
use crate::detect::Observation;
use crate::execute::skipped_outcome;
use crate::model::{AccountId, Desired, Email, Live};
use crate::plan::{CurrentState, Plan, PlannedAction, RecheckResult, recheck, stricter};
use crate::report::{self, SavedPlan, StateInfo};
use crate::state::{Journal, StateChange};
use crate::telnyx::Reader;

/// The largest file that is read: more than a hundred thousand actions fit.
const LARGEST: u64 = 128 << 20;

const AGAIN: &str = "Nothing was sent. Make a new plan with `trunkline plan --out FILE`.";

/// Reads a saved plan, and refuses one that is damaged, expired or not the expected one.
pub(super) fn load(path: &Path, expected: Option<&str>) -> Result<SavedPlan, Failure> {
    let place = path.display().to_string();
    let bytes = private_file::read(path, LARGEST)
        .with_context(|| format!("reading the saved plan {place}"));
    let bytes = bytes.map_err(|error| Failure::new(error, AGAIN))?;
    let saved = report::read_saved(&bytes).map_err(|error| {
        let error = anyhow::Error::from(error).context(format!("reading the saved plan {place}"));
        let other = bytes.trim_ascii_start().first().is_some_and(|first| *first != b'{');
        let hint = "Nothing was sent. To apply a manifest, leave out --plan.";
        Failure::new(error, if other { hint } else { AGAIN })
    })?;
    let expires_at = saved.expires_at();
    if Timestamp::now() >= expires_at {
        let why = format!("the saved plan {place} expired at {expires_at}");
        return Err(Failure::stale(why, AGAIN));
    }
    let digest = saved.digest();
    if let Some(expected) = expected
        && digest != expected
    {
        let why = format!("the saved plan {place} has digest {digest}, but --expect is {expected}");
        let hint = "Nothing was sent. This is not the plan that was approved.";
        return Err(Failure::stale(why, hint));
    }
    Ok(saved)
}

/// Refuses a plan that was made from another manifest than the one at `path`.
pub(super) fn check_manifest(
    saved: &SavedPlan,
    desired: &Desired,
    path: &Path,
) -> Result<(), Failure> {
    if report::desired_digest(desired) == saved.bound_to.desired {
        return Ok(());
    }
    let place = path.display();
    let why = format!("the saved plan was not made from {place} as it is now");
    Err(Failure::refused(
        why,
        "Nothing was sent. To save a new plan, run `trunkline plan --out FILE`.",
    ))
}

/// Refuses a plan that was made for another base URL.
pub(super) fn check_base_url(saved: &SavedPlan, reader: &Reader) -> Result<(), Failure> {
    let (theirs, ours) = (&saved.bound_to.base_url, reader.base_url());
    if *theirs == ours {
        return Ok(());
    }
    let why = format!("the saved plan was made for {theirs}, but the base URL is {ours}");
    Err(Failure::refused(why, "Nothing was sent. Correct the base URL, or make a new plan."))
}

/// The manager for which a plan was made.
pub(super) fn manager(saved: &SavedPlan) -> Option<AccountId> {
    saved.bound_to.manager_account_id.as_ref().map(AccountId::new)
}

/// Checks each saved action against the live side.
pub(super) async fn prepare(
    global: &Global,
    reader: &Reader,
    saved: SavedPlan,
    (journal, info): (&Journal, StateInfo),
) -> Result<Prepared, Failure> {
    let state = journal.state();
    if state.used.contains_key(&saved.seal) {
        let why = "the saved plan has already been applied completely".to_owned();
        return Err(Failure::stale(why, AGAIN));
    }
    let manager = manager(&saved);
    let bound = Desired { manager: manager.clone(), ..saved.desired.clone() };
    let loaded = async |_| Ok(state);
    let observation = plan::observe(global, None, reader, &bound, loaded).await?;
    if manager.is_some() && observation.live.manager.is_none() {
        let why = "cannot check the manager of the saved plan: no live account names its manager";
        return Err(Failure::refused(why.to_owned(), AGAIN));
    }
    let fresh = observation.plan(&saved.desired, None);
    let Observation { live, state, today: _ } = observation;
    let now = CurrentState { live: &live, state: &state, plan: &fresh };
    let verdicts = recheck(&saved.plan.actions, &now);
    let until = u64::try_from(saved.expires_at().as_second()).unwrap_or_default();
    let used = StateChange::Used { seal: saved.seal, until };
    let planned = Planned {
        plan: shown(saved.plan, fresh, &saved.desired, &live, &verdicts),
        desired: saved.desired,
        live,
        bound_to: saved.bound_to,
        state: info,
    };
    let mut prepared = Prepared::whole(planned);
    prepared.used = Some(used);
    for (place, verdict) in verdicts.iter().enumerate() {
        if let Some(outcome) =
            skipped_outcome(&prepared.planned.plan.actions[place].action, verdict)
        {
            prepared.settled.insert(place, outcome);
        }
    }
    prepared.todo.actions = going(&prepared.planned.plan.actions, &verdicts);
    Ok(prepared)
}

/// The saved actions, with findings and counts of now and the stricter of both safety limits.
fn shown(
    saved: Plan,
    fresh: Plan,
    desired: &Desired,
    live: &Live,
    verdicts: &[RecheckResult],
) -> Plan {
    let Plan {
        actions,
        findings: _,
        guards,
        in_sync: _,
        withheld: _,
        ignored: _,
        unchosen,
        unchosen_findings: _,
        inventory: _,
    } = saved;
    // A plan with targets reports only on them.
    let chosen: BTreeSet<Email> =
        actions.iter().map(|planned| planned.action.email().clone()).collect();
    let fresh = if unchosen == 0 { fresh } else { fresh.choose(desired, live, &chosen) };
    let left = going(&actions, verdicts);
    let guards = stricter(&guards, &desired.policy.budgets, live, &left);
    Plan { actions, guards, unchosen, ..fresh }
}

fn going(actions: &[PlannedAction], verdicts: &[RecheckResult]) -> Vec<PlannedAction> {
    let both = actions.iter().zip(verdicts);
    both.filter(|(_, verdict)| **verdict == RecheckResult::Go)
        .map(|(planned, _)| planned.clone())
        .collect()
}
