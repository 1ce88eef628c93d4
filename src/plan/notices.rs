//! Notices about the manifest as a whole: settings that apply to nothing, and creates that need attention.
//!
//! Nothing is claimed about a half of the inventory that was not read, or not completely.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, Finding, FindingKind, UncomparedField};
use crate::model::{Accepted, Code, Email, Half};

/// The managed accounts that a manager may have unless Telnyx raises the quota (support article 4951492).
const ACCOUNT_QUOTA: usize = 1_000;

/// Adds all notices. Must run after every rule: rules mark the entries of `accept` that they use.
pub(super) fn add(draft: &mut Draft<'_>) {
    unchecked_manager(draft);
    unmatched_protected(draft);
    unmatched_accept(draft);
    creates(draft);
}

/// Reports that no account names the manager with which to compare the expected one.
fn unchecked_manager(draft: &mut Draft<'_>) {
    if draft.desired.manager.is_some() && draft.live.manager.is_none() {
        let kind = FindingKind::NotCompared(UncomparedField::ManagerAccountId);
        draft.find(Finding::organization(kind));
    }
}

/// Reports protected addresses that are neither listed nor live: most likely typing mistakes.
///
/// An address may belong to an account or to a user, so both halves must be known. In a half that the manifest
/// does not manage, nothing needs protection.
fn unmatched_protected(draft: &mut Draft<'_>) {
    if draft.desired.policy.protected.is_empty() {
        return;
    }
    if !draft.is_known(Half::Accounts) || !draft.is_known(Half::Users) {
        return;
    }
    let (desired, live) = (draft.desired, draft.live);
    let accounts = live.accounts.iter().chain(&live.cancelled).map(|account| &account.email);
    let users = live.users.iter().flatten().map(|user| &user.email);
    let known: BTreeSet<&Email> = accounts
        .chain(users)
        .chain(&live.owners)
        .chain(desired.accounts.keys())
        .chain(desired.users.iter().flat_map(BTreeMap::keys))
        .collect();
    for email in desired.policy.protected.iter().filter(|email| !known.contains(email)) {
        draft.find(Finding::organization(FindingKind::ProtectedUnmatched(email.clone())));
    }
}

/// Reports entries of `accept` that apply to no finding, or whose last day has passed.
fn unmatched_accept(draft: &mut Draft<'_>) {
    let desired = draft.desired;
    for (place, accepted) in desired.accept.iter().enumerate() {
        let Accepted { code, email, until, reason: _ } = accepted;
        let past = *until < draft.today;
        let known = halves(*code).iter().all(|half| draft.is_known(*half));
        if past || known && !draft.is_used(place) {
            let (code, email, until) = (*code, email.clone(), *until);
            let kind = FindingKind::AcceptUnmatched { code, email, until, past };
            draft.find(Finding::organization(kind));
        }
    }
}

/// The halves of the inventory in which a finding of this code can arise.
fn halves(code: Code) -> &'static [Half] {
    match code {
        Code::NegativeBalance
        | Code::LowBalance
        | Code::AccountUnlisted
        | Code::ImmutableName
        | Code::ImmutableEmail
        | Code::ImmutableRollupBilling
        | Code::AccountBlocked
        | Code::AccountCancelled
        | Code::AccountVanished
        | Code::UnresolvedCreate
        | Code::PoolExceeded
        | Code::ChannelLimitUnverified
        | Code::AccountQuota
        | Code::UntrackedCreates => &[Half::Accounts],
        Code::UserMissing
        | Code::UserUnlisted
        | Code::OwnerUnlisted
        | Code::GroupMismatch
        | Code::PrivilegedGroup
        | Code::UserStale
        | Code::UserBypassesSso
        | Code::UserBlocked
        | Code::UserDisabled => &[Half::Users],
        Code::IdentityConflict
        | Code::PossibleRename
        | Code::StatusUnknown
        | Code::Protected
        | Code::InventoryIncomplete
        | Code::PolicyLoosened
        | Code::Accepted
        | Code::NotCompared
        | Code::ProtectedUnmatched
        | Code::AcceptUnmatched => &[Half::Accounts, Half::Users],
    }
}

/// Reports creates that exceed the quota, and creates that no state keeps track of.
///
/// From an incomplete inventory no create is planned, so the number of live accounts is exact here.
fn creates(draft: &mut Draft<'_>) {
    let creates = draft.plan.requested().filter(|action| action.is_create()).count();
    let accounts = draft.live.accounts.len() + creates;
    if creates > 0 && accounts > ACCOUNT_QUOTA {
        let kind = FindingKind::AccountQuota { accounts, quota: ACCOUNT_QUOTA };
        draft.find(Finding::organization(kind));
    }
    if creates > 0 && draft.state.forgotten {
        draft.find(Finding::organization(FindingKind::UntrackedCreates { creates }));
    }
}
