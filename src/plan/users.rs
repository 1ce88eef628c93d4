//! The rules for users.

use std::collections::BTreeSet;

use super::{Action, Draft, Finding};
use crate::model::{LiveUser, Role, UnlistedUsers};

/// Compares every user who is wanted or there, if users are managed.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let (Some(want), Some(have)) = (&draft.desired.users, &draft.live.users) else { return };
    let there: BTreeSet<_> = have.iter().map(|user| &user.email).collect();
    for email in want.keys() {
        if there.contains(email) {
            draft.plan.in_sync += 1;
        } else {
            draft.find(Finding::UserMissing(email.clone()));
        }
    }
    for user in have.iter().filter(|user| !want.contains_key(&user.email)) {
        unlisted(draft, user);
    }
}

fn unlisted(draft: &mut Draft<'_>, user: &LiveUser) {
    let LiveUser { id, email, role, .. } = user;
    match (role, draft.desired.policy.unlisted_users) {
        (_, UnlistedUsers::Ignore) => {}
        (Role::Owner, _) => draft.find(Finding::OwnerUnlisted(email.clone())),
        (Role::SubUser, UnlistedUsers::Remove) => {
            draft.act(Action::RemoveUser { id: id.clone(), email: email.clone() });
        }
        // A role that we do not know may be an owner's by another name.
        (Role::Other(_), UnlistedUsers::Remove) | (_, UnlistedUsers::Report) => {
            draft.find(Finding::UserUnlisted(email.clone()));
        }
    }
}
