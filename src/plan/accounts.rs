//! The rules for accounts, except their channel limits.

use super::identity::{Match, Pairing};
use super::renames::AccountRenames;
use super::{
    AccountTarget, Action, Draft, Finding, FindingKind, PlannedAccount, Reason, Subject,
    UncomparedField,
};
use crate::model::{
    AccountId, Amount, Balance, Create, Email, Half, LiveAccount, Status, UnlistedAccounts,
    WantedAccount,
};

/// Compares every account that is listed or live.
pub(super) fn plan<'a>(draft: &mut Draft<'a>, pairing: &Pairing<'a>) {
    let renames = AccountRenames::new(pairing, draft);
    for (want, side) in &pairing.entries {
        draft
            .check_entry(Subject::Account, &want.email, |draft| entry(draft, want, side, &renames));
    }
    for have in &pairing.unlisted {
        unlisted(draft, have, &renames);
    }
}

/// Compares an entry with its live side.
fn entry(
    draft: &mut Draft<'_>,
    want: &WantedAccount,
    side: &Match<'_>,
    renames: &AccountRenames<'_>,
) {
    let kind = match side {
        Match::Account(have) => return compare(draft, have, want),
        Match::Missing => return missing(draft, want, renames),
        Match::Conflict(accounts) => {
            let accounts = accounts.iter().map(|account| account.id.clone()).collect();
            FindingKind::IdentityConflict { accounts }
        }
        Match::Ambiguous(accounts) => FindingKind::AccountAmbiguous { accounts: *accounts },
    };
    draft.find(Finding::account(want.email.clone(), kind));
}

/// Creates the account of an entry, unless it may exist already.
fn missing(draft: &mut Draft<'_>, want: &WantedAccount, renames: &AccountRenames<'_>) {
    let kind = match reason_missing(draft, want, renames) {
        Missing::New => return create(draft, want),
        Missing::NotYetListed => FindingKind::NotYetListed,
        Missing::Unresolved => FindingKind::UnresolvedCreate,
        Missing::Cancelled => FindingKind::AccountCancelled,
        Missing::Gone(id) => {
            withhold_create(draft, want);
            FindingKind::AccountGone { id }
        }
        Missing::Vanished(id) => {
            withhold_create(draft, want);
            FindingKind::AccountVanished { id }
        }
        Missing::Renamed(unlisted) => {
            withhold_create(draft, want);
            FindingKind::PossibleRenameOf { unlisted: unlisted.clone() }
        }
    };
    draft.find(Finding::account(want.email.clone(), kind));
}

/// Counts a withheld create and what would follow it.
fn withhold_create(draft: &mut Draft<'_>, want: &WantedAccount) {
    draft.withhold(1 + created_settings(want).len());
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

/// Decides why no live account belongs to an entry.
fn reason_missing<'a>(
    draft: &Draft<'_>,
    want: &WantedAccount,
    renames: &AccountRenames<'a>,
) -> Missing<'a> {
    let WantedAccount { email, id, .. } = want;
    if let Some(unlisted) = renames.of_entry(email) {
        return Missing::Renamed(unlisted);
    }
    if draft.is_cancelled(want) {
        return Missing::Cancelled;
    }
    match draft.state.creates.get(email) {
        Some(Create::Sending) => return Missing::Unresolved,
        Some(Create::Acknowledged(_)) => return Missing::NotYetListed,
        Some(Create::Intended) | None => {}
    }
    // A create that an incomplete half withholds: the account may exist.
    if !draft.live.is_complete(Half::Accounts) {
        return Missing::New;
    }
    if let Some(id) = id {
        return Missing::Gone(id.clone());
    }
    // A live account with a recorded id would be a possible rename.
    draft.recorded_id(email).map_or(Missing::New, |id| Missing::Vanished(id.clone()))
}

/// Creates an account and then sets what a create cannot set. Without the create nothing else is planned.
fn create(draft: &mut Draft<'_>, want: &WantedAccount) {
    let settings = created_settings(want);
    if !draft.act(Action::CreateAccount(PlannedAccount::of(want)), Reason::Declared) {
        draft.withhold(settings.len());
        return;
    }
    for action in settings {
        draft.act(action, Reason::Declared);
    }
}

/// The actions that follow the create of an account.
fn created_settings(want: &WantedAccount) -> Vec<Action> {
    let (target, email) = (AccountTarget::Created, want.email.clone());
    let disable = (want.enabled == Some(false))
        .then(|| Action::DisableAccount { target: target.clone(), email: email.clone() });
    let limit = want.channel_limit.map(|after| Action::SetChannelLimit {
        target,
        email,
        before: None,
        after,
    });
    disable.into_iter().chain(limit).collect()
}

/// Compares a live account with its entry.
fn compare(draft: &mut Draft<'_>, have: &LiveAccount, want: &WantedAccount) {
    immutable(draft, have, want);
    if let Some(minimum) = want.min_balance {
        let since = draft.state.negative_since(&want.email);
        let kind = match draft.live.balances.get(&have.id) {
            Some(balance) => balance_finding(balance, minimum, since),
            None if draft.live.is_complete(Half::Accounts) => {
                Some(FindingKind::NotCompared(UncomparedField::MinBalance))
            }
            None => Some(FindingKind::NotFullyRead),
        };
        if let Some(kind) = kind {
            draft.find(Finding::account(want.email.clone(), kind));
        }
    }
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
        StatusStep::BlockedByTelnyx => {
            draft.find(Finding::account(want.email.clone(), FindingKind::AccountBlocked));
        }
        StatusStep::Unknown => {
            draft.find(Finding::account(want.email.clone(), FindingKind::StatusUnknown));
        }
    }
}

/// The finding about a balance, if it is below the declared minimum or below zero.
fn balance_finding(balance: &Balance, minimum: Amount, since: Option<u64>) -> Option<FindingKind> {
    let balance = balance.clone();
    if balance.amount.is_negative() {
        Some(FindingKind::NegativeBalance { balance, since })
    } else if balance.amount < minimum {
        Some(FindingKind::LowBalance { balance, minimum })
    } else {
        None
    }
}

/// Reports differences that the API cannot change.
fn immutable(draft: &mut Draft<'_>, have: &LiveAccount, want: &WantedAccount) {
    let mut find = |kind| draft.find(Finding::account(want.email.clone(), kind));
    if have.email != want.email {
        find(FindingKind::ImmutableEmail { have: have.email.clone() });
    }
    match have.name.clone() {
        Some(have) if have == want.name => {}
        Some(have) => find(FindingKind::ImmutableName { have, want: want.name.clone() }),
        None => find(FindingKind::NotCompared(UncomparedField::Name)),
    }
    match (have.rollup_billing, want.rollup_billing) {
        (Some(have), Some(want)) if have != want => {
            find(FindingKind::ImmutableRollupBilling { have, want });
        }
        (None, Some(_)) => find(FindingKind::NotCompared(UncomparedField::RollupBilling)),
        (Some(_) | None, Some(_) | None) => {}
    }
}

/// Custom pricing, or the documented default if the answer leaves it out.
fn pricing(have: Option<bool>) -> bool {
    have.unwrap_or(false)
}

/// A change of an account's status.
enum StatusStep {
    Nothing,
    Disable,
    Enable,
    BlockedByTelnyx,
    Unknown,
}

/// The step that makes the status of an account what its entry declares. `have` is `None` if unknown.
fn status(have: Option<Status>, want: bool) -> StatusStep {
    match (have, want) {
        (Some(Status::Enabled), true) | (Some(Status::Disabled), false) => StatusStep::Nothing,
        (Some(Status::Enabled), false) => StatusStep::Disable,
        (Some(Status::Disabled), true) => StatusStep::Enable,
        (Some(Status::Blocked), _) => StatusStep::BlockedByTelnyx,
        (None, _) => StatusStep::Unknown,
    }
}

fn unlisted(draft: &mut Draft<'_>, have: &LiveAccount, renames: &AccountRenames<'_>) {
    let email = have.email.clone();
    let policy = draft.desired.policy.unlisted_accounts;
    if let Some(missing) = renames.of_account(&have.id) {
        let kind = FindingKind::PossibleRename { missing: missing.clone() };
        draft.find(Finding::account(email, kind));
        if (policy, have.status) == (UnlistedAccounts::Disable, Some(Status::Enabled)) {
            draft.withhold(1);
        }
        return;
    }
    match (policy, have.status) {
        (UnlistedAccounts::Disable, Some(Status::Enabled)) => {
            let target = AccountTarget::Live(have.id.clone());
            draft.act(Action::DisableAccount { target, email }, Reason::Unlisted);
        }
        (UnlistedAccounts::Ignore, _) => draft.ignore(),
        // An account cannot be deleted: disabling is the strongest action.
        (UnlistedAccounts::Disable, Some(Status::Disabled | Status::Blocked)) => draft.settle(),
        (UnlistedAccounts::Disable, None) => {
            draft.find(Finding::account(email, FindingKind::StatusUnknown));
        }
        (UnlistedAccounts::Report, _) => {
            draft.find(Finding::account(email, FindingKind::AccountUnlisted));
        }
    }
}
