//! The rules for accounts.

use std::collections::BTreeMap;

use super::{Action, Draft, Finding, NewAccount, Target};
use crate::model::{Email, LiveAccount, Status, UnlistedAccounts, WantedAccount};

/// Compares every account that is wanted or there.
pub(super) fn plan(draft: &mut Draft<'_>) {
    let mut live: BTreeMap<&Email, Vec<&LiveAccount>> = BTreeMap::new();
    for account in &draft.live.accounts {
        live.entry(&account.email).or_default().push(account);
    }
    for (email, want) in &draft.desired.accounts {
        let agrees = match live.remove(email).as_deref() {
            None => {
                create(draft, want);
                false
            }
            Some([have]) => compare(draft, have, want),
            Some(several) => {
                draft.find(Finding::AccountAmbiguous(email.clone(), several.len()));
                false
            }
        };
        draft.plan.in_sync += usize::from(agrees);
    }
    for have in live.into_values().flatten() {
        unlisted(draft, have);
    }
}

fn create(draft: &mut Draft<'_>, want: &WantedAccount) {
    let WantedAccount { name, email, enabled, custom_pricing, rollup_billing, .. } = want;
    let created = draft.act(Action::CreateAccount(NewAccount {
        name: name.clone(),
        email: email.clone(),
        custom_pricing: *custom_pricing,
        rollup_billing: *rollup_billing,
    }));
    if created && *enabled == Some(false) {
        draft.act(Action::DisableAccount { target: Target::Created, email: email.clone() });
    }
}

/// Whether an account is as it should be; what is not is planned or found.
fn compare(draft: &mut Draft<'_>, have: &LiveAccount, want: &WantedAccount) -> bool {
    let WantedAccount {
        name,
        email,
        enabled,
        custom_pricing,
        rollup_billing,
        reenable_connections,
        id: _,
        channel_limit: _,
        password_from: _,
    } = want;
    let before = (draft.plan.actions.len(), draft.plan.findings.len());
    if let Some(have) = have.name.as_ref().filter(|have| *have != name) {
        let (have, want) = (have.clone(), name.clone());
        draft.find(Finding::ImmutableName { email: email.clone(), have, want });
    }
    if let (Some(have), Some(want)) = (have.rollup_billing, *rollup_billing)
        && have != want
    {
        draft.find(Finding::ImmutableRollupBilling { email: email.clone(), have, want });
    }
    if let Some(after) = custom_pricing.filter(|want| *want != pricing(have.custom_pricing)) {
        let (id, before) = (have.id.clone(), have.custom_pricing);
        draft.act(Action::UpdateAccount { id, email: email.clone(), before, after });
    }
    match enabled.map_or(Step::Nothing, |want| status(have.status, want)) {
        Step::Nothing => {}
        Step::Disable => {
            let target = Target::Live(have.id.clone());
            draft.act(Action::DisableAccount { target, email: email.clone() });
        }
        Step::Enable => {
            let (id, connections) = (have.id.clone(), *reenable_connections);
            draft.act(Action::EnableAccount { id, email: email.clone(), connections });
        }
        Step::HeldByTelnyx => draft.find(Finding::AccountBlocked(email.clone())),
        Step::Unknown => draft.find(Finding::StatusUnknown(email.clone())),
    }
    before == (draft.plan.actions.len(), draft.plan.findings.len())
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

fn unlisted(draft: &mut Draft<'_>, have: &LiveAccount) {
    match (draft.desired.policy.unlisted_accounts, have.status) {
        (UnlistedAccounts::Disable, Some(Status::Enabled)) => {
            let target = Target::Live(have.id.clone());
            draft.act(Action::DisableAccount { target, email: have.email.clone() });
        }
        // What cannot do anything any more is as disabled as it can be.
        (UnlistedAccounts::Ignore, _)
        | (UnlistedAccounts::Disable, Some(Status::Disabled | Status::Blocked)) => {}
        (UnlistedAccounts::Disable, None) => draft.find(Finding::StatusUnknown(have.email.clone())),
        (UnlistedAccounts::Report, _) => draft.find(Finding::AccountUnlisted(have.email.clone())),
    }
}
