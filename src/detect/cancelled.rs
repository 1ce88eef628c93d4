//! The cancelled accounts. They are read when an entry of the manifest is missing, because it may be cancelled.

use std::collections::HashSet;

use super::status::{ids, unless_rejected};
use crate::model::{Desired, Email, LiveAccount};
use crate::telnyx::{AccountSelection, Error, Listing, Reader};

/// Reads the cancelled accounts if an entry of the manifest is missing in `all`. If `all` has a gap, missing
/// entries cannot be known and nothing is created, so the cancelled accounts are not read either.
pub(super) async fn read(
    reader: &Reader,
    desired: &Desired,
    all: &Listing<LiveAccount>,
) -> Result<Listing<LiveAccount>, Error> {
    if all.gap.is_some() || !lacks(&all.items, desired) {
        return Ok(Listing { items: Vec::new(), gap: None });
    }
    // With both parameters the list is short. Without the filter it is long, but has the same information.
    let listing = match unless_rejected(reader.accounts(AccountSelection::Cancelled).await)? {
        Some(listing) => listing,
        None => reader.accounts(AccountSelection::WithCancelled).await?,
    };
    Ok(only(listing, &all.items))
}

/// Returns true if an entry of the manifest is missing in these accounts, by its id or else by its email.
fn lacks(accounts: &[LiveAccount], desired: &Desired) -> bool {
    let ids = ids(accounts);
    let emails: HashSet<&Email> = accounts.iter().map(|account| &account.email).collect();
    desired.accounts.values().any(|want| match &want.id {
        Some(id) => !ids.contains(id),
        None => !emails.contains(&want.email),
    })
}

/// Returns the accounts that are not in the list of all. A server that ignores the filter lists all accounts as
/// well, and one that honors it lists none of them. A list with some of them changed between the two reads,
/// which is a gap. An account that was created between the two reads on a server that ignores the filter counts as
/// cancelled until the next read. That costs a finding, since nothing is done to cancelled accounts.
fn only(listing: Listing<LiveAccount>, all: &[LiveAccount]) -> Listing<LiveAccount> {
    let all = ids(all);
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
