//! The rules for accounts, but for their channels.

use super::identity::{Match, Pairing};
use super::renames::AccountRenames;
use super::{AccountTarget, Action, Draft, Finding, FindingKind, PlannedAccount, Reason};
use crate::model::{
    AccountId, Create, Email, LiveAccount, Status, UnlistedAccounts, WantedAccount,
};

/// Compares every account that is listed or live.
pub(super) fn plan<'a>(draft: &mut Draft<'a>, pairing: &Pairing<'a>) {
    let renames = AccountRenames::new(pairing, draft);
    for (want, side) in &pairing.entries {
        let what = match side {
            Match::Account(have) => {
                compare(draft, have, want);
                continue;
            }
            Match::Missing => {
                missing(draft, want, &renames);
                continue;
            }
            Match::Conflict(accounts) => {
                let accounts = accounts.iter().map(|account| account.id.clone()).collect();
                FindingKind::IdentityConflict { accounts }
            }
            Match::Ambiguous(accounts) => FindingKind::AccountAmbiguous { accounts: *accounts },
        };
        draft.find(Finding::account(want.email.clone(), what));
    }
    for have in &pairing.unlisted {
        unlisted(draft, have, &renames);
    }
}

/// Creates the account of an entry, unless there is a reason to believe that it exists.
fn missing(draft: &mut Draft<'_>, want: &WantedAccount, renames: &AccountRenames<'_>) {
    let what = match reason_missing(draft, want, renames) {
        Missing::New => return create(draft, want),
        Missing::NotYetListed => FindingKind::NotYetListed,
        Missing::Unresolved => FindingKind::UnresolvedCreate,
        Missing::Cancelled => FindingKind::AccountCancelled,
        Missing::Gone(id) => FindingKind::AccountGone { id },
        Missing::Vanished(id) => FindingKind::AccountVanished { id },
        Missing::Renamed(unlisted) => {
            draft.withhold(Action::CreateAccount(new_account(want)));
            FindingKind::PossibleRenameOf { unlisted: unlisted.clone() }
        }
    };
    draft.find(Finding::account(want.email.clone(), what));
}

/// The reason why no live account belongs to an entry.
enum Missing<'a> {
    New,
    NotYetListed,
    Unresolved,
    Cancelled,
    Gone(AccountId),
    Vanished(AccountId),
    Renamed(&'a Email),
}

fn reason_missing<'a>(
    draft: &Draft<'_>,
    want: &WantedAccount,
    renames: &AccountRenames<'a>,
) -> Missing<'a> {
    let WantedAccount { email, id, .. } = want;
    if let Some(unlisted) = renames.of_entry(email) {
        return Missing::Renamed(unlisted);
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
    if let Some(id) = id {
        return Missing::Gone(id.clone());
    }
    // A live account of a known id would be a possible rename.
    let mut known = draft.state.emails.iter().filter(|(_, known)| *known == email);
    known.next().map_or(Missing::New, |(id, _)| Missing::Vanished(id.clone()))
}

fn create(draft: &mut Draft<'_>, want: &WantedAccount) {
    if !draft.act(Action::CreateAccount(new_account(want)), Reason::Declared) {
        return;
    }
    let (target, email) = (AccountTarget::Created, want.email.clone());
    if want.enabled == Some(false) {
        let action = Action::DisableAccount { target: target.clone(), email: email.clone() };
        draft.act(action, Reason::Declared);
    }
    if let Some(after) = want.channel_limit {
        draft.act(Action::SetChannelLimit { target, email, before: None, after }, Reason::Declared);
    }
}

fn new_account(want: &WantedAccount) -> PlannedAccount {
    let WantedAccount {
        name,
        email,
        id: _,
        enabled: _,
        channel_limit: _,
        custom_pricing,
        rollup_billing,
        reenable_connections: _,
        password_from,
    } = want;
    PlannedAccount {
        name: name.clone(),
        email: email.clone(),
        custom_pricing: *custom_pricing,
        rollup_billing: *rollup_billing,
        password_from: password_from.clone(),
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
    match want.enabled.map_or(StatusStep::Nothing, |want| status(have.status, want)) {
        StatusStep::Nothing => {}
        StatusStep::Disable => {
            let target = AccountTarget::Live(have.id.clone());
            let email = have.email.clone();
            draft.act(Action::DisableAccount { target, email }, Reason::Declared);
        }
        StatusStep::Enable => {
            let (id, connections) = (have.id.clone(), want.reenable_connections);
            let email = have.email.clone();
            draft.act(Action::EnableAccount { id, email, connections }, Reason::Declared);
        }
        StatusStep::HeldByTelnyx => {
            draft.find(Finding::account(want.email.clone(), FindingKind::AccountBlocked));
        }
        StatusStep::Unknown => {
            draft.find(Finding::account(want.email.clone(), FindingKind::StatusUnknown));
        }
    }
}

/// Finds what differs and cannot be changed by API.
fn immutable(draft: &mut Draft<'_>, have: &LiveAccount, want: &WantedAccount) {
    let mut find = |what| draft.find(Finding::account(want.email.clone(), what));
    if have.email != want.email {
        find(FindingKind::ImmutableEmail { have: have.email.clone() });
    }
    if let Some(have) = have.name.as_ref().filter(|have| **have != want.name) {
        let (have, want) = (have.clone(), want.name.clone());
        find(FindingKind::ImmutableName { have, want });
    }
    if let (Some(have), Some(want)) = (have.rollup_billing, want.rollup_billing)
        && have != want
    {
        find(FindingKind::ImmutableRollupBilling { have, want });
    }
}

/// An answer that leaves the field out means the documented default.
fn pricing(have: Option<bool>) -> bool {
    have.unwrap_or(false)
}

enum StatusStep {
    Nothing,
    Disable,
    Enable,
    HeldByTelnyx,
    Unknown,
}

/// What to do about an account's status. `None` for `have` means that Telnyx would not tell us.
fn status(have: Option<Status>, want: bool) -> StatusStep {
    match (have, want) {
        (Some(Status::Enabled), true) | (Some(Status::Disabled), false) => StatusStep::Nothing,
        (Some(Status::Enabled), false) => StatusStep::Disable,
        (Some(Status::Disabled), true) => StatusStep::Enable,
        (Some(Status::Blocked), _) => StatusStep::HeldByTelnyx,
        (None, _) => StatusStep::Unknown,
    }
}

fn unlisted(draft: &mut Draft<'_>, have: &LiveAccount, renames: &AccountRenames<'_>) {
    let email = have.email.clone();
    let policy = draft.desired.policy.unlisted_accounts;
    if let Some(missing) = renames.of_account(&have.id) {
        let what = FindingKind::PossibleRename { missing: missing.clone() };
        draft.find(Finding::account(email.clone(), what));
        if (policy, have.status) == (UnlistedAccounts::Disable, Some(Status::Enabled)) {
            draft.withhold(Action::DisableAccount {
                target: AccountTarget::Live(have.id.clone()),
                email,
            });
        }
        return;
    }
    match (policy, have.status) {
        (UnlistedAccounts::Disable, Some(Status::Enabled)) => {
            let target = AccountTarget::Live(have.id.clone());
            draft.act(Action::DisableAccount { target, email }, Reason::Unlisted);
        }
        (UnlistedAccounts::Ignore, _) => draft.ignore(),
        // Disabling is the strongest action there is.
        (UnlistedAccounts::Disable, Some(Status::Disabled | Status::Blocked)) => draft.settle(),
        (UnlistedAccounts::Disable, None) => {
            draft.find(Finding::account(email, FindingKind::StatusUnknown));
        }
        (UnlistedAccounts::Report, _) => {
            draft.find(Finding::account(email, FindingKind::AccountUnlisted));
        }
    }
}
