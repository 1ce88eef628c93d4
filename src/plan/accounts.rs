//! The rules for accounts, but for their channels.

use super::identity::{Meant, Pairing};
use super::renames::Renames;
use super::{Action, Draft, Finding, NewAccount, Reason, Target, What};
use crate::model::{AccountId, Create, LiveAccount, Status, UnlistedAccounts, WantedAccount};

/// Compares every account that is wanted or there.
pub(super) fn plan(draft: &mut Draft<'_>, pairing: &Pairing<'_>) {
    let renames = Renames::new(pairing, draft.state);
    for (want, meant) in &pairing.entries {
        match meant {
            Meant::Account(have) => compare(draft, have, want),
            Meant::Missing => missing(draft, want, &renames),
            Meant::Taken(have) => {
                let what = What::EmailTaken { by: have.id.clone() };
                draft.find(Finding::account(want.email.clone(), what));
            }
            Meant::Ambiguous(several) => {
                let what = What::AccountAmbiguous { accounts: *several };
                draft.find(Finding::account(want.email.clone(), what));
            }
        }
    }
    for have in &pairing.unlisted {
        unlisted(draft, have, &renames);
    }
}

/// What to do about an entry of which no account is there.
fn missing(draft: &mut Draft<'_>, want: &WantedAccount, renames: &Renames<'_>) {
    let what = match why_missing(draft, want, renames) {
        Missing::New => return create(draft, want),
        Missing::NotYetListed => What::NotYetListed,
        Missing::Unresolved => What::UnresolvedCreate,
        Missing::Cancelled => What::AccountCancelled,
        Missing::Gone(id) => What::AccountGone { id },
        // Said at the account that looks like it.
        Missing::LooksLike => return,
    };
    draft.find(Finding::account(want.email.clone(), what));
}

/// Why no account is there.
enum Missing {
    /// There never was one.
    New,
    NotYetListed,
    Unresolved,
    Cancelled,
    Gone(AccountId),
    LooksLike,
}

fn why_missing(draft: &Draft<'_>, want: &WantedAccount, renames: &Renames<'_>) -> Missing {
    let WantedAccount { email, id, .. } = want;
    if renames.is_held(email) {
        return Missing::LooksLike;
    }
    let same = |gone: &LiveAccount| gone.email == *email || Some(&gone.id) == id.as_ref();
    if draft.live.cancelled.iter().any(same) {
        return Missing::Cancelled;
    }
    match draft.state.creates.get(email) {
        Some(Create::Sending) => return Missing::Unresolved,
        Some(Create::Acknowledged(_)) => return Missing::NotYetListed,
        Some(Create::Intended) | None => {}
    }
    id.clone().map_or(Missing::New, Missing::Gone)
}

fn create(draft: &mut Draft<'_>, want: &WantedAccount) {
    let WantedAccount {
        name,
        email,
        id: _,
        enabled,
        channel_limit,
        custom_pricing,
        rollup_billing,
        reenable_connections: _,
        password_from,
    } = want;
    let created = Action::CreateAccount(NewAccount {
        name: name.clone(),
        email: email.clone(),
        custom_pricing: *custom_pricing,
        rollup_billing: *rollup_billing,
        password_from: password_from.clone(),
    });
    if !draft.act(created, Reason::Declared) {
        return;
    }
    let target = Target::Created;
    if *enabled == Some(false) {
        let action = Action::DisableAccount { target: target.clone(), email: email.clone() };
        draft.act(action, Reason::Declared);
    }
    if let Some(after) = *channel_limit {
        let email = email.clone();
        draft.act(Action::SetChannelLimit { target, email, before: None, after }, Reason::Declared);
    }
}

/// Compares an account with what it should be; what is not so is planned or found.
fn compare(draft: &mut Draft<'_>, have: &LiveAccount, want: &WantedAccount) {
    immutable(draft, have, want);
    if let Some(after) = want.custom_pricing.filter(|want| *want != pricing(have.custom_pricing)) {
        let (id, before) = (have.id.clone(), have.custom_pricing);
        let email = have.email.clone();
        draft.act(Action::UpdateAccount { id, email, before, after }, Reason::Declared);
    }
    match want.enabled.map_or(Step::Nothing, |want| status(have.status, want)) {
        Step::Nothing => {}
        Step::Disable => {
            let target = Target::Live(have.id.clone());
            let email = have.email.clone();
            draft.act(Action::DisableAccount { target, email }, Reason::Declared);
        }
        Step::Enable => {
            let (id, connections) = (have.id.clone(), want.reenable_connections);
            let email = have.email.clone();
            draft.act(Action::EnableAccount { id, email, connections }, Reason::Declared);
        }
        Step::HeldByTelnyx => {
            draft.find(Finding::account(want.email.clone(), What::AccountBlocked));
        }
        Step::Unknown => {
            draft.find(Finding::account(want.email.clone(), What::StatusUnknown));
        }
    }
}

/// Finds what differs and cannot be changed by API.
fn immutable(draft: &mut Draft<'_>, have: &LiveAccount, want: &WantedAccount) {
    let mut find = |what| draft.find(Finding::account(want.email.clone(), what));
    if have.email != want.email {
        find(What::ImmutableEmail { have: have.email.clone() });
    }
    if let Some(have) = have.name.as_ref().filter(|have| **have != want.name) {
        let (have, want) = (have.clone(), want.name.clone());
        find(What::ImmutableName { have, want });
    }
    if let (Some(have), Some(want)) = (have.rollup_billing, want.rollup_billing)
        && have != want
    {
        find(What::ImmutableRollupBilling { have, want });
    }
}

/// An answer that leaves the field out means the documented default.
fn pricing(have: Option<bool>) -> bool {
    have.unwrap_or(false)
}

enum Step {
    Nothing,
    Disable,
    Enable,
    HeldByTelnyx,
    Unknown,
}

/// What to do about an account's status. `None` for `have` means that Telnyx would not tell us.
fn status(have: Option<Status>, want: bool) -> Step {
    match (have, want) {
        (Some(Status::Enabled), true) | (Some(Status::Disabled), false) => Step::Nothing,
        (Some(Status::Enabled), false) => Step::Disable,
        (Some(Status::Disabled), true) => Step::Enable,
        (Some(Status::Blocked), _) => Step::HeldByTelnyx,
        (None, _) => Step::Unknown,
    }
}

fn unlisted(draft: &mut Draft<'_>, have: &LiveAccount, renames: &Renames<'_>) {
    let email = have.email.clone();
    if let Some(missing) = renames.held_for(&have.id) {
        let what = What::PossibleRename { missing: missing.clone() };
        return draft.find(Finding::account(email, what));
    }
    match (draft.desired.policy.unlisted_accounts, have.status) {
        (UnlistedAccounts::Disable, Some(Status::Enabled)) => {
            let target = Target::Live(have.id.clone());
            draft.act(Action::DisableAccount { target, email }, Reason::Unlisted);
        }
        // What cannot do anything any more is as disabled as it can be.
        (UnlistedAccounts::Ignore, _)
        | (UnlistedAccounts::Disable, Some(Status::Disabled | Status::Blocked)) => {}
        (UnlistedAccounts::Disable, None) => {
            draft.find(Finding::account(email, What::StatusUnknown));
        }
        (UnlistedAccounts::Report, _) => {
            draft.find(Finding::account(email, What::AccountUnlisted));
        }
    }
}
