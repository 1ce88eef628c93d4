//! The live account of each entry. An `id` takes precedence over an email. If they contradict each other,
//! every account and entry involved is left alone.

use std::collections::{HashMap, HashSet};

use crate::model::{AccountId, Desired, Email, Live, LiveAccount, WantedAccount};

/// The live side of an entry of the manifest.
#[derive(Clone, Debug)]
pub(super) enum Match<'a> {
    /// This account.
    Account(&'a LiveAccount),
    /// No live account.
    Missing,
    /// The accounts that the entry and another id, email or entry claim, in the order of ids.
    Conflict(Vec<&'a LiveAccount>),
    /// One of this many accounts with the same email.
    Ambiguous(usize),
}

/// Every entry with its live side, and the accounts that belong to no entry.
pub(super) struct Pairing<'a> {
    /// In the order of emails.
    pub entries: Vec<(&'a WantedAccount, Match<'a>)>,
    /// In the order of the read.
    pub unlisted: Vec<&'a LiveAccount>,
}

impl<'a> Pairing<'a> {
    pub(super) fn new(desired: &'a Desired, live: &'a Live) -> Self {
        let mut by_email: HashMap<&Email, Vec<&LiveAccount>> = HashMap::new();
        for account in &live.accounts {
            by_email.entry(&account.email).or_default().push(account);
        }
        let by_id: HashMap<&AccountId, &LiveAccount> =
            live.accounts.iter().map(|account| (&account.id, account)).collect();
        let claims: Vec<(&WantedAccount, Claim<'_>)> = desired
            .accounts
            .values()
            .map(|want| {
                let by_id = want.id.as_ref().and_then(|id| by_id.get(id).copied());
                let by_email = by_email.get(&want.email).map_or(&[][..], Vec::as_slice);
                (want, Claim::new(want, by_id, by_email))
            })
            .collect();
        // Accounts that a contradicting entry claims, or several entries.
        let mut claimed = HashSet::new();
        let mut contested: HashSet<&AccountId> = HashSet::new();
        for (_, claim) in &claims {
            for account in &claim.accounts {
                if !claimed.insert(&account.id) || claim.contradicts {
                    contested.insert(&account.id);
                }
            }
        }
        let entries = claims.into_iter().map(|(want, claim)| (want, claim.settle(&contested)));
        let entries = entries.collect();
        let unlisted =
            live.accounts.iter().filter(|account| !claimed.contains(&account.id)).collect();
        Self { entries, unlisted }
    }
}

/// The accounts that an entry names by its id and its email.
struct Claim<'a> {
    /// Each once, in the order of ids: a plan must not depend on the order of the read.
    accounts: Vec<&'a LiveAccount>,
    /// True if the id and the email name different accounts.
    contradicts: bool,
}

impl<'a> Claim<'a> {
    fn new(
        want: &WantedAccount,
        by_id: Option<&'a LiveAccount>,
        by_email: &[&'a LiveAccount],
    ) -> Self {
        let (mut accounts, contradicts) = match by_id {
            None if want.id.is_none() => (by_email.to_vec(), false),
            // The id and the email agree. Another account with the same email is unlisted.
            Some(account) if account.email == want.email => (vec![account], false),
            by_id => {
                let accounts: Vec<_> = by_id.into_iter().chain(by_email.iter().copied()).collect();
                (accounts, !by_email.is_empty())
            }
        };
        accounts.sort_by_key(|account| &account.id);
        Self { accounts, contradicts }
    }

    fn settle(self, contested: &HashSet<&AccountId>) -> Match<'a> {
        let Self { accounts, contradicts } = self;
        if contradicts || accounts.iter().any(|account| contested.contains(&account.id)) {
            return Match::Conflict(accounts);
        }
        match accounts[..] {
            [] => Match::Missing,
            [account] => Match::Account(account),
            [..] => Match::Ambiguous(accounts.len()),
        }
    }
}
