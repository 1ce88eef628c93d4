//! The sentence of each finding: the fact, and what a person can do about it.

use super::words::{IN_TEXT, Names, loosened};
use crate::plan::{Finding, Loosened, Subject, What};

/// The sentence of a finding.
#[must_use]
pub fn finding(finding: &Finding) -> String {
    finding_with(finding, IN_TEXT)
}

/// The sentence of a finding, with the names in it written as `names` does.
pub(super) fn finding_with(finding: &Finding, names: Names) -> String {
    let Names { spoken, plain } = names;
    let fixed = match &finding.what {
        What::UserMissing => {
            "is listed but not in the organization; invite the user in the portal (the API cannot)"
        }
        What::AccountUnlisted => "is not in the manifest; list it, or set unlisted_accounts",
        What::UserUnlisted => "is not in the manifest; list the user, or set unlisted_users",
        What::OwnerUnlisted => {
            "is an owner and should not be in the organization; owners are never removed"
        }
        What::UserDisabled => "is disabled; enable the user in the portal",
        What::AccountBlocked | What::UserBlocked => {
            "is blocked by Telnyx; only Telnyx support can unblock it"
        }
        What::AccountCancelled => {
            "was cancelled and its email stays taken; only Telnyx support can restore it"
        }
        What::UnresolvedCreate => {
            "has a create with an unknown outcome; it is not sent again until `trunkline state resolve`"
        }
        What::NotYetListed => {
            "was created but is in no list yet; it is left alone until one shows it, or until `trunkline state forget`"
        }
        What::StatusUnknown => "has an unknown status, so it is left alone",
        What::ChannelLimitUnverified => {
            "current channel limits are unknown, so each declared limit will be set again"
        }
        What::Protected => "is protected by the manifest, so nothing destructive is planned for it",
        What::AccountAmbiguous { accounts } => {
            return format!("is the email of {accounts} live accounts, so none of them is touched");
        }
        What::ImmutableName { have, want } => {
            let (have, want) = (spoken(have), spoken(want));
            return format!(
                "is named {have} and should be {want}; only Telnyx support can rename it"
            );
        }
        What::ImmutableEmail { have } => {
            let have = plain(have.as_str());
            return format!(
                "has the email {have}; correct the manifest, or the email in the portal"
            );
        }
        What::ImmutableRollupBilling { have, want } => {
            return format!(
                "has rollup_billing {have} and should have {want}; only Telnyx support can change it"
            );
        }
        What::GroupMismatch { missing, extra } => return groups(missing, extra, spoken),
        What::AccountGone { id } => {
            let id = plain(id.as_str());
            return format!(
                "is listed with the id {id}, which no account has; correct the id, or remove it to create the account"
            );
        }
        What::EmailTaken { by } => {
            let by = plain(by.as_str());
            return format!(
                "is the email of account {by}, which has another id than the entry; correct the id or the email"
            );
        }
        What::PossibleRename { missing } => {
            return possible_rename(finding.subject(), &plain(missing.as_str()));
        }
        What::PoolExceeded { needed, allocatable } => {
            return format!(
                "the channel limits need {needed} channels but the pool has {allocatable}, so none is raised; lower some, or ask Telnyx to enlarge the pool"
            );
        }
        What::InventoryIncomplete(reason) => {
            let reason = plain(reason);
            return format!(
                "the inventory is incomplete, so nothing destructive is done and nothing is created: {reason}"
            );
        }
        What::PolicyLoosened(loosened) => return policy_loosened(loosened, plain),
        What::Accepted { code, until, reason } => {
            let reason = reason.as_ref().map(|reason| format!(" ({})", plain(reason)));
            let reason = reason.unwrap_or_default();
            return format!("{} is accepted until {until}{reason}", code.name());
        }
    };
    fixed.to_owned()
}

fn policy_loosened(loose: &Loosened, plain: fn(&str) -> String) -> String {
    let (field, base, head) = loosened(loose);
    let base = base.unwrap_or_default();
    if let Some(head) = head {
        return format!(
            "{field} changes from {base} to {head}; this plan uses the stricter of both"
        );
    }
    let email = plain(&base);
    format!("{email} is no longer {field}; this plan still treats it so")
}

fn groups(missing: &[String], extra: &[String], spoken: fn(&str) -> String) -> String {
    let list =
        |names: &[String]| names.iter().map(|name| spoken(name)).collect::<Vec<_>>().join(", ");
    let parts = [("is not in", missing), ("is in", extra)];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<String> = parts.map(|(verb, names)| format!("{verb} {}", list(names))).collect();
    format!("{}; change groups in the portal", parts.join(" and "))
}

fn possible_rename(subject: Subject, missing: &str) -> String {
    match subject {
        Subject::User => format!(
            "may be {missing}, who is listed but missing, so the user is not removed; correct the manifest, or list this user with absent: true"
        ),
        Subject::Account | Subject::Organization => format!(
            "may be {missing}, which is listed but missing, so this account is not disabled and that one is not created; add this account's id to that entry, or list both"
        ),
    }
}
