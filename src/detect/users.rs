//! The users of the organization: the groups report, checked against the list of users.

use std::collections::{BTreeMap, BTreeSet};

use super::{Need, managers};
use crate::model::{Desired, Email, Gap, Half, Live, LiveUser, Role, UserId};
use crate::telnyx::{AccountSelection, Error, Listing, Reader};

/// The number of reads until report and list agree.
const READS: usize = 3;

/// Reads the users, whether the manifest lists users or not. If it declares accounts and the key may read them, they
/// are read for the emails of owners (`api_user`) and the manager; their status is not.
///
/// # Errors
///
/// Fails if the users cannot be read at all. A list that contradicts itself is a gap, not an error.
pub async fn users(reader: &Reader, desired: &Desired) -> Result<Live, Error> {
    let need = if desired.accounts.is_empty() { Need::No } else { Need::IfAllowed };
    let accounts = need.read(reader.accounts(AccountSelection::All));
    let (accounts, first) = tokio::try_join!(accounts, begin(reader))?;
    let Listing { items: accounts, gap: unread } =
        accounts.unwrap_or(Listing { items: Vec::new(), gap: None });
    let api_users = accounts.iter().filter_map(|account| account.api_user.clone()).collect();
    let users = finish(reader, first, &owners(desired, &api_users)).await?;
    let gap =
        |half, list, gap: Option<String>| gap.map(|gap| Gap::new(half, format!("{list}: {gap}")));
    let gaps = [gap(Half::Accounts, "accounts", unread), gap(Half::Users, "users", users.gap)];
    Ok(Live {
        manager: managers(&accounts).first().map(|manager| (*manager).clone()),
        accounts,
        users: Some(users.items),
        owners: api_users,
        gaps: gaps.into_iter().flatten().collect(),
        ..Live::default()
    })
}

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
