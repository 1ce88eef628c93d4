//! Possible renames: unlisted accounts that may be missing entries under another email. Both halves are
//! withheld until a person decides.

use std::collections::{BTreeMap, BTreeSet};

use super::Draft;
use super::alike::{Alike, near_names};
use super::identity::{Match, Pairing};
use crate::model::{AccountId, Code, Create, Email, LiveAccount, WantedAccount};

/// Pairs of unlisted accounts and missing entries that may be the same.
#[derive(Default)]
pub(super) struct AccountRenames<'a> {
    /// The missing entry of each account; the first, if there are several.
    by_account: BTreeMap<&'a AccountId, &'a Email>,
    /// The unlisted account of each entry; the first, if there are several.
    by_entry: BTreeMap<&'a Email, &'a Email>,
}

impl<'a> AccountRenames<'a> {
    pub(super) fn new(pairing: &Pairing<'a>, draft: &mut Draft<'a>) -> Self {
        let missing = pairing.entries.iter().filter_map(|(want, side)| match side {
            Match::Missing => Some(*want),
            Match::Account(_) | Match::Conflict(_) | Match::Ambiguous(_) => None,
        });
        let missing: Vec<&WantedAccount> = missing.collect();
        let mut renames = Self::default();
        if missing.is_empty() || pairing.unlisted.is_empty() {
            return renames;
        }
        let evidence = Evidence::new(&missing, draft);
        for account in &pairing.unlisted {
            for entry in evidence.of(account) {
                // An accepted possible rename means that these are two accounts.
                let two = draft.accepts(Code::PossibleRename, &account.email)
                    | draft.accepts(Code::PossibleRename, entry);
                if two {
                    continue;
                }
                renames.by_account.entry(&account.id).or_insert(entry);
                let first = renames.by_entry.entry(entry).or_insert(&account.email);
                *first = (*first).min(&account.email);
            }
        }
        renames
    }

    /// The unlisted account that a missing entry may be.
    pub(super) fn of_entry(&self, missing: &Email) -> Option<&'a Email> {
        self.by_entry.get(missing).copied()
    }

    /// The missing entry that an unlisted account may be.
    pub(super) fn of_account(&self, unlisted: &AccountId) -> Option<&'a Email> {
        self.by_account.get(unlisted).copied()
    }
}

/// The missing entries, by the evidence that may identify their accounts.
struct Evidence<'a> {
    by_name: BTreeMap<String, Vec<&'a Email>>,
    names: BTreeMap<&'a Email, String>,
    alike: Alike<'a>,
    /// The entry under which the state records each id.
    recorded: BTreeMap<&'a AccountId, &'a Email>,
}

impl<'a> Evidence<'a> {
    fn new(missing: &[&'a WantedAccount], draft: &Draft<'a>) -> Self {
        let mut by_name: BTreeMap<String, Vec<&Email>> = BTreeMap::new();
        let names: BTreeMap<&Email, String> =
            missing.iter().map(|want| (&want.email, plain(&want.name))).collect();
        for (email, name) in &names {
            by_name.entry(name.clone()).or_default().push(email);
        }
        let state = draft.state;
        let created = state.creates.iter().filter_map(|(email, create)| match create {
            Create::Acknowledged(id) => Some((id, email)),
            Create::Intended | Create::Sending => None,
        });
        let recorded = state.emails.iter().chain(created);
        let recorded =
            recorded.filter_map(|(id, email)| Some((id, *names.get_key_value(email)?.0)));
        let listed = draft.desired.accounts.keys();
        Self {
            recorded: recorded.collect(),
            alike: Alike::new(names.keys().copied(), listed),
            by_name,
            names,
        }
    }

    /// The entries that an unlisted account may be: the state records its id under that email, the names
    /// are equal, or both names and both emails are alike.
    fn of(&self, account: &LiveAccount) -> BTreeSet<&'a Email> {
        let name = account.name.as_ref().map(|name| plain(name)).filter(|name| !name.is_empty());
        let mut entries: BTreeSet<&Email> =
            self.recorded.get(&account.id).copied().into_iter().collect();
        let Some(name) = name else { return entries };
        entries.extend(self.by_name.get(&name).into_iter().flatten());
        let alike = self.alike.to(&account.email).into_iter();
        entries.extend(alike.filter(|email| near_names(&name, &self.names[*email])));
        entries
    }
}

/// A name without differences in case and spaces.
fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
