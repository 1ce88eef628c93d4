//! The work that would have to be done, and what cannot be: a pure function of what is wanted and what is live.
//!
//! Everything is decided here, so that execution has nothing left to choose. No clock, no IO, no
//! format and no text for people.

mod accounts;
mod action;
mod alike;
mod channels;
mod compare;
mod draft;
mod finding;
mod guard;
mod identity;
mod notices;
mod origin;
mod policy;
mod recheck;
mod renames;
mod target;
mod users;

pub use action::{
    AccountTarget, Action, Field, FieldChange, FieldValue, PlannedAccount, PlannedAction, Reason,
    Reversible,
};
pub use compare::{
    Comparison, EntryChange, EntryDiff, FieldDiff, ManifestField, ManifestValue, UnlistedEffect,
    compare,
};
pub use finding::{About, Finding, FindingKind, Level, Subject};
pub use guard::{Guard, GuardName};
pub use origin::{Origin, plan_since};
pub use policy::{Loosened, budgets, loosened};
pub use recheck::{
    CurrentState, Fact, RecheckResult, StaleFact, WithheldReason, recheck, stricter,
};

use std::collections::BTreeMap;

use draft::Draft;
use identity::Pairing;

use crate::model::{AccountId, Day, Desired, Live, State};

/// What would have to be done, in the order of execution, and what a person should know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One request each, in the order of execution.
    pub actions: Vec<PlannedAction>,
    /// Differences that no request can close, and things a reader should know.
    pub findings: Vec<Finding>,
    /// The budgets that this plan draws on.
    pub guards: Vec<Guard>,
    /// How many entries of the manifest are as they should be.
    pub in_sync: usize,
    /// How many actions are not in the plan because something forbids them: a finding says what.
    pub withheld: usize,
    /// The number of unlisted accounts and users that the policy ignores.
    pub ignored: usize,
    /// How many actions are not in the plan because they were not chosen.
    pub unchosen: usize,
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
    /// What is known of the limits of channels.
    pub channels: Channels,
    /// The limits that are known to be live: whoever executes the plan remembers them, and no others.
    pub limits: BTreeMap<AccountId, u64>,
}

/// What is known of the limits of channels that are live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// The manifest names no limit.
    #[default]
    Unmanaged,
    /// The limits that Telnyx acknowledged are what is live: the pool agrees.
    Consistent,
    /// Nobody can say which limits are live.
    Unverified,
}

impl Plan {
    /// Whether anything differs from the manifest: an action, or a finding that is not only a notice.
    #[must_use]
    pub fn has_drift(&self) -> bool {
        let drift = |finding: &Finding| finding.level() == Level::Drift;
        !self.actions.is_empty() || self.withheld > 0 || self.findings.iter().any(drift)
    }

    /// The requests of the actions, in their order.
    pub fn requested(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter().map(|planned| &planned.action)
    }

    /// The number of actions that take away something that exists now.
    #[must_use]
    pub fn destructive(&self) -> usize {
        self.requested().filter(|action| action.is_destructive()).count()
    }

    /// How many requests executing it takes when nothing goes wrong.
    #[must_use]
    pub fn requests(&self) -> usize {
        let limits = |action: &Action| matches!(action, Action::SetChannelLimit { .. });
        // After the last limit the pool is looked at, to know later whether somebody else was there.
        let pool = usize::from(self.requested().any(limits));
        self.requested().map(Action::requests).sum::<usize>() + pool
    }
}

/// Plans what is to be done so that `live` becomes what is wanted. `state` is what is remembered of
/// earlier changes, `today` the day in UTC.
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
