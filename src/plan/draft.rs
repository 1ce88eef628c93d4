//! A plan in the making. Every rule adds to it through the same few doors.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Meant, Pairing};
use super::{
    About, Action, Channels, Finding, Inventory, Plan, PlannedAction, Reason, Subject, What, guard,
};
use crate::model::{Accepted, Day, Desired, Email, Live, State};

/// A plan in the making.
pub(super) struct Draft<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub state: &'a State,
    pub today: Day,
    pub plan: Plan,
    /// Who is protected, also under an email that the manifest does not have.
    protected: BTreeSet<&'a Email>,
    /// What would be done if it were allowed.
    withheld: Vec<Action>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        live: &'a Live,
        state: &'a State,
        today: Day,
        pairing: &Pairing<'a>,
    ) -> Self {
        let inventory = Inventory {
            complete: live.gaps.is_empty(),
            accounts: live.accounts.len(),
            users: live.users.as_ref().map(Vec::len),
            status_known: live.accounts.iter().all(|account| account.status.is_some()),
            channels: Channels::Unmanaged,
            limits: BTreeMap::new(),
        };
        let findings = live.gaps.iter().cloned().map(What::InventoryIncomplete);
        let findings = findings.map(Finding::organization).collect();
        let plan = Plan { findings, inventory, ..Plan::default() };
        let mut protected: BTreeSet<&Email> = desired.policy.protected.iter().collect();
        for (want, meant) in &pairing.entries {
            if let Meant::Account(have) = meant
                && protected.contains(&want.email)
            {
                protected.insert(&have.email);
            }
        }
        Self { desired, live, state, today, plan, protected, withheld: Vec::new() }
    }

    /// The one door for actions: nothing that takes away, or may, for who is protected; and no such
    /// thing and no create while the inventory may lack something. Says whether the action is in the plan.
    pub(super) fn act(&mut self, action: Action, reason: Reason) -> bool {
        let may_take_away = action.is_destructive() || action.is_assertion();
        if may_take_away && self.protected.contains(action.email()) {
            let about = About::new(action.subject(), action.email().clone());
            self.find(Finding { about, what: What::Protected });
            self.withhold(action);
            return false;
        }
        if (may_take_away || action.is_create()) && !self.plan.inventory.complete {
            self.withhold(action);
            return false;
        }
        self.plan.actions.push(PlannedAction { action, reason, origin: None });
        true
    }

    /// Takes note of an action that is not to be sent: what it is about is not in sync.
    pub(super) fn withhold(&mut self, action: Action) {
        self.withheld.push(action);
    }

    /// The door for findings: what the manifest accepts today is only a notice.
    pub(super) fn find(&mut self, finding: Finding) {
        let accepts = |accepted: &&Accepted| {
            accepted.code == finding.code()
                && accepted.email.as_ref() == finding.email()
                && self.today <= accepted.until
        };
        let accepted = self.desired.accept.iter().filter(accepts).max_by_key(|one| one.until);
        self.plan.findings.push(match accepted {
            Some(Accepted { code, email: _, until, reason }) => Finding {
                about: finding.about,
                what: What::Accepted { code: *code, until: *until, reason: reason.clone() },
            },
            None => finding,
        });
    }

    /// The channels that accounts get which this plan creates.
    pub(super) fn created_limits(&self) -> u64 {
        let actions = self.plan.actions.iter().map(|planned| &planned.action);
        let limits = actions.filter(|action| action.awaits_create());
        limits.fold(0, |sum, action| match action {
            Action::SetChannelLimit { after, .. } => sum.saturating_add(*after),
            Action::RemoveUser { .. }
            | Action::DisableAccount { .. }
            | Action::UpdateAccount { .. }
            | Action::EnableAccount { .. }
            | Action::CreateAccount(_) => sum,
        })
    }

    /// The plan, in its order.
    pub(super) fn finish(self, pairing: &Pairing<'_>) -> Plan {
        let Self { desired, live, state: _, today: _, mut plan, protected: _, withheld } = self;
        plan.actions.sort_by(|one, other| one.action.order().cmp(&other.action.order()));
        plan.findings.sort_by(|one, other| one.order().cmp(&other.order()));
        plan.findings.dedup();
        plan.guards = guard::guards(&desired.policy.budgets, live, plan.requested());
        plan.in_sync = in_sync(desired, pairing, &plan, &withheld);
        plan.withheld = withheld.len();
        plan
    }
}

/// How many entries of the manifest are as they should be: nothing is planned, withheld or found for them.
fn in_sync(desired: &Desired, pairing: &Pairing<'_>, plan: &Plan, withheld: &[Action]) -> usize {
    let actions = plan.requested().chain(withheld).map(|action| (action.subject(), action.email()));
    let findings = plan.findings.iter().filter_map(|one| Some((one.subject(), one.email()?)));
    let touched: BTreeSet<(Subject, &Email)> = actions.chain(findings).collect();
    let accounts = pairing.entries.iter().filter(|(want, meant)| match meant {
        Meant::Account(have) => {
            !touched.contains(&(Subject::Account, &want.email))
                && !touched.contains(&(Subject::Account, &have.email))
        }
        Meant::Missing | Meant::Taken(_) | Meant::Ambiguous(_) => false,
    });
    let users = desired.users.iter().flatten().map(|(_, user)| user);
    let users = users.filter(|user| !touched.contains(&(Subject::User, &user.email)));
    accounts.count() + users.count()
}
