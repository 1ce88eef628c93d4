//! One action: look once more if it is a loss, send it, and say what became of it.

use super::outcome::{Ending, Fault, Outcome};
use crate::model::{AccountId, Email, LiveAccount, Role, UserId};
use crate::plan::{Action, NewAccount, Target};
use crate::telnyx::{self, Answered, Error, Kind, Reader, Writer};

/// What sends actions.
pub(super) struct Performer<'a> {
    pub reader: &'a Reader,
    pub writer: &'a Writer,
}

impl Performer<'_> {
    /// Performs an action. `created` is the account that this chain has created, once it has.
    pub(super) async fn perform(
        &self,
        action: &Action,
        created: &mut Option<AccountId>,
    ) -> Outcome {
        match action {
            Action::RemoveUser { id, email } => self.remove(action, id, email).await,
            Action::DisableAccount { target: Target::Live(id), email } => {
                self.disable(action, id, email).await
            }
            Action::DisableAccount { target: Target::Created, .. } => match created {
                Some(id) => {
                    let answer = self.writer.disable_account(id).await;
                    outcome(action, answer.map(|answer| done(&answer)))
                }
                None => Outcome::skipped(action),
            },
            Action::SetChannelLimit { target, email, before, after } => {
                let id = match target {
                    Target::Live(id) => Some(id.clone()),
                    Target::Created => created.clone(),
                };
                match id {
                    Some(id) => self.set_limit(action, &id, email, *before, *after).await,
                    None => Outcome::skipped(action),
                }
            }
            Action::UpdateAccount { id, email, before, after } => {
                let withdrawal = *before == Some(true) && !after;
                self.update(action, id, email, *after, withdrawal).await
            }
            Action::EnableAccount { id, email: _, connections } => {
                let answer = self.writer.enable_account(id, *connections).await;
                outcome(action, answer.map(|answer| done(&answer)))
            }
            Action::CreateAccount(new) => self.create(action, new, created).await,
        }
    }

    async fn remove(&self, action: &Action, id: &UserId, email: &Email) -> Outcome {
        let user = match self.reader.user(id).await {
            Ok(user) => user,
            Err(error) if error.kind == Kind::NotFound => {
                return Outcome::new(action, Ending::Satisfied);
            }
            Err(error) => return Outcome::new(action, Ending::Failed(Fault::from(&error))),
        };
        if user.email != *email {
            let why = format!("the user's email is now {}", user.email);
            return Outcome::new(action, Ending::Stale(why));
        }
        match user.role {
            Role::SubUser => {}
            Role::Owner => {
                let why = "the user is an owner now; owners are never removed".to_owned();
                return Outcome::new(action, Ending::Stale(why));
            }
            Role::Other(role) => {
                return Outcome::new(action, Ending::Stale(format!("the user is now a {role:?}")));
            }
        }
        let answer = self.writer.remove_user(id).await;
        outcome(action, answer.map(|answer| done(&answer)))
    }

    async fn disable(&self, action: &Action, id: &AccountId, email: &Email) -> Outcome {
        if let Err(ended) = self.still(action, id, email).await {
            return *ended;
        }
        let answer = self.writer.disable_account(id).await;
        outcome(action, answer.map(|answer| done(&answer)))
    }

    async fn set_limit(
        &self,
        action: &Action,
        id: &AccountId,
        email: &Email,
        before: Option<u64>,
        after: u64,
    ) -> Outcome {
        if before.is_some_and(|before| before > after)
            && let Err(ended) = self.still(action, id, email).await
        {
            return *ended;
        }
        match self.writer.set_channel_limit(id, after).await {
            // An answer that says otherwise is no success, whatever its status.
            Ok(answer) if answer.value != after => {
                let fault = Fault::said(format!("Telnyx answered channel_limit: {}", answer.value));
                Outcome::new(action, Ending::Failed(fault))
            }
            answer => outcome(action, answer.map(|answer| done(&answer))),
        }
    }

    async fn update(
        &self,
        action: &Action,
        id: &AccountId,
        email: &Email,
        after: bool,
        withdrawal: bool,
    ) -> Outcome {
        if withdrawal {
            match self.still(action, id, email).await {
                Ok(account) if account.custom_pricing == Some(after) => {
                    return Outcome::new(action, Ending::Satisfied);
                }
                Ok(_) => {}
                Err(ended) => return *ended,
            }
        }
        match self.writer.set_custom_pricing(id, after).await {
            // An answer that says otherwise is no success, whatever its status.
            Ok(answer) if answer.value.custom_pricing.is_some_and(|now| now != after) => {
                let fault = Fault::said(format!("Telnyx answered custom_pricing: {}", !after));
                Outcome::new(action, Ending::Failed(fault))
            }
            answer => outcome(action, answer.map(|answer| done(&answer))),
        }
    }

    /// The account, if it is still the one that the plan was made for.
    async fn still(
        &self,
        action: &Action,
        id: &AccountId,
        email: &Email,
    ) -> Result<LiveAccount, Box<Outcome>> {
        let account = self.reader.account(id).await;
        let account = account
            .map_err(|error| Box::new(Outcome::new(action, Ending::Failed(Fault::from(&error)))))?;
        if account.email == *email && account.id == *id {
            return Ok(account);
        }
        let why = format!("the account's email is now {}", account.email);
        Err(Box::new(Outcome::new(action, Ending::Stale(why))))
    }

    async fn create(
        &self,
        action: &Action,
        new: &NewAccount,
        created: &mut Option<AccountId>,
    ) -> Outcome {
        let NewAccount { name, email, custom_pricing, rollup_billing, password_from } = new;
        if password_from.is_some() {
            let fault = Fault::said("its password_from cannot be read");
            return Outcome::new(action, Ending::Failed(fault));
        }
        let request = telnyx::NewAccount {
            name: name.clone(),
            email: email.as_str().to_owned(),
            password: None,
            custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
        };
        let answer = match self.writer.create_account(&request).await {
            Ok(answer) => answer,
            Err(error) if error.may_have_happened() => {
                let mut outcome = Outcome::new(action, Ending::Unknown(Fault::from(&error)));
                outcome.request_id = error.request_id;
                return outcome;
            }
            Err(error) => return outcome(action, Err(error)),
        };
        let id = answer.value.account.id.clone();
        let ending = if answer.value.account.email == *email {
            *created = Some(id.clone());
            Ending::Done
        } else {
            // Nothing more is done to an account that is not the one we asked for.
            let message =
                format!("Telnyx answered with the account of {}", answer.value.account.email);
            Ending::Unknown(Fault::said(message))
        };
        Outcome {
            action: action.clone(),
            ending,
            created: Some(id.as_str().to_owned()),
            request_id: answer.request_id,
        }
    }
}

/// What a change was answered with, as far as the outcome cares.
fn done<T>(answer: &Answered<T>) -> Option<Box<str>> {
    answer.request_id.clone()
}

fn outcome(action: &Action, answer: Result<Option<Box<str>>, Error>) -> Outcome {
    let (ending, request_id) = match answer {
        Ok(request_id) => (Ending::Done, request_id),
        Err(error) => (Ending::Failed(Fault::from(&error)), error.request_id),
    };
    Outcome { request_id, ..Outcome::new(action, ending) }
}
