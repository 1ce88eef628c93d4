//! The origin of each action and finding: the change of the manifest under review, or earlier drift.
//!
//! With the base manifest (b), the head (h) and the live value (l): b = l means that this change makes the
//! difference, b = h that it existed before, and otherwise the live value was changed elsewhere too. A field
//! that the base does not manage counts as b = l. If the live value is unknown, b = l never holds.
//!
//! A finding existed before if the plan of the base has it too, and is a conflict if that plan has it with other values.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Match, Pairing};
use super::users::is_listed;
use super::{
    AccountTarget, Action, Finding, FindingKind, Level, Plan, PlannedAccount, PlannedAction,
    Reason, Subject, access, guard, plan, policy,
};
use crate::model::{
    AccountId, Code, Day, Desired, Email, Live, LiveUser, State, UnlistedAccounts, UnlistedUsers,
    UserId, WantedAccount, WantedUser,
};

/// The origin of an action or a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The base declares the live value, or has no such finding: this change causes the difference.
    ThisChange,
    /// The base declares the same as the head: the difference existed before this change.
    AlreadyDrifted,
    /// The base declares neither: the live value was changed elsewhere, or it is unknown.
    Conflict,
}

/// Plans the actions that make `live` what `head` declares, and findings, each with its origin. The stricter of both
/// policies applies.
#[must_use]
pub fn plan_since(base: &Desired, head: &Desired, live: &Live, state: &State, today: Day) -> Plan {
    let guarded = Desired { policy: policy::stricter(&base.policy, &head.policy), ..head.clone() };
    let mut plan = plan(&guarded, live, state, today);
    let stricter = guard::guards(&base.policy.budgets, live, plan.requested());
    for (guard, base) in plan.guards.iter_mut().zip(stricter) {
        guard.limit = guard.limit.min(base.limit);
    }
    let loosened = policy::loosened(base, head);
    plan.findings
        .extend(loosened.into_iter().map(FindingKind::PolicyLoosened).map(Finding::organization));
    plan.findings.sort_by(|one, other| one.order().cmp(&other.order()));
    let earlier = self::plan(base, live, state, today);
    let earlier = EarlierFindings::of(&earlier);
    for finding in &mut plan.findings {
        finding.origin = Some(earlier.origin(finding));
    }
    let base = BaseIndex::new(base, live, today);
    for planned in &mut plan.actions {
        planned.origin = Some(base.origin(planned));
    }
    plan
}

/// Returns true for a notice about the organization as a whole, which every part of a plan depends on.
fn is_general(finding: &Finding) -> bool {
    finding.level() == Level::Notice && finding.email().is_none()
}

impl Plan {
    /// Keeps only the actions and findings that this change causes; without a base that is none. The safety limits
    /// stay those of the whole plan, and what is left out is counted.
    #[must_use]
    pub fn only_this_change(self) -> Self {
        self.of_origin(|origin| origin == Some(Origin::ThisChange))
    }

    /// Keeps only the actions and findings that this change does not cause; conflicts count as drift.
    #[must_use]
    pub fn only_drift(self) -> Self {
        self.of_origin(|origin| origin != Some(Origin::ThisChange))
    }

    /// Keeps the actions and findings of some origins. Notices about the whole organization stay.
    fn of_origin(self, chosen: impl Fn(Option<Origin>) -> bool) -> Self {
        self.retain(|planned| chosen(planned.origin))
            .retain_findings(|finding| is_general(finding) || chosen(finding.origin))
    }

    /// Keeps the chosen findings, and counts the others. Withheld actions were not chosen either, unless a finding
    /// that is left names their rule.
    pub(super) fn retain_findings(mut self, chosen: impl Fn(&Finding) -> bool) -> Self {
        let all = self.findings.len();
        self.findings.retain(chosen);
        self.unchosen_findings += all - self.findings.len();
        if self.inventory.complete && !self.findings.iter().any(Finding::names_a_rule) {
            self.unchosen += std::mem::take(&mut self.withheld);
        }
        self
    }

    /// Keeps the chosen actions, and counts the others.
    pub(super) fn retain(mut self, chosen: impl Fn(&PlannedAction) -> bool) -> Self {
        let all = self.actions.len();
        self.actions.retain(chosen);
        self.unchosen += all - self.actions.len();
        self
    }
}

/// The findings of the plan of the base, by code, kind and email.
struct EarlierFindings<'a>(BTreeMap<FindingKey<'a>, Vec<&'a Finding>>);

type FindingKey<'a> = (Code, Subject, Option<&'a Email>);

impl<'a> EarlierFindings<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for finding in &plan.findings {
            all.entry(Self::key(finding)).or_default().push(finding);
        }
        Self(all)
    }

    fn key(finding: &Finding) -> FindingKey<'_> {
        (finding.code(), finding.subject(), finding.email())
    }

    fn origin(&self, finding: &Finding) -> Origin {
        let similar = self.0.get(&Self::key(finding)).map_or(&[][..], Vec::as_slice);
        if similar.iter().any(|one| one.what == finding.what) {
            Origin::AlreadyDrifted
        } else if similar.is_empty() || finding.level() == Level::Notice {
            Origin::ThisChange
        } else {
            Origin::Conflict
        }
    }
}

/// A value that the base manifest declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BaseValue<T> {
    /// This value.
    Value(T),
    /// None: the base does not manage it.
    Unmanaged,
    /// The entry of the base may mean another account.
    Ambiguous,
}

/// Decides an origin. `live` is `None` if unknown.
fn origin<T: PartialEq>(base: BaseValue<T>, head: &T, live: Option<&T>) -> Origin {
    match base {
        BaseValue::Unmanaged => Origin::ThisChange,
        BaseValue::Value(base) if base == *head => Origin::AlreadyDrifted,
        BaseValue::Value(base) if live == Some(&base) => Origin::ThisChange,
        BaseValue::Value(_) | BaseValue::Ambiguous => Origin::Conflict,
    }
}

/// The base manifest, indexed by live accounts.
struct BaseIndex<'a> {
    desired: &'a Desired,
    today: Day,
    /// The entry of each live account that has one.
    entries: BTreeMap<&'a AccountId, &'a WantedAccount>,
    /// The live users.
    users: BTreeMap<&'a UserId, &'a LiveUser>,
    /// The live accounts without an entry.
    unlisted: BTreeSet<&'a AccountId>,
}

impl<'a> BaseIndex<'a> {
    fn new(desired: &'a Desired, live: &'a Live, today: Day) -> Self {
        let Pairing { entries, unlisted } = Pairing::new(desired, live);
        let entries = entries.into_iter().filter_map(|(want, meant)| match meant {
            Match::Account(have) => Some((&have.id, want)),
            Match::Missing | Match::Conflict(_) | Match::Ambiguous(_) => None,
        });
        let unlisted = unlisted.into_iter().map(|account| &account.id).collect();
        let users = live.users.iter().flatten().map(|user| (&user.id, user)).collect();
        Self { desired, today, entries: entries.collect(), users, unlisted }
    }

    fn origin(&self, planned: &PlannedAction) -> Origin {
        match &planned.action {
            Action::RemoveUser { id, email } => {
                let presence = match planned.reason {
                    Reason::Stale if self.removes_stale(id, email) => BaseValue::Value(false),
                    _ => self.presence(email),
                };
                origin(presence, &false, Some(&true))
            }
            Action::DisableAccount { target: AccountTarget::Live(id), email: _ } => {
                origin(self.enabled(id), &false, Some(&true))
            }
            Action::EnableAccount { id, email: _, connections: _ } => {
                origin(self.enabled(id), &true, Some(&false))
            }
            Action::UpdateAccount { id, email: _, before, after } => {
                let says = self.field(id, |want| want.custom_pricing);
                // An answer that leaves the field out means the documented default.
                origin(says, after, Some(&before.unwrap_or(false)))
            }
            Action::SetChannelLimit {
                target: AccountTarget::Live(id),
                email: _,
                before,
                after,
            } => {
                let says = self.field(id, |want| want.channel_limit);
                origin(says, after, before.as_ref())
            }
            Action::CreateAccount(new) => self.create(new),
            Action::DisableAccount { target: AccountTarget::Created, email } => {
                self.of_created(email, |want| want.enabled == Some(false))
            }
            Action::SetChannelLimit { target: AccountTarget::Created, email, before: _, after } => {
                self.of_created(email, |want| want.channel_limit == Some(*after))
            }
        }
    }

    /// Returns true if the base removes a user as stale, too.
    fn removes_stale(&self, id: &UserId, email: &Email) -> bool {
        let want = self.desired.users.as_ref().and_then(|users| users.get(email));
        let have = self.users.get(id);
        let policy = &self.desired.policy.access;
        let removes = |(want, have): (&WantedUser, &&LiveUser)| {
            access::removes(policy, want, have, self.today)
        };
        want.zip(have).is_some_and(removes)
    }

    /// True if the base allows a user to be in the organization.
    fn presence(&self, email: &Email) -> BaseValue<bool> {
        let Some(users) = &self.desired.users else { return BaseValue::Unmanaged };
        match users.get(email) {
            Some(user) if is_listed(user, self.today) => BaseValue::Value(true),
            Some(user) if user.presence == crate::model::Presence::Absent => {
                BaseValue::Value(false)
            }
            // After the last day a listed user counts as unlisted.
            Some(_) | None => match self.desired.policy.unlisted_users {
                UnlistedUsers::Remove => BaseValue::Value(false),
                UnlistedUsers::Report | UnlistedUsers::Ignore => BaseValue::Unmanaged,
            },
        }
    }

    /// The declared status of an account.
    fn enabled(&self, id: &AccountId) -> BaseValue<bool> {
        match self.desired.policy.unlisted_accounts {
            UnlistedAccounts::Disable if self.unlisted.contains(id) => BaseValue::Value(false),
            UnlistedAccounts::Disable | UnlistedAccounts::Report | UnlistedAccounts::Ignore => {
                self.field(id, |want| want.enabled)
            }
        }
    }

    /// The declared value of a field of an account.
    fn field<T>(
        &self,
        id: &AccountId,
        field: impl Fn(&WantedAccount) -> Option<T>,
    ) -> BaseValue<T> {
        match self.entries.get(id) {
            Some(entry) => field(entry).map_or(BaseValue::Unmanaged, BaseValue::Value),
            None if self.unlisted.contains(id) => BaseValue::Unmanaged,
            // The account is part of an identity conflict.
            None => BaseValue::Ambiguous,
        }
    }

    /// The origin of a create, compared as a whole.
    fn create(&self, new: &PlannedAccount) -> Origin {
        let PlannedAccount { name, email, custom_pricing, rollup_billing, password_from: _ } = new;
        self.of_created(email, |want| {
            want.name == *name
                && want.custom_pricing == *custom_pricing
                && want.rollup_billing == *rollup_billing
        })
    }

    /// The origin of an action on an account that the plan creates. If the base lists the account, this change
    /// never causes the action. `same` returns true if the base declares the same.
    fn of_created(&self, email: &Email, same: impl Fn(&WantedAccount) -> bool) -> Origin {
        match self.desired.accounts.get(email) {
            None => Origin::ThisChange,
            Some(entry) if same(entry) => Origin::AlreadyDrifted,
            Some(_) => Origin::Conflict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_decides_by_what_it_agrees_with() {
        use Origin::{AlreadyDrifted, Conflict, ThisChange};
        let cases = [
            (BaseValue::Value(10), 30, Some(10), ThisChange),
            (BaseValue::Value(30), 30, Some(10), AlreadyDrifted),
            (BaseValue::Value(20), 30, Some(10), Conflict),
            (BaseValue::Value(10), 30, None, Conflict),
            (BaseValue::Value(30), 30, None, AlreadyDrifted),
            (BaseValue::Unmanaged, 30, Some(10), ThisChange),
            (BaseValue::Unmanaged, 30, None, ThisChange),
            (BaseValue::Ambiguous, 30, Some(10), Conflict),
        ];
        for (base, head, live, wanted) in cases {
            assert_eq!(origin(base, &head, live.as_ref()), wanted, "{base:?} {head} {live:?}");
        }
    }
}
