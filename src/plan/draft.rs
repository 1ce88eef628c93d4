//! A plan in the making. Every rule adds to it through the same few methods.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Match, Pairing};
use super::{
    About, Action, Channels, Finding, FindingKind, Inventory, Plan, PlannedAction, Reason, Subject,
    guard,
};
use crate::model::{Accepted, Code, Day, Desired, Email, Half, Live, LiveAccount, State};

/// The managed accounts that a manager may have unless Telnyx raises the quota (support article 4951492).
const ACCOUNT_QUOTA: usize = 1_000;

/// A plan in the making.
pub(super) struct Draft<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub state: &'a State,
    pub today: Day,
    pub plan: Plan,
    /// The protected emails, also those that a protected account has in Telnyx.
    protected: BTreeSet<&'a Email>,
    /// Actions that a rule removed from the plan.
    withheld: Vec<Action>,
    /// The entries of `accept` that a finding or a rule has used.
    used: BTreeSet<usize>,
    /// Live accounts and users that are not listed and yet as the policy wants them.
    settled: usize,
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
        let gaps = live.gaps.iter().map(|gap| FindingKind::InventoryIncomplete(gap.to_string()));
        let findings = gaps.map(Finding::organization).collect();
        let plan = Plan { findings, inventory, ..Plan::default() };
        let mut protected: BTreeSet<&Email> = desired.policy.protected.iter().collect();
        for (want, side) in &pairing.entries {
            if let Match::Account(have) = side
                && protected.contains(&want.email)
            {
                protected.insert(&have.email);
            }
        }
        let (withheld, used) = (Vec::new(), BTreeSet::new());
        Self { desired, live, state, today, plan, protected, withheld, used, settled: 0 }
    }

    /// Plans an action, unless a rule forbids it. Nothing that takes away, or may, happens to a protected
    /// account or user, or from an incomplete inventory; nor does a create from the latter.
    ///
    /// Returns true if the action is in the plan.
    pub(super) fn act(&mut self, action: Action, reason: Reason) -> bool {
        let may_take_away = action.is_destructive() || action.is_assertion();
        if may_take_away && self.protected.contains(action.email()) {
            let about = About::new(action.subject(), action.email().clone());
            self.find(Finding { about, what: FindingKind::Protected });
            self.withhold(action);
            return false;
        }
        let half = if action.subject() == Subject::User { Half::Users } else { Half::Accounts };
        if (may_take_away || action.is_create()) && !self.live.is_complete(half) {
            self.withhold(action);
            return false;
        }
        self.plan.actions.push(PlannedAction { action, reason, origin: None });
        true
    }

    /// Removes an action from the plan. A finding must name the rule.
    pub(super) fn withhold(&mut self, action: Action) {
        self.withheld.push(action);
    }

    /// Counts an unlisted account or user that the policy ignores.
    pub(super) fn ignore(&mut self) {
        self.plan.ignored += 1;
    }

    /// Counts an unlisted account or user that is as the policy wants it.
    pub(super) fn settle(&mut self) {
        self.settled += 1;
    }

    /// Adds a finding. One that the manifest accepts today becomes a notice.
    pub(super) fn find(&mut self, finding: Finding) {
        let accepted = self.accepted(finding.code(), finding.email());
        self.plan.findings.push(match accepted {
            Some(Accepted { code, email: _, until, reason }) => Finding {
                about: finding.about,
                what: FindingKind::Accepted { code: *code, until: *until, reason: reason.clone() },
            },
            None => finding,
        });
    }

    /// True if the manifest accepts findings of a code for an email, which then changes what a rule does.
    pub(super) fn accepts(&mut self, code: Code, email: &Email) -> bool {
        self.accepted(code, Some(email)).is_some()
    }

    /// The entry of `accept` that applies today; of several the one that lasts longest.
    fn accepted(&mut self, code: Code, email: Option<&Email>) -> Option<&'a Accepted> {
        let applies = |(_, accepted): &(usize, &Accepted)| {
            accepted.code == code
                && accepted.email.as_ref() == email
                && self.today <= accepted.until
        };
        let all = self.desired.accept.iter().enumerate().filter(applies).collect::<Vec<_>>();
        self.used.extend(all.iter().map(|(place, _)| *place));
        all.into_iter().map(|(_, accepted)| accepted).max_by_key(|accepted| accepted.until)
    }

    /// The channels that accounts get which this plan creates.
    pub(super) fn created_limits(&self) -> u64 {
        let limits = self.plan.requested().filter(|action| action.awaits_create());
        limits.fold(0, |sum, action| match action {
            Action::SetChannelLimit { after, .. } => sum.saturating_add(*after),
            Action::RemoveUser { .. }
            | Action::DisableAccount { .. }
            | Action::UpdateAccount { .. }
            | Action::EnableAccount { .. }
            | Action::CreateAccount(_) => sum,
        })
    }

    /// Withholds the limits of accounts that this plan creates.
    pub(super) fn withhold_created_limits(&mut self) {
        let is_limit = |planned: &mut PlannedAction| {
            planned.action.awaits_create()
                && matches!(planned.action, Action::SetChannelLimit { .. })
        };
        let withheld = self.plan.actions.extract_if(.., is_limit).map(|planned| planned.action);
        self.withheld.extend(withheld);
    }

    /// The plan, in its order.
    pub(super) fn finish(mut self, pairing: &Pairing<'_>) -> Plan {
        self.settings_without_effect();
        self.creates_to_know_of();
        let Self { desired, live, state: _, today: _, mut plan, protected: _, withheld, .. } = self;
        plan.actions.sort_by(|one, other| one.action.order().cmp(&other.action.order()));
        plan.findings.sort_by(|one, other| one.order().cmp(&other.order()));
        plan.findings.dedup();
        plan.guards = guard::guards(&desired.policy.budgets, live, plan.requested());
        plan.in_sync = in_sync(desired, pairing, &plan, &withheld) + self.settled;
        plan.withheld = withheld.len();
        plan
    }

    /// Finds protected addresses that nothing has, and entries of `accept` that apply to nothing: most
    /// likely a typing mistake, and a setting that does nothing.
    fn settings_without_effect(&mut self) {
        if !self.plan.inventory.complete {
            return;
        }
        let accounts = self.live.accounts.iter().chain(&self.live.cancelled);
        let users = self.live.users.iter().flatten().map(|user| &user.email);
        let known: BTreeSet<&Email> = accounts
            .map(|account: &LiveAccount| &account.email)
            .chain(users)
            .chain(self.live.owner.as_ref())
            .chain(self.desired.accounts.keys())
            .chain(self.desired.users.iter().flat_map(BTreeMap::keys))
            .collect();
        let unmatched = self.desired.policy.protected.iter().filter(|one| !known.contains(one));
        let unmatched = unmatched.cloned().map(FindingKind::ProtectedUnmatched);
        let unused = self.desired.accept.iter().enumerate();
        let unused = unused.filter(|(place, _)| !self.used.contains(place)).map(|(_, accepted)| {
            let Accepted { code, email, until, reason: _ } = accepted;
            let past = *until < self.today;
            FindingKind::AcceptUnmatched { code: *code, email: email.clone(), until: *until, past }
        });
        let findings: Vec<_> = unmatched.chain(unused).map(Finding::organization).collect();
        self.plan.findings.extend(findings);
    }

    /// Finds creates that exceed the quota, and creates that no state keeps track of.
    fn creates_to_know_of(&mut self) {
        let creates = self.plan.requested().filter(|action| action.is_create()).count();
        let accounts = self.live.accounts.len() + creates;
        if creates > 0 && accounts > ACCOUNT_QUOTA {
            let what = FindingKind::AccountQuota { accounts, quota: ACCOUNT_QUOTA };
            self.find(Finding::organization(what));
        }
        if creates > 0 && self.state.forgotten {
            self.find(Finding::organization(FindingKind::UntrackedCreates { creates }));
        }
    }
}

/// The number of entries with no action, nothing withheld and no finding.
fn in_sync(desired: &Desired, pairing: &Pairing<'_>, plan: &Plan, withheld: &[Action]) -> usize {
    let actions = plan.requested().chain(withheld).map(|action| (action.subject(), action.email()));
    let findings = plan.findings.iter().filter_map(|one| Some((one.subject(), one.email()?)));
    let touched: BTreeSet<(Subject, &Email)> = actions.chain(findings).collect();
    let accounts = pairing.entries.iter().filter(|(want, side)| match side {
        Match::Account(have) => {
            !touched.contains(&(Subject::Account, &want.email))
                && !touched.contains(&(Subject::Account, &have.email))
        }
        Match::Missing | Match::Conflict(_) | Match::Ambiguous(_) => false,
    });
    let users = desired.users.iter().flatten().map(|(_, user)| user);
    let users = users.filter(|user| !touched.contains(&(Subject::User, &user.email)));
    accounts.count() + users.count()
}
