//! Which live account an entry of the manifest means. An `id` comes before an email.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountId, Desired, Email, Live, LiveAccount, WantedAccount};

/// What an entry of the manifest means on the live side.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meant<'a> {
    /// This account.
    Account(&'a LiveAccount),
    /// None that is there.
    Missing,
    /// An account has the email of the entry, and another `id` or another entry that it belongs to.
    Taken(&'a LiveAccount),
    /// One of so many with the same email: nobody can say which.
    Ambiguous(usize),
}

/// Every entry with what it means, and the accounts that no entry means.
pub(super) struct Pairing<'a> {
    /// In the order of emails.
    pub entries: Vec<(&'a WantedAccount, Meant<'a>)>,
    /// In the order of the read.
    pub unlisted: Vec<&'a LiveAccount>,
}

impl<'a> Pairing<'a> {
    pub(super) fn new(desired: &'a Desired, live: &'a Live) -> Self {
        let mut by_email: BTreeMap<&Email, Vec<&LiveAccount>> = BTreeMap::new();
        for account in &live.accounts {
            by_email.entry(&account.email).or_default().push(account);
        }
        let by_id: BTreeMap<&AccountId, &LiveAccount> =
            live.accounts.iter().map(|account| (&account.id, account)).collect();
        let entries = desired.accounts.values();
        let ids = entries.clone().filter_map(|want| want.id.as_ref());
        let mut listed: BTreeSet<&AccountId> = ids.filter(|id| by_id.contains_key(id)).collect();
        let by_its_id = listed.clone();
        let entries: Vec<_> = entries
            .map(|want| {
                if let Some(account) = want.id.as_ref().and_then(|id| by_id.get(id)) {
                    return (want, Meant::Account(account));
                }
                let same_email = by_email.get(&want.email).map_or(&[][..], Vec::as_slice);
                // Who has the email of an entry is listed, whether or not it is the one that is meant.
                listed.extend(same_email.iter().map(|account| &account.id));
                (want, by_the_email(want, same_email, &by_its_id))
            })
            .collect();
        let unlisted =
            live.accounts.iter().filter(|account| !listed.contains(&account.id)).collect();
        Self { entries, unlisted }
    }
}

fn by_the_email<'a>(
    want: &WantedAccount,
    same_email: &[&'a LiveAccount],
    by_its_id: &BTreeSet<&AccountId>,
) -> Meant<'a> {
    let free = |account: &&&LiveAccount| !by_its_id.contains(&account.id);
    let free: Vec<&LiveAccount> = same_email.iter().filter(free).copied().collect();
    // The order of the read must not show in a plan.
    let first = |accounts: &[&'a LiveAccount]| accounts.iter().copied().min_by_key(|one| &one.id);
    match (free[..].split_first(), first(same_email)) {
        (None, None) => Meant::Missing,
        (None, Some(taken)) => Meant::Taken(taken),
        (Some((taken, _)), _) if want.id.is_some() => Meant::Taken(first(&free).unwrap_or(taken)),
        (Some((account, [])), _) => Meant::Account(account),
        (Some(_), _) => Meant::Ambiguous(free.len()),
    }
}
