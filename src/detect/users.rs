//! The users of the organization: the groups report, checked against the list of users.

use std::collections::BTreeSet;

use crate::model::{LiveUser, Role, UserId};
use crate::telnyx::{Error, Listing, Reader};

/// The number of reads until report and list agree.
const READS: usize = 3;

/// Reads all users. The owner may be in the report only, in the list only, or in neither.
pub(super) async fn read(reader: &Reader) -> Result<Listing<LiveUser>, Error> {
    let mut listing = Listing { items: Vec::new(), gap: None };
    for _ in 0..READS {
        listing = once(reader).await?;
        if listing.gap.is_none() {
            return Ok(listing);
        }
    }
    listing.gap = listing.gap.map(|gap| format!("read {READS} times, {gap}"));
    Ok(listing)
}

async fn once(reader: &Reader) -> Result<Listing<LiveUser>, Error> {
    let (Listing { items, gap }, count) =
        tokio::try_join!(reader.groups_report(), reader.count_users())?;
    let ids: BTreeSet<&UserId> = items.iter().map(|user| &user.id).collect();
    let gap = gap.or_else(|| {
        (ids.len() != items.len()).then(|| "the groups report has a user twice".to_owned())
    });
    if gap.is_some() {
        return Ok(Listing { items, gap });
    }
    let (len, owners) = (as_count(items.len()), as_count(owners(&items).len()));
    match count {
        Some(count) if count == len => Ok(Listing { items, gap: None }),
        // The counts cannot tell an owner from another user, so the lists are compared.
        Some(count) if count + owners != len && (count != len + 1 || owners > 0) => {
            let gap = format!("the groups report has {len} and the list of users counts {count}");
            Ok(Listing { items, gap: Some(gap) })
        }
        Some(_) | None => Ok(compared(items, reader.users().await?)),
    }
}

/// Returns the union of report and list, which must be equal except for owners.
fn compared(report: Vec<LiveUser>, list: Listing<LiveUser>) -> Listing<LiveUser> {
    if list.gap.is_some() {
        return Listing { items: report, gap: list.gap };
    }
    let others = |users: &[LiveUser]| -> BTreeSet<UserId> {
        users.iter().filter(|user| user.role != Role::Owner).map(|user| user.id.clone()).collect()
    };
    let gap = (others(&report) != others(&list.items))
        .then(|| "the groups report and the list of users have different users".to_owned());
    let known = owners(&report);
    let added = list.items.into_iter().filter(|user| user.role == Role::Owner);
    let added: Vec<_> = added.filter(|owner| !known.contains(&owner.id)).collect();
    Listing { items: report.into_iter().chain(added).collect(), gap }
}

fn owners(users: &[LiveUser]) -> BTreeSet<UserId> {
    users.iter().filter(|user| user.role == Role::Owner).map(|user| user.id.clone()).collect()
}

fn as_count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
