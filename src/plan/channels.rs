//! The rules for channel limits. A limit can be set but not read: what is known of it comes from the
//! state, and the pool says whether that still holds.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Meant, Pairing};
use super::{Action, Channels, Draft, Finding, Reason, Target, What};
use crate::model::{AccountId, ChannelPool, Create, Live, LiveAccount, State};

/// The limits that are known to be live.
type Known<'a> = BTreeMap<&'a AccountId, u64>;

/// An account with the limit that it should have.
type Wanted<'a> = (&'a LiveAccount, u64);

/// Compares every limit that is wanted with what is known of it, and all of them with the pool.
pub(super) fn plan(draft: &mut Draft<'_>, pairing: &Pairing<'_>) {
    let (live, state) = (draft.live, draft.state);
    let Some(pool) = live.channels else { return };
    let wanted = wanted(pairing);
    let complete = draft.plan.inventory.complete;
    let standing = if complete { known(live, state, &wanted, pool) } else { None };
    draft.plan.inventory.channels =
        if standing.is_some() { Channels::Consistent } else { Channels::Unverified };
    if standing.is_none() && !wanted.is_empty() {
        draft.find(Finding::organization(What::ChannelLimitUnverified));
    }
    let known = standing.unwrap_or_default();
    draft.plan.inventory.limits = known.iter().map(|(id, limit)| ((*id).clone(), *limit)).collect();
    let mut after = known.clone();
    let mut raises = Vec::new();
    for (have, limit) in wanted {
        let step = step(known.get(&have.id).copied(), limit);
        let set = |before| Action::SetChannelLimit {
            target: Target::Live(have.id.clone()),
            email: have.email.clone(),
            before,
            after: limit,
        };
        let planned = match step {
            Step::Nothing => true,
            Step::Lower(before) => draft.act(set(Some(before)), Reason::Declared),
            Step::Assert => draft.act(set(None), Reason::Declared),
            Step::Raise(before) => {
                raises.push(set(Some(before)));
                true
            }
        };
        if planned {
            after.insert(&have.id, limit);
        }
    }
    let needed = needed(pool, &known, &after).saturating_add(draft.created_limits());
    if needed > pool.allocatable {
        let what = What::PoolExceeded { needed, allocatable: pool.allocatable };
        draft.find(Finding::organization(what));
        for raise in raises {
            draft.withhold(raise);
        }
    } else {
        for raise in raises {
            draft.act(raise, Reason::Declared);
        }
    }
}

/// The accounts that are there and have a limit in the manifest.
fn wanted<'a>(pairing: &Pairing<'a>) -> Vec<Wanted<'a>> {
    let wanted = pairing.entries.iter().filter_map(|(want, meant)| match meant {
        Meant::Account(have) => Some((*have, want.channel_limit?)),
        Meant::Missing | Meant::Taken(_) | Meant::Ambiguous(_) => None,
    });
    wanted.collect()
}

enum Step {
    Nothing,
    Lower(u64),
    Raise(u64),
    /// Setting it without knowing what is there.
    Assert,
}

fn step(before: Option<u64>, limit: u64) -> Step {
    match before {
        Some(before) if before == limit => Step::Nothing,
        Some(before) if before > limit => Step::Lower(before),
        Some(before) => Step::Raise(before),
        None => Step::Assert,
    }
}

/// The limits that are live, as far as they were acknowledged. `None`: somebody changed limits behind
/// our back, or an apply that set some did not come to its end, or none was ever acknowledged, and nobody can
/// say what is live.
fn known<'a>(
    live: &'a Live,
    state: &'a State,
    wanted: &[Wanted<'a>],
    pool: ChannelPool,
) -> Option<Known<'a>> {
    let there: BTreeSet<&AccountId> = live.accounts.iter().map(|account| &account.id).collect();
    let records: Known<'_> = state
        .limits
        .iter()
        .map(|(id, limit)| (id, *limit))
        .filter(|(id, _)| there.contains(id) || is_new(state, id))
        .collect();
    if records.is_empty() {
        let declared: Known<'_> = wanted.iter().map(|(have, limit)| (&have.id, *limit)).collect();
        // An apply may have set some and lost what it had recorded: then equal sums may be chance. It has left
        // behind whom it has seen.
        let all = declared.len() == there.len() && state.emails.is_empty();
        return (all && sum(&declared) == pool.allocated).then_some(declared);
    }
    let unrecorded = there.iter().filter(|id| !records.contains_key(*id)).copied();
    let holds = state.remainder.as_ref().is_some_and(|remainder| {
        // Accounts came or went, with limits that nobody knows: the remainder is taken anew.
        !remainder.unrecorded.iter().eq(unrecorded)
            || i128::from(remainder.channels)
                == i128::from(pool.allocated) - i128::from(sum(&records))
    });
    holds.then_some(records)
}

/// Whether an account was created and no list has shown it yet: its record stays.
fn is_new(state: &State, id: &AccountId) -> bool {
    state.creates.values().any(|create| match create {
        Create::Acknowledged(created) => created == id,
        Create::Intended | Create::Sending => false,
    })
}

/// How many channels the live accounts need at least when all is done. What is not known counts as
/// nothing if some of it is about to be set, for then nobody can say how much of it is left.
fn needed(pool: ChannelPool, known: &Known<'_>, after: &Known<'_>) -> u64 {
    let asserted = after.keys().any(|id| !known.contains_key(id));
    let unknown = if asserted { 0 } else { pool.allocated.saturating_sub(sum(known)) };
    sum(after).saturating_add(unknown)
}

fn sum(limits: &Known<'_>) -> u64 {
    limits.values().fold(0, |sum, limit| sum.saturating_add(*limit))
}
