//! The status of each account. No answer carries it, so it follows from membership in filtered lists.
//!
//! The disabled and the blocked accounts are read, and the enabled ones are counted. When the three add up to all
//! accounts, every status is proven: an account in neither list is enabled. Otherwise the list of enabled accounts
//! is read too, and only the status of an account in exactly one of the three lists is known.
//!
//! A server that ignores the filter, for all lists or for one, can add up to all accounts only if every account has
//! that one status. Sums cannot reveal two changes that cancel out during the read, such as one account blocked
//! after it left the list of disabled ones and another enabled just before the count. Therefore an account is read
//! again before a destructive action.

use std::collections::HashSet;

use crate::model::{AccountId, LiveAccount, Status};
use crate::telnyx::{AccountSelection, Error, ErrorKind, Listing, Reader, StatusFilter};

/// The accounts in the list of one status.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    pub ids: HashSet<AccountId>,
    /// True if the list does not contradict itself. Otherwise absence from it proves nothing.
    pub whole: bool,
}

impl From<Listing<LiveAccount>> for Members {
    fn from(Listing { items, gap }: Listing<LiveAccount>) -> Self {
        Self { ids: items.into_iter().map(|account| account.id).collect(), whole: gap.is_none() }
    }
}

/// The number of enabled accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enabled {
    /// The number that the server returned.
    Counted(u64),
    /// Not read because there is no account, or not counted by the server.
    NotCounted,
}

/// The content of the filtered lists.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    pub disabled: Members,
    pub blocked: Members,
    pub enabled: Enabled,
}

/// Reads the list of one status. Returns `None` if the server rejects the filter.
pub(super) async fn members(
    reader: &Reader,
    status: StatusFilter,
) -> Result<Option<Members>, Error> {
    let Some(listing) = unless_rejected(reader.accounts(AccountSelection::Of(status)).await)?
    else {
        return Ok(None);
    };
    if let Some(gap) = &listing.gap {
        tracing::info!(?status, gap, "the list of a status is incomplete");
    }
    Ok(Some(Members::from(listing)))
}

/// Counts the enabled accounts, if there is `any` account. Returns `None` if the server rejects the filter.
pub(super) async fn enabled(reader: &Reader, any: bool) -> Result<Option<Enabled>, Error> {
    if !any {
        return Ok(Some(Enabled::NotCounted));
    }
    let count = unless_rejected(reader.count(StatusFilter::Enabled).await)?;
    Ok(count.map(|count| count.map_or(Enabled::NotCounted, Enabled::Counted)))
}

/// Returns `None` if the server rejected the request as invalid. Other errors are passed on.
pub(super) fn unless_rejected<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind, ErrorKind::Invalid(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Lists {
    /// Removes the blocked and cancelled accounts from the disabled ones, since Telnyx may list them there, and the
    /// cancelled ones from the blocked ones.
    pub(super) fn narrowed(mut self, all: &Listing<LiveAccount>, cancelled: &Members) -> Self {
        let known = ids(&all.items);
        if cancelled.whole {
            self.disabled.ids.retain(|id| !cancelled.ids.contains(id));
            self.blocked.ids.retain(|id| !cancelled.ids.contains(id));
        }
        let within = self.blocked.ids.is_subset(&self.disabled.ids);
        if within && self.blocked.whole && self.blocked.ids.len() < known.len() {
            let blocked = &self.blocked.ids;
            self.disabled.ids.retain(|id| !blocked.contains(id));
        }
        self
    }

    /// Returns true if the three statuses add up to all accounts, each in one of them.
    pub(super) fn prove(&self, all: &Listing<LiveAccount>) -> bool {
        let Self { disabled, blocked, enabled } = self;
        let ids = ids(&all.items);
        let enabled = match enabled {
            Enabled::Counted(enabled) => *enabled,
            Enabled::NotCounted if ids.is_empty() => 0,
            Enabled::NotCounted => return false,
        };
        let sum = [&disabled.ids, &blocked.ids]
            .map(|ids| u64::try_from(ids.len()).unwrap_or(u64::MAX))
            .into_iter()
            .fold(enabled, u64::saturating_add);
        let whole = all.gap.is_none() && disabled.whole && blocked.whole;
        let within = disabled.ids.union(&blocked.ids).all(|id| ids.contains(id));
        let apart = disabled.ids.is_disjoint(&blocked.ids);
        whole && within && apart && usize::try_from(sum) == Ok(ids.len())
    }

    /// Returns true if the lists are equal, as from a server that ignores the filter. Then no status is known.
    pub(super) fn alike(&self) -> bool {
        !self.disabled.ids.is_empty() && self.disabled.ids == self.blocked.ids
    }

    /// Returns the status if it is proven: an account in neither list is enabled.
    pub(super) fn by_absence(&self, id: &AccountId) -> Status {
        match (self.disabled.ids.contains(id), self.blocked.ids.contains(id)) {
            (true, _) => Status::Disabled,
            (false, true) => Status::Blocked,
            (false, false) => Status::Enabled,
        }
    }

    /// Returns the status if it is not proven: known for an account in one list and certainly in no other.
    pub(super) fn by_presence(&self, enabled: &Members, id: &AccountId) -> Option<Status> {
        let lists = [
            (enabled, Status::Enabled),
            (&self.disabled, Status::Disabled),
            (&self.blocked, Status::Blocked),
        ];
        let (inside, outside): (Vec<_>, Vec<_>) =
            lists.into_iter().partition(|(list, _)| list.ids.contains(id));
        let surely = outside.iter().all(|(list, _)| list.whole);
        match inside[..] {
            [(_, status)] if surely => Some(status),
            _ => None,
        }
    }
}

pub(super) fn ids(accounts: &[LiveAccount]) -> HashSet<&AccountId> {
    accounts.iter().map(|account| &account.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Email;

    fn members(ids: &[&str]) -> Members {
        Members { ids: ids.iter().copied().map(AccountId::new).collect(), whole: true }
    }

    fn cut(ids: &[&str]) -> Members {
        Members { whole: false, ..members(ids) }
    }

    fn account(id: &str) -> LiveAccount {
        LiveAccount {
            id: AccountId::new(id),
            email: Email::new(format!("{id}@shop.example")),
            name: None,
            manager: None,
            api_user: None,
            custom_pricing: None,
            rollup_billing: None,
            status: None,
        }
    }

    fn list(ids: &[&str]) -> Listing<LiveAccount> {
        Listing { items: ids.iter().map(|id| account(id)).collect(), gap: None }
    }

    fn lists(disabled: &[&str], blocked: &[&str], enabled: u64) -> Lists {
        let (disabled, blocked) = (members(disabled), members(blocked));
        Lists { disabled, blocked, enabled: Enabled::Counted(enabled) }
    }

    #[test]
    fn a_status_is_proven_only_when_the_lists_add_up_to_all_accounts() {
        let all = list(&["a", "b", "c"]);
        assert!(lists(&["a"], &["b"], 1).prove(&all));
        assert!(lists(&["a", "b", "c"], &[], 0).prove(&all));
        let sound = lists(&["a"], &["b"], 1);
        let wrong = [
            ("the filter is ignored", lists(&["a", "b", "c"], &["a", "b", "c"], 3)),
            ("it is for the disabled alone", lists(&["a", "b", "c"], &["b"], 2)),
            ("one is missing", lists(&["a"], &[], 1)),
            ("there is one too many", lists(&["a"], &["b"], 2)),
            ("one is in two lists", lists(&["a"], &["a"], 1)),
            ("one is not in the list of all", lists(&["x"], &[], 2)),
            ("the disabled have a gap", Lists { disabled: cut(&["a"]), ..sound.clone() }),
            ("the blocked have a gap", Lists { blocked: cut(&["b"]), ..sound.clone() }),
            (
                "the server does not count",
                Lists { enabled: Enabled::NotCounted, ..lists(&["a", "b", "c"], &[], 0) },
            ),
        ];
        for (what, lists) in wrong {
            assert!(!lists.prove(&all), "{what}");
        }
        let gap = Some("page 2 is empty".to_owned());
        assert!(!sound.prove(&Listing { gap, ..all }), "the list of all has a gap");
    }

    #[test]
    fn without_accounts_the_status_of_all_is_proven() {
        let empty = Lists { enabled: Enabled::NotCounted, ..lists(&[], &[], 0) };
        assert!(empty.prove(&list(&[])));
        assert!(!empty.alike());
    }

    #[test]
    fn without_proof_an_account_in_exactly_one_list_has_a_known_status() {
        let status =
            |lists: &Lists, enabled: &Members, id| lists.by_presence(enabled, &AccountId::new(id));
        let unproven = lists(&["a", "b"], &["b", "d"], 9);
        let enabled = members(&["c"]);
        for (id, known) in [
            ("a", Some(Status::Disabled)),
            ("b", None),
            ("c", Some(Status::Enabled)),
            ("d", Some(Status::Blocked)),
            ("e", None),
        ] {
            assert_eq!(status(&unproven, &enabled, id), known, "{id}");
        }
        // Presence in a list with a gap is certain; absence is not.
        let gap = Lists { disabled: cut(&["a"]), ..unproven };
        assert_eq!(status(&gap, &enabled, "a"), Some(Status::Disabled));
        assert_eq!(status(&gap, &enabled, "c"), None);
        assert_eq!(status(&gap, &enabled, "d"), None);
        assert_eq!(status(&gap, &cut(&["c"]), "a"), None);
    }

    #[test]
    fn a_wide_list_of_disabled_accounts_is_narrowed_by_the_blocked_and_the_cancelled() {
        let all = list(&["a", "b", "c"]);
        let wide = lists(&["a", "b", "x"], &["b"], 1);
        assert!(!wide.prove(&all));
        let narrowed = wide.clone().narrowed(&all, &members(&["x"]));
        assert!(narrowed.prove(&all));
        let status = |id| narrowed.by_absence(&AccountId::new(id));
        assert_eq!(
            ["a", "b", "c"].map(status),
            [Status::Disabled, Status::Blocked, Status::Enabled]
        );
        // Nothing is subtracted by a list of cancelled accounts that also has live ones, or is incomplete.
        for cancelled in [members(&["a", "x"]), cut(&["x"]), Members::default()] {
            assert!(!wide.clone().narrowed(&all, &cancelled).prove(&all), "{cancelled:?}");
        }
        let blocked_only = lists(&["b"], &["b"], 2).narrowed(&all, &Members::default());
        assert!(blocked_only.prove(&all));
        let ignored = lists(&["a", "b", "c"], &["a", "b", "c"], 0);
        assert!(!ignored.narrowed(&all, &Members::default()).prove(&all));
    }

    /// All combinations of lists that honor or ignore the filter, for every organization of three accounts.
    #[test]
    fn a_filter_that_is_ignored_for_some_lists_never_gives_a_wrong_status() {
        const IDS: [&str; 3] = ["a", "b", "c"];
        let statuses = [Status::Enabled, Status::Disabled, Status::Blocked];
        let mut known = 0;
        for case in 0..27 * 8_usize {
            let (truth, ignored) = (case / 8, case % 8);
            let truth = [truth / 9, truth / 3 % 3, truth % 3].map(|status| statuses[status]);
            let list_of = |bit: usize, status| -> Vec<&str> {
                let all = ignored >> bit & 1 == 1;
                (0..3).filter(|at| all || truth[*at] == status).map(|at| IDS[at]).collect()
            };
            let enabled = list_of(0, Status::Enabled);
            let count = u64::try_from(enabled.len()).unwrap();
            let lists = lists(&list_of(1, Status::Disabled), &list_of(2, Status::Blocked), count);
            let all = list(&IDS);
            let narrowed = lists.clone().narrowed(&all, &Members::default());
            let lists = if !lists.prove(&all) && narrowed.prove(&all) { narrowed } else { lists };
            let proven = lists.prove(&all);
            for (id, truth) in IDS.iter().zip(truth) {
                let id = AccountId::new(*id);
                let said = match proven {
                    true => Some(lists.by_absence(&id)),
                    false if lists.alike() => None,
                    false => lists.by_presence(&members(&enabled), &id),
                };
                assert!(
                    said.is_none_or(|said| said == truth),
                    "{case}: {said:?} and not {truth:?}"
                );
                known += usize::from(said.is_some());
            }
            assert!(
                ignored != 0 || proven,
                "{case}: a server that honors the filter proves every status"
            );
        }
        assert!(known > 27 * 3, "{known}");
    }
}
