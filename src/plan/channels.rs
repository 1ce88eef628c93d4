//! The rules for channel limits. A limit can be set but not read: the state remembers acknowledged limits, and
//! the pool shows whether they still hold.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Match, Pairing};
use super::{AccountTarget, Action, Channels, Draft, Finding, FindingKind, Reason, Subject};
use crate::model::{AccountId, ChannelPool, Create, Email, Half, Live, LiveAccount, State};

/// Live limits that are known.
type KnownLimits<'a> = BTreeMap<&'a AccountId, u64>;

/// A live account with the limit that its entry declares.
struct DesiredLimit<'a> {
    entry: &'a Email,
    have: &'a LiveAccount,
    limit: u64,
}

impl DesiredLimit<'_> {
    fn action(&self, before: Option<u64>) -> Action {
        Action::SetChannelLimit {
            target: AccountTarget::Live(self.have.id.clone()),
            email: self.have.email.clone(),
            before,
            after: self.limit,
        }
    }
}

/// Compares every declared limit with the known one, and their sum with the pool.
pub(super) fn plan<'a>(draft: &mut Draft<'a>, pairing: &Pairing<'a>) {
    let (live, state) = (draft.live, draft.state);
    let desired = desired_limits(pairing);
    let Some(pool) = live.channels else { return withhold_unread(draft, &desired) };
    let complete = live.is_complete(Half::Accounts);
    let acknowledged = if complete { known(live, state, &desired, pool) } else { None };
    draft.plan.inventory.channels =
        if acknowledged.is_some() { Channels::Consistent } else { Channels::Unverified };
    if acknowledged.is_none() && !desired.is_empty() {
        draft.find(Finding::organization(FindingKind::ChannelLimitUnverified));
    }
    let known = acknowledged.unwrap_or_default();
    draft.plan.inventory.limits = known.iter().map(|(id, limit)| ((*id).clone(), *limit)).collect();
    let mut after = known.clone();
    let (mut asserts, mut raises) = (Vec::new(), Vec::new());
    for desired in desired {
        match step(known.get(&desired.have.id).copied(), desired.limit) {
            LimitStep::Nothing => {}
            LimitStep::Lower(before) => {
                if act(draft, &desired, Some(before)) {
                    after.insert(&desired.have.id, desired.limit);
                }
            }
            LimitStep::Assert => asserts.push((desired, None)),
            LimitStep::Raise(before) => raises.push((desired, Some(before))),
        }
    }
    // Telnyx would refuse a limit that does not fit, so each group is planned or withheld as a whole.
    let mut budget = PoolBudget { pool, known: &known, after, created: 0, exceeded: None };
    budget.plan(draft, &asserts, UnknownLimits::Ignored);
    budget.created = draft.created_limits();
    let needed = budget.needed(&budget.after, UnknownLimits::Ignored);
    if needed > pool.allocatable && budget.created > 0 {
        (budget.exceeded, budget.created) = (budget.exceeded.max(Some(needed)), 0);
        draft.withhold_created_limits();
    }
    budget.plan(draft, &raises, UnknownLimits::Counted);
    if let Some(needed) = budget.exceeded {
        let kind = FindingKind::PoolExceeded { needed, allocatable: pool.allocatable };
        draft.find(Finding::organization(kind));
    }
}

/// Withholds every declared limit, because the pool could not be read.
fn withhold_unread<'a>(draft: &mut Draft<'a>, desired: &[DesiredLimit<'a>]) {
    for DesiredLimit { entry, .. } in desired {
        draft.check_entry(Subject::Account, entry, |draft| {
            draft.find(Finding::account((*entry).clone(), FindingKind::NotFullyRead));
            draft.withhold(1);
        });
    }
}

/// Plans to set a limit. Returns true if the action is in the plan.
fn act<'a>(draft: &mut Draft<'a>, desired: &DesiredLimit<'a>, before: Option<u64>) -> bool {
    draft.check_entry(Subject::Account, desired.entry, |draft| {
        draft.act(desired.action(before), Reason::Declared)
    })
}

/// The pool, and the limits that are planned so far.
struct PoolBudget<'a> {
    pool: ChannelPool,
    known: &'a KnownLimits<'a>,
    /// The limits after the plan.
    after: KnownLimits<'a>,
    /// The channels of accounts that the plan creates.
    created: u64,
    /// The channels that a withheld group would have needed.
    exceeded: Option<u64>,
}

/// Treatment of channels that are allocated by unknown limits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UnknownLimits {
    /// They may become free, so a limit is withheld only if it certainly does not fit.
    Ignored,
    /// They stay allocated, unless the plan sets some of these limits.
    Counted,
}

impl<'a> PoolBudget<'a> {
    /// The channels that all accounts need at least after the plan.
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
    fn plan<'d>(
        &mut self,
        draft: &mut Draft<'d>,
        group: &[(DesiredLimit<'d>, Option<u64>)],
        unknown: UnknownLimits,
    ) where
        'd: 'a,
    {
        let mut after = self.after.clone();
        after.extend(group.iter().map(|(desired, _)| (&desired.have.id, desired.limit)));
        let needed = self.needed(&after, unknown);
        for (desired, before) in group {
            if needed > self.pool.allocatable {
                self.exceeded = self.exceeded.max(Some(needed));
                draft.check_entry(Subject::Account, desired.entry, |draft| {
                    draft.withhold_limit(desired.entry);
                });
            } else if act(draft, desired, *before) {
                self.after.insert(&desired.have.id, desired.limit);
            }
        }
    }
}

/// The live accounts whose entries declare a limit.
fn desired_limits<'a>(pairing: &Pairing<'a>) -> Vec<DesiredLimit<'a>> {
    let limits = pairing.entries.iter().filter_map(|(want, side)| match side {
        Match::Account(have) => {
            Some(DesiredLimit { entry: &want.email, have, limit: want.channel_limit? })
        }
        Match::Missing | Match::Conflict(_) | Match::Ambiguous(_) => None,
    });
    limits.collect()
}

/// A change of a limit.
enum LimitStep {
    Nothing,
    Lower(u64),
    Raise(u64),
    /// Sets a limit whose current value is unknown.
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

/// The live limits that Telnyx has acknowledged. `None` if live limits are unknown: none was acknowledged,
/// they were changed elsewhere, or an apply that set some was cut short.
fn known<'a>(
    live: &'a Live,
    state: &'a State,
    desired: &[DesiredLimit<'a>],
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
            desired.iter().map(|desired| (&desired.have.id, desired.limit)).collect();
        // An apply that was cut short leaves the accounts that it saw, but not the limits that it set. Equal
        // sums may then be chance.
        let all = declared.len() == there.len() && state.emails.is_empty();
        return (all && sum(&declared) == pool.allocated).then_some(declared);
    }
    let unrecorded = there.iter().filter(|id| !records.contains_key(*id)).copied();
    let holds = state.remainder.as_ref().is_some_and(|remainder| {
        // Accounts with unknown limits came or went: the remainder is taken anew.
        !remainder.unrecorded.iter().eq(unrecorded)
            || i128::from(remainder.channels)
                == i128::from(pool.allocated) - i128::from(sum(&records))
    });
    holds.then_some(records)
}

/// Returns true if an account was created and no list has shown it yet. Its record stays.
fn is_new(state: &State, id: &AccountId) -> bool {
    state.creates.values().any(|create| match create {
        Create::Acknowledged(created) => created == id,
        Create::Intended | Create::Sending => false,
    })
}

fn sum(limits: &KnownLimits<'_>) -> u64 {
    limits.values().fold(0, |sum, limit| sum.saturating_add(*limit))
}
