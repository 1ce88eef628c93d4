//! Safety limits: the size of a plan against what the policy allows.

use std::collections::BTreeSet;

use super::{AccountTarget, Action};
use crate::model::{Budget, Budgets, Live, Status};

/// A safety limit, and the count of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Its name.
    pub name: GuardName,
    /// The number that the plan changes.
    pub actual: u64,
    /// The number that the policy allows.
    pub limit: u64,
    /// The number that exists.
    pub of: u64,
}

/// The name of a safety limit, as in the manifest's `policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardName {
    /// Users removed.
    MaxRemovals,
    /// Accounts disabled, or left without a channel.
    MaxDisables,
    /// Accounts enabled.
    MaxEnables,
    /// Channels taken away.
    MaxChannelCut,
    /// Custom pricing withdrawn.
    MaxPricingWithdrawals,
    /// Accounts created.
    MaxCreates,
}

impl GuardName {
    /// All safety limits, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::MaxRemovals,
        Self::MaxDisables,
        Self::MaxEnables,
        Self::MaxChannelCut,
        Self::MaxPricingWithdrawals,
        Self::MaxCreates,
    ];
}

impl Guard {
    /// Returns true if the plan exceeds the limit.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.actual > self.limit
    }
}

/// The safety limits that count at least one of these actions.
pub(super) fn guards<'a>(
    budgets: &Budgets,
    live: &Live,
    actions: impl Iterator<Item = &'a Action>,
) -> Vec<Guard> {
    let Budgets { removals, disables, enables, channel_cut, pricing_withdrawals, creates } =
        *budgets;
    let (creates, accounts) = (Budget::Count(creates), count(&live.accounts, |_| true));
    let drawn = GuardUsage::by(actions);
    let users = count(live.users.as_deref().unwrap_or_default(), |_| true);
    let with_status = |status| count(&live.accounts, |account| account.status == Some(status));
    let allocated = live.channels.map_or(0, |pool| pool.allocated);
    let with_pricing = count(&live.accounts, |account| account.custom_pricing == Some(true));
    let enabled = with_status(Status::Enabled);
    let disabled = with_status(Status::Disabled);
    let rows = [
        (GuardName::MaxRemovals, drawn.removals, removals, users),
        (GuardName::MaxDisables, drawn.disables, disables, enabled),
        (GuardName::MaxEnables, drawn.enables, enables, disabled),
        (GuardName::MaxChannelCut, drawn.channel_cut, channel_cut, allocated),
        (GuardName::MaxPricingWithdrawals, drawn.withdrawals, pricing_withdrawals, with_pricing),
        (GuardName::MaxCreates, drawn.creates, creates, accounts),
    ];
    rows.into_iter()
        .filter(|(_, actual, _, _)| *actual > 0)
        .map(|(name, actual, budget, of)| Guard { name, actual, limit: budget.limit(of), of })
        .collect()
}

/// The counts of actions for each safety limit.
#[derive(Default)]
struct GuardUsage {
    removals: u64,
    disables: u64,
    enables: u64,
    channel_cut: u64,
    withdrawals: u64,
    creates: u64,
}

impl GuardUsage {
    fn by<'a>(actions: impl Iterator<Item = &'a Action>) -> Self {
        let mut drawn = Self::default();
        // An account that is disabled and gets a limit of zero is cut off once.
        let mut cut_off = BTreeSet::new();
        for action in actions {
            match action {
                Action::RemoveUser { .. } => drawn.removals += 1,
                Action::DisableAccount { target: AccountTarget::Live(id), .. } => {
                    cut_off.insert(id);
                }
                Action::SetChannelLimit {
                    target: AccountTarget::Live(id),
                    before: Some(before),
                    after,
                    ..
                } => {
                    drawn.channel_cut =
                        drawn.channel_cut.saturating_add(before.saturating_sub(*after));
                    if *after == 0 {
                        cut_off.insert(id);
                    }
                }
                Action::UpdateAccount { .. } => {
                    drawn.withdrawals += u64::from(action.is_destructive());
                }
                Action::EnableAccount { .. } => drawn.enables += 1,
                Action::CreateAccount(_) => drawn.creates += 1,
                // A new account has nothing to lose, and an unknown limit cannot be counted.
                Action::DisableAccount { target: AccountTarget::Created, .. }
                | Action::SetChannelLimit { target: AccountTarget::Created, .. }
                | Action::SetChannelLimit {
                    target: AccountTarget::Live(_), before: None, ..
                } => {}
            }
        }
        drawn.disables = cut_off.len().try_into().unwrap_or(u64::MAX);
        drawn
    }
}

fn count<T>(items: &[T], which: impl Fn(&T) -> bool) -> u64 {
    u64::try_from(items.iter().filter(|item| which(item)).count()).unwrap_or(u64::MAX)
}
