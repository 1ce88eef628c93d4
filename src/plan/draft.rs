//! A plan under construction. Every rule adds to it through the same few methods.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::identity::{Match, Pairing};
use super::{
    About, Action, Channels, Finding, FindingKind, Inventory, Plan, PlannedAction, Reason, Subject,
    guard, notices,
};
use crate::model::{
    Accepted, AccountId, Code, Day, Desired, Email, Half, Live, LiveAccount, State, WantedAccount,
};

/// A plan under construction.
pub(super) struct Draft<'a> {
    pub desired: &'a Desired,
    pub live: &'a Live,
    pub state: &'a State,
    pub today: Day,
    pub plan: Plan,
    /// The protected emails, and the live emails of protected entries.
    protected: BTreeSet<&'a Email>,
    /// The places of `accept` entries by what they accept.
    accept: HashMap<(Code, Option<&'a Email>), Vec<usize>>,
    cancelled: HashSet<Identity<'a>>,
    /// The first id that the state records under each email, once it is needed.
    recorded: OnceCell<HashMap<&'a Email, &'a AccountId>>,
    /// The places of `accept` entries that a finding or a rule has used.
    used: BTreeSet<usize>,
    /// The entries that differ from their live side.
    differing: BTreeSet<(Subject, &'a Email)>,
    /// The number of unlisted accounts that are as the policy wants them.
    settled: usize,
}

/// An email or an id of an account.
#[derive(PartialEq, Eq, Hash)]
enum Identity<'a> {
    Email(&'a Email),
    Id(&'a AccountId),
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
        let mut accept: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, Accepted { code, email, .. }) in desired.accept.iter().enumerate() {
            accept.entry((*code, email.as_ref())).or_default().push(place);
        }
        let identities =
            |account: &'a LiveAccount| [Identity::Email(&account.email), Identity::Id(&account.id)];
        Self {
            desired,
            live,
            state,
            today,
            plan,
            protected,
            accept,
            cancelled: live.cancelled.iter().flat_map(identities).collect(),
            recorded: OnceCell::new(),
            used: BTreeSet::new(),
            differing: BTreeSet::new(),
            settled: 0,
        }
    }

    /// Returns true if a cancelled account has the email or the id of this entry.
    pub(super) fn is_cancelled(&self, want: &WantedAccount) -> bool {
        let id = want.id.as_ref().map(Identity::Id);
        [Some(Identity::Email(&want.email)), id]
            .into_iter()
            .flatten()
            .any(|identity| self.cancelled.contains(&identity))
    }

    /// The first id that the state records under an email.
    pub(super) fn recorded_id(&self, email: &Email) -> Option<&'a AccountId> {
        // Of several ids under one email the first remains.
        let index = || self.state.emails.iter().rev().map(|(id, email)| (email, id)).collect();
        self.recorded.get_or_init(index).get(email).copied()
    }

    /// Adds an action, unless a rule withholds it. A protected account or user, and an incomplete half of the
    /// inventory, allow nothing that is or may be destructive; an incomplete half allows no create either.
    ///
    /// Returns true if the action is in the plan.
    pub(super) fn act(&mut self, action: Action, reason: Reason) -> bool {
        let may_destroy = action.is_destructive() || action.is_assertion();
        if may_destroy && self.protected.contains(action.email()) {
            let about = About::new(action.subject(), action.email().clone());
            self.find(Finding { about, what: FindingKind::Protected, origin: None });
            self.withhold(1);
            return false;
        }
        let half = if action.subject() == Subject::User { Half::Users } else { Half::Accounts };
        if (may_destroy || action.is_create()) && !self.live.is_complete(half) {
            let about = About::new(action.subject(), action.email().clone());
            self.find(Finding { about, what: FindingKind::NotFullyRead, origin: None });
            self.withhold(1);
            return false;
        }
        self.plan.actions.push(PlannedAction { action, reason, origin: None });
        true
    }

    /// Returns true if nothing destructive may happen to the account or user with this email.
    pub(super) fn is_protected(&self, email: &Email) -> bool {
        self.protected.contains(email)
    }

    /// Counts actions that a rule withholds. A finding must name the rule.
    pub(super) fn withhold(&mut self, actions: usize) {
        self.plan.withheld += actions;
    }

    /// Withholds a channel limit that does not fit into the pool.
    pub(super) fn withhold_limit(&mut self, email: &Email) {
        self.find(Finding::account(email.clone(), FindingKind::LimitWithheld));
        self.withhold(1);
    }

    /// Runs a rule for an entry. The entry is in sync unless some rule adds to the plan for it.
    pub(super) fn check_entry<T>(
        &mut self,
        subject: Subject,
        email: &'a Email,
        rule: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let size =
            |plan: &Plan| plan.actions.len() + plan.findings.len() + plan.withheld + plan.ignored;
        let before = size(&self.plan);
        let result = rule(self);
        if size(&self.plan) != before {
            self.differing.insert((subject, email));
        }
        result
    }

    /// Counts an unlisted account or user that the policy ignores.
    pub(super) fn ignore(&mut self) {
        self.plan.ignored += 1;
    }

    /// Counts an unlisted account that is as the policy wants it.
    pub(super) fn settle(&mut self) {
        self.settled += 1;
    }

    /// Adds a finding. One that the manifest accepts today becomes a notice.
    pub(super) fn find(&mut self, finding: Finding) {
        let email = match finding.what {
            // To accept that the pool is too small covers each limit that is withheld for it.
            FindingKind::LimitWithheld => None,
            _ => finding.email(),
        };
        let accepted = self.accepted(finding.code(), email);
        self.plan.findings.push(match accepted {
            Some(Accepted { code, email: _, until, reason }) => Finding {
                about: finding.about,
                what: FindingKind::Accepted { code: *code, until: *until, reason: reason.clone() },
                origin: None,
            },
            None => finding,
        });
    }

    /// Returns true if the manifest accepts findings of this code for this email. The entry then counts as used.
    pub(super) fn accepts(&mut self, code: Code, email: &Email) -> bool {
        self.accepted(code, Some(email)).is_some()
    }

    /// The entry of `accept` that applies today; the one that lasts longest, if there are several.
    fn accepted(&mut self, code: Code, email: Option<&Email>) -> Option<&'a Accepted> {
        let places = self.accept.get(&(code, email)).into_iter().flatten().copied();
        let entries = places.map(|place| (place, &self.desired.accept[place]));
        let all: Vec<_> = entries.filter(|(_, entry)| self.today <= entry.until).collect();
        self.used.extend(all.iter().map(|(place, _)| *place));
        all.into_iter().map(|(_, accepted)| accepted).max_by_key(|accepted| accepted.until)
    }

    /// Returns true if a finding or a rule has used this entry of `accept`.
    pub(super) fn is_used(&self, place: usize) -> bool {
        self.used.contains(&place)
    }

    /// Returns true if a half of the organization was read completely, or is not managed.
    pub(super) fn is_known(&self, half: Half) -> bool {
        let managed = match half {
            Half::Accounts => !self.desired.accounts.is_empty(),
            Half::Users => self.desired.users.is_some(),
        };
        let read = half == Half::Accounts || self.live.users.is_some();
        !managed || read && self.live.is_complete(half)
    }

    /// The sum of the channel limits of planned accounts.
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

    /// Withholds the channel limits of planned accounts.
    pub(super) fn withhold_created_limits(&mut self) {
        let is_limit = |planned: &mut PlannedAction| {
            planned.action.awaits_create()
                && matches!(planned.action, Action::SetChannelLimit { .. })
        };
        let limits: Vec<_> = self.plan.actions.extract_if(.., is_limit).collect();
        for limit in limits {
            self.withhold_limit(limit.action.email());
        }
    }

    /// Completes the plan: notices, order, safety limits and counts.
    pub(super) fn finish(mut self) -> Plan {
        notices::add(&mut self);
        let in_sync = self.entries_in_sync() + self.settled;
        let Self { desired, live, mut plan, .. } = self;
        plan.actions.sort_by(|one, other| one.action.order().cmp(&other.action.order()));
        plan.findings.sort_by(|one, other| one.order().cmp(&other.order()));
        plan.findings.dedup();
        plan.guards = guard::guards(&desired.policy.budgets, live, plan.requested());
        plan.in_sync = in_sync;
        plan
    }

    /// The number of entries without an action, a withheld action or a finding.
    fn entries_in_sync(&self) -> usize {
        // Users that were not read cannot be in sync.
        let users = self.desired.users.as_ref().filter(|_| self.live.users.is_some());
        let accounts = self.desired.accounts.keys().map(|email| (Subject::Account, email));
        let users = users.into_iter().flat_map(BTreeMap::keys).map(|email| (Subject::User, email));
        accounts.chain(users).filter(|entry| !self.differing.contains(entry)).count()
    }
}
