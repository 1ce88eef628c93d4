//! From what is written in all files to what is wanted: whether it fits together.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{
    AcceptEntry, AccountDefaults, AccountEntry, DefaultsEntry, Document, PolicyEntry, UserEntry,
};
use super::join::join;
use super::reading::{Fault, Spot, Written};
use crate::model::{
    Accepted, Budgets, Desired, Email, Policy, Presence, UnlistedAccounts, WantedAccount,
    WantedUser,
};

/// Takes the documents of all files for what is wanted. `None`: something has been noted, here or before.
/// `complete`: the documents are all that there are.
pub(super) fn check(
    documents: Vec<Document>,
    complete: bool,
    faults: &mut Vec<Fault>,
) -> Option<Desired> {
    let Document {
        version: _,
        organization,
        names_organization: _,
        manager_account_id,
        policy,
        accept,
        defaults,
        accounts,
        users,
    } = join(documents, faults);
    let DefaultsEntry { account: defaults } = defaults.unwrap_or_default();
    let mut checks = Checks { faults };
    let policy = policy.unwrap_or_default();
    if complete && accounts.is_empty() {
        checks.not_everything(&policy);
    }
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
    } = entry;
    let usual = Budgets::default();
    Policy {
        unlisted_accounts: value(unlisted_accounts).unwrap_or_default(),
        unlisted_users: value(unlisted_users).unwrap_or_default(),
        budgets: Budgets {
            removals: value(max_removals).unwrap_or(usual.removals),
            disables: value(max_disables).unwrap_or(usual.disables),
            enables: value(max_enables).unwrap_or(usual.enables),
            channel_cut: value(max_channel_cut).unwrap_or(usual.channel_cut),
            pricing_withdrawals: value(max_pricing_withdrawals)
                .unwrap_or(usual.pricing_withdrawals),
            creates: value(max_creates).unwrap_or(usual.creates),
        },
        protected: protected.into_iter().map(|email| email.value).collect(),
    }
}

fn value<T>(written: Option<Written<T>>) -> Option<T> {
    written.map(|written| written.value)
}

/// Where each email is, and how it is written there.
type Emails = BTreeMap<Email, (Spot, Email)>;

struct Checks<'a> {
    faults: &'a mut Vec<Fault>,
}

impl Checks<'_> {
    /// A manifest without accounts must not disable all there are.
    fn not_everything(&mut self, policy: &PolicyEntry) {
        let Some(Written { value: UnlistedAccounts::Disable, spot }) = policy.unlisted_accounts
        else {
            return;
        };
        let message = "with no accounts in the manifest this would disable every account there is";
        self.faults.push(Fault {
            spot,
            message: message.to_owned(),
            hint: Some("list the accounts that are to stay".into()),
            related: None,
        });
    }

    fn accept(&mut self, entries: Vec<Written<AcceptEntry>>) -> Vec<Accepted> {
        let mut seen = BTreeMap::new();
        let mut accepted = Vec::new();
        for entry in entries {
            let AcceptEntry { code, email, until, reason } = entry.value;
            let Some(code) = code else { continue };
            let what = (code.value, value(email.clone()));
            if let Some(first) = seen.insert(what, code.spot) {
                let message = match &email {
                    Some(email) => {
                        format!("{} of {} is accepted twice", code.value.name(), email.value)
                    }
                    None => format!("{} is accepted twice", code.value.name()),
                };
                self.twice(code.spot, first, message, "keep one of them");
            }
            let Some(until) = value(until) else { continue };
            let (email, reason) = (value(email), value(reason));
            accepted.push(Accepted { code: code.value, email, until, reason });
        }
        accepted
    }

    fn accounts(
        &mut self,
        entries: Vec<Written<AccountEntry>>,
        defaults: &AccountDefaults,
    ) -> BTreeMap<Email, WantedAccount> {
        let mut emails = Emails::new();
        let mut ids = BTreeMap::new();
        let mut wanted = BTreeMap::new();
        for Written { value: entry, spot: _ } in entries {
            if let Some(email) = &entry.email {
                self.once(&mut emails, email, "account");
            }
            if let Some(Written { value: id, spot }) = &entry.id
                && let Some(first) = ids.insert(id.clone(), *spot)
            {
                let message = format!("two accounts have the id {id}");
                self.twice(*spot, first, message, "an id belongs to one account");
            }
            if let Some(account) = account(entry, defaults) {
                wanted.insert(account.email.clone(), account);
            }
        }
        wanted
    }

    fn users(&mut self, entries: Vec<Written<UserEntry>>) -> BTreeMap<Email, WantedUser> {
        let mut emails = Emails::new();
        let mut wanted = BTreeMap::new();
        let mut owner_at = None;
        for Written { value: entry, spot: _ } in entries {
            let UserEntry { email, groups, until, absent, owner } = entry;
            let Some(email) = email else { continue };
            self.once(&mut emails, &email, "user");
            let presence = if value(absent).unwrap_or(false) {
                Presence::Absent
            } else if let Some(Written { value: true, spot }) = owner {
                match owner_at {
                    Some(first) => self.twice(
                        spot,
                        first,
                        "an organization has one owner".to_owned(),
                        "keep `owner: true` at one user",
                    ),
                    None => owner_at = Some(spot),
                }
                Presence::Owner
            } else {
                let names = |groups: Vec<Written<String>>| {
                    groups.into_iter().map(|group| group.value).collect::<BTreeSet<_>>()
                };
                Presence::Present { groups: value(groups).map(names), until: value(until) }
            };
            wanted.insert(email.value.clone(), WantedUser { email: email.value, presence });
        }
        wanted
    }

    /// Notes an email that another of the same kind has.
    fn once(&mut self, seen: &mut Emails, email: &Written<Email>, what: &str) {
        let Written { value: email, spot } = email;
        if let Some((first, written)) = seen.insert(email.clone(), (*spot, email.clone())) {
            let message = format!("there are two {what}s with the email {email}");
            let hint = if written.as_str() == email.as_str() {
                "keep one of them"
            } else {
                "upper and lower case are the same in an email: keep one of them"
            };
            self.twice(*spot, first, message, hint);
        }
    }

    fn twice(&mut self, spot: Spot, first: Spot, message: String, hint: &'static str) {
        let related = Some((first, "it is here first"));
        self.faults.push(Fault { spot, message, hint: Some(hint.into()), related });
    }
}

/// An account with what holds for all. `None`: its name or email is missing.
fn account(entry: AccountEntry, defaults: &AccountDefaults) -> Option<WantedAccount> {
    let AccountEntry {
        name,
        email,
        id,
        enabled,
        channel_limit,
        custom_pricing,
        rollup_billing,
        reenable_connections,
        password_from,
    } = entry;
    Some(WantedAccount {
        name: name?.value,
        email: email?.value,
        id: value(id),
        enabled: either(enabled, defaults.enabled.as_ref()),
        channel_limit: either(channel_limit, defaults.channel_limit.as_ref()),
        custom_pricing: either(custom_pricing, defaults.custom_pricing.as_ref()),
        rollup_billing: either(rollup_billing, defaults.rollup_billing.as_ref()),
        reenable_connections: either(reenable_connections, defaults.reenable_connections.as_ref())
            .unwrap_or(false),
        password_from: value(password_from),
    })
}

fn either<T: Copy>(own: Option<Written<T>>, usual: Option<&Written<T>>) -> Option<T> {
    value(own).or(usual.map(|usual| usual.value))
}
