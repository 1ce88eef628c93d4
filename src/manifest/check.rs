//! Checking the files of a manifest against each other.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::document::{
    AcceptEntry, AccountDefaults, DefaultsEntry, ManifestAccount, ManifestDocument, ManifestUser,
    PolicyEntry,
};
use super::join::join;
use super::reading::{SourceLocation, SourceProblem, Written};
use crate::model::{
    Accepted, AccessPolicy, Budgets, Desired, Email, Policy, Presence, StaleUsers,
    UnlistedAccounts, WantedAccount, WantedUser,
};

/// Returns the desired organization, or `None` if a problem was recorded here or before.
/// `complete` is true if every file could be read.
pub(super) fn check(
    documents: Vec<ManifestDocument>,
    complete: bool,
    problems: &mut Vec<SourceProblem>,
) -> Option<Desired> {
    let ManifestDocument {
        version: _,
        organization,
        names_organization: _,
        manager_account_id,
        policy,
        accept,
        defaults,
        accounts,
        users,
    } = join(documents, problems);
    let DefaultsEntry { account: defaults } = defaults.unwrap_or_default();
    let mut checks = Checks { problems };
    let policy = policy.unwrap_or_default();
    if complete && accounts.is_empty() {
        checks.disables_everything(&policy);
    }
    checks.access(&policy, complete && users.is_none());
    let accept = checks.accept(accept);
    let accounts = checks.accounts(accounts, &defaults.unwrap_or_default());
    let users = users.map(|users| checks.users(users));
    Some(Desired {
        organization: organization?.value,
        manager: manager_account_id.map(|id| id.value),
        policy: policy_of(policy),
        accept,
        accounts,
        users,
    })
}

/// The policy with its defaults.
fn policy_of(entry: PolicyEntry) -> Policy {
    let PolicyEntry {
        unlisted_accounts,
        unlisted_users,
        max_removals,
        max_disables,
        max_enables,
        max_channel_cut,
        max_pricing_withdrawals,
        max_creates,
        protected,
        stale_after,
        stale_users,
        sso_bypass,
        privileged_groups,
    } = entry;
    let default = Budgets::default();
    Policy {
        unlisted_accounts: value(unlisted_accounts).unwrap_or_default(),
        unlisted_users: value(unlisted_users).unwrap_or_default(),
        budgets: Budgets {
            removals: value(max_removals).unwrap_or(default.removals),
            disables: value(max_disables).unwrap_or(default.disables),
            enables: value(max_enables).unwrap_or(default.enables),
            channel_cut: value(max_channel_cut).unwrap_or(default.channel_cut),
            pricing_withdrawals: value(max_pricing_withdrawals)
                .unwrap_or(default.pricing_withdrawals),
            creates: value(max_creates).unwrap_or(default.creates),
        },
        protected: values(protected),
        access: AccessPolicy {
            stale_after: value(stale_after),
            stale_users: value(stale_users).unwrap_or_default(),
            sso_bypass: value(sso_bypass).map(values),
            privileged_groups: value(privileged_groups).map(values).unwrap_or_default(),
        },
    }
}

fn value<T>(written: Option<Written<T>>) -> Option<T> {
    written.map(|written| written.value)
}

fn values<T: Ord>(written: Vec<Written<T>>) -> BTreeSet<T> {
    written.into_iter().map(|written| written.value).collect()
}

/// The first location of each email.
type Emails = HashMap<Email, SourceLocation>;

struct Checks<'a> {
    problems: &'a mut Vec<SourceProblem>,
}

impl Checks<'_> {
    /// Refuses a manifest without accounts that disables unlisted accounts.
    fn disables_everything(&mut self, policy: &PolicyEntry) {
        let Some(Written { value: UnlistedAccounts::Disable, location }) = policy.unlisted_accounts
        else {
            return;
        };
        let message = "this would disable every account: the manifest lists none";
        self.problems.push(SourceProblem {
            location,
            message: message.to_owned(),
            hint: Some("List the accounts to keep.".into()),
            related: None,
        });
    }

    /// Refuses rules for the access of users that would check nothing.
    fn access(&mut self, policy: &PolicyEntry, without_users: bool) {
        let PolicyEntry { stale_after, stale_users, sso_bypass, privileged_groups, .. } = policy;
        let mut refuse = |location, message: String, hint: &'static str| {
            let hint = Some(hint.into());
            self.problems.push(SourceProblem { location, message, hint, related: None });
        };
        if let (None, Some(Written { value: StaleUsers::Remove, location })) =
            (stale_after, stale_users)
        {
            let message = "`stale_users: remove` needs `stale_after`".to_owned();
            refuse(*location, message, "Add `stale_after`, such as 90d.");
        }
        let fields = [
            ("stale_after", stale_after.as_ref().map(|field| field.location)),
            ("sso_bypass", sso_bypass.as_ref().map(|field| field.location)),
            ("privileged_groups", privileged_groups.as_ref().map(|field| field.location)),
        ];
        for (name, location) in fields {
            if let Some(location) = location.filter(|_| without_users) {
                let message = format!("`{name}` checks users, but this manifest lists none");
                refuse(location, message, "Add `users`, or delete this field.");
            }
        }
    }

    fn accept(&mut self, entries: Vec<Written<AcceptEntry>>) -> Vec<Accepted> {
        let mut seen = BTreeMap::new();
        let mut accepted = Vec::new();
        for entry in entries {
            let AcceptEntry { code, email, until, reason } = entry.value;
            let Some(code) = code else { continue };
            let what = (code.value, value(email.clone()));
            if let Some(first) = seen.insert(what, code.location) {
                let message = match &email {
                    Some(email) => {
                        format!("{} of {} is accepted twice", code.value.name(), email.value)
                    }
                    None => format!("{} is accepted twice", code.value.name()),
                };
                self.twice(code.location, first, message, "Keep one of them.");
            }
            let Some(until) = value(until) else { continue };
            let (email, reason) = (value(email), value(reason));
            accepted.push(Accepted { code: code.value, email, until, reason });
        }
        accepted
    }

    fn accounts(
        &mut self,
        entries: Vec<Written<ManifestAccount>>,
        defaults: &AccountDefaults,
    ) -> BTreeMap<Email, WantedAccount> {
        let mut emails = Emails::new();
        let mut ids = HashMap::new();
        let mut accounts = Vec::with_capacity(entries.len());
        for Written { value: entry, location: _ } in entries {
            if let Some(email) = &entry.email {
                self.once(&mut emails, email, "account");
            }
            if let Some(Written { value: id, location }) = &entry.id
                && let Some(first) = ids.insert(id.clone(), *location)
            {
                let message = format!("two accounts have the id {id}");
                self.twice(*location, first, message, "An id belongs to one account.");
            }
            let rollup = entry.rollup_billing.as_ref().or(defaults.rollup_billing.as_ref());
            if let (Some(Written { value: true, location }), Some(min_balance)) =
                (rollup, &entry.min_balance)
            {
                let message = "an account with `rollup_billing: true` has no balance".to_owned();
                let related = Some((*location, "`rollup_billing` is set here"));
                let hint = Some("Delete `min_balance`: its charges go to the manager.".into());
                let location = min_balance.location;
                self.problems.push(SourceProblem { location, message, hint, related });
            }
            accounts.extend(account(entry, defaults));
        }
        accounts.into_iter().map(|account| (account.email.clone(), account)).collect()
    }

    fn users(&mut self, entries: Vec<Written<ManifestUser>>) -> BTreeMap<Email, WantedUser> {
        let mut emails = Emails::new();
        let mut users = BTreeMap::new();
        let mut owner_at = None;
        for Written { value: entry, location: _ } in entries {
            let ManifestUser { email, groups, until, keep, absent, owner } = entry;
            let Some(email) = email else { continue };
            self.once(&mut emails, &email, "user");
            let presence = if value(absent).unwrap_or(false) {
                Presence::Absent
            } else if let Some(Written { value: true, location }) = owner {
                match owner_at {
                    Some(first) => self.twice(
                        location,
                        first,
                        "an organization has only one owner".to_owned(),
                        "Keep `owner: true` for one user.",
                    ),
                    None => owner_at = Some(location),
                }
                Presence::Owner
            } else {
                Presence::Present { groups: value(groups).map(values), until: value(until) }
            };
            let keep = value(keep).unwrap_or(false);
            users.insert(email.value.clone(), WantedUser { email: email.value, presence, keep });
        }
        users
    }

    /// Records an email that occurs twice.
    fn once(&mut self, seen: &mut Emails, email: &Written<Email>, what: &str) {
        let Written { value: email, location } = email;
        match seen.entry(email.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(*location);
            }
            Entry::Occupied(entry) => {
                let message = format!("two {what}s have the email {email}");
                let hint = if entry.key().as_str() == email.as_str() {
                    "Keep one of them."
                } else {
                    "Keep one of them: emails are compared without regard to case."
                };
                self.twice(*location, *entry.get(), message, hint);
            }
        }
    }

    fn twice(
        &mut self,
        location: SourceLocation,
        first: SourceLocation,
        message: String,
        hint: &'static str,
    ) {
        let related = Some((first, "first listed here"));
        self.problems.push(SourceProblem { location, message, hint: Some(hint.into()), related });
    }
}

/// An account with its defaults, or `None` if its name or email is missing.
fn account(entry: ManifestAccount, defaults: &AccountDefaults) -> Option<WantedAccount> {
    let ManifestAccount {
        name,
        email,
        id,
        enabled,
        channel_limit,
        custom_pricing,
        rollup_billing,
        min_balance,
        reenable_connections,
        password_from,
    } = entry;
    let rollup_billing = either(rollup_billing, defaults.rollup_billing.as_ref());
    // The default is for accounts with a balance of their own.
    let default_balance = defaults.min_balance.as_ref().filter(|_| rollup_billing != Some(true));
    Some(WantedAccount {
        name: name?.value,
        email: email?.value,
        id: value(id),
        enabled: either(enabled, defaults.enabled.as_ref()),
        channel_limit: either(channel_limit, defaults.channel_limit.as_ref()),
        custom_pricing: either(custom_pricing, defaults.custom_pricing.as_ref()),
        rollup_billing,
        min_balance: either(min_balance, default_balance),
        reenable_connections: either(reenable_connections, defaults.reenable_connections.as_ref())
            .unwrap_or(false),
        password_from: value(password_from),
    })
}

fn either<T: Copy>(own: Option<Written<T>>, default: Option<&Written<T>>) -> Option<T> {
    value(own).or(default.map(|default| default.value))
}
