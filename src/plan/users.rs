//! The rules for users.

use std::collections::{BTreeMap, BTreeSet};

use super::access;
use super::alike::Alike;
use super::{Action, Draft, Finding, FindingKind, Reason, Subject, UncomparedField};
use crate::model::{
    Code, Day, Email, Half, LiveUser, Presence, Role, UnlistedUsers, UserId, UserStatus, WantedUser,
};

/// Compares every user that is listed or live, if users are managed.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let (Some(want), Some(have)) = (&draft.desired.users, &draft.live.users) else { return };
    let present: BTreeSet<&Email> =
        have.iter().map(|user| &user.email).chain(&draft.live.owners).collect();
    let missing: BTreeSet<&Email> = want
        .values()
        .filter(|user| is_listed(user, draft.today) && !user.is_owner())
        .map(|user| &user.email)
        .filter(|email| !present.contains(email))
        .collect();
    let renames = renames(draft, want, have, &missing);
    for email in missing {
        let kind = match renames.by_entry.get(email) {
            Some(unlisted) => FindingKind::PossibleRenameOf { unlisted: (*unlisted).clone() },
            None if !draft.live.is_complete(Half::Users) => FindingKind::NotFullyRead,
            // The API cannot invite.
            None => FindingKind::UserMissing,
        };
        draft.check_entry(Subject::User, email, |draft| {
            draft.find(Finding::user(email.clone(), kind));
        });
    }
    hidden_owners(draft, want, have);
    for user in have {
        let rule = |draft: &mut Draft<'_>| match standing(want, user, draft.today) {
            Standing::Listed(entry) => compare(draft, entry, user),
            Standing::Absent => remove(draft, user, Reason::Absent),
            Standing::Unlisted(reason) => unlisted(draft, user, reason, &renames),
        };
        match want.get_key_value(&user.email) {
            Some((email, _)) => draft.check_entry(Subject::User, email, rule),
            None => rule(draft),
        }
    }
}

/// Compares entries that no list shows with the owners that accounts name.
fn hidden_owners<'a>(
    draft: &mut Draft<'a>,
    want: &'a BTreeMap<Email, WantedUser>,
    have: &[LiveUser],
) {
    let owners = &draft.live.owners;
    let listed: BTreeSet<&Email> = have.iter().map(|user| &user.email).collect();
    for (email, entry) in want.iter().filter(|(email, _)| !listed.contains(email)) {
        let kind = match (&entry.presence, owners.contains(email)) {
            (Presence::Absent, true) => FindingKind::OwnerUnlisted,
            (Presence::Owner, false) if !owners.is_empty() => {
                FindingKind::OwnerIsAnother { owners: owners.iter().cloned().collect() }
            }
            (Presence::Absent | Presence::Owner | Presence::Present { .. }, _) => continue,
        };
        draft.check_entry(Subject::User, email, |draft| {
            draft.find(Finding::user(email.clone(), kind));
        });
    }
}

/// Returns true if an entry allows the user to be in the organization today.
pub(super) fn is_listed(want: &WantedUser, today: Day) -> bool {
    match want.presence {
        Presence::Present { until, .. } => until.is_none_or(|until| today <= until),
        Presence::Owner => true,
        Presence::Absent => false,
    }
}

/// The standing of a live user in the manifest.
enum Standing<'a> {
    Listed(&'a WantedUser),
    Absent,
    Unlisted(Reason),
}

fn standing<'a>(
    want: &'a BTreeMap<Email, WantedUser>,
    user: &LiveUser,
    today: Day,
) -> Standing<'a> {
    match want.get(&user.email) {
        Some(entry) if is_listed(entry, today) => Standing::Listed(entry),
        Some(WantedUser { presence: Presence::Absent, .. }) => Standing::Absent,
        // After the last day a listed user counts as unlisted.
        Some(WantedUser { presence: Presence::Present { until: Some(day), .. }, .. }) => {
            Standing::Unlisted(Reason::UntilPassed(*day))
        }
        Some(_) | None => Standing::Unlisted(Reason::Unlisted),
    }
}

/// Users to be removed that may be missing entries under another email.
#[derive(Default)]
struct UserRenames<'a> {
    by_user: BTreeMap<&'a UserId, &'a Email>,
    by_entry: BTreeMap<&'a Email, &'a Email>,
}

/// Pairs users to be removed with missing entries: the state records the id under that email, or the emails
/// are alike.
fn renames<'a>(
    draft: &mut Draft<'a>,
    want: &'a BTreeMap<Email, WantedUser>,
    have: &'a [LiveUser],
    missing: &BTreeSet<&'a Email>,
) -> UserRenames<'a> {
    let mut renames = UserRenames::default();
    if draft.desired.policy.unlisted_users != UnlistedUsers::Remove {
        return renames;
    }
    let alike = Alike::new(missing.iter().copied(), want.keys());
    for user in have {
        let removable = matches!(standing(want, user, draft.today), Standing::Unlisted(_))
            && role(draft, user) == Effective::SubUser;
        if !removable {
            continue;
        }
        let recorded = draft.state.users.get(&user.id).and_then(|email| missing.get(email));
        for entry in recorded.copied().into_iter().chain(alike.to(&user.email)) {
            // An accepted possible rename means that these are two users.
            let two = draft.accepts(Code::PossibleRename, &user.email)
                | draft.accepts(Code::PossibleRename, entry);
            if !two {
                renames.by_user.entry(&user.id).or_insert(entry);
                let first = renames.by_entry.entry(entry).or_insert(&user.email);
                *first = (*first).min(&user.email);
            }
        }
    }
    renames
}

/// The role that the rules use.
#[derive(PartialEq, Eq)]
pub(super) enum Effective {
    Owner,
    SubUser,
    /// A role that this version does not know. It may be an owner's.
    Unknown,
}

/// The role of a user. An owner's email that any account reports takes precedence over the list.
pub(super) fn role(draft: &Draft<'_>, user: &LiveUser) -> Effective {
    match user.role {
        _ if draft.live.owners.contains(&user.email) => Effective::Owner,
        Role::Owner => Effective::Owner,
        Role::SubUser => Effective::SubUser,
        Role::Other(_) => Effective::Unknown,
    }
}

/// Compares a live user with its entry. Differences are findings, because the API cannot change them.
fn compare(draft: &mut Draft<'_>, want: &WantedUser, have: &LiveUser) {
    if removes_stale(draft, want, have) {
        return remove(draft, have, Reason::Stale);
    }
    let contradicts = want.is_owner() && role(draft, have) != Effective::Owner;
    let mut find = |what| draft.find(Finding::user(have.email.clone(), what));
    if contradicts {
        find(FindingKind::OwnerIsSubUser);
    }
    match &have.status {
        Some(UserStatus::Enabled) | None => {}
        Some(UserStatus::Disabled) => find(FindingKind::UserDisabled),
        Some(UserStatus::Blocked) => find(FindingKind::UserBlocked),
        Some(UserStatus::Other(_)) => find(FindingKind::StatusUnknown),
    }
    if let Presence::Present { groups: Some(want), .. } = &want.presence {
        match &have.groups {
            None => find(FindingKind::NotCompared(UncomparedField::Groups)),
            Some(have) => {
                let have: BTreeSet<String> = have.iter().cloned().collect();
                let missing: Vec<String> = want.difference(&have).cloned().collect();
                let extra: Vec<String> = have.difference(want).cloned().collect();
                if !(missing.is_empty() && extra.is_empty()) {
                    find(FindingKind::GroupMismatch { missing, extra });
                }
            }
        }
    }
    access::check(draft, Some(want), have);
}

/// Returns true if the policy removes a listed user who is stale. Owners, protected users, users to keep and
/// accepted ones stay.
fn removes_stale(draft: &mut Draft<'_>, want: &WantedUser, have: &LiveUser) -> bool {
    access::removes(&draft.desired.policy.access, want, have, draft.today)
        && !draft.is_protected(&have.email)
        && role(draft, have) == Effective::SubUser
        && !draft.accepts(Code::UserStale, &have.email)
}

/// The last day of an entry that has passed.
fn last_day(reason: Reason) -> Option<Day> {
    match reason {
        Reason::UntilPassed(day) => Some(day),
        Reason::Declared | Reason::Unlisted | Reason::Absent | Reason::Stale => None,
    }
}

/// Removes a user, unless the user is an owner or was removed before.
fn remove(draft: &mut Draft<'_>, user: &LiveUser, reason: Reason) {
    let LiveUser { id, email, status, .. } = user;
    // The API may keep listing a removed user as disabled. A second removal has no effect.
    let removed = draft.state.removed.contains(id) && *status == Some(UserStatus::Disabled);
    let what = match role(draft, user) {
        Effective::Owner => FindingKind::OwnerUnlisted,
        Effective::Unknown => FindingKind::UserUnlisted { until: last_day(reason) },
        Effective::SubUser if removed => FindingKind::RemovalWithoutEffect,
        Effective::SubUser => {
            draft.act(Action::RemoveUser { id: id.clone(), email: email.clone() }, reason);
            return;
        }
    };
    draft.find(Finding::user(email.clone(), what));
}

fn unlisted(draft: &mut Draft<'_>, user: &LiveUser, reason: Reason, renames: &UserRenames<'_>) {
    let email = user.email.clone();
    let policy = draft.desired.policy.unlisted_users;
    match (role(draft, user), policy, renames.by_user.get(&user.id)) {
        (_, UnlistedUsers::Ignore, _) => draft.ignore(),
        (Effective::Owner, _, _) => {
            draft.find(Finding::user(email, FindingKind::OwnerUnlisted));
            access::check(draft, None, user);
        }
        (Effective::SubUser, UnlistedUsers::Remove, Some(missing)) => {
            let kind = FindingKind::PossibleRename { missing: (*missing).clone() };
            draft.find(Finding::user(email, kind));
            draft.withhold(1);
        }
        (Effective::SubUser, UnlistedUsers::Remove, None) => remove(draft, user, reason),
        (Effective::Unknown, UnlistedUsers::Remove, _) | (_, UnlistedUsers::Report, _) => {
            let kind = FindingKind::UserUnlisted { until: last_day(reason) };
            draft.find(Finding::user(email, kind));
            access::check(draft, None, user);
        }
    }
}
