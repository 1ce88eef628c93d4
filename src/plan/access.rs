//! The rules for the access of users: sign-ins, single sign-on and privileged groups.

use super::users::{Effective, role};
use super::{Draft, Finding, FindingKind, UncomparedField};
use crate::model::{AccessPolicy, Day, LastSignIn, LiveUser, Presence, StaleUsers, WantedUser};

/// Checks a live user who stays in the organization. `want` is the user's entry, if one lists the user today.
pub(super) fn check(draft: &mut Draft<'_>, want: Option<&WantedUser>, have: &LiveUser) {
    let access = &draft.desired.policy.access;
    let mut found = Vec::new();
    match staleness(access.stale_after, have, draft.today) {
        _ if want.is_some_and(|want| want.keep) => {}
        Staleness::Fresh => {}
        Staleness::Stale { created } => {
            found.push(FindingKind::UserStale { created, last_sign_in: have.last_sign_in });
        }
        Staleness::Unknown => found.push(FindingKind::NotCompared(UncomparedField::StaleAfter)),
    }
    if access.sso_bypass.as_ref().is_some_and(|only| !only.contains(&have.email)) {
        match have.bypasses_sso {
            Some(false) => {}
            Some(true) => found.push(FindingKind::UserBypassesSso),
            None => found.push(FindingKind::NotCompared(UncomparedField::SsoBypass)),
        }
    }
    // An owner has every permission without any group.
    if !access.privileged_groups.is_empty() && role(draft, have) != Effective::Owner {
        let granted = match want.map(|want| &want.presence) {
            Some(Presence::Present { groups: Some(groups), .. }) => Some(groups),
            Some(Presence::Present { groups: None, .. } | Presence::Owner | Presence::Absent)
            | None => None,
        };
        let is_granted = |group: &String| granted.is_some_and(|granted| granted.contains(group));
        match &have.groups {
            None => found.push(FindingKind::NotCompared(UncomparedField::Groups)),
            Some(groups) => {
                let all = access.privileged_groups.iter();
                let has = all.filter(|group| groups.contains(group) && !is_granted(group));
                let groups: Vec<String> = has.cloned().collect();
                if !groups.is_empty() {
                    found.push(FindingKind::PrivilegedGroup { groups });
                }
            }
        }
    }
    for what in found {
        draft.find(Finding::user(have.email.clone(), what));
    }
}

/// Returns true if a policy removes a listed user as stale, unless another rule keeps the user. A user whose last
/// sign-in has no date stays.
pub(super) fn removes(
    policy: &AccessPolicy,
    want: &WantedUser,
    have: &LiveUser,
    today: Day,
) -> bool {
    policy.stale_users == StaleUsers::Remove
        && !want.keep
        && matches!(staleness(policy.stale_after, have, today), Staleness::Stale { .. })
        && matches!(have.last_sign_in, LastSignIn::On(_))
}

/// The result of checking the sign-ins of a user.
enum Staleness {
    /// The user was created or signed in recently, or sign-ins are not checked.
    Fresh,
    /// The user was created long ago and has not signed in since.
    Stale {
        /// The day of the creation.
        created: Day,
    },
    /// A date is missing or unreadable.
    Unknown,
}

/// Checks the sign-ins of a user. `stale_after` is `None` if they are not checked.
fn staleness(stale_after: Option<u32>, have: &LiveUser, today: Day) -> Staleness {
    let Some(days) = stale_after else { return Staleness::Fresh };
    let recent = |day: Day| today.days_since(day) < i64::from(days);
    match (have.created, have.last_sign_in) {
        (_, LastSignIn::On(day)) if recent(day) => Staleness::Fresh,
        (Some(created), _) if recent(created) => Staleness::Fresh,
        (Some(created), LastSignIn::On(_) | LastSignIn::Never) => Staleness::Stale { created },
        (None, _) | (Some(_), LastSignIn::Unknown) => Staleness::Unknown,
    }
}
