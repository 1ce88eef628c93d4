//! All users, by the groups report, which is not in pages; checked against what their list counts.

use std::collections::BTreeSet;

use crate::model::LiveUser;
use crate::telnyx::{Error, Listing, Reader};

/// How often report and count are read until they agree.
const READS: usize = 3;

pub(super) async fn read(reader: &Reader) -> Result<Listing<LiveUser>, Error> {
    let mut listing = Listing { items: Vec::new(), gap: None };
    for _ in 0..READS {
        let (items, count) = tokio::try_join!(reader.groups_report(), reader.count_users())?;
        let gap = disagreement(&items, count);
        listing = Listing { items, gap };
        if listing.gap.is_none() {
            return Ok(listing);
        }
    }
    listing.gap = listing.gap.map(|gap| format!("read {READS} times, {gap}"));
    Ok(listing)
}

fn disagreement(users: &[LiveUser], count: u64) -> Option<String> {
    let different: BTreeSet<_> = users.iter().map(|user| &user.id).collect();
    if different.len() != users.len() {
        return Some("the groups report has a user twice".to_owned());
    }
    let agrees = usize::try_from(count) == Ok(users.len());
    (!agrees).then(|| {
        format!("the groups report has {} and the list of users counts {count}", users.len())
    })
}
