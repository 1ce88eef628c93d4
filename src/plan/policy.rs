//! Comparison of two policies: the stricter of both, and what the second loosens.
//!
//! A stricter setting is less destructive; of two harmless settings, it reports more. A change of the manifest
//! that loosens its own policy must not profit from that before a person has reviewed it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::GuardName;
use crate::model::{
    AccessPolicy, Budget, Budgets, Desired, Email, Half, Policy, StaleUsers, UnlistedAccounts,
    UnlistedUsers,
};

/// A setting that allows or hides more than another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loosened {
    /// Accounts or users that are no longer managed.
    Unmanaged(Half),
    /// The treatment of unlisted accounts.
    UnlistedAccounts {
        /// The setting of the base.
        base: UnlistedAccounts,
        /// The setting of the head.
        head: UnlistedAccounts,
    },
    /// The treatment of unlisted users.
    UnlistedUsers {
        /// The setting of the base.
        base: UnlistedUsers,
        /// The setting of the head.
        head: UnlistedUsers,
    },
    /// A safety limit.
    Budget {
        /// Its name.
        name: GuardName,
        /// The setting of the base.
        base: Budget,
        /// The setting of the head.
        head: Budget,
    },
    /// An address that is no longer protected.
    Protected(Email),
    /// The days without a sign-in after which a user is stale.
    StaleAfter {
        /// The setting of the base.
        base: Option<u32>,
        /// The setting of the head.
        head: Option<u32>,
    },
    /// The treatment of stale users.
    StaleUsers {
        /// The setting of the base.
        base: StaleUsers,
        /// The setting of the head.
        head: StaleUsers,
    },
    /// The users who may bypass single sign-on.
    SsoBypass {
        /// The setting of the base.
        base: BTreeSet<Email>,
        /// The setting of the head. `None` if it is no longer checked.
        head: Option<BTreeSet<Email>>,
    },
    /// The groups whose members are checked.
    PrivilegedGroups {
        /// The setting of the base.
        base: BTreeSet<String>,
        /// The setting of the head.
        head: BTreeSet<String>,
    },
}

/// The safety limits of a policy with their names, in the order of the manifest.
#[must_use]
pub fn budgets(budgets: &Budgets) -> [(GuardName, Budget); 6] {
    let Budgets { removals, disables, enables, channel_cut, pricing_withdrawals, creates } =
        *budgets;
    [
        (GuardName::MaxRemovals, removals),
        (GuardName::MaxDisables, disables),
        (GuardName::MaxEnables, enables),
        (GuardName::MaxChannelCut, channel_cut),
        (GuardName::MaxPricingWithdrawals, pricing_withdrawals),
        (GuardName::MaxCreates, Budget::Count(creates)),
    ]
}

/// The settings of `head` that allow or hide more than those of `base`. A number and a percentage cannot be
/// compared without the whole, so such a change counts as loosened unless it allows nothing.
#[must_use]
pub fn loosened(base: &Desired, head: &Desired) -> Vec<Loosened> {
    let mut found = Vec::new();
    if !base.accounts.is_empty() && head.accounts.is_empty() {
        found.push(Loosened::Unmanaged(Half::Accounts));
    }
    if base.users.is_some() && head.users.is_none() {
        found.push(Loosened::Unmanaged(Half::Users));
    }
    found.extend(loosened_policy(&base.policy, &head.policy));
    found
}

fn loosened_policy(base: &Policy, head: &Policy) -> Vec<Loosened> {
    let mut found = Vec::new();
    let Policy { unlisted_accounts, unlisted_users, budgets: allowed, protected, access: _ } = head;
    if accounts(base.unlisted_accounts, *unlisted_accounts) != *unlisted_accounts {
        let (base, head) = (base.unlisted_accounts, *unlisted_accounts);
        found.push(Loosened::UnlistedAccounts { base, head });
    }
    if users(base.unlisted_users, *unlisted_users) != *unlisted_users {
        let (base, head) = (base.unlisted_users, *unlisted_users);
        found.push(Loosened::UnlistedUsers { base, head });
    }
    for ((name, base), (_, head)) in budgets(&base.budgets).into_iter().zip(budgets(allowed)) {
        if allows_more(base, head) {
            found.push(Loosened::Budget { name, base, head });
        }
    }
    found.extend(base.protected.difference(protected).cloned().map(Loosened::Protected));
    found.extend(loosened_access(&base.access, &head.access));
    found
}

fn loosened_access(base: &AccessPolicy, head: &AccessPolicy) -> Vec<Loosened> {
    let AccessPolicy { stale_after, stale_users, sso_bypass, privileged_groups } =
        stricter_access(base, head);
    let mut found = Vec::new();
    if stale_after != head.stale_after {
        let (base, head) = (base.stale_after, head.stale_after);
        found.push(Loosened::StaleAfter { base, head });
    }
    if stale_users != head.stale_users {
        let (base, head) = (base.stale_users, head.stale_users);
        found.push(Loosened::StaleUsers { base, head });
    }
    if let Some(base) = base.sso_bypass.clone().filter(|_| sso_bypass != head.sso_bypass) {
        found.push(Loosened::SsoBypass { base, head: head.sso_bypass.clone() });
    }
    if privileged_groups != head.privileged_groups {
        let (base, head) = (base.privileged_groups.clone(), head.privileged_groups.clone());
        found.push(Loosened::PrivilegedGroups { base, head });
    }
    found
}

/// The stricter of two policies. Its safety limits are those of `head`: which limit is smaller depends on the
/// whole, so the plan checks both.
pub(super) fn stricter(base: &Policy, head: &Policy) -> Policy {
    let Policy { unlisted_accounts, unlisted_users, budgets, protected, access } = head;
    Policy {
        unlisted_accounts: accounts(base.unlisted_accounts, *unlisted_accounts),
        unlisted_users: users(base.unlisted_users, *unlisted_users),
        budgets: *budgets,
        protected: base.protected.union(protected).cloned().collect(),
        access: stricter_access(&base.access, access),
    }
}

fn stricter_access(base: &AccessPolicy, head: &AccessPolicy) -> AccessPolicy {
    let AccessPolicy { stale_after, stale_users, sso_bypass, privileged_groups } = head;
    let stale_users = match (base.stale_users, *stale_users) {
        (StaleUsers::Remove, StaleUsers::Remove) => StaleUsers::Remove,
        (StaleUsers::Report, _) | (_, StaleUsers::Report) => StaleUsers::Report,
    };
    AccessPolicy {
        stale_after: match (base.stale_after, *stale_after, stale_users) {
            (None, only, StaleUsers::Report) | (only, None, StaleUsers::Report) => only,
            // A longer time removes fewer users, and a shorter one reports more.
            (Some(base), Some(head), StaleUsers::Report) => Some(base.min(head)),
            (Some(base), Some(head), StaleUsers::Remove) => Some(base.max(head)),
            (None, _, StaleUsers::Remove) | (_, None, StaleUsers::Remove) => None,
        },
        stale_users,
        sso_bypass: match (&base.sso_bypass, sso_bypass) {
            (None, only) | (only, None) => only.clone(),
            (Some(base), Some(head)) => Some(base.intersection(head).cloned().collect()),
        },
        privileged_groups: base.privileged_groups.union(privileged_groups).cloned().collect(),
    }
}

fn accounts(base: UnlistedAccounts, head: UnlistedAccounts) -> UnlistedAccounts {
    use UnlistedAccounts as U;
    match (base, head) {
        (U::Disable, U::Disable) => U::Disable,
        (U::Ignore, U::Ignore) => U::Ignore,
        (U::Report, _) | (_, U::Report) | (U::Disable, U::Ignore) | (U::Ignore, U::Disable) => {
            U::Report
        }
    }
}

fn users(base: UnlistedUsers, head: UnlistedUsers) -> UnlistedUsers {
    use UnlistedUsers as U;
    match (base, head) {
        (U::Remove, U::Remove) => U::Remove,
        (U::Ignore, U::Ignore) => U::Ignore,
        (U::Report, _) | (_, U::Report) | (U::Remove, U::Ignore) | (U::Ignore, U::Remove) => {
            U::Report
        }
    }
}

fn allows_more(base: Budget, head: Budget) -> bool {
    match (base, head) {
        (_, Budget::Count(0) | Budget::Percent(0)) => false,
        (Budget::Count(base), Budget::Count(head)) => base.cmp(&head) == Ordering::Less,
        (Budget::Percent(base), Budget::Percent(head)) => base.cmp(&head) == Ordering::Less,
        (Budget::Count(_), Budget::Percent(_)) | (Budget::Percent(_), Budget::Count(_)) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: [UnlistedAccounts; 3] =
        [UnlistedAccounts::Ignore, UnlistedAccounts::Report, UnlistedAccounts::Disable];
    const USERS: [UnlistedUsers; 3] =
        [UnlistedUsers::Ignore, UnlistedUsers::Report, UnlistedUsers::Remove];

    #[test]
    fn the_stricter_takes_away_only_what_both_would_and_does_not_depend_on_the_order() {
        for base in ACCOUNTS {
            for head in ACCOUNTS {
                let both = accounts(base, head);
                assert_eq!(both, accounts(head, base));
                let disables = UnlistedAccounts::Disable;
                assert_eq!(both == disables, base == disables && head == disables);
                let ignores = UnlistedAccounts::Ignore;
                assert_eq!(both == ignores, base == ignores && head == ignores);
            }
        }
        for base in USERS {
            for head in USERS {
                let both = users(base, head);
                assert_eq!(both, users(head, base));
                let removes = UnlistedUsers::Remove;
                assert_eq!(both == removes, base == removes && head == removes);
                let ignores = UnlistedUsers::Ignore;
                assert_eq!(both == ignores, base == ignores && head == ignores);
            }
        }
    }

    #[test]
    fn a_budget_that_cannot_be_compared_counts_as_loosened() {
        use Budget::{Count, Percent};
        let cases = [
            (Count(1), Count(2), true),
            (Count(2), Count(2), false),
            (Count(2), Count(1), false),
            (Percent(10), Percent(25), true),
            (Percent(25), Percent(10), false),
            (Percent(10), Count(1), true),
            (Count(1), Percent(10), true),
            (Count(0), Percent(0), false),
            (Percent(0), Count(0), false),
            (Percent(0), Count(1), true),
        ];
        for (base, head, more) in cases {
            assert_eq!(allows_more(base, head), more, "{base:?} {head:?}");
        }
    }

    #[test]
    fn every_loosening_is_named_and_a_tightening_is_none() {
        let strict = Policy {
            unlisted_accounts: UnlistedAccounts::Report,
            unlisted_users: UnlistedUsers::Report,
            budgets: Budgets { removals: Budget::Count(1), ..Budgets::default() },
            protected: [Email::new("root@acme.example")].into(),
            access: AccessPolicy {
                stale_after: Some(30),
                stale_users: StaleUsers::Report,
                sso_bypass: Some([].into()),
                privileged_groups: ["Admin".to_owned()].into(),
            },
        };
        let loose = Policy {
            unlisted_accounts: UnlistedAccounts::Ignore,
            unlisted_users: UnlistedUsers::Remove,
            budgets: Budgets { removals: Budget::Count(9), ..Budgets::default() },
            protected: [].into(),
            access: AccessPolicy {
                stale_after: Some(90),
                stale_users: StaleUsers::Remove,
                sso_bypass: Some([Email::new("ops@acme.example")].into()),
                privileged_groups: [].into(),
            },
        };
        assert_eq!(loosened_policy(&strict, &loose).len(), 8);
        assert_eq!(loosened_policy(&loose, &strict), Vec::new());
        assert_eq!(loosened_policy(&loose, &loose), Vec::new());
        assert_eq!(stricter(&strict, &loose), Policy { budgets: loose.budgets, ..strict });
    }

    #[test]
    fn a_longer_time_without_sign_ins_is_stricter_only_if_it_removes_users() {
        use StaleUsers::{Remove, Report};
        let cases = [
            ((Some(30), Report), (Some(90), Report), Some(30), 1),
            ((Some(90), Report), (Some(30), Report), Some(30), 0),
            ((Some(30), Report), (None, Report), Some(30), 1),
            ((None, Report), (Some(30), Report), Some(30), 0),
            ((Some(90), Remove), (Some(30), Remove), Some(90), 1),
            ((Some(30), Remove), (Some(90), Remove), Some(90), 0),
            ((Some(90), Remove), (Some(90), Report), Some(90), 0),
            ((None, Report), (Some(90), Remove), Some(90), 1),
        ];
        let policy = |(stale_after, stale_users)| AccessPolicy {
            stale_after,
            stale_users,
            ..AccessPolicy::default()
        };
        for (base, head, days, loose) in cases {
            let (base, head) = (policy(base), policy(head));
            assert_eq!(stricter_access(&base, &head).stale_after, days, "{base:?} {head:?}");
            assert_eq!(loosened_access(&base, &head).len(), loose, "{base:?} {head:?}");
        }
    }
}
