//! The planner: a pure function from the desired and the live state to actions and findings.
//!
//! Every decision is made here, so that execution makes none. No clock, no IO, no formats and no text for
//! people.

mod access;
mod accounts;
mod action;
mod alike;
mod approval;
mod channels;
mod compare;
mod comparison;
mod draft;
mod finding;
mod guard;
mod identity;
mod notices;
mod origin;
mod policy;
mod recheck;
mod recheck_result;
mod renames;
mod target;
mod users;

pub use action::{
    AccountTarget, Action, Field, FieldChange, FieldValue, PlannedAccount, PlannedAction, Reason,
    Reversible,
};
pub use approval::{ApprovalError, ApprovedNumbers, Lift};
pub use compare::compare;
pub use comparison::{
    Comparison, EntryChange, EntryDiff, FieldDiff, ManifestField, ManifestValue, UnlistedEffect,
};
pub use finding::{About, Finding, FindingKind, Level, Subject, UncomparedField};
pub use guard::{Guard, GuardName};
pub use origin::{Origin, plan_since};
pub use policy::{Loosened, budgets, loosened};
pub use recheck::{CurrentState, recheck, stricter};
pub use recheck_result::{Fact, FactValue, RecheckResult, StaleFact, WithheldReason};

use std::collections::BTreeMap;

use draft::Draft;
use identity::Pairing;

use crate::model::{AccountId, Day, Desired, Live, State};

/// Actions in the order of execution, and findings for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The actions, in the order of execution.
    pub actions: Vec<PlannedAction>,
    /// Differences that no request can fix, and notices.
    pub findings: Vec<Finding>,
    /// The safety limits that count actions of this plan.
    pub guards: Vec<Guard>,
    /// The number of entries without a difference, and of unlisted accounts that are as the policy wants them.
    pub in_sync: usize,
    /// The number of needed actions that a rule withholds. A finding names the rule.
    pub withheld: usize,
    /// The number of unlisted accounts and users that the policy ignores.
    pub ignored: usize,
    /// The number of actions left out by `--target` or `--only`.
    pub unchosen: usize,
    /// The number of findings left out by `--target` or `--only`.
    pub unchosen_findings: usize,
    /// The inventory that the plan was made from.
    pub inventory: Inventory,
}

/// The extent of an inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// True if it lacks nothing.
    pub complete: bool,
    /// The number of live accounts.
    pub accounts: usize,
    /// The number of live users. `None` if users are not managed.
    pub users: Option<usize>,
    /// True if the status of every account is known.
    pub status_known: bool,
    /// The knowledge about live channel limits.
    pub channels: Channels,
    /// The known live limits. An apply records these and no others.
    pub limits: BTreeMap<AccountId, u64>,
}

/// The knowledge about live channel limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// The manifest declares no limit.
    #[default]
    Unmanaged,
    /// The acknowledged limits are live: the pool agrees.
    Consistent,
    /// The live limits are unknown.
    Unverified,
}

impl Plan {
    /// Returns true if anything differs from the manifest: an action, a withheld one, or a finding of drift.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        let drift = |finding: &Finding| finding.level() == Level::Drift;
        !self.actions.is_empty() || self.withheld > 0 || self.findings.iter().any(drift)
    }

    /// The requests, in order.
    pub fn requested(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().map(|planned| &planned.action)
    }

    /// The number of actions that take away something that exists now.
    #[must_use]
    pub fn destructive(&self) -> usize {
        self.requested().filter(|action| action.is_destructive()).count()
    }

    /// The number of requests that an apply takes if all succeed.
    #[must_use]
    pub fn requests(&self) -> usize {
        let limits = |action: &Action| matches!(action, Action::SetChannelLimit { .. });
        // After the last limit the pool is read, so that later plans can detect other changes.
        let pool = usize::from(self.requested().any(limits));
        self.requested().map(Action::requests).sum::<usize>() + pool
    }
}

/// Plans the actions that make `live` what `desired` declares. `today` is the day in UTC.
#[must_use]
pub fn plan(desired: &Desired, live: &Live, state: &State, today: Day) -> Plan {
    let pairing = Pairing::new(desired, live);
    let mut draft = Draft::new(desired, live, state, today, &pairing);
    // Without `accounts` the manifest says nothing about them.
    if !desired.accounts.is_empty() {
        accounts::plan(&mut draft, &pairing);
        // After the accounts: created ones get channels too.
        channels::plan(&mut draft, &pairing);
    }
    users::plan(&mut draft);
    draft.finish()
}
