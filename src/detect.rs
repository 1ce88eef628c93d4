//! One read-only pass over the live side: the same for plan, apply and whoever only watches.
//!
//! It holds a [`Reader`] and therefore cannot change anything.

use std::collections::BTreeSet;

use crate::model::{AccountId, Desired, Live, LiveAccount, LiveUser, Status};
use crate::telnyx::{Accounts, Error, Kind, Listing, Reader, StatusFilter};

/// How often the users are read until report and count agree.
const READS: usize = 3;

/// Reads the live side, as much of it as the manifest is about.
///
/// # Errors
///
/// When something cannot be read at all. What contradicts itself is no error but a gap.
pub async fn read(reader: &Reader, desired: &Desired) -> Result<Live, Error> {
    let users = async {
        match desired.users {
            Some(_) => users(reader).await.map(Some),
            None => Ok(None),
        }
    };
    let (accounts, users) = tokio::try_join!(accounts(reader), users)?;
    let mut gaps: Vec<String> =
        accounts.gap.map(|gap| format!("accounts: {gap}")).into_iter().collect();
    let users = users.map(|listing| {
        gaps.extend(listing.gap.map(|gap| format!("users: {gap}")));
        listing.items
    });
    let accounts = accounts.items;
    let manager = accounts.iter().find_map(|account| account.manager.clone());
    Ok(Live { manager, accounts, cancelled: Vec::new(), users, channels: None, gaps })
}

/// The manager whose accounts these are. `None`: there is no account that says so.
#[must_use]
pub fn manager(live: &Live) -> Option<&AccountId> {
    live.accounts.iter().find_map(|account| account.manager.as_ref())
}

/// A manager other than the one that the manifest is for, if the live side has one.
#[must_use]
pub fn wrong_manager<'a>(desired: &Desired, live: &'a Live) -> Option<&'a AccountId> {
    let wanted = desired.manager.as_ref()?;
    let mut managers = live.accounts.iter().filter_map(|account| account.manager.as_ref());
    managers.find(|manager| *manager != wanted)
}

/// All accounts, with their status as far as the lists prove it.
///
/// # Errors
///
/// When a list cannot be read at all.
pub async fn accounts(reader: &Reader) -> Result<Listing<LiveAccount>, Error> {
    let lists = Lists::read(reader);
    let (mut all, lists) = tokio::try_join!(reader.accounts(Accounts::All), lists)?;
    // A server that rejects the filter leaves every status unknown.
    let Some(lists) = lists else { return Ok(all) };
    if lists.prove(&all.items) {
        for account in &mut all.items {
            account.status = Some(lists.by_absence(&account.id));
        }
    } else {
        let enabled = ids(reader.accounts(Accounts::Of(StatusFilter::Enabled)).await?);
        for account in &mut all.items {
            account.status = lists.by_presence(&enabled, &account.id);
        }
    }
    Ok(all)
}

/// What the filtered lists say. No account carries its status: membership in them is all there is.
struct Lists {
    disabled: BTreeSet<AccountId>,
    blocked: BTreeSet<AccountId>,
    enabled: u64,
    /// Whether neither list contradicts itself.
    whole: bool,
}

impl Lists {
    /// `None`: the server rejects the filter.
    async fn read(reader: &Reader) -> Result<Option<Self>, Error> {
        let read = async {
            tokio::try_join!(
                reader.accounts(Accounts::Of(StatusFilter::Disabled)),
                reader.accounts(Accounts::Of(StatusFilter::Blocked)),
                reader.count(StatusFilter::Enabled),
            )
        };
        match read.await {
            Ok((disabled, blocked, enabled)) => {
                let whole = disabled.gap.is_none() && blocked.gap.is_none();
                let (disabled, blocked) = (ids(disabled), ids(blocked));
                Ok(Some(Self { disabled, blocked, enabled, whole }))
            }
            Err(error) if matches!(error.kind, Kind::Invalid(_) | Kind::Rejected(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the three statuses add up to all accounts, each in one of them. Lists that are alike,
    /// as from a server that ignores the filter, never do.
    fn prove(&self, all: &[LiveAccount]) -> bool {
        let all: BTreeSet<_> = all.iter().map(|account| &account.id).collect();
        let count = |ids: &BTreeSet<AccountId>| u64::try_from(ids.len()).unwrap_or(u64::MAX);
        let sum =
            self.enabled.saturating_add(count(&self.disabled)).saturating_add(count(&self.blocked));
        let within = self.disabled.union(&self.blocked).all(|id| all.contains(id));
        self.whole
            && within
            && self.disabled.is_disjoint(&self.blocked)
            && usize::try_from(sum) == Ok(all.len())
    }

    /// The status when the counts agree: who is in neither list is enabled.
    fn by_absence(&self, id: &AccountId) -> Status {
        match (self.disabled.contains(id), self.blocked.contains(id)) {
            (true, _) => Status::Disabled,
            (false, true) => Status::Blocked,
            (false, false) => Status::Enabled,
        }
    }

    /// The status when they do not: who is in exactly one list is known.
    fn by_presence(&self, enabled: &BTreeSet<AccountId>, id: &AccountId) -> Option<Status> {
        match (enabled.contains(id), self.disabled.contains(id), self.blocked.contains(id)) {
            (true, false, false) => Some(Status::Enabled),
            (false, true, false) => Some(Status::Disabled),
            (false, false, true) => Some(Status::Blocked),
            _ => None,
        }
    }
}

fn ids(listing: Listing<LiveAccount>) -> BTreeSet<AccountId> {
    listing.items.into_iter().map(|account| account.id).collect()
}

/// All users, by the groups report, which is not in pages; checked against what the list counts.
async fn users(reader: &Reader) -> Result<Listing<LiveUser>, Error> {
    let mut listing = Listing { items: Vec::new(), gap: None };
    for _ in 0..READS {
        let (items, count) = tokio::try_join!(reader.groups_report(), reader.count_users())?;
        let gap = disagreement(&items, count);
        listing = Listing { items, gap };
        if listing.gap.is_none() {
            break;
        }
    }
    Ok(listing)
}

fn disagreement(users: &[LiveUser], count: u64) -> Option<String> {
    let different: BTreeSet<_> = users.iter().map(|user| &user.id).collect();
    if different.len() != users.len() {
        return Some("the groups report has a user twice".to_owned());
    }
    let agrees = usize::try_from(count) == Ok(users.len());
    (!agrees).then(|| format!("the groups report has {} and the list counts {count}", users.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Email;

    fn set(ids: &[&str]) -> BTreeSet<AccountId> {
        ids.iter().copied().map(AccountId::new).collect()
    }

    fn account(id: &str) -> LiveAccount {
        LiveAccount {
            id: AccountId::new(id),
            email: Email::new(format!("{id}@shop.example")),
            name: None,
            manager: None,
            custom_pricing: None,
            rollup_billing: None,
            status: None,
        }
    }

    #[test]
    fn a_status_is_proven_by_counts_or_unknown() {
        let all = ["a", "b", "c"].map(account);
        let lists = |disabled: &[&str], blocked: &[&str], enabled| Lists {
            disabled: set(disabled),
            blocked: set(blocked),
            enabled,
            whole: true,
        };
        assert!(lists(&["a"], &["b"], 1).prove(&all));
        assert!(lists(&[], &[], 0).prove(&[]));
        let wrong = [
            ("the filter is ignored", lists(&["a", "b", "c"], &["a", "b", "c"], 3)),
            ("one is missing", lists(&["a"], &[], 1)),
            ("one is in two lists", lists(&["a"], &["a"], 1)),
            ("one is not in the list of all", lists(&["x"], &[], 2)),
        ];
        let cut = Lists { whole: false, ..lists(&["a"], &["b"], 1) };
        assert!(!cut.prove(&all), "a list contradicts itself");
        for (what, lists) in wrong {
            assert!(!lists.prove(&all), "{what}");
        }
    }

    #[test]
    fn when_counts_disagree_only_who_is_in_one_list_is_known() {
        let lists =
            Lists { disabled: set(&["a", "b"]), blocked: set(&["b"]), enabled: 9, whole: true };
        let enabled = set(&["c"]);
        let status = |id| lists.by_presence(&enabled, &AccountId::new(id));
        assert_eq!(status("a"), Some(Status::Disabled));
        assert_eq!(status("b"), None);
        assert_eq!(status("c"), Some(Status::Enabled));
        assert_eq!(status("d"), None);
    }
}
