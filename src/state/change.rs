//! What can happen to a state file, one step at a time. Pure: a value in, a value out.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use crate::model::{AccountId, Create, Email, Remainder, State, UserId, Watch};

/// Something that has happened, or is about to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These creates are going to be sent. What is known of one already stays.
    Intend(Vec<Email>),
    /// This create is sent as soon as it is recorded. Refused when it may have been sent before.
    Sending(Email),
    /// Telnyx has answered the create with this account.
    Acknowledged(Email, AccountId),
    /// A look-up by email has found this account: the create is taken to be done.
    Adopt(Email, AccountId),
    /// It is certain that nothing was created: Telnyx refused cleanly, or nothing has left. An account that
    /// was acknowledged stays.
    Failed(Email),
    /// A person says that nothing was created: the create is intended again. Only one of unknown outcome changes.
    Retry(Email),
    /// Nothing is remembered of this account any more: no limit, no id, no create.
    Forget(Email),
    /// Telnyx has answered a PATCH of the account's limit of channels with this.
    Limit(AccountId, u64),
    /// Nobody knows what became of a PATCH of the account's limit, so its limit is not known any more.
    LimitUnknown(AccountId),
    /// These limits are known to be live, and no others; with what the pool has beside them, if that is known.
    Limits(BTreeMap<AccountId, u64>, Option<Remainder>),
    /// What the pool has beside the recorded limits was taken.
    Remainder(Remainder),
    /// A complete inventory was read. Never from an incomplete one: what it lacks is taken to be gone.
    Seen {
        /// Every account that it shows, the cancelled ones left out.
        accounts: BTreeMap<AccountId, Email>,
        /// The emails of the accounts in the manifest.
        wanted: BTreeSet<Email>,
    },
    /// A complete list of users was read.
    SeenUsers {
        /// Every user that it shows.
        users: BTreeMap<UserId, Email>,
        /// The emails of the users in the manifest.
        wanted: BTreeSet<Email>,
    },
    /// Telnyx has acknowledged the removal of this user.
    Removed(UserId),
    /// A saved plan was applied to its end. Those that have expired are forgotten.
    Used {
        /// Its seal.
        seal: String,
        /// When it expires anyway, in seconds since 1970 (UTC).
        until: u64,
    },
    /// Whoever watches the organization remembers this, and nothing of before.
    Watched(Box<Watch>),
}

/// So many used plans are remembered at most: those that expire last.
const USED: usize = 256;

/// Changes a state file, or leaves it alone when the change is refused. `now`: seconds since 1970 (UTC).
///
/// # Errors
///
/// [`Error::SentBefore`] for a [`Change::Sending`] of what may have been sent before.
pub fn apply(state: &mut State, change: Change, now: u64) -> Result<(), Error> {
    match change {
        Change::Intend(emails) => {
            for email in emails {
                state.creates.entry(email).or_insert(Create::Intended);
            }
        }
        Change::Sending(email) => return sending(state, email, now),
        Change::Acknowledged(email, id) | Change::Adopt(email, id) => {
            state.sent_at.remove(&email);
            state.emails.insert(id.clone(), email.clone());
            state.creates.insert(email, Create::Acknowledged(id));
        }
        Change::Failed(email) => match state.creates.get(&email) {
            Some(Create::Intended | Create::Sending) => drop_create(state, &email),
            Some(Create::Acknowledged(_)) | None => {}
        },
        Change::Retry(email) => {
            if state.creates.get(&email) == Some(&Create::Sending) {
                state.sent_at.remove(&email);
                state.creates.insert(email, Create::Intended);
            }
        }
        Change::Forget(email) => forget(state, &email),
        Change::Limit(id, limit) => {
            state.limits.insert(id, limit);
        }
        Change::LimitUnknown(id) => {
            state.limits.remove(&id);
        }
        Change::Limits(limits, remainder) => {
            state.limits = limits;
            state.remainder = remainder;
        }
        Change::Remainder(remainder) => state.remainder = Some(remainder),
        Change::Seen { accounts, wanted } => seen(state, &accounts, &wanted),
        Change::SeenUsers { users, wanted } => {
            state.removed.retain(|id| users.contains_key(id));
            keep_known(&mut state.users, &users, &wanted, |_| false);
        }
        Change::Removed(id) => {
            state.removed.insert(id);
        }
        Change::Used { seal, until } => used(state, seal, until, now),
        Change::Watched(watch) => state.watch = *watch,
    }
    Ok(())
}

/// The one step after which a request may leave. It is taken once.
fn sending(state: &mut State, email: Email, now: u64) -> Result<(), Error> {
    match state.creates.get(&email) {
        None | Some(Create::Intended) => {
            state.sent_at.insert(email.clone(), now);
            state.creates.insert(email, Create::Sending);
            Ok(())
        }
        Some(Create::Sending) => Err(Error::sent_before(&email, None)),
        Some(Create::Acknowledged(id)) => Err(Error::sent_before(&email, Some(id))),
    }
}

fn drop_create(state: &mut State, email: &Email) {
    state.creates.remove(email);
    state.sent_at.remove(email);
}

fn forget(state: &mut State, email: &Email) {
    let mut ids: BTreeSet<AccountId> = state
        .emails
        .iter()
        .filter(|(_, known)| *known == email)
        .map(|(id, _)| id.clone())
        .collect();
    if let Some(Create::Acknowledged(id)) = state.creates.get(email) {
        ids.insert(id.clone());
    }
    drop_create(state, email);
    state.limits.retain(|id, _| !ids.contains(id));
    state.emails.retain(|id, _| !ids.contains(id));
}

/// What has expired is refused in any case, so only the others must be known.
fn used(state: &mut State, seal: String, until: u64, now: u64) {
    state.used.retain(|_, until| *until > now);
    state.used.insert(seal, until);
    while state.used.len() > USED {
        let first = state.used.iter().min_by_key(|(_, until)| **until);
        let Some(first) = first.map(|(seal, _)| seal.clone()) else { return };
        state.used.remove(&first);
    }
}

/// What a complete inventory tells: which creates have arrived, who has which email, who is gone.
fn seen(state: &mut State, accounts: &BTreeMap<AccountId, Email>, wanted: &BTreeSet<Email>) {
    let shown: BTreeSet<&Email> = accounts.values().collect();
    state.creates.retain(|email, create| match create {
        Create::Intended | Create::Sending => !shown.contains(email),
        Create::Acknowledged(id) => !accounts.contains_key(id),
    });
    let State { limits, creates, emails, sent_at, .. } = state;
    sent_at.retain(|email, _| creates.contains_key(email));
    // Lists lag behind: what was acknowledged and is not shown yet is not gone.
    let arriving: BTreeSet<AccountId> = creates
        .values()
        .filter_map(|create| match create {
            Create::Acknowledged(id) => Some(id.clone()),
            Create::Intended | Create::Sending => None,
        })
        .collect();
    limits.retain(|id, _| accounts.contains_key(id) || arriving.contains(id));
    keep_known(emails, accounts, wanted, |id| arriving.contains(id));
}

/// Brings recorded emails up to date with those that a complete list shows.
///
/// A record whose email the manifest wants and nothing shows any more is kept, whether its id is shown under
/// another email or not at all: only this record tells that the entry had an account or user.
fn keep_known<I: Ord + Clone>(
    known: &mut BTreeMap<I, Email>,
    live: &BTreeMap<I, Email>,
    wanted: &BTreeSet<Email>,
    stays: impl Fn(&I) -> bool,
) {
    let shown: BTreeSet<&Email> = live.values().collect();
    let missed = |email: &Email| wanted.contains(email) && !shown.contains(email);
    known.retain(|id, email| live.contains_key(id) || stays(id) || missed(email));
    for (id, email) in live {
        if wanted.contains(email) || !known.get(id).is_some_and(missed) {
            known.insert(id.clone(), email.clone());
        }
    }
}

#[cfg(test)]
mod tests;
