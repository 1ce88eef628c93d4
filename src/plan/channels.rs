//! The rules for channel limits. A limit can be set but not read: what is known of it comes from the
//! state, and the pool says whether that still holds.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Match, Pairing};
use super::{AccountTarget, Action, Channels, Draft, Finding, FindingKind, Reason};
use crate::model::{AccountId, ChannelPool, Create, Half, Live, LiveAccount, State};

/// The limits that are known to be live.
type KnownLimits<'a> = BTreeMap<&'a AccountId, u64>;

/// An account with the limit that it should have.
type DesiredLimit<'a> = (&'a LiveAccount, u64);

/// Compares every limit that is wanted with what is known of it, and all of them with the pool.
pub(super) fn plan(draft: &mut Draft<'_>, pairing: &Pairing<'_>) {
    let (live, state) = (draft.live, draft.state);
    let Some(pool) = live.channels else { return };
    let wanted = wanted(pairing);
    let complete = live.is_complete(Half::Accounts);
    let standing = if complete { known(live, state, &wanted, pool) } else { None };
    draft.plan.inventory.channels =
        if standing.is_some() { Channels::Consistent } else { Channels::Unverified };
    if standing.is_none() && !wanted.is_empty() {
        draft.find(Finding::organization(FindingKind::ChannelLimitUnverified));
    }
    let known = standing.unwrap_or_default();
    draft.plan.inventory.limits = known.iter().map(|(id, limit)| ((*id).clone(), *limit)).collect();
    let mut after = known.clone();
    let (mut asserts, mut raises) = (Vec::new(), Vec::new());
    for (have, limit) in wanted {
        let set = |before| Action::SetChannelLimit {
            target: AccountTarget::Live(have.id.clone()),
            email: have.email.clone(),
            before,
            after: limit,
        };
        match step(known.get(&have.id).copied(), limit) {
            LimitStep::Nothing => {}
            LimitStep::Lower(before) => {
                if draft.act(set(Some(before)), Reason::Declared) {
                    after.insert(&have.id, limit);
                }
            }
            LimitStep::Assert => asserts.push((&have.id, limit, set(None))),
            LimitStep::Raise(before) => raises.push((&have.id, limit, set(Some(before)))),
        }
    }
    // A limit that does not fit would only be refused, so each group is planned as a whole or withheld.
    let mut room = PoolPlan { pool, known: &known, after, created: 0, exceeded: None };
    room.plan(draft, asserts, UnknownLimits::Ignored);
    room.created = draft.created_limits();
    let needed = room.needed(&room.after, UnknownLimits::Ignored);
    if needed > pool.allocatable && room.created > 0 {
        (room.exceeded, room.created) = (room.exceeded.max(Some(needed)), 0);
        draft.withhold_created_limits();
    }
    room.plan(draft, raises, UnknownLimits::Counted);
    if let Some(needed) = room.exceeded {
        let what = FindingKind::PoolExceeded { needed, allocatable: pool.allocatable };
        draft.find(Finding::organization(what));
    }
}

/// The pool, and the limits that are planned so far.
struct PoolPlan<'a> {
    pool: ChannelPool,
    known: &'a KnownLimits<'a>,
    /// The limits after the plan.
    after: KnownLimits<'a>,
    /// The channels of accounts that the plan creates.
    created: u64,
    /// The channels that a withheld group would have needed.
    exceeded: Option<u64>,
}

/// The use of channels that live accounts have by unknown limits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnknownLimits {
    /// They may become free, so a limit is withheld only where it certainly does not fit.
    Ignored,
    /// They stay taken, unless some of these limits are about to be set.
    Counted,
}

impl<'a> PoolPlan<'a> {
    /// The channels that all accounts need at least when the plan is done.
    fn needed(&self, after: &KnownLimits<'_>, unknown: UnknownLimits) -> u64 {
        let asserted = after.keys().any(|id| !self.known.contains_key(id));
        let unknown = match unknown {
            UnknownLimits::Counted if !asserted => {
                self.pool.allocated.saturating_sub(sum(self.known))
            }
            UnknownLimits::Counted | UnknownLimits::Ignored => 0,
        };
        sum(after).saturating_add(unknown).saturating_add(self.created)
    }

    /// Plans a group of limits if all of it fits, or withholds it.
    fn plan(
        &mut self,
        draft: &mut Draft<'_>,
        group: Vec<(&'a AccountId, u64, Action)>,
        unknown: UnknownLimits,
    ) {
        let mut after = self.after.clone();
        after.extend(group.iter().map(|(id, limit, _)| (*id, *limit)));
        let needed = self.needed(&after, unknown);
        for (id, limit, action) in group {
            if needed > self.pool.allocatable {
                self.exceeded = self.exceeded.max(Some(needed));
                draft.withhold(action);
            } else if draft.act(action, Reason::Declared) {
                self.after.insert(id, limit);
            }
        }
    }
}

/// The accounts that are there and have a limit in the manifest.
fn wanted<'a>(pairing: &Pairing<'a>) -> Vec<DesiredLimit<'a>> {
    let wanted = pairing.entries.iter().filter_map(|(want, meant)| match meant {
        Match::Account(have) => Some((*have, want.channel_limit?)),
        Match::Missing | Match::Conflict(_) | Match::Ambiguous(_) => None,
    });
    wanted.collect()
}

enum LimitStep {
    Nothing,
    Lower(u64),
    Raise(u64),
    /// Setting it without knowing what is there.
    Assert,
}

fn step(before: Option<u64>, limit: u64) -> LimitStep {
    match before {
        Some(before) if before == limit => LimitStep::Nothing,
        Some(before) if before > limit => LimitStep::Lower(before),
        Some(before) => LimitStep::Raise(before),
        None => LimitStep::Assert,
    }
}

/// The limits that are live, as far as they were acknowledged. `None`: somebody changed limits behind
/// our back, or an apply that set some did not come to its end, or none was ever acknowledged, and nobody can
/// say what is live.
fn known<'a>(
    live: &'a Live,
    state: &'a State,
    wanted: &[DesiredLimit<'a>],
    pool: ChannelPool,
) -> Option<KnownLimits<'a>> {
    let there: BTreeSet<&AccountId> = live.accounts.iter().map(|account| &account.id).collect();
    let records: KnownLimits<'_> = state
        .limits
        .iter()
        .map(|(id, limit)| (id, *limit))
        .filter(|(id, _)| there.contains(id) || is_new(state, id))
        .collect();
    if records.is_empty() {
        let declared: KnownLimits<'_> =
            wanted.iter().map(|(have, limit)| (&have.id, *limit)).collect();
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

fn sum(limits: &KnownLimits<'_>) -> u64 {
    limits.values().fold(0, |sum, limit| sum.saturating_add(*limit))
}
