//! The fixed names of things in reports: what users script against.

use crate::plan::{Action, Field, GuardName, Level, Reversible, Subject};

pub(super) fn action(action: &Action) -> &'static str {
    match action {
        Action::RemoveUser { .. } => "remove_user",
        Action::DisableAccount { .. } => "disable_account",
        Action::UpdateAccount { .. } => "update_account",
        Action::EnableAccount { .. } => "enable_account",
        Action::CreateAccount(_) => "create_account",
    }
}

pub(super) fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Account => "managed_account",
        Subject::User => "organization_user",
        Subject::Organization => "organization",
    }
}

pub(super) fn field(field: Field) -> &'static str {
    match field {
        Field::Name => "name",
        Field::Enabled => "enabled",
        Field::CustomPricing => "custom_pricing",
        Field::RollupBilling => "rollup_billing",
    }
}

pub(super) fn guard(name: GuardName) -> &'static str {
    match name {
        GuardName::MaxRemovals => "max_removals",
        GuardName::MaxDisables => "max_disables",
        GuardName::MaxEnables => "max_enables",
        GuardName::MaxPricingWithdrawals => "max_pricing_withdrawals",
    }
}

/// What the budget of a guard is a share of.
pub(super) fn guard_of(name: GuardName) -> &'static str {
    match name {
        GuardName::MaxRemovals => "users",
        GuardName::MaxDisables => "enabled accounts",
        GuardName::MaxEnables => "disabled accounts",
        GuardName::MaxPricingWithdrawals => "accounts with custom pricing",
    }
}

pub(super) fn reversible(reversible: Reversible) -> &'static str {
    match reversible {
        Reversible::Yes => "yes",
        Reversible::Partly => "partly",
        Reversible::No => "no",
    }
}

pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Drift => "drift",
        Level::Notice => "notice",
    }
}

/// What a finding says, and who can do something about it.
pub(super) fn finding(finding: &crate::plan::Finding) -> String {
    use crate::plan::Finding as F;
    match finding {
        F::UserMissing(_) => {
            "is listed and not in the organization; there is no invitation by API, invite in the portal".into()
        }
        F::AccountUnlisted(_) => "is live and not listed; list it, or set unlisted_accounts".into(),
        F::AccountAmbiguous(_, count) => {
            format!("is the email of {count} live accounts; nobody can say which is meant, so none is touched")
        }
        F::UserUnlisted(_) => "is in the organization and not listed".into(),
        F::OwnerUnlisted(_) => "is an owner and not listed; owners are never removed".into(),
        F::ImmutableName { have, want, .. } => {
            format!("is named {have:?} and should be {want:?}; only Telnyx support can rename it")
        }
        F::ImmutableRollupBilling { have, want, .. } => {
            format!("has rollup_billing {have} and should have {want}; only Telnyx support can change it")
        }
        F::AccountBlocked(_) => "is blocked by Telnyx; only Telnyx support can lift that".into(),
        F::StatusUnknown(_) => "has a status that Telnyx would not tell, so it is left as it is".into(),
        F::Protected(..) => "is protected by the manifest, so nothing is taken from it".into(),
        F::InventoryIncomplete(why) => {
            format!("the inventory may lack something, so nothing is lost and nothing created: {why}")
        }
    }
}

pub(super) fn ending(ending: &crate::execute::Ending) -> &'static str {
    use crate::execute::Ending as E;
    match ending {
        E::Done => "done",
        E::Satisfied => "satisfied",
        E::Failed(_) => "failed",
        E::Stale(_) => "stale",
        E::Unknown(_) => "unknown",
        E::Skipped => "skipped",
    }
}
