//! One action: look once more if it is a loss, send it, and say what became of it.

use tokio::sync::watch;

use super::Execution;
use super::outcome::{ActionError, Ending, Outcome};
use crate::model::{AccountId, Email, LiveAccount, LiveUser, Role, UserId};
use crate::plan::{AccountTarget, Action};
use crate::state::{self, Change};
use crate::telnyx::{Answered, Error, Kind, Writer};

/// What sends actions.
pub(super) struct Performer<'a> {
    pub work: &'a Execution<'a>,
    /// Sends nothing once the lock of the state is lost.
    pub writer: Writer,
    pub stop: watch::Receiver<bool>,
}

/// What an action knows of those before it in its chain.
#[derive(Default)]
pub(super) struct ChainState {
    /// The account that was created.
    pub created: Option<AccountId>,
    /// The account that was to be created was there already, and not by us.
    pub was_there: bool,
}

impl Performer<'_> {
    pub(super) async fn perform(&self, action: &Action, chained: &mut ChainState) -> Outcome {
        match action {
            Action::RemoveUser { id, email } => self.remove(action, id, email).await,
            Action::DisableAccount { target, email } => match chained.resolve(action, target) {
                Ok(id) => self.disable(action, &id, email).await,
                Err(ended) => *ended,
            },
            Action::SetChannelLimit { target, email, before: _, after } => {
                match chained.resolve(action, target) {
                    Ok(id) => self.set_limit(action, &id, email, *after).await,
                    Err(ended) => *ended,
                }
            }
            Action::UpdateAccount { id, email, before: _, after } => {
                self.update(action, id, email, *after).await
            }
            Action::EnableAccount { id, email: _, connections } => {
                let answer = self.writer.enable_account(id, *connections).await;
                Outcome::of(action, answer)
            }
            Action::CreateAccount(new) => self.create(action, new, chained).await,
        }
    }

    async fn remove(&self, action: &Action, id: &UserId, email: &Email) -> Outcome {
        match self.work.reader.user(id).await {
            Ok(user) => {
                if let Some(why) = unfit(&user, email) {
                    return Outcome::new(action, Ending::Stale(why));
                }
            }
            Err(error) if error.kind == Kind::NotFound => {
                return Outcome::new(action, Ending::Satisfied);
            }
            Err(error) => return Outcome::failed(action, &error),
        }
        match self.writer.remove_user(id).await {
            // Who was there a moment ago and is not now was removed by somebody else.
            Err(error) if error.kind == Kind::NotFound && self.is_gone(id).await => {
                Outcome::new(action, Ending::Satisfied)
            }
            Ok(answer) => {
                // Telnyx may list the user as disabled for ever; the record keeps it from being removed again.
                let recorded = self.record(Change::Removed(id.clone())).await;
                let outcome = Outcome::of(action, Ok(answer));
                match recorded {
                    Ok(()) => outcome,
                    Err(error) => outcome.ended(Ending::Failed(ActionError::unrecorded(&error))),
                }
            }
            answer @ Err(_) => Outcome::of(action, answer),
        }
    }

    async fn is_gone(&self, id: &UserId) -> bool {
        let user = self.work.reader.user(id).await;
        user.is_err_and(|error| error.kind == Kind::NotFound)
    }

    async fn disable(&self, action: &Action, id: &AccountId, email: &Email) -> Outcome {
        if action.is_destructive()
            && let Err(ended) = self.still(action, id, email).await
        {
            return *ended;
        }
        Outcome::of(action, self.writer.disable_account(id).await)
    }

    async fn update(&self, action: &Action, id: &AccountId, email: &Email, after: bool) -> Outcome {
        if action.is_destructive() {
            match self.still(action, id, email).await {
                Ok(account) if account.custom_pricing == Some(after) => {
                    return Outcome::new(action, Ending::Satisfied);
                }
                Ok(_) => {}
                Err(ended) => return *ended,
            }
        }
        let answer = self.writer.set_custom_pricing(id, after).await;
        // An answer that says otherwise is no success, whatever its status.
        let otherwise = |answer: &Answered<LiveAccount>| {
            answer.value.custom_pricing.is_some_and(|now| now != after)
        };
        if answer.as_ref().is_ok_and(otherwise) {
            let fault = ActionError::said(format!("Telnyx answered custom_pricing: {}", !after));
            return Outcome::of(action, answer).ended(Ending::Failed(fault));
        }
        Outcome::of(action, answer)
    }

    /// The account, if it is still the one that the plan was made for.
    pub(super) async fn still(
        &self,
        action: &Action,
        id: &AccountId,
        email: &Email,
    ) -> Result<LiveAccount, Box<Outcome>> {
        let account = self.work.reader.account(id).await;
        let account = account.map_err(|error| Box::new(Outcome::failed(action, &error)))?;
        if account.email == *email && account.id == *id {
            return Ok(account);
        }
        let why = format!("the account's email is now {}", account.email);
        Err(Box::new(Outcome::new(action, Ending::Stale(why))))
    }

    pub(super) async fn record(&self, change: Change) -> Result<(), state::Error> {
        self.work.journal.record(change).await
    }
}

impl ChainState {
    /// The account that an action is about; without one, what becomes of the action.
    fn resolve(&self, action: &Action, target: &AccountTarget) -> Result<AccountId, Box<Outcome>> {
        match (target, &self.created) {
            (AccountTarget::Live(id), _) | (AccountTarget::Created, Some(id)) => Ok(id.clone()),
            (AccountTarget::Created, None) if self.was_there => {
                let why = "the account was there before it was created; plan again".to_owned();
                Err(Box::new(Outcome::new(action, Ending::Stale(why))))
            }
            (AccountTarget::Created, None) => Err(Box::new(Outcome::skipped(action))),
        }
    }
}

/// Why a user is no longer who was to be removed.
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

impl Outcome {
    /// What a change was answered with.
    pub(super) fn of<T>(action: &Action, answer: Result<Answered<T>, Error>) -> Self {
        match answer {
            Ok(answer) => Self::done(action, answer.request_id),
            Err(error) => Self::failed(action, &error),
        }
    }
}
