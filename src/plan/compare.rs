//! Comparison of two manifests without a live side (`trunkline diff`).
//!
//! A field that the base does not manage may have any live value, so a new value that may take something away
//! counts as destructive.

use std::collections::{BTreeMap, BTreeSet};

use super::comparison::{
    Comparison, EntryChange, EntryDiff, FieldDiff, ManifestField, ManifestValue, UnlistedEffect,
};
use super::policy::{budgets, loosened};
use super::{Field, Loosened, Subject};
use crate::model::{
    Accepted, AccessPolicy, AccountId, Code, Desired, Email, Policy, Presence, UnlistedAccounts,
    UnlistedUsers, WantedAccount, WantedUser,
};

/// Compares two manifests.
#[must_use]
pub fn compare(base: &Desired, head: &Desired) -> Comparison {
    let Desired { organization, manager, policy, accept, accounts, users } = base;
    let loosened = loosened(base, head);
    let mut whole = Vec::new();
    let label = |label: &str| Some(ManifestValue::Text(label.to_owned()));
    note(&mut whole, ManifestField::Organization, label(organization), label(&head.organization));
    let id = |id: &Option<AccountId>| id.as_ref().map(|id| ManifestValue::Text(id.to_string()));
    note(&mut whole, ManifestField::ManagerAccountId, id(manager), id(&head.manager));
    tightened(&mut whole, policy, &head.policy, &loosened);
    if head.users.is_some() {
        let managed = |users: &Option<_>| Some(ManifestValue::Bool(users.is_some()));
        note(&mut whole, ManifestField::Users, managed(users), managed(&head.users));
    }
    let mut differences = Vec::new();
    let changed = |delta| EntryDiff {
        subject: Subject::Organization,
        email: None,
        kind: EntryChange::Changed,
        parts: vec![delta],
        destructive: false,
    };
    differences.extend(whole.into_iter().map(changed));
    accepted(&mut differences, accept, &head.accept);
    compare_accounts(&mut differences, accounts, &head.accounts, head.policy.unlisted_accounts);
    if let Some(after) = &head.users {
        let before = users.clone().unwrap_or_default();
        compare_users(&mut differences, &before, after, head.policy.unlisted_users);
    }
    Comparison { loosened, differences }
}

/// Adds a field if its values differ.
fn note(
    parts: &mut Vec<FieldDiff>,
    part: ManifestField,
    before: Option<ManifestValue>,
    after: Option<ManifestValue>,
) {
    if before != after {
        parts.push(FieldDiff { part, before, after });
    }
}

/// Adds the differences of two policies that do not loosen the base.
fn tightened(parts: &mut Vec<FieldDiff>, base: &Policy, head: &Policy, loosened: &[Loosened]) {
    let Policy { unlisted_accounts, unlisted_users, budgets: allowed, protected, access } = base;
    let reported = |part| {
        loosened.iter().any(|one| match one {
            Loosened::UnlistedAccounts { .. } => part == ManifestField::UnlistedAccounts,
            Loosened::UnlistedUsers { .. } => part == ManifestField::UnlistedUsers,
            Loosened::Budget { name, .. } => part == ManifestField::Budget(*name),
            Loosened::Unmanaged(_) | Loosened::Protected(_) => false,
            Loosened::StaleAfter { .. } => part == ManifestField::StaleAfter,
            Loosened::StaleUsers { .. } => part == ManifestField::StaleUsers,
            Loosened::SsoBypass { .. } => part == ManifestField::SsoBypass,
            Loosened::PrivilegedGroups { .. } => part == ManifestField::PrivilegedGroups,
        })
    };
    let mut add = |part, before, after| {
        if !reported(part) {
            note(parts, part, before, after);
        }
    };
    let accounts = |unlisted| Some(ManifestValue::UnlistedAccounts(unlisted));
    add(
        ManifestField::UnlistedAccounts,
        accounts(*unlisted_accounts),
        accounts(head.unlisted_accounts),
    );
    let users = |unlisted| Some(ManifestValue::UnlistedUsers(unlisted));
    add(ManifestField::UnlistedUsers, users(*unlisted_users), users(head.unlisted_users));
    for ((name, before), (_, after)) in budgets(allowed).into_iter().zip(budgets(&head.budgets)) {
        add(
            ManifestField::Budget(name),
            Some(ManifestValue::Budget(before)),
            Some(ManifestValue::Budget(after)),
        );
    }
    for ((part, before), (_, after)) in
        access_fields(access).into_iter().zip(access_fields(&head.access))
    {
        add(part, before, after);
    }
    for email in head.protected.difference(protected) {
        add(ManifestField::Protected, None, Some(ManifestValue::Text(email.to_string())));
    }
}

/// The fields of a policy about the access of users, with their values.
fn access_fields(access: &AccessPolicy) -> [(ManifestField, Option<ManifestValue>); 4] {
    let AccessPolicy { stale_after, stale_users, sso_bypass, privileged_groups } = access;
    let emails = |emails: &BTreeSet<Email>| {
        ManifestValue::List(emails.iter().map(|email| email.folded().to_owned()).collect())
    };
    let groups = privileged_groups.iter().cloned().collect::<Vec<_>>();
    [
        (ManifestField::StaleAfter, stale_after.map(ManifestValue::Days)),
        (ManifestField::StaleUsers, Some(ManifestValue::StaleUsers(*stale_users))),
        (ManifestField::SsoBypass, sso_bypass.as_ref().map(emails)),
        (
            ManifestField::PrivilegedGroups,
            (!groups.is_empty()).then_some(ManifestValue::List(groups)),
        ),
    ]
}

fn accepted(found: &mut Vec<EntryDiff>, base: &[Accepted], head: &[Accepted]) {
    type AcceptKey = (Option<Email>, Code);
    let all = |entries: &[Accepted]| -> BTreeMap<AcceptKey, ManifestValue> {
        let one = |Accepted { code, email, until, reason }: &Accepted| {
            ((email.clone(), *code), ManifestValue::Accepted(*until, reason.clone()))
        };
        entries.iter().map(one).collect()
    };
    let (before, after) = (all(base), all(head));
    let keys: BTreeSet<&AcceptKey> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (email, code) = key;
        let mut parts = Vec::new();
        note(
            &mut parts,
            ManifestField::Accept(*code),
            before.get(key).cloned(),
            after.get(key).cloned(),
        );
        if !parts.is_empty() {
            found.push(EntryDiff {
                subject: Subject::Organization,
                email: email.clone(),
                kind: EntryChange::Changed,
                parts,
                destructive: false,
            });
        }
    }
}

fn compare_accounts(
    found: &mut Vec<EntryDiff>,
    base: &BTreeMap<Email, WantedAccount>,
    head: &BTreeMap<Email, WantedAccount>,
    unlisted: UnlistedAccounts,
) {
    let counterparts = counterparts(base, head);
    let mut rows = Vec::new();
    for after in head.values() {
        let before = counterparts.get(&after.email).copied();
        let parts = account_parts(before, after);
        let kind = if before.is_some() { EntryChange::Changed } else { EntryChange::Added };
        let destructive = before.is_some() && parts.iter().any(takes_away);
        let email = Some(after.email.clone());
        rows.push(EntryDiff { subject: Subject::Account, email, kind, parts, destructive });
    }
    let kept: BTreeSet<&Email> = counterparts.values().map(|before| &before.email).collect();
    for before in base.values().filter(|before| !kept.contains(&before.email)) {
        let becomes = match unlisted {
            UnlistedAccounts::Disable => UnlistedEffect::TakenAway,
            UnlistedAccounts::Report => UnlistedEffect::Reported,
            UnlistedAccounts::Ignore => UnlistedEffect::Ignored,
        };
        rows.push(removed(Subject::Account, &before.email, becomes));
    }
    extend_sorted(found, rows);
}

/// The entry of the base for each entry of the head that has one: that of the same id, or else of the
/// same email.
fn counterparts<'a>(
    base: &'a BTreeMap<Email, WantedAccount>,
    head: &'a BTreeMap<Email, WantedAccount>,
) -> BTreeMap<&'a Email, &'a WantedAccount> {
    let by_id: BTreeMap<&AccountId, &WantedAccount> =
        base.values().filter_map(|one| Some((one.id.as_ref()?, one))).collect();
    let mut found = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for after in head.values() {
        if let Some(before) = after.id.as_ref().and_then(|id| by_id.get(id)) {
            found.insert(&after.email, *before);
            taken.insert(&before.email);
        }
    }
    for after in head.values() {
        let before = base.get(&after.email).filter(|before| !taken.contains(&before.email));
        if let Some(before) = before {
            found.entry(&after.email).or_insert(before);
        }
    }
    found
}

fn account_parts(before: Option<&WantedAccount>, after: &WantedAccount) -> Vec<FieldDiff> {
    let mut parts = Vec::new();
    let before = before.map(account_fields);
    let after = account_fields(after);
    for (place, (part, after)) in after.into_iter().enumerate() {
        let before = before.as_ref().and_then(|said| said[place].1.clone());
        note(&mut parts, part, before, after);
    }
    parts
}

/// The fields of an account entry with their values.
fn account_fields(account: &WantedAccount) -> [(ManifestField, Option<ManifestValue>); 10] {
    let WantedAccount {
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
    } = account;
    let flag = |flag: &Option<bool>| flag.map(ManifestValue::Bool);
    [
        (ManifestField::Email, Some(ManifestValue::Text(email.folded().to_owned()))),
        (ManifestField::Id, id.as_ref().map(|id| ManifestValue::Text(id.to_string()))),
        (ManifestField::Field(Field::Name), Some(ManifestValue::Text(name.clone()))),
        (ManifestField::Field(Field::Enabled), flag(enabled)),
        (ManifestField::Field(Field::ChannelLimit), channel_limit.map(ManifestValue::Number)),
        (ManifestField::Field(Field::CustomPricing), flag(custom_pricing)),
        (ManifestField::Field(Field::RollupBilling), flag(rollup_billing)),
        (ManifestField::MinBalance, min_balance.map(ManifestValue::Amount)),
        (
            ManifestField::ReenableConnections,
            reenable_connections.then_some(ManifestValue::Bool(true)),
        ),
        (ManifestField::PasswordFrom, password_from.clone().map(ManifestValue::Source)),
    ]
}

/// Returns true if a difference of an existing entry takes, or may take, something away.
fn takes_away(delta: &FieldDiff) -> bool {
    let FieldDiff { part, before, after } = delta;
    let withdraws =
        *after == Some(ManifestValue::Bool(false)) && *before != Some(ManifestValue::Bool(false));
    let lowers = match (before, after) {
        (Some(ManifestValue::Number(before)), Some(ManifestValue::Number(after))) => before > after,
        (Some(_) | None, Some(_) | None) => false,
    };
    let flags = [ManifestField::Field(Field::Enabled), ManifestField::Field(Field::CustomPricing)];
    let limit = ManifestField::Field(Field::ChannelLimit);
    flags.contains(part) && withdraws || *part == limit && lowers
}

fn compare_users(
    found: &mut Vec<EntryDiff>,
    base: &BTreeMap<Email, WantedUser>,
    head: &BTreeMap<Email, WantedUser>,
    unlisted: UnlistedUsers,
) {
    let mut rows = Vec::new();
    for after in head.values() {
        let before = base.get(&after.email);
        let mut parts = Vec::new();
        let (was, is) = (before.map(user_fields), user_fields(after));
        for (place, (part, after)) in is.into_iter().enumerate() {
            note(&mut parts, part, was.as_ref().and_then(|was| was[place].1.clone()), after);
        }
        let removes = unlisted == UnlistedUsers::Remove;
        let says = |which| parts.iter().any(|one| one.part == which && one.after.is_some());
        // After the last day a user counts as unlisted.
        let ends = removes && before.is_some() && says(ManifestField::Until);
        let destructive = says(ManifestField::Absent) || ends;
        let kind = if before.is_some() { EntryChange::Changed } else { EntryChange::Added };
        let email = Some(after.email.clone());
        rows.push(EntryDiff { subject: Subject::User, email, kind, parts, destructive });
    }
    for before in base.values().filter(|before| !head.contains_key(&before.email)) {
        let becomes = match unlisted {
            UnlistedUsers::Remove => UnlistedEffect::TakenAway,
            UnlistedUsers::Report => UnlistedEffect::Reported,
            UnlistedUsers::Ignore => UnlistedEffect::Ignored,
        };
        let row = removed(Subject::User, &before.email, becomes);
        // A user that the base declares absent has nothing to lose.
        let destructive = row.destructive && before.presence != Presence::Absent;
        rows.push(EntryDiff { destructive, ..row });
    }
    extend_sorted(found, rows);
}

/// The fields of a user entry with their values.
fn user_fields(user: &WantedUser) -> [(ManifestField, Option<ManifestValue>); 6] {
    let WantedUser { email, presence, keep } = user;
    let (groups, until) = match presence {
        Presence::Present { groups, until } => (groups.as_ref(), *until),
        Presence::Absent | Presence::Owner => (None, None),
    };
    let only_if = |is: bool| is.then_some(ManifestValue::Bool(true));
    let groups = groups.map(|groups| ManifestValue::List(groups.iter().cloned().collect()));
    [
        (ManifestField::Email, Some(ManifestValue::Text(email.folded().to_owned()))),
        (ManifestField::Groups, groups),
        (ManifestField::Until, until.map(ManifestValue::Day)),
        (ManifestField::Keep, only_if(*keep)),
        (ManifestField::Absent, only_if(*presence == Presence::Absent)),
        (ManifestField::Owner, only_if(*presence == Presence::Owner)),
    ]
}

fn removed(subject: Subject, email: &Email, becomes: UnlistedEffect) -> EntryDiff {
    EntryDiff {
        subject,
        email: Some(email.clone()),
        kind: EntryChange::Removed(becomes),
        parts: Vec::new(),
        destructive: becomes == UnlistedEffect::TakenAway,
    }
}

/// Adds differences in the order of emails. A new entry does not repeat its email as a field.
fn extend_sorted(found: &mut Vec<EntryDiff>, mut rows: Vec<EntryDiff>) {
    rows.sort_by(|one, other| (&one.email, one.kind).cmp(&(&other.email, other.kind)));
    for mut row in rows {
        if row.kind == EntryChange::Added {
            row.parts.retain(|delta| delta.part != ManifestField::Email);
        }
        if row.kind != EntryChange::Changed || !row.parts.is_empty() {
            found.push(row);
        }
    }
}
