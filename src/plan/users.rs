//! The rules for users.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::Alike;
use super::{Action, Draft, Finding, Subject};
use crate::model::{Day, Email, LiveUser, Presence, Role, UnlistedUsers, UserStatus, WantedUser};

/// Compares every user who is wanted or there, if users are managed.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let (Some(want), Some(have)) = (&draft.desired.users, &draft.live.users) else { return };
    let there: BTreeSet<&Email> = have.iter().map(|user| &user.email).collect();
    let missing: Vec<&Email> = want
        .values()
        .filter(|user| is_listed(user, draft.today) && !there.contains(&user.email))
        .map(|user| &user.email)
        .collect();
    for email in &missing {
        draft.find(Finding::UserMissing((*email).clone()));
    }
    let missing = Alike::new(missing);
    for user in have {
        one(draft, want, user, &missing);
    }
}

/// Whether an entry says that the user may be there today.
pub(super) fn is_listed(want: &WantedUser, today: Day) -> bool {
    match want.presence {
        Presence::Present { until, .. } => until.is_none_or(|until| today <= until),
        Presence::Absent => false,
    }
}

fn one(
    draft: &mut Draft<'_>,
    want: &BTreeMap<Email, WantedUser>,
    user: &LiveUser,
    missing: &Alike<'_>,
) {
    match want.get(&user.email) {
        Some(WantedUser { email: _, presence: Presence::Absent }) => gone(draft, user),
        Some(want) if is_listed(want, draft.today) => compare(draft, want, user),
        // After its last day a listed user counts as unlisted.
        Some(_) | None => unlisted(draft, user, missing),
    }
}

/// Looks at a listed user who is there. What differs is for a person: the API changes nothing of it.
fn compare(draft: &mut Draft<'_>, want: &WantedUser, have: &LiveUser) {
    let email = &have.email;
    match &have.status {
        Some(UserStatus::Enabled) | None => {}
        Some(UserStatus::Disabled) => draft.find(Finding::UserDisabled(email.clone())),
        Some(UserStatus::Blocked) => draft.find(Finding::UserBlocked(email.clone())),
        Some(UserStatus::Other(_)) => {
            draft.find(Finding::StatusUnknown(Subject::User, email.clone()));
        }
    }
    if let (Presence::Present { groups: Some(want), .. }, Some(have)) =
        (&want.presence, &have.groups)
    {
        let have: BTreeSet<String> = have.iter().cloned().collect();
        let missing: Vec<String> = want.difference(&have).cloned().collect();
        let extra: Vec<String> = have.difference(want).cloned().collect();
        if !(missing.is_empty() && extra.is_empty()) {
            draft.find(Finding::GroupMismatch { email: email.clone(), missing, extra });
        }
    }
}

/// A user who is to be gone, whatever the policy says.
fn gone(draft: &mut Draft<'_>, user: &LiveUser) {
    let LiveUser { id, email, role, .. } = user;
    match role {
        Role::Owner => draft.find(Finding::OwnerUnlisted(email.clone())),
        Role::SubUser => {
            draft.act(Action::RemoveUser { id: id.clone(), email: email.clone() });
        }
        // A role that we do not know may be an owner's by another name.
        Role::Other(_) => draft.find(Finding::UserUnlisted(email.clone())),
    }
}

fn unlisted(draft: &mut Draft<'_>, user: &LiveUser, missing: &Alike<'_>) {
    let email = user.email.clone();
    match (&user.role, draft.desired.policy.unlisted_users) {
        (_, UnlistedUsers::Ignore) => {}
        (Role::Owner, _) => draft.find(Finding::OwnerUnlisted(email)),
        (Role::SubUser, UnlistedUsers::Remove) => match missing.to(&email).first() {
            Some(like) => draft.find(Finding::PossibleRename {
                subject: Subject::User,
                email,
                missing: (*like).clone(),
            }),
            None => gone(draft, user),
        },
        (Role::Other(_), UnlistedUsers::Remove) | (_, UnlistedUsers::Report) => {
            draft.find(Finding::UserUnlisted(email));
        }
    }
}
