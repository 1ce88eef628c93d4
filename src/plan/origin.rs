//! Where an action comes from: the change of the manifest that is looked at, or something before it.
//!
//! With what the base manifest says (b), what the head says (h) and what is live (l): b = l means that this
//! change makes the difference, b = h that it was there before, and otherwise somebody else has been
//! there too. What the base does not manage it leaves as it is, so there b = l. Nobody can say that b is
//! what is live where that is not known.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Match, Pairing};
use super::users::is_listed;
use super::{
    AccountTarget, Action, Finding, FindingKind, Plan, PlannedAccount, PlannedAction, guard, plan,
    policy,
};
use crate::model::{
    AccountId, Day, Desired, Email, Live, State, UnlistedAccounts, UnlistedUsers, WantedAccount,
};

/// Where an action comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The base says what is live: the action is there because of this change.
    ThisChange,
    /// The base wants the same: it was to be done before this change.
    AlreadyDrifted,
    /// The base wants neither: somebody else changed it as well, or nobody knows what is live.
    Conflict,
}

/// Plans what is to be done so that `live` becomes what `head` wants, and says of each action whether it is
/// there because of what differs between `base` and `head`. The stricter of both policies holds.
#[must_use]
pub fn plan_since(base: &Desired, head: &Desired, live: &Live, state: &State, today: Day) -> Plan {
    let guarded = Desired { policy: policy::stricter(&base.policy, &head.policy), ..head.clone() };
    let mut plan = plan(&guarded, live, state, today);
    let stricter = guard::guards(&base.policy.budgets, live, plan.requested());
    for (guard, base) in plan.guards.iter_mut().zip(stricter) {
        guard.limit = guard.limit.min(base.limit);
    }
    let loosened = policy::loosened(&base.policy, &head.policy);
    plan.findings
        .extend(loosened.into_iter().map(FindingKind::PolicyLoosened).map(Finding::organization));
    plan.findings.sort_by(|one, other| one.order().cmp(&other.order()));
    let base = BaseIndex::new(base, live, today);
    for planned in &mut plan.actions {
        planned.origin = Some(base.origin(&planned.action));
    }
    plan
}

impl Plan {
    /// Keeps only the actions that this change causes; without a base that is none. The safety limits
    /// stay those of the whole plan, and the actions left out are counted.
    #[must_use]
    pub fn only_this_change(self) -> Self {
        self.retain(|planned| planned.origin == Some(Origin::ThisChange))
    }

    /// Keeps only the actions that this change does not cause; conflicts count as drift.
    #[must_use]
    pub fn only_drift(self) -> Self {
        self.retain(|planned| planned.origin != Some(Origin::ThisChange))
    }

    /// Keeps the chosen actions, and counts the others.
    pub(super) fn retain(mut self, chosen: impl Fn(&PlannedAction) -> bool) -> Self {
        let all = self.actions.len();
        self.actions.retain(chosen);
        self.unchosen += all - self.actions.len();
        self
    }
}

/// What the base says of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BaseValue<T> {
    /// This.
    Value(T),
    /// Nothing: it stays as it is.
    Unmanaged,
    /// Nobody can say what it means.
    Ambiguous,
}

/// `live`: `None` if it is not known.
fn origin<T: PartialEq>(base: BaseValue<T>, head: &T, live: Option<&T>) -> Origin {
    match base {
        BaseValue::Unmanaged => Origin::ThisChange,
        BaseValue::Value(base) if base == *head => Origin::AlreadyDrifted,
        BaseValue::Value(base) if live == Some(&base) => Origin::ThisChange,
        BaseValue::Value(_) | BaseValue::Ambiguous => Origin::Conflict,
    }
}

/// The base manifest, to be asked about what is live.
struct BaseIndex<'a> {
    desired: &'a Desired,
    today: Day,
    /// The entry of each account that one means.
    entries: BTreeMap<&'a AccountId, &'a WantedAccount>,
    /// The accounts that no entry means.
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
        Self { desired, today, entries: entries.collect(), unlisted }
    }

    fn origin(&self, action: &Action) -> Origin {
        match action {
            Action::RemoveUser { id: _, email } => {
                origin(self.presence(email), &false, Some(&true))
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

    /// Whether a user may be in the organization.
    fn presence(&self, email: &Email) -> BaseValue<bool> {
        let Some(users) = &self.desired.users else { return BaseValue::Unmanaged };
        match users.get(email) {
            Some(user) if is_listed(user, self.today) => BaseValue::Value(true),
            Some(user) if user.presence == crate::model::Presence::Absent => {
                BaseValue::Value(false)
            }
            // After its last day a listed user counts as unlisted.
            Some(_) | None => match self.desired.policy.unlisted_users {
                UnlistedUsers::Remove => BaseValue::Value(false),
                UnlistedUsers::Report | UnlistedUsers::Ignore => BaseValue::Unmanaged,
            },
        }
    }

    /// Whether an account may use Telnyx.
    fn enabled(&self, id: &AccountId) -> BaseValue<bool> {
        match self.desired.policy.unlisted_accounts {
            UnlistedAccounts::Disable if self.unlisted.contains(id) => BaseValue::Value(false),
            UnlistedAccounts::Disable | UnlistedAccounts::Report | UnlistedAccounts::Ignore => {
                self.field(id, |want| want.enabled)
            }
        }
    }

    /// What the entry of an account says of a field.
    fn field<T>(
        &self,
        id: &AccountId,
        field: impl Fn(&WantedAccount) -> Option<T>,
    ) -> BaseValue<T> {
        match self.entries.get(id) {
            Some(entry) => field(entry).map_or(BaseValue::Unmanaged, BaseValue::Value),
            None if self.unlisted.contains(id) => BaseValue::Unmanaged,
            // An entry has its email, and may mean another one.
            None => BaseValue::Ambiguous,
        }
    }

    /// A create is one thing: the base wants the same account, or another one, or none as it is.
    fn create(&self, new: &PlannedAccount) -> Origin {
        let PlannedAccount { name, email, custom_pricing, rollup_billing, password_from: _ } = new;
        self.of_created(email, |want| {
            want.name == *name
                && want.custom_pricing == *custom_pricing
                && want.rollup_billing == *rollup_billing
        })
    }

    /// What is done to an account that is not there stands and falls with its create: that the base
    /// lists the account is never this change. `same`: whether it wants the same of it.
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
