//! The files of a folder as one document.

use super::document::{AccountDefaults, DefaultsEntry, Document, PolicyEntry};
use super::reading::{Fault, Written};

/// Joins what all files say: lists one after the other, and everything else said once.
pub(super) fn join(documents: Vec<Document>, faults: &mut Vec<Fault>) -> Document {
    let mut joined = Document::default();
    let mut join = Join { faults };
    for document in documents {
        let Document {
            version,
            organization,
            names_organization,
            manager_account_id,
            policy,
            accept,
            defaults,
            accounts,
            users,
        } = document;
        joined.version = joined.version.or(version);
        join.organization(&mut joined.organization, organization);
        joined.names_organization |= names_organization;
        let manager = &mut joined.manager_account_id;
        join.once("manager_account_id", manager, manager_account_id);
        if let Some(policy) = policy {
            join.policy(joined.policy.get_or_insert_default(), policy);
        }
        joined.accept.extend(accept);
        if let Some(DefaultsEntry { account: Some(account) }) = defaults {
            let joined = joined.defaults.get_or_insert_default();
            join.defaults(joined.account.get_or_insert_default(), account);
        }
        joined.accounts.extend(accounts);
        if let Some(users) = users {
            joined.users.get_or_insert_default().extend(users);
        }
    }
    joined
}

struct Join<'a> {
    faults: &'a mut Vec<Fault>,
}

impl Join<'_> {
    fn policy(&mut self, joined: &mut PolicyEntry, policy: PolicyEntry) {
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
        } = policy;
        self.once("policy.unlisted_accounts", &mut joined.unlisted_accounts, unlisted_accounts);
        self.once("policy.unlisted_users", &mut joined.unlisted_users, unlisted_users);
        self.once("policy.max_removals", &mut joined.max_removals, max_removals);
        self.once("policy.max_disables", &mut joined.max_disables, max_disables);
        self.once("policy.max_enables", &mut joined.max_enables, max_enables);
        self.once("policy.max_channel_cut", &mut joined.max_channel_cut, max_channel_cut);
        let withdrawals = &mut joined.max_pricing_withdrawals;
        self.once("policy.max_pricing_withdrawals", withdrawals, max_pricing_withdrawals);
        self.once("policy.max_creates", &mut joined.max_creates, max_creates);
        joined.protected.extend(protected);
    }

    fn defaults(&mut self, joined: &mut AccountDefaults, defaults: AccountDefaults) {
        let AccountDefaults {
            enabled,
            channel_limit,
            custom_pricing,
            rollup_billing,
            reenable_connections,
        } = defaults;
        self.once("defaults.account.enabled", &mut joined.enabled, enabled);
        self.once("defaults.account.channel_limit", &mut joined.channel_limit, channel_limit);
        self.once("defaults.account.custom_pricing", &mut joined.custom_pricing, custom_pricing);
        self.once("defaults.account.rollup_billing", &mut joined.rollup_billing, rollup_billing);
        let reenable = &mut joined.reenable_connections;
        self.once("defaults.account.reenable_connections", reenable, reenable_connections);
    }

    /// What only one of the files may say: with two, nobody could tell which one holds.
    fn once<T>(&mut self, name: &str, said: &mut Option<Written<T>>, next: Option<Written<T>>) {
        match (&said, next) {
            (Some(first), Some(next)) => {
                let message = format!("`{name}` is set in two files");
                self.fault(&next, first, message, "keep it in one of them");
            }
            (None, next) => *said = next,
            (Some(_), None) => {}
        }
    }

    /// Every file may say it, and all that do must agree.
    fn organization(&mut self, said: &mut Option<Written<String>>, next: Option<Written<String>>) {
        match (&said, next) {
            (Some(first), Some(next)) if first.value != next.value => {
                let message =
                    format!("one folder has two organizations: {} and {}", first.value, next.value);
                self.fault(
                    &next,
                    first,
                    message,
                    "a folder is one organization: move this file to a folder of its own",
                );
            }
            (None, next) => *said = next,
            (Some(_), _) => {}
        }
    }

    fn fault<T>(
        &mut self,
        at: &Written<T>,
        first: &Written<T>,
        message: String,
        hint: &'static str,
    ) {
        let related = Some((first.spot, "it is set here first"));
        self.faults.push(Fault { spot: at.spot, message, hint: Some(hint.into()), related });
    }
}
