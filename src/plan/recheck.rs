//! Checks the actions of a saved plan against a fresh inventory: which of them may still be sent.
//!
//! Two conditions must hold. The precondition of the action is unchanged, and a plan made now contains the same
//! action. The second condition applies every rule of the planner here too: protection, owners, possible
//! renames, the channel pool and incomplete inventories.

use std::collections::BTreeMap;

use super::recheck_result::{Fact, FactValue, RecheckResult, StaleFact, WithheldReason};
use super::{
    AccountTarget, Action, FieldValue, Guard, Plan, PlannedAccount, PlannedAction, Subject, guard,
};
use crate::model::{
    AccountId, Budgets, Create, Email, Half, Live, LiveAccount, LiveUser, Role, State, Status,
    UserId,
};

/// The current state that a saved plan is checked against.
#[derive(Clone, Copy, Debug)]
pub struct CurrentState<'a> {
    /// A fresh inventory.
    pub live: &'a Live,
    /// The recorded state.
    pub state: &'a State,
    /// The plan made from both, for the manifest of the saved plan.
    pub plan: &'a Plan,
}

/// Checks each action of a saved plan. Returns one result per action, in order.
#[must_use]
pub fn recheck(actions: &[PlannedAction], now: &CurrentState<'_>) -> Vec<RecheckResult> {
    let index = LiveIndex::new(now);
    let mut creates: BTreeMap<&Email, RecheckResult> = BTreeMap::new();
    let mut verdicts = Vec::with_capacity(actions.len());
    for PlannedAction { action, .. } in actions {
        let verdict = match action {
            Action::RemoveUser { id, email } => index.remove(action, id, email),
            Action::DisableAccount { target: AccountTarget::Live(id), email } => {
                index.disable(action, id, email)
            }
            Action::SetChannelLimit { target: AccountTarget::Live(id), email, before, after } => {
                index.limit(action, (id, email), *before, *after)
            }
            Action::UpdateAccount { id, email, before, after } => {
                index.update(action, (id, email), *before, *after)
            }
            Action::EnableAccount { id, email, connections: _ } => index.enable(action, id, email),
            Action::CreateAccount(new) => {
                let verdict = index.create(action, new);
                creates.insert(&new.email, verdict.clone());
                verdict
            }
            Action::DisableAccount { target: AccountTarget::Created, email } => {
                let is = |account: &LiveAccount| account.status == Some(Status::Disabled);
                index.dependent(action, creates.get(email), is)
            }
            Action::SetChannelLimit { target: AccountTarget::Created, email, before: _, after } => {
                let is = |account: &LiveAccount| index.known(&account.id) == Some(*after);
                index.dependent(action, creates.get(email), is)
            }
        };
        verdicts.push(verdict);
    }
    verdicts
}

/// The safety limits of a saved plan and of its remaining actions; of each limit the one that leaves less.
#[must_use]
pub fn stricter(
    saved: &[Guard],
    budgets: &Budgets,
    live: &Live,
    left: &[PlannedAction],
) -> Vec<Guard> {
    let room = |guard: &Guard| i128::from(guard.limit) - i128::from(guard.actual);
    let mut guards = saved.to_vec();
    for now in guard::guards(budgets, live, left.iter().map(|planned| &planned.action)) {
        match guards.iter_mut().find(|guard| guard.name == now.name) {
            Some(guard) if room(guard) <= room(&now) => {}
            Some(guard) => *guard = now,
            None => guards.push(now),
        }
    }
    guards.sort_by_key(|guard| guard.name);
    guards
}

/// The current state, indexed by what actions name.
struct LiveIndex<'a> {
    now: &'a CurrentState<'a>,
    by_id: BTreeMap<&'a AccountId, &'a LiveAccount>,
    by_email: BTreeMap<&'a Email, Vec<&'a LiveAccount>>,
    /// `None` if users are not managed.
    users: Option<BTreeMap<&'a UserId, &'a LiveUser>>,
    planned: BTreeMap<&'a Email, Vec<&'a Action>>,
}

impl<'a> LiveIndex<'a> {
    fn new(now: &'a CurrentState<'a>) -> Self {
        let by_id = now.live.accounts.iter().map(|account| (&account.id, account)).collect();
        let mut by_email: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for account in &now.live.accounts {
            by_email.entry(&account.email).or_default().push(account);
        }
        let users = now.live.users.as_ref();
        let users = users.map(|users| users.iter().map(|user| (&user.id, user)).collect());
        let mut planned: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for action in now.plan.requested() {
            planned.entry(action.email()).or_default().push(action);
        }
        Self { now, by_id, by_email, users, planned }
    }

    /// Returns true if a half of the inventory is complete.
    fn is_complete(&self, half: Half) -> bool {
        self.now.live.is_complete(half)
    }

    /// The limit of an account, if it is known.
    fn known(&self, id: &AccountId) -> Option<u64> {
        self.now.plan.inventory.limits.get(id).copied()
    }

    /// The result of an action whose precondition holds: it may be sent if a plan made now contains it.
    fn confirm(&self, action: &Action) -> RecheckResult {
        let same = self.planned.get(action.email()).is_some_and(|those| those.contains(&action));
        if same { RecheckResult::Go } else { self.withheld(action.subject()) }
    }

    fn withheld(&self, subject: Subject) -> RecheckResult {
        let half = if subject == Subject::User { Half::Users } else { Half::Accounts };
        RecheckResult::Withheld(if self.is_complete(half) {
            WithheldReason::NotPlanned
        } else {
            WithheldReason::Incomplete
        })
    }

    fn remove(&self, action: &Action, id: &UserId, email: &Email) -> RecheckResult {
        let Some(users) = &self.users else { return self.withheld(Subject::User) };
        match users.get(id) {
            None if self.is_complete(Half::Users) => RecheckResult::Satisfied,
            // The user may be missing from the list only.
            None => RecheckResult::Withheld(WithheldReason::Incomplete),
            Some(user) if user.email != *email => moved(email, &user.email),
            Some(user) => match &user.role {
                Role::SubUser => self.confirm(action),
                Role::Owner => role(Role::Owner),
                Role::Other(_) => role(user.role.clone()),
            },
        }
    }

    /// The account of an action, if its email is unchanged.
    fn account(&self, id: &AccountId, email: &Email) -> Result<&'a LiveAccount, RecheckResult> {
        match self.by_id.get(id) {
            Some(account) if account.email == *email => Ok(account),
            Some(account) => Err(moved(email, &account.email)),
            None if self.is_complete(Half::Accounts) => {
                Err(stale(Fact::Account, Some(FactValue::Id(id.clone())), None))
            }
            None => Err(RecheckResult::Withheld(WithheldReason::Incomplete)),
        }
    }

    fn disable(&self, action: &Action, id: &AccountId, email: &Email) -> RecheckResult {
        match self.account(id, email).map(|account| account.status) {
            Err(verdict) => verdict,
            Ok(Some(Status::Disabled)) => RecheckResult::Satisfied,
            Ok(Some(Status::Enabled)) => self.confirm(action),
            Ok(other) => self.other_status(true, other),
        }
    }

    fn enable(&self, action: &Action, id: &AccountId, email: &Email) -> RecheckResult {
        match self.account(id, email).map(|account| account.status) {
            Err(verdict) => verdict,
            Ok(Some(Status::Enabled)) => RecheckResult::Satisfied,
            Ok(Some(Status::Disabled)) => self.confirm(action),
            Ok(other) => self.other_status(false, other),
        }
    }

    /// The result for a status that no action can change.
    fn other_status(&self, before: bool, now: Option<Status>) -> RecheckResult {
        match now {
            // The status may be unknown only because the inventory is incomplete.
            None if !self.is_complete(Half::Accounts) => {
                RecheckResult::Withheld(WithheldReason::Incomplete)
            }
            now => stale(Fact::Enabled, Some(flag(before)), now.map(status)),
        }
    }

    fn update(
        &self,
        action: &Action,
        (id, email): (&AccountId, &Email),
        before: Option<bool>,
        after: bool,
    ) -> RecheckResult {
        match self.account(id, email).map(|account| account.custom_pricing) {
            Err(verdict) => verdict,
            Ok(have) if have == Some(after) => RecheckResult::Satisfied,
            Ok(have) if have == before => self.confirm(action),
            Ok(have) => stale(Fact::CustomPricing, before.map(flag), have.map(flag)),
        }
    }

    /// A limit that is no longer known, or known only now, is stale: its reduction was never approved.
    fn limit(
        &self,
        action: &Action,
        (id, email): (&AccountId, &Email),
        before: Option<u64>,
        after: u64,
    ) -> RecheckResult {
        if let Err(verdict) = self.account(id, email) {
            return verdict;
        }
        match self.known(id) {
            have if have == Some(after) => RecheckResult::Satisfied,
            have if have == before => self.confirm(action),
            // An incomplete inventory makes every limit unknown.
            None if !self.is_complete(Half::Accounts) => {
                RecheckResult::Withheld(WithheldReason::Incomplete)
            }
            have => stale(Fact::ChannelLimit, before.map(number), have.map(number)),
        }
    }

    fn create(&self, action: &Action, new: &PlannedAccount) -> RecheckResult {
        let there = self.by_email.get(&new.email).map(Vec::as_slice).unwrap_or_default();
        match there {
            [] => self.still_missing(action, &new.email),
            [account] => {
                differs(new, account).map_or(RecheckResult::Satisfied, RecheckResult::Stale)
            }
            several => {
                let several = FactValue::Accounts(several.len());
                stale(Fact::Account, None, Some(several))
            }
        }
    }

    fn still_missing(&self, action: &Action, email: &Email) -> RecheckResult {
        if self.now.live.cancelled.iter().any(|account| account.email == *email) {
            return stale(Fact::Account, None, Some(FactValue::Cancelled));
        }
        match self.now.state.creates.get(email) {
            Some(Create::Sending) => RecheckResult::Withheld(WithheldReason::Unresolved),
            // Telnyx acknowledged the create. Lists lag behind.
            Some(Create::Acknowledged(_)) => RecheckResult::Satisfied,
            Some(Create::Intended) | None => self.confirm(action),
        }
    }

    /// The result of an action on an account that the plan creates. It is not sent to an account that exists
    /// already, which another client may have created.
    fn dependent(
        &self,
        action: &Action,
        create: Option<&RecheckResult>,
        is_wanted: impl Fn(&LiveAccount) -> bool,
    ) -> RecheckResult {
        let there = self.by_email.get(action.email()).map(Vec::as_slice).unwrap_or_default();
        match (create, there) {
            (Some(RecheckResult::Go), _) => self.confirm(action),
            (Some(RecheckResult::Withheld(why)), _) => RecheckResult::Withheld(*why),
            (Some(RecheckResult::Satisfied | RecheckResult::Stale(_)), [account])
                if is_wanted(account) =>
            {
                RecheckResult::Satisfied
            }
            (Some(RecheckResult::Satisfied | RecheckResult::Stale(_)), [account, ..]) => {
                let id = FactValue::Id(account.id.clone());
                stale(Fact::Account, None, Some(id))
            }
            (Some(RecheckResult::Stale(changed)), []) => RecheckResult::Stale(changed.clone()),
            (Some(RecheckResult::Satisfied) | None, []) | (None, _) => {
                self.withheld(Subject::Account)
            }
        }
    }
}

fn stale(fact: Fact, before: Option<FactValue>, now: Option<FactValue>) -> RecheckResult {
    RecheckResult::Stale(StaleFact { fact, before, now })
}

fn moved(before: &Email, now: &Email) -> RecheckResult {
    let email = |email: &Email| Some(FactValue::Email(email.clone()));
    stale(Fact::Email, email(before), email(now))
}

fn role(now: Role) -> RecheckResult {
    stale(Fact::Role, Some(FactValue::Role(Role::SubUser)), Some(FactValue::Role(now)))
}

fn status(status: Status) -> FactValue {
    match status {
        Status::Enabled => flag(true),
        Status::Disabled => flag(false),
        Status::Blocked => FactValue::Blocked,
    }
}

fn flag(value: bool) -> FactValue {
    FactValue::Field(FieldValue::Bool(value))
}

fn number(value: u64) -> FactValue {
    FactValue::Field(FieldValue::Number(value))
}

/// The first difference between a live account and the one to create.
fn differs(new: &PlannedAccount, have: &LiveAccount) -> Option<StaleFact> {
    let PlannedAccount { name, email: _, custom_pricing, rollup_billing, password_from: _ } = new;
    let text = |text: &String| FactValue::Field(FieldValue::Text(text.clone()));
    let fields = [
        (Fact::Name, Some(text(name)), have.name.as_ref().map(text)),
        (
            Fact::CustomPricing,
            custom_pricing.map(flag),
            // An answer without the field means the documented default.
            Some(flag(have.custom_pricing.unwrap_or(false))),
        ),
        (Fact::RollupBilling, rollup_billing.map(flag), have.rollup_billing.map(flag)),
    ];
    let differs = |(_, want, have): &(Fact, Option<FactValue>, Option<FactValue>)| {
        want.is_some() && have.is_some() && want != have
    };
    let first = fields.into_iter().find(differs);
    first.map(|(fact, before, now)| StaleFact { fact, before, now })
}
