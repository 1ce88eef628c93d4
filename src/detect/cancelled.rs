//! The cancelled accounts, when an entry of the manifest is missing: what looks missing may be cancelled.

use std::collections::BTreeSet;

use super::status::{ids, unless_rejected};
use crate::model::{AccountId, Desired, Email, LiveAccount};
use crate::telnyx::{AccountSelection, Error, Listing, Reader};

/// The cancelled accounts, if an entry of the manifest is missing in `all`. When `all` has a gap
/// nobody can say who is missing, and nobody is created; so they are not read either.
pub(super) async fn read(
    reader: &Reader,
    desired: &Desired,
    all: &Listing<LiveAccount>,
) -> Result<Listing<LiveAccount>, Error> {
    if all.gap.is_some() || !lacks(&all.items, desired) {
        return Ok(Listing { items: Vec::new(), gap: None });
    }
    // With both it is short. Without the filter it is long, but says the same.
    let listing = match unless_rejected(reader.accounts(AccountSelection::Cancelled).await)? {
        Some(listing) => listing,
        None => reader.accounts(AccountSelection::WithCancelled).await?,
    };
    Ok(only(listing, &all.items))
}

/// Whether an entry of the manifest is not among these: by its id if it has one, else by its email.
fn lacks(accounts: &[LiveAccount], desired: &Desired) -> bool {
    let ids = ids(accounts);
    let emails: BTreeSet<&Email> = accounts.iter().map(|account| &account.email).collect();
    desired.accounts.values().any(|want| match &want.id {
        Some(id) => !ids.contains(id),
        None => !emails.contains(&want.email),
    })
}

/// Those of the list who are not in the list of all. A server that ignores the filter gives that
/// list and the cancelled; one that does not gives nobody of it. Anything between means that
/// somebody came or went between the two, and what is missing may not be. Whoever is created between
/// the two at a server that ignores the filter is taken for cancelled until the next read; nothing is done
/// to the cancelled, so that costs a finding.
fn only(listing: Listing<LiveAccount>, all: &[LiveAccount]) -> Listing<LiveAccount> {
    let all: BTreeSet<&AccountId> = ids(all);
    let Listing { items, gap } = listing;
    let (known, items): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|account| all.contains(&account.id));
    let apart = known.is_empty() || known.len() == all.len();
    let gap = gap.or_else(|| {
        (!apart).then(|| {
            format!(
                "their list has {} of the {} accounts that are not cancelled",
                known.len(),
                all.len()
            )
        })
    });
    Listing { items, gap }
}
