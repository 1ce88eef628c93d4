//! The rules for users.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::Alike;
use super::{Action, Draft, Finding, Reason, What};
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
        draft.find(Finding::user((*email).clone(), What::UserMissing));
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
        Some(want) if is_listed(want, draft.today) => compare(draft, want, user),
        Some(WantedUser { email: _, presence: Presence::Absent }) => {
            remove(draft, user, Reason::Absent);
        }
        // After its last day a listed user counts as unlisted.
        Some(WantedUser { email: _, presence: Presence::Present { until: Some(day), .. } }) => {
            unlisted(draft, user, missing, Reason::UntilPassed(*day));
        }
        Some(_) | None => unlisted(draft, user, missing, Reason::Unlisted),
    }
}

/// Looks at a listed user who is there. What differs is for a person: the API changes nothing of it.
fn compare(draft: &mut Draft<'_>, want: &WantedUser, have: &LiveUser) {
    let mut find = |what| draft.find(Finding::user(have.email.clone(), what));
    match &have.status {
        Some(UserStatus::Enabled) | None => {}
        Some(UserStatus::Disabled) => find(What::UserDisabled),
        Some(UserStatus::Blocked) => find(What::UserBlocked),
        Some(UserStatus::Other(_)) => find(What::StatusUnknown),
    }
    if let (Presence::Present { groups: Some(want), .. }, Some(have)) =
        (&want.presence, &have.groups)
    {
        let have: BTreeSet<String> = have.iter().cloned().collect();
        let missing: Vec<String> = want.difference(&have).cloned().collect();
        let extra: Vec<String> = have.difference(want).cloned().collect();
        if !(missing.is_empty() && extra.is_empty()) {
            find(What::GroupMismatch { missing, extra });
        }
    }
}

/// A user who is to be gone, whatever the policy says.
fn remove(draft: &mut Draft<'_>, user: &LiveUser, reason: Reason) {
    let LiveUser { id, email, role, .. } = user;
    match role {
        Role::Owner => draft.find(Finding::user(email.clone(), What::OwnerUnlisted)),
        Role::SubUser => {
            draft.act(Action::RemoveUser { id: id.clone(), email: email.clone() }, reason);
        }
        // A role that we do not know may be an owner's by another name.
        Role::Other(_) => draft.find(Finding::user(email.clone(), What::UserUnlisted)),
    }
}

fn unlisted(draft: &mut Draft<'_>, user: &LiveUser, missing: &Alike<'_>, reason: Reason) {
    let email = user.email.clone();
    match (&user.role, draft.desired.policy.unlisted_users) {
        (_, UnlistedUsers::Ignore) => {}
        (Role::Owner, _) => draft.find(Finding::user(email, What::OwnerUnlisted)),
        (Role::SubUser, UnlistedUsers::Remove) => match missing.to(&email).first() {
            Some(like) => {
                let what = What::PossibleRename { missing: (*like).clone() };
                draft.find(Finding::user(email, what));
            }
            None => remove(draft, user, reason),
        },
        (Role::Other(_), UnlistedUsers::Remove) | (_, UnlistedUsers::Report) => {
            draft.find(Finding::user(email, What::UserUnlisted));
        }
    }
}
