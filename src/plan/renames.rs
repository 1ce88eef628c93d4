//! Which unlisted accounts may be the missing ones under another email: neither is the one disabled,
//! nor the other created, until a person has said what is meant.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::Alike;
use super::identity::{Meant, Pairing};
use crate::model::{AccountId, Create, Email, LiveAccount, State, WantedAccount};

/// Unlisted accounts and missing entries that look like each other.
pub(super) struct Renames<'a> {
    held: BTreeSet<&'a Email>,
    /// One entry for each unlisted account that is held.
    held_for: BTreeMap<&'a AccountId, &'a Email>,
}

impl<'a> Renames<'a> {
    pub(super) fn new(pairing: &Pairing<'a>, state: &State) -> Self {
        let missing = pairing.entries.iter().filter_map(|(want, meant)| match meant {
            Meant::Missing => Some(*want),
            Meant::Account(_) | Meant::Taken(_) | Meant::Ambiguous(_) => None,
        });
        let missing: Vec<&WantedAccount> = missing.collect();
        let likeness = Likeness::new(&missing, state);
        let mut renames = Self { held: BTreeSet::new(), held_for: BTreeMap::new() };
        for account in &pairing.unlisted {
            let alike = likeness.to(account);
            if let Some(first) = alike.first() {
                renames.held_for.insert(&account.id, first);
            }
            renames.held.extend(alike);
        }
        renames
    }

    /// Whether the account of a missing entry may be there under another email.
    pub(super) fn is_held(&self, missing: &Email) -> bool {
        self.held.contains(missing)
    }

    /// The missing entry that an unlisted account may be.
    pub(super) fn held_for(&self, unlisted: &AccountId) -> Option<&'a Email> {
        self.held_for.get(unlisted).copied()
    }
}

/// The missing entries, to be asked which of them are like an account.
struct Likeness<'a, 'l> {
    by_name: BTreeMap<String, Vec<&'a Email>>,
    by_email: BTreeMap<&'a Email, &'a Email>,
    alike: Alike<'a>,
    state: &'l State,
    /// The accounts that were created for an entry.
    created: BTreeMap<&'l AccountId, &'l Email>,
}

impl<'a, 'l> Likeness<'a, 'l> {
    fn new(missing: &[&'a WantedAccount], state: &'l State) -> Self {
        let mut by_name: BTreeMap<String, Vec<&Email>> = BTreeMap::new();
        for want in missing {
            by_name.entry(plain(&want.name)).or_default().push(&want.email);
        }
        let emails = missing.iter().map(|want| &want.email);
        let created = state.creates.iter().filter_map(|(email, create)| match create {
            Create::Acknowledged(id) => Some((id, email)),
            Create::Intended | Create::Sending => None,
        });
        Self {
            by_name,
            by_email: emails.clone().map(|email| (email, email)).collect(),
            alike: Alike::new(emails),
            state,
            created: created.collect(),
        }
    }

    /// Those that are like an account: by what is recorded of its id, by its name, or by its email.
    fn to(&self, account: &LiveAccount) -> BTreeSet<&'a Email> {
        let recorded = [self.state.emails.get(&account.id), self.created.get(&account.id).copied()];
        let recorded = recorded.into_iter().flatten().filter_map(|email| self.by_email.get(email));
        let name = account.name.as_ref().map(|name| plain(name)).filter(|name| !name.is_empty());
        let named = name.and_then(|name| self.by_name.get(&name)).into_iter().flatten();
        let mut alike = self.alike.to(&account.email);
        alike.extend(recorded.chain(named).copied());
        alike
    }
}

/// A name without what people type differently.
fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
