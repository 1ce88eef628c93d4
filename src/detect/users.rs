//! All users, by the groups report, which is not in pages, held against their list.
//!
//! Telnyx leaves the organization's owner out of the list, and does not document whether the report contains the
//! owner (developers.telnyx.com/docs/iam/principals/users.md). So both are compared without owners.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Email, LiveUser, Role, UserId};
use crate::telnyx::{Error, Listing, Reader};

/// How often report and list are read until they agree.
const READS: usize = 3;

/// The users of the report and, where a count could not settle it, those of the list.
pub(super) struct Users {
    report: Listing<LiveUser>,
    /// The count of the list, or the list itself.
    list: Result<u64, Listing<LiveUser>>,
}

pub(super) async fn read(reader: &Reader) -> Result<Users, Error> {
    let mut users = once(reader).await?;
    for _ in 1..READS {
        if users.gap(None).is_none() {
            break;
        }
        users = once(reader).await?;
    }
    // Only the whole list shows who is more in one of the two.
    if users.gap(None).is_some() && users.report.gap.is_none() {
        users.list = Err(reader.users().await?);
    }
    Ok(users)
}

async fn once(reader: &Reader) -> Result<Users, Error> {
    let (report, count) = tokio::try_join!(reader.groups_report(), reader.count_users())?;
    Ok(Users { report, list: Ok(count) })
}

impl Users {
    /// The users, and the reason why some may lack. `owner`: the email of the owner, if an account tells it.
    pub(super) fn settle(self, owner: Option<&Email>) -> Listing<LiveUser> {
        let gap = self.gap(owner).map(|gap| format!("read {READS} times, {gap}"));
        let Self { report, list } = self;
        let mut users: BTreeMap<UserId, LiveUser> = BTreeMap::new();
        for user in
            report.items.into_iter().chain(list.err().into_iter().flat_map(|list| list.items))
        {
            users.entry(user.id.clone()).or_insert(user);
        }
        Listing { items: users.into_values().collect(), gap }
    }

    fn gap(&self, owner: Option<&Email>) -> Option<String> {
        let Self { report, list } = self;
        if let Some(gap) = &report.gap {
            return Some(format!("groups report: {gap}"));
        }
        let is_owner = |user: &&LiveUser| user.role == Role::Owner || owner == Some(&user.email);
        let all = report.items.len();
        let owners = report.items.iter().filter(is_owner).count();
        match list {
            Ok(count) => {
                let agrees = [all, all - owners].map(|number| u64::try_from(number) == Ok(*count));
                (!agrees.contains(&true)).then(|| {
                    format!("the groups report has {all} and the list of users counts {count}")
                })
            }
            Err(list) => {
                let others = |users: &[LiveUser]| -> BTreeSet<UserId> {
                    let others = users.iter().filter(|user| !is_owner(user));
                    others.map(|user| user.id.clone()).collect()
                };
                let (reported, listed) = (others(&report.items), others(&list.items));
                let differ = reported.symmetric_difference(&listed).count();
                let gap = list.gap.as_ref().map(|gap| format!("list of users: {gap}"));
                gap.or_else(|| {
                    let users = if differ == 1 { "user" } else { "users" };
                    (differ > 0).then(|| {
                        format!(
                            "the groups report and the list of users differ in {differ} {users}"
                        )
                    })
                })
            }
        }
    }
}
