//! What findings say, and who can do something about them.

use super::words::{IN_TEXT, Names, loosened};
use crate::plan::{Finding, Loosened, Subject};

/// What a finding says, and who can do something about it.
#[must_use]
pub fn finding(finding: &Finding) -> String {
    finding_with(finding, IN_TEXT)
}

/// The same, with the names in it as `names` says.
pub(super) fn finding_with(finding: &Finding, names: Names) -> String {
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
        | F::PossibleRename { .. }
        | F::PoolExceeded { .. }
        | F::InventoryIncomplete(_)
        | F::PolicyLoosened(_)
        | F::Accepted { .. } => return detailed(finding, names),
    };
    fixed.to_owned()
}

/// The texts that say more than which kind of finding it is.
fn detailed(finding: &Finding, names: Names) -> String {
    use Finding as F;
    let Names { spoken, plain } = names;
    match finding {
        F::AccountAmbiguous(_, count) => {
            format!(
                "is the email of {count} live accounts; nobody can say which is meant, so none is touched"
            )
        }
        F::ImmutableName { have, want, .. } => {
            let (have, want) = (spoken(have), spoken(want));
            format!("is named {have} and should be {want}; only Telnyx support can rename it")
        }
        F::ImmutableEmail { have, .. } => {
            let have = plain(have.as_str());
            format!("has the email {have}; correct the manifest, or the email in the portal")
        }
        F::ImmutableRollupBilling { have, want, .. } => {
            format!(
                "has rollup_billing {have} and should have {want}; only Telnyx support can change it"
            )
        }
        F::GroupMismatch { missing, extra, .. } => groups(missing, extra, spoken),
        F::IdentityGone { id, .. } => {
            let id = plain(id.as_str());
            format!(
                "is listed with the id {id}, and no account has it; correct the id, or leave it out to create the account"
            )
        }
        F::IdentityTaken { by, .. } => {
            let by = plain(by.as_str());
            format!(
                "is the email of the account {by}, which is another one by its id; correct the id or the email"
            )
        }
        F::PossibleRename { subject, missing, .. } => {
            looks_like(*subject, &plain(missing.as_str()))
        }
        F::PoolExceeded { needed, allocatable } => {
            format!(
                "the limits need {needed} channels and the pool has {allocatable}, so none is raised; lower some, or have Telnyx enlarge the pool"
            )
        }
        F::InventoryIncomplete(why) => {
            let why = plain(why);
            format!(
                "the inventory may lack something, so nothing is lost and nothing created: {why}"
            )
        }
        F::PolicyLoosened(loosened) => policy_loosened(loosened, plain),
        F::Accepted { code, until, reason, .. } => {
            let reason =
                reason.as_ref().map(|reason| format!(" ({})", plain(reason))).unwrap_or_default();
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

fn policy_loosened(loose: &Loosened, plain: fn(&str) -> String) -> String {
    let (field, base, head) = loosened(loose);
    let base = base.unwrap_or_default();
    if let Some(head) = head {
        return format!(
            "{field} was {base} in the base and is {head} now; this plan holds to the stricter of both"
        );
    }
    let who = plain(&base);
    format!("{who} was {field} in the base and is not any more; in this plan it still is")
}

fn groups(missing: &[String], extra: &[String], spoken: fn(&str) -> String) -> String {
    let list =
        |names: &[String]| names.iter().map(|name| spoken(name)).collect::<Vec<_>>().join(", ");
    let parts = [("is not in", missing), ("is in", extra)];
    let parts = parts.iter().filter(|(_, names)| !names.is_empty());
    let said: Vec<String> = parts.map(|(what, names)| format!("{what} {}", list(names))).collect();
    format!("{}; groups are changed in the portal", said.join(" and "))
}

fn looks_like(subject: Subject, missing: &str) -> String {
    match subject {
        Subject::User => format!(
            "looks like {missing}, who is listed and missing, and is not removed; correct the list, or list this user with absent: true"
        ),
        Subject::Account | Subject::Organization => format!(
            "looks like {missing}, which is listed and missing: this one is not disabled and that one is not created; give that entry the id of this account, or list both"
        ),
    }
}
