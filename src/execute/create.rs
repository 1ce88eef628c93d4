//! Creating an account: never two accounts for one entry, whatever happens to the request and its answer.
//!
//! The steps: look up the email, record the create as sent, send it once, record the result. If the answer is
//! lost, the email is looked up until the grace period ends. A create whose result is still unknown stays
//! recorded as sent, and is not sent again until a person settles it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::action_error::ActionError;
use super::outcome::{Ending, Outcome};
use super::perform::{ChainState, Performer};
use crate::model::{AccountId, Email, LiveAccount};
use crate::plan::{Action, PlannedAccount};
use crate::state::StateChange;
use crate::telnyx::{self, Answered, Created, Credentials, Error};

/// The first wait between two look-ups of a create; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between two look-ups.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// The maximum number of reads for credentials that a create did not return.
const CREDENTIAL_READS: u32 = 4;

/// The result of looking up an email.
enum EmailHolder {
    /// No account has the email.
    None,
    Account(Box<LiveAccount>),
    Cancelled,
    Several(usize),
    /// The list may be incomplete. The reason.
    Unknown(String),
}

impl Performer<'_> {
    pub(super) async fn create(
        &self,
        action: &Action,
        new: &PlannedAccount,
        state: &mut ChainState,
    ) -> Outcome {
        match self.holder(&new.email).await {
            Ok(EmailHolder::None) => {}
            Ok(EmailHolder::Account(account)) => {
                return self.adopt_existing(action, new, &account, state).await;
            }
            Ok(other) => return Outcome::new(action, Ending::Failed(other.refusal())),
            Err(error) => return self.failed(action, &error),
        }
        // From here on the request may have been sent, even if this process is killed.
        if let Err(error) = self.record(StateChange::Sending(new.email.clone())).await {
            return Outcome::new(action, Ending::Failed(ActionError::not_sent(&error)));
        }
        match self.writer.create_account(&self.request(new)).await {
            Ok(answer) => self.created(action, new, answer, state).await,
            Err(error) if error.may_have_happened() => {
                self.look_up(action, new, &error, state).await
            }
            Err(error) => {
                let outcome = self.failed(action, &error);
                match self.record(StateChange::Failed(new.email.clone())).await {
                    Ok(()) => outcome,
                    Err(unwritten) => {
                        let error =
                            ActionError::still_sending(&ActionError::from(&error), &unwritten);
                        outcome.ended(Ending::Unknown(error))
                    }
                }
            }
        }
    }

    fn request(&self, new: &PlannedAccount) -> telnyx::AccountRequest {
        let PlannedAccount { name, email, custom_pricing, rollup_billing, password_from: _ } = new;
        telnyx::AccountRequest {
            name: name.clone(),
            email: email.as_str().to_owned(),
            password: self.execution.passwords.get(email).cloned(),
            custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
        }
    }

    /// Records an account that another client created after the plan was made. The settings that would follow
    /// our own create are not sent.
    async fn adopt_existing(
        &self,
        action: &Action,
        new: &PlannedAccount,
        account: &LiveAccount,
        state: &mut ChainState,
    ) -> Outcome {
        state.existed = true;
        let outcome = Outcome::new(action, Ending::Satisfied).with_account(&account.id);
        match self.record(StateChange::Adopt(new.email.clone(), account.id.clone())).await {
            Ok(()) => outcome,
            Err(error) => outcome.ended(Ending::Failed(ActionError::unrecorded(&error))),
        }
    }

    async fn created(
        &self,
        action: &Action,
        new: &PlannedAccount,
        answer: Answered<Created>,
        state: &mut ChainState,
    ) -> Outcome {
        let Answered { value: Created { account, credentials }, request_id } = answer;
        self.refusals.reset();
        let outcome = Outcome::done(action, request_id).with_account(&account.id);
        if account.email != new.email {
            // The settings of this create must not change another account.
            let error =
                ActionError::new(format!("Telnyx answered with the account of {}", account.email));
            return outcome.ended(Ending::Unknown(error));
        }
        let known = StateChange::Acknowledged(new.email.clone(), account.id.clone());
        // Not awaited: until it is written the create stays recorded as sent, which is safe.
        if let Err(error) = self.execution.journal.note(known) {
            return outcome.ended(Ending::Unknown(ActionError::unrecorded(&error)));
        }
        state.created = Some(account.id.clone());
        self.save_credentials(outcome, new, &account.id, credentials).await
    }

    /// Saves the credentials of a created account. Missing ones are read again a few times.
    async fn save_credentials(
        &self,
        outcome: Outcome,
        new: &PlannedAccount,
        id: &AccountId,
        mut credentials: Credentials,
    ) -> Outcome {
        let Some(save) = self.execution.on_created else { return outcome.without_credentials() };
        for attempt in 0..CREDENTIAL_READS {
            if credentials.missing().is_empty() || *self.stop.borrow() {
                break;
            }
            sleep(FIRST_WAIT * attempt).await;
            if let Ok(read) = self.execution.reader.credentials(id).await {
                credentials = credentials.or(read);
            }
        }
        let missing = credentials.missing();
        match save(&new.email, id, &credentials) {
            Err(error) => outcome.ended(Ending::Failed(ActionError::credentials_lost(id, &error))),
            Ok(()) if missing.is_empty() => outcome,
            Ok(()) => outcome.ended(Ending::Failed(ActionError::credentials_missing(id, &missing))),
        }
    }

    /// Looks up a create whose answer was lost, until the grace period ends.
    async fn look_up(
        &self,
        action: &Action,
        new: &PlannedAccount,
        lost: &Error,
        state: &mut ChainState,
    ) -> Outcome {
        let end = Instant::now() + self.execution.create_grace;
        let mut wait = FIRST_WAIT;
        loop {
            // A failed look-up proves nothing. Neither does an empty one, because lists lag behind.
            if let Ok(EmailHolder::Account(account)) = self.holder(&new.email).await {
                return self.found(action, new, &account.id, state).await;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || *self.stop.borrow() {
                return Outcome::new(action, Ending::Unknown(self.unresolved(lost)))
                    .with_request(lost.request_id.clone());
            }
            let mut stop = self.stop.clone();
            tokio::select! {
                () = sleep(wait.min(left)) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    fn unresolved(&self, lost: &Error) -> ActionError {
        if self.execution.journal.remembers() {
            ActionError::unresolved(lost)
        } else {
            ActionError::forgotten(lost)
        }
    }

    /// Adopts the account of a create whose answer was lost. No account had this email before the create.
    async fn found(
        &self,
        action: &Action,
        new: &PlannedAccount,
        id: &AccountId,
        state: &mut ChainState,
    ) -> Outcome {
        let outcome = Outcome::done(action, None).with_account(id);
        if let Err(error) = self.record(StateChange::Adopt(new.email.clone(), id.clone())).await {
            return outcome.ended(Ending::Unknown(ActionError::unrecorded(&error)));
        }
        state.created = Some(id.clone());
        self.save_credentials(outcome, new, id, Credentials::default()).await
    }

    /// Looks up an email, among cancelled accounts too.
    async fn holder(&self, email: &Email) -> Result<EmailHolder, Error> {
        let all = self.execution.reader.with_email(email, true).await?;
        if let Some(gap) = all.gap {
            return Ok(EmailHolder::Unknown(gap));
        }
        let several = all.items.len();
        let Some(account) = all.items.into_iter().next() else { return Ok(EmailHolder::None) };
        if several > 1 {
            return Ok(EmailHolder::Several(several));
        }
        // Accounts carry no status: a cancelled one is only in the longer list.
        let active = self.execution.reader.with_email(email, false).await?;
        let is_active = active.items.iter().any(|other| other.id == account.id);
        Ok(match active.gap {
            Some(gap) => EmailHolder::Unknown(gap),
            None if is_active => EmailHolder::Account(Box::new(account)),
            None => EmailHolder::Cancelled,
        })
    }
}

impl EmailHolder {
    /// The error of a create that is not sent.
    fn refusal(self) -> ActionError {
        ActionError::new(match self {
            Self::Cancelled => "a cancelled account has this email; nothing was sent".to_owned(),
            Self::Several(count) => format!("{count} accounts have this email; nothing was sent"),
            Self::Unknown(gap) => {
                format!("cannot check whether the email is taken, so nothing was sent: {gap}")
            }
            Self::None | Self::Account(_) => "nothing was sent".to_owned(),
        })
    }
}
