//! The users of the organization: the groups report, checked against the list of users.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Desired, Email, LiveUser, Role, UserId};
use crate::telnyx::{Error, Listing, Reader};

/// The number of reads until report and list agree.
const READS: usize = 3;

/// The groups report and the list of users.
pub(super) struct Lists {
    report: Listing<LiveUser>,
    list: Listing<LiveUser>,
}

/// The emails of known owners: the `api_user` of the accounts, and the owner that the manifest names.
pub(super) fn owners<'a>(desired: &'a Desired, api_users: &'a BTreeSet<Email>) -> Owners<'a> {
    let declared = desired.users.iter().flatten().filter(|(_, want)| want.is_owner());
    Owners(declared.map(|(email, _)| email).chain(api_users).collect())
}

/// The emails of known owners.
pub(super) struct Owners<'a>(BTreeSet<&'a Email>);

/// Reads both lists once.
pub(super) async fn begin(reader: &Reader) -> Result<Lists, Error> {
    let (report, list) = tokio::try_join!(reader.groups_report(), reader.users())?;
    Ok(Lists { report, list })
}

/// Compares both lists, and reads them again if they contradict each other. The owner may be in the report only,
/// in the list only, or in neither. Counts are not compared: an owner may stand in for a missing user.
pub(super) async fn finish(
    reader: &Reader,
    first: Lists,
    owners: &Owners<'_>,
) -> Result<Listing<LiveUser>, Error> {
    let (mut lists, mut reads) = (first, 1);
    loop {
        // A list with a gap has been read several times already.
        if lists.list.gap.is_some() {
            return Ok(Listing { items: lists.report.items, gap: lists.list.gap });
        }
        let listing = owners.compared(lists);
        if listing.gap.is_none() || reads == READS {
            let gap = listing.gap.map(|gap| format!("read {READS} times, {gap}"));
            return Ok(Listing { gap, ..listing });
        }
        (lists, reads) = (begin(reader).await?, reads + 1);
    }
}

/// A user with what the report leaves out and the list has. Of two sign-ins the later one counts.
fn merged(reported: LiveUser, listed: &LiveUser) -> LiveUser {
    LiveUser {
        created: reported.created.or(listed.created),
        last_sign_in: reported.last_sign_in.max(listed.last_sign_in),
        bypasses_sso: reported.bypasses_sso.or(listed.bypasses_sso),
        ..reported
    }
}

impl Owners<'_> {
    fn contain(&self, user: &LiveUser) -> bool {
        user.role == Role::Owner || self.0.contains(&user.email)
    }

    /// The ids of the users that are no owners.
    fn others(&self, users: &[LiveUser]) -> BTreeSet<UserId> {
        users.iter().filter(|user| !self.contain(user)).map(|user| user.id.clone()).collect()
    }

    /// Returns the union of report and list, which must be equal except for owners.
    fn compared(&self, Lists { report, list }: Lists) -> Listing<LiveUser> {
        let ids: BTreeSet<UserId> = report.items.iter().map(|user| user.id.clone()).collect();
        let twice = ids.len() != report.items.len();
        let differ = self.others(&report.items) != self.others(&list.items);
        let gap = report.gap.or_else(|| {
            let gap = match (twice, differ) {
                (true, _) => "the groups report has a user twice",
                (false, true) => "the groups report and the list of users have different users",
                (false, false) => return None,
            };
            Some(gap.to_owned())
        });
        let (both, only_listed): (Vec<LiveUser>, Vec<LiveUser>) =
            list.items.into_iter().partition(|user| ids.contains(&user.id));
        let both: BTreeMap<UserId, LiveUser> =
            both.into_iter().map(|user| (user.id.clone(), user)).collect();
        let added = only_listed.into_iter().filter(|user| self.contain(user));
        let reported = report.items.into_iter().map(|user| match both.get(&user.id) {
            Some(listed) => merged(user, listed),
            None => user,
        });
        Listing { items: reported.chain(added).collect(), gap }
    }
}
