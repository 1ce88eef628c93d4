//! Records that are written before anything is sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountId, ChannelPool, Desired, Half, Live, Remainder};
use crate::plan::{Action, Channels, Plan};
use crate::state::{Error, Journal, StateChange};

/// Records the inventory and the planned creates in one write. A crash at any later point then leaves the
/// necessary records behind.
///
/// # Errors
///
/// If the state cannot be written, or belongs to another manager. Then nothing may be sent.
pub async fn remember(
    journal: &Journal,
    desired: &Desired,
    live: &Live,
    plan: &Plan,
) -> Result<(), Error> {
    if let Some(manager) = &live.manager {
        journal.bind(manager).await?;
    }
    let mut changes = Vec::new();
    // An account or user that an incomplete half lacks may still exist.
    if let Some(users) = live.users.as_ref().filter(|_| live.is_complete(Half::Users)) {
        let users = users.iter().map(|one| (one.id.clone(), one.email.clone())).collect();
        let wanted = desired.users.iter().flat_map(BTreeMap::keys).cloned().collect();
        changes.push(StateChange::SeenUsers { users, wanted });
    }
    if !desired.accounts.is_empty() && live.is_complete(Half::Accounts) {
        let accounts = live.accounts.iter().map(|one| (one.id.clone(), one.email.clone()));
        let wanted = desired.accounts.keys().cloned().collect();
        changes.push(StateChange::Seen { accounts: accounts.collect(), wanted });
    }
    if live.is_complete(Half::Accounts) && live.channels.is_some() {
        // While limits are being set the remainder is unknown. After an apply that is cut short, the next plan
        // treats limits as unknown, because lost answers may cancel out.
        let sets = plan.requested().any(sets_limit);
        let remainder = before(live, plan).filter(|_| !sets);
        changes.push(StateChange::Limits(plan.inventory.limits.clone(), remainder));
    }
    let creates = plan.requested().filter_map(|action| match action {
        Action::CreateAccount(new) => Some(new.email.clone()),
        Action::RemoveUser { .. }
        | Action::DisableAccount { .. }
        | Action::SetChannelLimit { .. }
        | Action::UpdateAccount { .. }
        | Action::EnableAccount { .. } => None,
    });
    let creates: Vec<_> = creates.collect();
    if !creates.is_empty() {
        changes.push(StateChange::Intend(creates));
    }
    journal.record_all(changes).await
}

/// Returns true if an action sets a channel limit.
pub(super) fn sets_limit(action: &Action) -> bool {
    matches!(action, Action::SetChannelLimit { .. })
}

/// The remainder of the pool when the plan was made. `None` if it was unknown.
pub(super) fn before(live: &Live, plan: &Plan) -> Option<Remainder> {
    match (plan.inventory.channels, live.channels) {
        (Channels::Consistent, Some(pool)) if live.is_complete(Half::Accounts) => {
            let ids = live.accounts.iter().map(|account| &account.id);
            Some(remainder(pool, &plan.inventory.limits, ids))
        }
        (Channels::Consistent | Channels::Unmanaged | Channels::Unverified, _) => None,
    }
}

/// The remainder of a pool: allocated channels less the acknowledged limits of these accounts.
pub(super) fn remainder<'a>(
    pool: ChannelPool,
    limits: &std::collections::BTreeMap<AccountId, u64>,
    accounts: impl Iterator<Item = &'a AccountId>,
) -> Remainder {
    let allocated = i64::try_from(pool.allocated).unwrap_or(i64::MAX);
    let sum = limits
        .values()
        .fold(0_i64, |sum, limit| sum.saturating_add(i64::try_from(*limit).unwrap_or(i64::MAX)));
    let unrecorded: BTreeSet<AccountId> =
        accounts.filter(|id| !limits.contains_key(*id)).cloned().collect();
    Remainder { channels: allocated.saturating_sub(sum), unrecorded }
}
