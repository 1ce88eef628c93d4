//! Creating an account: never two for one entry, whatever becomes of the request and its answer.
//!
//! Look up by email; record that it is sent; send it once; record what came of it. When the answer is
//! lost, look up again until the grace period ends. What is still not known then stays recorded as
//! sent, and is not sent again before a person has settled it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::outcome::{ActionError, Ending, Outcome};
use super::perform::{ChainState, Performer};
use crate::model::{AccountId, Email, LiveAccount};
use crate::plan::{Action, PlannedAccount};
use crate::state::Change;
use crate::telnyx::{self, Answered, Created, Credentials, Error, Kind};

/// The first wait before an account is looked for again; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// The reads of the credentials that a create did not return.
const CREDENTIAL_READS: u32 = 4;

/// Who has an email.
enum EmailHolder {
    Nobody,
    Account(Box<LiveAccount>),
    Cancelled,
    Several(usize),
    /// The list contradicts itself, so it may lack somebody. Why.
    Unsure(String),
}

impl Performer<'_> {
    pub(super) async fn create(
        &self,
        action: &Action,
        new: &PlannedAccount,
        chained: &mut ChainState,
    ) -> Outcome {
        match self.holder(&new.email).await {
            Ok(EmailHolder::Nobody) => {}
            Ok(EmailHolder::Account(account)) => {
                return self.was_quicker(action, new, &account, chained).await;
            }
            Ok(other) => return Outcome::new(action, Ending::Failed(other.objection())),
            Err(error) => return Outcome::failed(action, &error),
        }
        // From here on the request may have left, whatever happens to this process.
        if let Err(error) = self.record(Change::Sending(new.email.clone())).await {
            return Outcome::new(action, Ending::Failed(ActionError::not_sent(&error)));
        }
        match self.writer.create_account(&self.request(new)).await {
            Ok(answer) => self.created(action, new, answer, chained).await,
            Err(error) if error.may_have_happened() => {
                self.look_for(action, new, &error, chained).await
            }
            Err(error) => {
                let outcome = Outcome::failed(action, &error);
                match self.record(Change::Failed(new.email.clone())).await {
                    Ok(()) => outcome,
                    Err(unwritten) => {
                        let fault =
                            ActionError::still_sending(&ActionError::from(&error), &unwritten);
                        outcome.ended(Ending::Unknown(fault))
                    }
                }
            }
        }
    }

    fn request(&self, new: &PlannedAccount) -> telnyx::NewAccount {
        let PlannedAccount { name, email, custom_pricing, rollup_billing, password_from: _ } = new;
        telnyx::NewAccount {
            name: name.clone(),
            email: email.as_str().to_owned(),
            password: self.work.passwords.get(email).cloned(),
            custom_pricing: *custom_pricing,
            rollup_billing: *rollup_billing,
        }
    }

    /// Somebody has created it since the plan was made. It is theirs: what this plan would do to an
    /// account of its own is not done to it.
    async fn was_quicker(
        &self,
        action: &Action,
        new: &PlannedAccount,
        account: &LiveAccount,
        chained: &mut ChainState,
    ) -> Outcome {
        chained.was_there = true;
        let outcome = Outcome::new(action, Ending::Satisfied).with_account(&account.id);
        match self.record(Change::Adopt(new.email.clone(), account.id.clone())).await {
            Ok(()) => outcome,
            Err(error) => outcome.ended(Ending::Failed(ActionError::unrecorded(&error))),
        }
    }

    async fn created(
        &self,
        action: &Action,
        new: &PlannedAccount,
        answer: Answered<Created>,
        chained: &mut ChainState,
    ) -> Outcome {
        let Answered { value: Created { account, credentials }, request_id } = answer;
        let outcome = Outcome::done(action, request_id).with_account(&account.id);
        if account.email != new.email {
            // Nothing more is done to an account that is not the one we asked for.
            let fault =
                ActionError::said(format!("Telnyx answered with the account of {}", account.email));
            return outcome.ended(Ending::Unknown(fault));
        }
        let known = Change::Acknowledged(new.email.clone(), account.id.clone());
        // Nobody waits for it: until it is written the create is recorded as sent, and the next is not.
        if let Err(error) = self.work.journal.note(known) {
            return outcome.ended(Ending::Unknown(ActionError::unrecorded(&error)));
        }
        chained.created = Some(account.id.clone());
        self.keep_credentials(outcome, new, &account.id, credentials).await
    }

    /// Hands over the credentials of a created account. Missing ones are read again a few times.
    async fn keep_credentials(
        &self,
        outcome: Outcome,
        new: &PlannedAccount,
        id: &AccountId,
        mut credentials: Credentials,
    ) -> Outcome {
        let Some(keep) = self.work.on_created else { return outcome.without_secrets(id) };
        for attempt in 0..CREDENTIAL_READS {
            if credentials.missing().is_empty() || *self.stop.borrow() {
                break;
            }
            sleep(FIRST_WAIT * attempt).await;
            if let Ok(read) = self.work.reader.credentials(id).await {
                credentials = credentials.or(read);
            }
        }
        let missing = credentials.missing();
        match keep(&new.email, id, &credentials) {
            Err(error) => outcome.ended(Ending::Failed(ActionError::secrets_lost(id, &error))),
            Ok(()) if missing.is_empty() => outcome,
            Ok(()) => outcome.ended(Ending::Failed(ActionError::secrets_missing(id, &missing))),
        }
    }

    /// The answer was lost: the account is looked for until the grace period ends.
    async fn look_for(
        &self,
        action: &Action,
        new: &PlannedAccount,
        lost: &Error,
        chained: &mut ChainState,
    ) -> Outcome {
        let end = Instant::now() + self.work.create_grace;
        let mut wait = FIRST_WAIT;
        loop {
            // A failed look-up is no answer; lists may lag behind, so nobody's is none either.
            if let Ok(EmailHolder::Account(account)) = self.holder(&new.email).await {
                return self.found(action, new, &account.id, chained).await;
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
        if self.work.journal.remembers() {
            ActionError::unresolved(lost)
        } else {
            ActionError::forgotten(lost)
        }
    }

    /// The account is there, and nobody had this email just before: it is ours.
    async fn found(
        &self,
        action: &Action,
        new: &PlannedAccount,
        id: &AccountId,
        chained: &mut ChainState,
    ) -> Outcome {
        let outcome = Outcome::done(action, None).with_account(id);
        if let Err(error) = self.record(Change::Adopt(new.email.clone(), id.clone())).await {
            return outcome.ended(Ending::Unknown(ActionError::unrecorded(&error)));
        }
        chained.created = Some(id.clone());
        self.keep_credentials(outcome, new, id, Credentials::default()).await
    }

    /// Who has an email, cancelled accounts too.
    async fn holder(&self, email: &Email) -> Result<EmailHolder, Error> {
        let all = self.work.reader.with_email(email, true).await?;
        if let Some(gap) = all.gap {
            return Ok(EmailHolder::Unsure(gap));
        }
        let several = all.items.len();
        let Some(account) = all.items.into_iter().next() else { return Ok(EmailHolder::Nobody) };
        if several > 1 {
            return Ok(EmailHolder::Several(several));
        }
        // No account says that it is cancelled: those are only in the longer list.
        let active = self.work.reader.with_email(email, false).await?;
        let is_active = active.items.iter().any(|other| other.id == account.id);
        Ok(match active.gap {
            Some(gap) => EmailHolder::Unsure(gap),
            None if is_active => EmailHolder::Account(Box::new(account)),
            None => EmailHolder::Cancelled,
        })
    }
}

impl EmailHolder {
    /// Why nothing is created.
    fn objection(self) -> ActionError {
        ActionError::said(match self {
            Self::Cancelled => "a cancelled account has this email; nothing was sent".to_owned(),
            Self::Several(count) => format!("{count} accounts have this email; nothing was sent"),
            Self::Unsure(gap) => {
                format!("nobody can say whether the email is taken, so nothing was sent: {gap}")
            }
            Self::Nobody | Self::Account(_) => "nothing was sent".to_owned(),
        })
    }
}

/// Whether a request was held back because everything was told to stop.
pub(super) fn was_stopped(error: &Error) -> bool {
    error.kind == Kind::Stopped && !error.may_have_happened()
}
