//! A plan that was kept, held against what is there now: which of its actions may still be sent.
//!
//! Two things must hold before one is. Its own precondition: what it was planned for is still so. And a
//! plan that is made now has the very same action in it, so that everything the planner holds back is held
//! back here too: who is protected or an owner, who looks like a missing one, what the pool has no channels
//! for, every loss and every create while the inventory may lack something.

use std::collections::BTreeMap;

use super::{
    AccountTarget, Action, FieldValue, Guard, Plan, PlannedAccount, PlannedAction, Subject, guard,
};
use crate::model::{
    AccountId, Budgets, Create, Email, Half, Live, LiveAccount, LiveUser, Role, State, Status,
    UserId,
};

/// Whether an action of a kept plan may still be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecheckResult {
    /// Everything is as it was planned for.
    Go,
    /// What is wanted is so already: there is nothing left to send.
    Satisfied,
    /// Something else has changed since, so it is not sent.
    Stale(StaleFact),
    /// It is held back, though nothing that it was planned for is known to have changed.
    Withheld(WithheldReason),
}

/// What is no longer as it was planned for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleFact {
    /// What has changed.
    pub fact: Fact,
    /// What it was planned for; of an account that should be new, what that should be. `None`: nothing
    /// was there, or it was not known.
    pub before: Option<FieldValue>,
    /// What is there now. `None`: nothing, or it is not known.
    pub now: Option<FieldValue>,
}

/// What an action is planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// The account of this id, or with this email.
    Account,
    /// Its email, or the user's.
    Email,
    /// What a user is in the organization.
    Role,
    /// The name of an account.
    Name,
    /// Whether an account may use Telnyx.
    Enabled,
    /// Whether it may have prices of its own.
    CustomPricing,
    /// Whether its charges go to the manager.
    RollupBilling,
    /// How many channels it may use at once.
    ChannelLimit,
}

/// WithheldReason an action is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithheldReason {
    /// The inventory may lack something.
    Incomplete,
    /// A create of it was sent before, and nobody knows what became of that.
    Unresolved,
    /// A plan that is made now does not have it.
    NotPlanned,
}

/// What is there now.
#[derive(Clone, Copy, Debug)]
pub struct CurrentState<'a> {
    /// A new inventory.
    pub live: &'a Live,
    /// What is remembered.
    pub state: &'a State,
    /// The plan that is made of both, for the manifest that the kept plan was made for.
    pub plan: &'a Plan,
}

/// Holds each action of a kept plan against what is there now: one verdict each, in their order.
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

/// The budgets that a kept plan was made with and those that what is left of it draws on now: of each the
/// one that leaves less.
#[must_use]
pub fn stricter(
    kept: &[Guard],
    budgets: &Budgets,
    live: &Live,
    left: &[PlannedAction],
) -> Vec<Guard> {
    let room = |guard: &Guard| i128::from(guard.limit) - i128::from(guard.actual);
    let mut guards = kept.to_vec();
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

/// What is there now, found by what an action names.
struct LiveIndex<'a> {
    now: &'a CurrentState<'a>,
    by_id: BTreeMap<&'a AccountId, &'a LiveAccount>,
    by_email: BTreeMap<&'a Email, Vec<&'a LiveAccount>>,
    /// `None`: users are not managed, so they were not read.
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

    /// True if nothing lacks in the half that an action is about.
    fn is_complete(&self, half: Half) -> bool {
        self.now.live.is_complete(half)
    }

    /// The limit of an account, if it is known.
    fn known(&self, id: &AccountId) -> Option<u64> {
        self.now.plan.inventory.limits.get(id).copied()
    }

    /// An action whose own precondition holds: it goes if it would be planned now.
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
            // Who is not in a list that lacks something may be there.
            None => RecheckResult::Withheld(WithheldReason::Incomplete),
            Some(user) if user.email != *email => moved(email, &user.email),
            Some(user) => match &user.role {
                Role::SubUser => self.confirm(action),
                Role::Owner => role("organization_owner"),
                Role::Other(name) => role(name),
            },
        }
    }

    /// The account that an action names, if it still has the email that it had.
    fn account(&self, id: &AccountId, email: &Email) -> Result<&'a LiveAccount, RecheckResult> {
        match self.by_id.get(id) {
            Some(account) if account.email == *email => Ok(account),
            Some(account) => Err(moved(email, &account.email)),
            None if self.is_complete(Half::Accounts) => {
                Err(stale(Fact::Account, Some(FieldValue::Text(id.as_str().to_owned())), None))
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

    /// A status that no action can change.
    fn other_status(&self, before: bool, now: Option<Status>) -> RecheckResult {
        match now {
            // A read that lacks something may be all that is wrong with it.
            None if !self.is_complete(Half::Accounts) => {
                RecheckResult::Withheld(WithheldReason::Incomplete)
            }
            now => stale(Fact::Enabled, Some(FieldValue::Bool(before)), now.map(status)),
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
            Ok(have) => {
                stale(Fact::CustomPricing, before.map(FieldValue::Bool), have.map(FieldValue::Bool))
            }
        }
    }

    /// Of a limit that is not known any more, and of one that is known by now, nobody has approved what
    /// this would take away.
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
            // From a read that lacks something no limit is known.
            None if !self.is_complete(Half::Accounts) => {
                RecheckResult::Withheld(WithheldReason::Incomplete)
            }
            have => stale(
                Fact::ChannelLimit,
                before.map(FieldValue::Number),
                have.map(FieldValue::Number),
            ),
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
                let several = format!("{} accounts", several.len());
                stale(Fact::Account, None, Some(FieldValue::Text(several)))
            }
        }
    }

    fn still_missing(&self, action: &Action, email: &Email) -> RecheckResult {
        if self.now.live.cancelled.iter().any(|account| account.email == *email) {
            let cancelled = FieldValue::Text("cancelled".to_owned());
            return stale(Fact::Account, None, Some(cancelled));
        }
        match self.now.state.creates.get(email) {
            Some(Create::Sending) => RecheckResult::Withheld(WithheldReason::Unresolved),
            // Telnyx has said that it is there; lists lag behind.
            Some(Create::Acknowledged(_)) => RecheckResult::Satisfied,
            Some(Create::Intended) | None => self.confirm(action),
        }
    }

    /// An action on an account that the plan creates. On one that is there already, and may be somebody
    /// else's, it is not sent.
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
                let id = FieldValue::Text(account.id.as_str().to_owned());
                stale(Fact::Account, None, Some(id))
            }
            (Some(RecheckResult::Stale(changed)), []) => RecheckResult::Stale(changed.clone()),
            (Some(RecheckResult::Satisfied) | None, []) | (None, _) => {
                self.withheld(Subject::Account)
            }
        }
    }
}

fn stale(fact: Fact, before: Option<FieldValue>, now: Option<FieldValue>) -> RecheckResult {
    RecheckResult::Stale(StaleFact { fact, before, now })
}

fn moved(before: &Email, now: &Email) -> RecheckResult {
    let text = |email: &Email| Some(FieldValue::Text(email.as_str().to_owned()));
    stale(Fact::Email, text(before), text(now))
}

fn role(now: &str) -> RecheckResult {
    let text = |role: &str| Some(FieldValue::Text(role.to_owned()));
    stale(Fact::Role, text("organization_sub_user"), text(now))
}

fn status(status: Status) -> FieldValue {
    match status {
        Status::Enabled => FieldValue::Bool(true),
        Status::Disabled => FieldValue::Bool(false),
        Status::Blocked => FieldValue::Text("blocked".to_owned()),
    }
}

/// In what an account that is there differs from the one that should be created.
fn differs(new: &PlannedAccount, have: &LiveAccount) -> Option<StaleFact> {
    let PlannedAccount { name, email: _, custom_pricing, rollup_billing, password_from: _ } = new;
    let text = |text: &String| FieldValue::Text(text.clone());
    let fields = [
        (Fact::Name, Some(text(name)), have.name.as_ref().map(text)),
        (
            Fact::CustomPricing,
            custom_pricing.map(FieldValue::Bool),
            // An answer that leaves it out means the documented default.
            Some(FieldValue::Bool(have.custom_pricing.unwrap_or(false))),
        ),
        (
            Fact::RollupBilling,
            rollup_billing.map(FieldValue::Bool),
            have.rollup_billing.map(FieldValue::Bool),
        ),
    ];
    let differs = |(_, want, have): &(Fact, Option<FieldValue>, Option<FieldValue>)| {
        want.is_some() && have.is_some() && want != have
    };
    let first = fields.into_iter().find(differs);
    first.map(|(fact, before, now)| StaleFact { fact, before, now })
}
