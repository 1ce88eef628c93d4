//! The changes of a state, as a pure function.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use crate::model::{AccountId, Create, DaemonMemory, Email, Remainder, State, UserId};

/// A change of a state: an event, or a step that is about to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// These creates are planned. Creates that are already known stay unchanged.
    Intend(Vec<Email>),
    /// This create is sent once the change is recorded. Rejected if it may have been sent before.
    Sending(Email),
    /// Telnyx answered the create with this account.
    Acknowledged(Email, AccountId),
    /// A lookup by email found this account, so the create counts as done.
    Adopt(Email, AccountId),
    /// Nothing was created: Telnyx rejected the create, or it was never sent. An acknowledged account stays.
    Failed(Email),
    /// An operator declares that nothing was created, so the create is planned again. Applies only to a create whose
    /// outcome is unknown.
    Retry(Email),
    /// Removes the limit, id and create of this account.
    Forget(Email),
    /// Telnyx acknowledged this channel limit.
    Limit(AccountId, u64),
    /// The outcome of setting the channel limit is unknown, and so is the limit.
    LimitUnknown(AccountId),
    /// Exactly these limits are known to be live. The remainder of the pool may be unknown.
    Limits(BTreeMap<AccountId, u64>, Option<Remainder>),
    /// The remainder of the pool was read.
    Remainder(Remainder),
    /// A complete inventory was read. Accounts that it lacks count as gone, so an incomplete one must not be recorded.
    Seen {
        /// The accounts in it, except cancelled ones.
        accounts: BTreeMap<AccountId, Email>,
        /// The emails of the accounts in the manifest.
        wanted: BTreeSet<Email>,
    },
    /// A complete list of users was read.
    SeenUsers {
        /// The users in it.
        users: BTreeMap<UserId, Email>,
        /// The emails of the users in the manifest.
        wanted: BTreeSet<Email>,
    },
    /// Telnyx acknowledged the removal of this user.
    Removed(UserId),
    /// A saved plan was applied completely. Expired plans are removed.
    Used {
        /// The seal of the plan.
        seal: String,
        /// The expiry of the plan, in seconds since 1970 (UTC).
        until: u64,
    },
    /// Replaces the memory of the daemon.
    Watched(Box<DaemonMemory>),
}

/// The largest number of used plans. Those that expire last are kept.
const USED: usize = 256;

/// Applies a change. A rejected change leaves the state unchanged. `now` is in seconds since 1970 (UTC).
///
/// # Errors
///
/// [`Error::SentBefore`] for a [`StateChange::Sending`] of a create that may have been sent before.
pub fn apply(state: &mut State, change: StateChange, now: u64) -> Result<(), Error> {
    match change {
        StateChange::Intend(emails) => {
            for email in emails {
                state.creates.entry(email).or_insert(Create::Intended);
            }
        }
        StateChange::Sending(email) => return sending(state, email, now),
        StateChange::Acknowledged(email, id) | StateChange::Adopt(email, id) => {
            state.sent_at.remove(&email);
            state.emails.insert(id.clone(), email.clone());
            state.creates.insert(email, Create::Acknowledged(id));
        }
        StateChange::Failed(email) => match state.creates.get(&email) {
            Some(Create::Intended | Create::Sending) => drop_create(state, &email),
            Some(Create::Acknowledged(_)) | None => {}
        },
        StateChange::Retry(email) => {
            if state.creates.get(&email) == Some(&Create::Sending) {
                state.sent_at.remove(&email);
                state.creates.insert(email, Create::Intended);
            }
        }
        StateChange::Forget(email) => forget(state, &email),
        StateChange::Limit(id, limit) => {
            state.limits.insert(id, limit);
        }
        StateChange::LimitUnknown(id) => {
            state.limits.remove(&id);
        }
        StateChange::Limits(limits, remainder) => {
            state.limits = limits;
            state.remainder = remainder;
        }
        StateChange::Remainder(remainder) => state.remainder = Some(remainder),
        StateChange::Seen { accounts, wanted } => seen(state, &accounts, &wanted),
        StateChange::SeenUsers { users, wanted } => {
            state.removed.retain(|id| users.contains_key(id));
            keep_known(&mut state.users, &users, &wanted, |_| false);
        }
        StateChange::Removed(id) => {
            state.removed.insert(id);
        }
        StateChange::Used { seal, until } => used(state, seal, until, now),
        StateChange::Watched(memory) => state.memory = *memory,
    }
    Ok(())
}

/// Permits the request of a create, once.
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

/// Remembers a used plan. An expired plan is refused in any case, so it is removed.
fn used(state: &mut State, seal: String, until: u64, now: u64) {
    state.used.retain(|_, until| *until > now);
    state.used.insert(seal, until);
    while state.used.len() > USED {
        let first = state.used.iter().min_by_key(|(_, until)| **until);
        let Some(first) = first.map(|(seal, _)| seal.clone()) else { return };
        state.used.remove(&first);
    }
}

/// Applies a complete inventory: settles creates that it shows, updates emails, and removes accounts that are gone.
fn seen(state: &mut State, accounts: &BTreeMap<AccountId, Email>, wanted: &BTreeSet<Email>) {
    let shown: BTreeSet<&Email> = accounts.values().collect();
    state.creates.retain(|email, create| match create {
        Create::Intended | Create::Sending => !shown.contains(email),
        Create::Acknowledged(id) => !accounts.contains_key(id),
    });
    let State { limits, creates, emails, sent_at, .. } = state;
    sent_at.retain(|email, _| creates.contains_key(email));
    // Lists lag behind: an acknowledged account that they do not show yet is not gone.
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

/// Updates recorded emails from a complete list.
///
/// Keeps an email that the manifest declares and the list lacks, whether the list has its id under another email or
/// not at all: only this record proves that the entry had an account or user.
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
