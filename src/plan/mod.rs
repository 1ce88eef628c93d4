//! What would have to be done, and what cannot be: a pure function of what is wanted and what is live.
//!
//! Everything is decided here, so that execution has nothing left to choose. No clock, no IO, no
//! format and no text for people.

mod accounts;
mod action;
mod finding;
mod guard;
mod users;

pub use action::{Action, Change, Field, NewAccount, Reversible, Target, Value};
pub use finding::{Finding, Level, Subject};
pub use guard::{Guard, GuardName};

use crate::model::{Desired, Live};

/// What would have to be done, in the order of execution, and what a person should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One request each, in the order of execution.
    pub actions: Vec<Action>,
    /// Differences that no request can close, and things a reader should know.
    pub findings: Vec<Finding>,
    /// The budgets that this plan draws on.
    pub guards: Vec<Guard>,
    /// How many entries of the manifest are as they should be.
    pub in_sync: usize,
    /// What the plan was made from.
    pub inventory: Inventory,
}

/// What a plan was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Whether nothing is missing in it.
    pub complete: bool,
    /// How many accounts it has.
    pub accounts: usize,
    /// How many users it has. `None`: they are not managed.
    pub users: Option<usize>,
    /// Whether the status of every account is known.
    pub status_known: bool,
}

impl Plan {
    /// Whether anything differs from the manifest: an action, or a finding that is not only a notice.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        let drift = |finding: &Finding| finding.level() == Level::Drift;
        !self.actions.is_empty() || self.findings.iter().any(drift)
    }

    /// How many actions take away something that exists now.
    #[must_use]
    pub fn losses(&self) -> usize {
        self.actions.iter().filter(|action| action.is_loss()).count()
    }
}

/// Plans what is to be done so that `live` becomes what is wanted.
#[must_use]
pub fn plan(desired: &Desired, live: &Live) -> Plan {
    let mut draft = Draft::new(desired, live);
    accounts::plan(&mut draft);
    users::plan(&mut draft);
    draft.finish()
}

/// A plan in the making. Every rule adds to it through the same few doors.
struct Draft<'a> {
    desired: &'a Desired,
    live: &'a Live,
    plan: Plan,
}

impl<'a> Draft<'a> {
    fn new(desired: &'a Desired, live: &'a Live) -> Self {
        let inventory = Inventory {
            complete: live.gaps.is_empty(),
            accounts: live.accounts.len(),
            users: live.users.as_ref().map(Vec::len),
            status_known: live.accounts.iter().all(|account| account.status.is_some()),
        };
        let mut plan = Plan { inventory, ..Plan::default() };
        plan.findings.extend(live.gaps.iter().cloned().map(Finding::InventoryIncomplete));
        Self { desired, live, plan }
    }

    /// The one door for actions: no loss for who is protected, no loss and no create while the
    /// inventory may lack something. Says whether the action is in the plan.
    fn act(&mut self, action: Action) -> bool {
        if action.is_loss() && self.desired.policy.protected.contains(action.email()) {
            self.plan.findings.push(Finding::Protected(action.subject(), action.email().clone()));
            return false;
        }
        let needs_everything = action.is_loss() || action.is_create();
        if needs_everything && !self.plan.inventory.complete {
            return false;
        }
        self.plan.actions.push(action);
        true
    }

    fn find(&mut self, finding: Finding) {
        self.plan.findings.push(finding);
    }

    fn finish(self) -> Plan {
        let Self { desired, live, mut plan } = self;
        plan.actions.sort_by(|one, other| one.order().cmp(&other.order()));
        plan.findings.sort_by(|one, other| one.order().cmp(&other.order()));
        plan.findings.dedup();
        plan.guards = guard::guards(&desired.policy.budgets, live, &plan.actions);
        plan
    }
}

#[cfg(test)]
mod tests;
