//! The fixed names of things in reports: what users script against.

use crate::model::Email;
use crate::plan::{Action, Channels, Field, Finding, GuardName, Level, Reversible, Subject};

/// The name of an action.
#[must_use]
pub fn action(action: &Action) -> &'static str {
    match action {
        Action::RemoveUser { .. } => "remove_user",
        Action::DisableAccount { .. } => "disable_account",
        Action::SetChannelLimit { .. } => "set_channel_limit",
        Action::UpdateAccount { .. } => "update_account",
        Action::EnableAccount { .. } => "enable_account",
        Action::CreateAccount(_) => "create_account",
    }
}

/// The name of what an action or a finding is about.
#[must_use]
pub fn subject(subject: Subject) -> &'static str {
    match subject {
        Subject::Account => "managed_account",
        Subject::User => "organization_user",
        Subject::Organization => "organization",
    }
}

/// The name of a field, as in the manifest.
#[must_use]
pub fn field(field: Field) -> &'static str {
    match field {
        Field::Name => "name",
        Field::Enabled => "enabled",
        Field::CustomPricing => "custom_pricing",
        Field::RollupBilling => "rollup_billing",
        Field::ChannelLimit => "channel_limit",
    }
}

pub(super) fn guard(name: GuardName) -> &'static str {
    match name {
        GuardName::MaxRemovals => "max_removals",
        GuardName::MaxDisables => "max_disables",
        GuardName::MaxEnables => "max_enables",
        GuardName::MaxChannelCut => "max_channel_cut",
        GuardName::MaxPricingWithdrawals => "max_pricing_withdrawals",
    }
}

/// What the budget of a guard is a share of.
pub(super) fn guard_of(name: GuardName) -> &'static str {
    match name {
        GuardName::MaxRemovals => "users",
        GuardName::MaxDisables => "enabled accounts",
        GuardName::MaxEnables => "disabled accounts",
        GuardName::MaxChannelCut => "allocated channels",
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

pub(super) fn channels(channels: Channels) -> &'static str {
    match channels {
        Channels::Unmanaged => "unmanaged",
        Channels::Consistent => "consistent",
        Channels::Unverified => "unverified",
    }
}

/// What a finding says, and who can do something about it.
#[must_use]
pub fn finding(finding: &Finding) -> String {
    use Finding as F;
    let fixed = match finding {
        F::UserMissing(_) => {
            "is listed and not in the organization; there is no invitation by API, invite in the portal"
        }
        F::AccountUnlisted(_) => "is live and not listed; list it, or set unlisted_accounts",
        F::UserUnlisted(_) => "is in the organization and not listed",
        F::OwnerUnlisted(_) => "is an owner and should not be there; owners are never removed",
        F::UserDisabled(_) => "is disabled; enable the user in the portal",
        F::AccountBlocked(_) | F::UserBlocked(_) => {
            "is blocked by Telnyx; only Telnyx support can lift that"
        }
        F::AccountCancelled(_) => {
            "was cancelled and keeps its email; only Telnyx support can bring it back"
        }
        F::UnresolvedCreate(_) => {
            "was sent to be created and nobody knows what became of it; it is not sent again before `trunkline state resolve`"
        }
        F::NotYetListed(_) => {
            "was created and no list shows it yet; it is left as it is until one does, or until `trunkline state forget`"
        }
        F::StatusUnknown(..) => "has a status that Telnyx would not tell, so it is left as it is",
        F::ChannelLimitUnverified => {
            "the channel limits that are live are not known, so each that is listed is set once"
        }
        F::Protected(..) => "is protected by the manifest, so nothing is taken from it",
        F::AccountAmbiguous(..)
        | F::ImmutableName { .. }
        | F::ImmutableEmail { .. }
        | F::ImmutableRollupBilling { .. }
        | F::GroupMismatch { .. }
        | F::IdentityGone { .. }
        | F::IdentityTaken { .. }
        | F::LooksLikeRename { .. }
        | F::PoolExceeded { .. }
        | F::InventoryIncomplete(_)
        | F::Accepted { .. } => return detailed(finding),
    };
    fixed.to_owned()
}

/// The texts that say more than which kind of finding it is.
fn detailed(finding: &Finding) -> String {
    use Finding as F;
    match finding {
        F::AccountAmbiguous(_, count) => {
            format!(
                "is the email of {count} live accounts; nobody can say which is meant, so none is touched"
            )
        }
        F::ImmutableName { have, want, .. } => {
            format!("is named {have:?} and should be {want:?}; only Telnyx support can rename it")
        }
        F::ImmutableEmail { have, .. } => {
            format!("has the email {have}; correct the manifest, or the email in the portal")
        }
        F::ImmutableRollupBilling { have, want, .. } => {
            format!(
                "has rollup_billing {have} and should have {want}; only Telnyx support can change it"
            )
        }
        F::GroupMismatch { missing, extra, .. } => groups(missing, extra),
        F::IdentityGone { id, .. } => {
            format!(
                "is listed with the id {id}, and no account has it; correct the id, or leave it out to create the account"
            )
        }
        F::IdentityTaken { by, .. } => {
            format!(
                "is the email of the account {by}, which is another one by its id; correct the id or the email"
            )
        }
        F::LooksLikeRename { subject, missing, .. } => looks_like(*subject, missing),
        F::PoolExceeded { needed, allocatable } => {
            format!(
                "the limits need {needed} channels and the pool has {allocatable}, so none is raised; lower some, or have Telnyx enlarge the pool"
            )
        }
        F::InventoryIncomplete(why) => {
            format!(
                "the inventory may lack something, so nothing is lost and nothing created: {why}"
            )
        }
        F::Accepted { code, until, reason, .. } => {
            let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            format!("{} is accepted until {until}{reason}", code.name())
        }
        // Their text is said above.
        F::UserMissing(_)
        | F::AccountUnlisted(_)
        | F::UserUnlisted(_)
        | F::OwnerUnlisted(_)
        | F::UserBlocked(_)
        | F::UserDisabled(_)
        | F::AccountBlocked(_)
        | F::AccountCancelled(_)
        | F::UnresolvedCreate(_)
        | F::NotYetListed(_)
        | F::StatusUnknown(..)
        | F::ChannelLimitUnverified
        | F::Protected(..) => String::new(),
    }
}

fn groups(missing: &[String], extra: &[String]) -> String {
    let list = |names: &[String]| {
        names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
    };
    let parts = [("is not in", missing), ("is in", extra)];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let said: Vec<String> = parts.map(|(what, names)| format!("{what} {}", list(names))).collect();
    format!("{}; groups are changed in the portal", said.join(" and "))
}

fn looks_like(subject: Subject, missing: &Email) -> String {
    match subject {
        Subject::User => format!(
            "looks like {missing}, who is listed and missing, and is not removed; correct the list, or list this user with absent: true"
        ),
        Subject::Account | Subject::Organization => format!(
            "looks like {missing}, which is listed and missing: this one is not disabled and that one is not created; give that entry the id of this account, or list both"
        ),
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
