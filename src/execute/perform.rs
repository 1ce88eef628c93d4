//! One action: read again if it is destructive, send it, and return its outcome.

use tokio::sync::watch;

use super::Execution;
use super::action_error::ActionError;
use super::outcome::{Ending, Outcome, SkipReason};
use super::refusals::Refusals;
use crate::model::{AccountId, Email, LastSignIn, LiveAccount, LiveUser, Role, UserId};
use crate::plan::{AccountTarget, Action, PlannedAction, Reason};
use crate::state::{self, StateChange};
use crate::telnyx::{Answered, Error, ErrorKind, Writer};

/// Sends actions.
pub(super) struct Performer<'a> {
    pub execution: &'a Execution<'a>,
    /// Sends nothing after the lock of the state is lost.
    pub writer: Writer,
    pub stop: watch::Receiver<bool>,
    pub refusals: Refusals,
}

/// The results of earlier actions of a chain.
#[derive(Default)]
pub(super) struct ChainState {
    /// The created account.
    pub created: Option<AccountId>,
    /// True if another client created the account before this plan did.
    pub existed: bool,
}

impl Performer<'_> {
    pub(super) async fn perform(&self, action: &Action, state: &mut ChainState) -> Outcome {
        match action {
            Action::RemoveUser { id, email } => self.remove(action, id, email).await,
            Action::DisableAccount { target, email } => match state.resolve(action, target) {
                Ok(id) => self.disable(action, &id, email).await,
                Err(ended) => *ended,
            },
            Action::SetChannelLimit { target, email, before: _, after } => {
                match state.resolve(action, target) {
                    Ok(id) => self.set_limit(action, &id, email, *after).await,
                    Err(ended) => *ended,
                }
            }
            Action::UpdateAccount { id, email, before: _, after } => {
                self.update(action, id, email, *after).await
            }
            Action::EnableAccount { id, email: _, connections } => {
                let answer = self.writer.enable_account(id, *connections).await;
                self.outcome(action, answer)
            }
            Action::CreateAccount(new) => self.create(action, new, state).await,
        }
    }

    /// The reason to start no further action, if any.
    pub(super) fn ended(&self) -> Option<SkipReason> {
        if *self.stop.borrow() { Some(SkipReason::Interrupted) } else { self.refusals.tripped() }
    }

    /// The outcome of a request.
    pub(super) fn outcome<T>(
        &self,
        action: &Action,
        answer: Result<Answered<T>, Error>,
    ) -> Outcome {
        match answer {
            Ok(answer) => {
                self.refusals.reset();
                Outcome::done(action, answer.request_id)
            }
            Err(error) => self.failed(action, &error),
        }
    }

    /// The outcome of a failed request. An action that the session did not send is skipped.
    pub(super) fn failed(&self, action: &Action, error: &Error) -> Outcome {
        if error.kind == ErrorKind::Stopped && !error.may_have_happened() {
            let reason = self.ended().unwrap_or_else(|| self.refusals.trip());
            return Outcome::skipped(action, reason);
        }
        self.refusals.count(error);
        Outcome::failed(action, error)
    }

    async fn remove(&self, action: &Action, id: &UserId, email: &Email) -> Outcome {
        match self.execution.reader.user(id).await {
            Ok(user) => {
                if let Some(why) = unfit(&user, email).or_else(|| self.signed_in(action, &user)) {
                    return Outcome::new(action, Ending::Stale(why));
                }
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                return Outcome::new(action, Ending::Satisfied);
            }
            Err(error) => return self.failed(action, &error),
        }
        match self.writer.remove_user(id).await {
            // Another client removed the user after the read above.
            Err(error) if error.kind == ErrorKind::NotFound && self.is_gone(id).await => {
                Outcome::new(action, Ending::Satisfied)
            }
            Ok(answer) => {
                // Telnyx may list a removed user as disabled. The record prevents a second removal.
                let recorded = self.record(StateChange::Removed(id.clone())).await;
                let outcome = self.outcome(action, Ok(answer));
                match recorded {
                    Ok(()) => outcome,
                    Err(error) => outcome.ended(Ending::Failed(ActionError::unrecorded(&error))),
                }
            }
            answer @ Err(_) => self.outcome(action, answer),
        }
    }

    /// The reason why a stale user must not be removed: a sign-in since the plan was made, if any.
    fn signed_in(&self, action: &Action, user: &LiveUser) -> Option<String> {
        let Execution { plan, live, .. } = self.execution;
        let LastSignIn::On(day) = user.last_sign_in else { return None };
        let planned = live.users.iter().flatten().find(|planned| planned.id == user.id)?;
        let is_stale = |one: &PlannedAction| one.reason == Reason::Stale && one.action == *action;
        (planned.last_sign_in < user.last_sign_in && plan.actions.iter().any(is_stale))
            .then(|| format!("the user signed in on {day}"))
    }

    async fn is_gone(&self, id: &UserId) -> bool {
        let user = self.execution.reader.user(id).await;
        user.is_err_and(|error| error.kind == ErrorKind::NotFound)
    }

    async fn disable(&self, action: &Action, id: &AccountId, email: &Email) -> Outcome {
        if action.is_destructive()
            && let Err(ended) = self.read_again(action, id, email).await
        {
            return *ended;
        }
        self.outcome(action, self.writer.disable_account(id).await)
    }

    async fn update(&self, action: &Action, id: &AccountId, email: &Email, after: bool) -> Outcome {
        if action.is_destructive() {
            match self.read_again(action, id, email).await {
                Ok(account) if account.custom_pricing == Some(after) => {
                    return Outcome::new(action, Ending::Satisfied);
                }
                Ok(_) => {}
                Err(ended) => return *ended,
            }
        }
        let answer = self.writer.set_custom_pricing(id, after).await;
        // An answer with another value is a failure, whatever its status.
        let otherwise =
            |answer: &Answered<Option<bool>>| answer.value.is_some_and(|now| now != after);
        if answer.as_ref().is_ok_and(otherwise) {
            let fault = ActionError::new(format!("Telnyx answered custom_pricing: {}", !after));
            return self.outcome(action, answer).ended(Ending::Failed(fault));
        }
        self.outcome(action, answer)
    }

    /// Reads an account again. An account that has changed its identity makes the action stale.
    pub(super) async fn read_again(
        &self,
        action: &Action,
        id: &AccountId,
        email: &Email,
    ) -> Result<LiveAccount, Box<Outcome>> {
        let account = self.execution.reader.account(id).await;
        let account = account.map_err(|error| Box::new(self.failed(action, &error)))?;
        if account.email == *email && account.id == *id {
            return Ok(account);
        }
        let why = format!("the account's email is now {}", account.email);
        Err(Box::new(Outcome::new(action, Ending::Stale(why))))
    }

    pub(super) async fn record(&self, change: StateChange) -> Result<(), state::Error> {
        self.execution.journal.record(change).await
    }
}

impl ChainState {
    /// The account of an action, or the outcome of an action without one.
    fn resolve(&self, action: &Action, target: &AccountTarget) -> Result<AccountId, Box<Outcome>> {
        match (target, &self.created) {
            (AccountTarget::Live(id), _) | (AccountTarget::Created, Some(id)) => Ok(id.clone()),
            (AccountTarget::Created, None) if self.existed => {
                let why = "another client created the account; plan again".to_owned();
                Err(Box::new(Outcome::new(action, Ending::Stale(why))))
            }
            (AccountTarget::Created, None) => {
                Err(Box::new(Outcome::skipped(action, SkipReason::DependencyFailed)))
            }
        }
    }
}

/// The reason why a user must not be removed, if any.
fn unfit(user: &LiveUser, email: &Email) -> Option<String> {
    if user.email != *email {
        return Some(format!("the user's email is now {}", user.email));
    }
    match &user.role {
        Role::SubUser => None,
        Role::Owner => Some("the user is an owner now; owners are never removed".to_owned()),
        Role::Other(role) => Some(format!("the user is now a {role:?}")),
    }
}
