//! Joining the files of a folder into one document.

use super::document::{AccountDefaults, DefaultsEntry, ManifestDocument, PolicyEntry};
use super::reading::{SourceProblem, Written};

/// Joins the files: lists are concatenated, and every other field may be set in one file only.
pub(super) fn join(
    documents: Vec<ManifestDocument>,
    problems: &mut Vec<SourceProblem>,
) -> ManifestDocument {
    let mut joined = ManifestDocument::default();
    let mut join = Join { problems };
    for document in documents {
        let ManifestDocument {
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
    problems: &'a mut Vec<SourceProblem>,
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
            stale_after,
            stale_users,
            sso_bypass,
            privileged_groups,
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
        self.once("policy.stale_after", &mut joined.stale_after, stale_after);
        self.once("policy.stale_users", &mut joined.stale_users, stale_users);
        self.once("policy.sso_bypass", &mut joined.sso_bypass, sso_bypass);
        let groups = &mut joined.privileged_groups;
        self.once("policy.privileged_groups", groups, privileged_groups);
    }

    fn defaults(&mut self, joined: &mut AccountDefaults, defaults: AccountDefaults) {
        let AccountDefaults {
            enabled,
            channel_limit,
            custom_pricing,
            rollup_billing,
            min_balance,
            reenable_connections,
        } = defaults;
        self.once("defaults.account.enabled", &mut joined.enabled, enabled);
        self.once("defaults.account.channel_limit", &mut joined.channel_limit, channel_limit);
        self.once("defaults.account.custom_pricing", &mut joined.custom_pricing, custom_pricing);
        self.once("defaults.account.rollup_billing", &mut joined.rollup_billing, rollup_billing);
        self.once("defaults.account.min_balance", &mut joined.min_balance, min_balance);
        let reenable = &mut joined.reenable_connections;
        self.once("defaults.account.reenable_connections", reenable, reenable_connections);
    }

    /// Takes a field that only one file may set; with two it would be unclear which one applies.
    fn once<T>(&mut self, name: &str, joined: &mut Option<Written<T>>, next: Option<Written<T>>) {
        match (&joined, next) {
            (Some(first), Some(next)) => {
                let message = format!("`{name}` is set in two files");
                self.problem(&next, first, message, "Keep it in one of them.");
            }
            (None, next) => *joined = next,
            (Some(_), None) => {}
        }
    }

    /// Takes the organization, which several files may set if they agree.
    fn organization(
        &mut self,
        joined: &mut Option<Written<String>>,
        next: Option<Written<String>>,
    ) {
        match (&joined, next) {
            (Some(first), Some(next)) if first.value != next.value => {
                let message = format!(
                    "this folder has two organizations: {} and {}",
                    first.value, next.value
                );
                self.problem(
                    &next,
                    first,
                    message,
                    "Move this file to another folder: a folder is one organization.",
                );
            }
            (None, next) => *joined = next,
            (Some(_), _) => {}
        }
    }

    fn problem<T>(
        &mut self,
        at: &Written<T>,
        first: &Written<T>,
        message: String,
        hint: &'static str,
    ) {
        let related = Some((first.location, "first set here"));
        self.problems.push(SourceProblem {
            location: at.location,
            message,
            hint: Some(hint.into()),
            related,
        });
    }
}
