//! How much of the organization a plan touches, against what the manifest allows.

use super::Action;
use crate::model::{Budget, Budgets, Live, Status};

/// One budget, and what a plan draws on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Which budget.
    pub name: GuardName,
    /// How many the plan would touch.
    pub actual: u64,
    /// How many it may.
    pub limit: u64,
    /// How many there are.
    pub of: u64,
}

/// The name of a budget, as in the manifest's `policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuardName {
    /// Users removed.
    MaxRemovals,
    /// Accounts disabled.
    MaxDisables,
    /// Accounts enabled.
    MaxEnables,
    /// Custom pricing withdrawn.
    MaxPricingWithdrawals,
}

impl Guard {
    /// Whether the plan is refused because of it.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.actual > self.limit
    }
}

/// A budget, how many there are of what it is about, and which actions touch one of them.
type Row = (GuardName, Budget, u64, fn(&Action) -> bool);

/// The budgets that `actions` draw on; a budget that is not drawn on is left out.
pub(super) fn guards(budgets: &Budgets, live: &Live, actions: &[Action]) -> Vec<Guard> {
    let Budgets { removals, disables, enables, channel_cut: _, pricing_withdrawals } = budgets;
    let users = live.users.as_ref().map_or(0, |users| count(users, |_| true));
    let with_status = |status| count(&live.accounts, |account| account.status == Some(status));
    let with_pricing = count(&live.accounts, |account| account.custom_pricing == Some(true));
    let rows: [Row; 4] = [
        (GuardName::MaxRemovals, *removals, users, is_removal),
        (GuardName::MaxDisables, *disables, with_status(Status::Enabled), is_disable),
        (GuardName::MaxEnables, *enables, with_status(Status::Disabled), is_enable),
        (GuardName::MaxPricingWithdrawals, *pricing_withdrawals, with_pricing, is_withdrawal),
    ];
    let guard = |(name, budget, of, touches): Row| Guard {
        name,
        actual: count(actions, touches),
        limit: budget.limit(of),
        of,
    };
    rows.into_iter().map(guard).filter(|guard| guard.actual > 0).collect()
}

fn is_removal(action: &Action) -> bool {
    matches!(action, Action::RemoveUser { .. })
}

fn is_disable(action: &Action) -> bool {
    matches!(action, Action::DisableAccount { .. }) && action.is_loss()
}

fn is_enable(action: &Action) -> bool {
    matches!(action, Action::EnableAccount { .. })
}

fn is_withdrawal(action: &Action) -> bool {
    matches!(action, Action::UpdateAccount { .. }) && action.is_loss()
}

fn count<T>(items: &[T], which: impl Fn(&T) -> bool) -> u64 {
    u64::try_from(items.iter().filter(|item| which(item)).count()).unwrap_or(u64::MAX)
}
