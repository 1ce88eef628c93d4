//! The sentence of each finding: the fact, and what a person can do about it.

use super::StateInfo;
use super::manifest::loosened;
use super::words::{IN_TEXT, Names};
use crate::model::{Balance, Email, LastSignIn};
use crate::plan::{Finding, FindingKind, Loosened, Subject, UncomparedField};

/// The sentence of a finding. Its commands are for `state`.
#[must_use]
pub fn finding(finding: &Finding, state: &StateInfo) -> String {
    finding_with(finding, IN_TEXT, state)
}

/// The sentence of a finding without values that change from run to run, such as the amount of a balance.
#[must_use]
pub fn stable_finding(about: &Finding, state: &StateInfo) -> String {
    match &about.what {
        FindingKind::NegativeBalance { .. } => negative("has a negative balance"),
        FindingKind::LowBalance { balance: _, minimum } => {
            format!("has a balance below min_balance {minimum}; add funds")
        }
        _ => finding(about, state),
    }
}

/// The sentence of a negative balance, and its consequence (support article 8648864).
fn negative(fact: &str) -> String {
    format!(
        "{fact}; add funds: after a month below zero Telnyx abolishes an account and deletes its numbers"
    )
}

/// The sentence of a finding, with names formatted by `names`.
#[expect(clippy::too_many_lines, reason = "one exhaustive match, a sentence for each finding")]
pub(super) fn finding_with(finding: &Finding, names: Names, state: &StateInfo) -> String {
    let Names { spoken, plain, command: code } = names;
    let command = |words: &[&str]| code(&state.command(words));
    let email = finding.email().map_or("EMAIL", Email::as_str);
    let money = |Balance { amount, currency }: &Balance| match currency {
        Some(currency) => format!("{amount} {}", plain(currency)),
        None => amount.to_string(),
    };
    let fixed = match &finding.what {
        FindingKind::NegativeBalance { balance, since } => {
            let day = since.and_then(day).map(|day| format!(" since {day} or earlier"));
            let day = day.unwrap_or_default();
            return negative(&format!("has a negative balance of {}{day}", money(balance)));
        }
        FindingKind::LowBalance { balance, minimum } => {
            let balance = money(balance);
            return format!("has a balance of {balance}, below min_balance {minimum}; add funds");
        }
        FindingKind::PrivilegedGroup { groups } => {
            let names: Vec<String> = groups.iter().map(|name| spoken(name)).collect();
            return format!(
                "is in {} without a grant; change groups in the portal, or add {} to the groups of the entry",
                names.join(", "),
                if names.len() == 1 { "it" } else { "them" }
            );
        }
        FindingKind::UserStale { created: _, last_sign_in: LastSignIn::On(day) } => {
            return format!(
                "last signed in to the portal on {day}; remove the user, or set keep: true"
            );
        }
        FindingKind::UserStale { created, last_sign_in: _ } => {
            return format!(
                "was created on {created} and has never signed in to the portal; remove the user with absent: true (stale_users removes only users who have signed in once), or set keep: true"
            );
        }
        FindingKind::UserBypassesSso => {
            "may sign in without single sign-on; change that in the portal, or add the user to sso_bypass"
        }
        FindingKind::UserMissing => {
            "is listed but not in the organization; invite the user in the portal (the API cannot); if this is the owner, add owner: true"
        }
        FindingKind::AccountUnlisted => {
            "is not in the manifest; list it, or set unlisted_accounts to ignore or disable"
        }
        FindingKind::UserUnlisted { until: None } => {
            "is not in the manifest; list the user, or set unlisted_users to ignore or remove"
        }
        FindingKind::UserUnlisted { until: Some(day) } => {
            return format!(
                "is listed until {day}, which has passed; set a later day, or set unlisted_users to remove"
            );
        }
        FindingKind::OwnerUnlisted => {
            "is an owner, and owners are never removed; list the user in the manifest as one who may be there"
        }
        FindingKind::UserDisabled => "is disabled; enable the user in the portal",
        FindingKind::AccountBlocked | FindingKind::UserBlocked => {
            "is blocked by Telnyx; only Telnyx support can unblock it"
        }
        FindingKind::AccountCancelled => {
            "was cancelled and its email stays taken; only Telnyx support can restore it"
        }
        FindingKind::UnresolvedCreate => {
            return format!(
                "has a create with an unknown outcome; it is not sent again until it is settled with {}",
                command(&["state", "resolve", email])
            );
        }
        FindingKind::NotYetListed => {
            return format!(
                "was created but is not in any list yet; it is left alone until a list shows it, or until you run {}",
                command(&["state", "forget", email])
            );
        }
        FindingKind::StatusUnknown => "has an unknown status, so it is left alone",
        FindingKind::NotCompared(UncomparedField::ManagerAccountId) => {
            "manager_account_id is not checked, because no live account names its manager"
        }
        FindingKind::NotCompared(UncomparedField::MinBalance) => {
            "has no balance in Telnyx's answers, so min_balance is not checked (an account with rollup billing has none)"
        }
        FindingKind::NotCompared(UncomparedField::StaleAfter) => {
            "has no created_at or last_sign_in_at in Telnyx's answers, so stale_after is not checked"
        }
        FindingKind::NotCompared(UncomparedField::SsoBypass) => {
            "has no organization_user_bypasses_sso in Telnyx's answers, so sso_bypass is not checked"
        }
        FindingKind::NotCompared(field) => {
            let field = field.name();
            return format!(
                "has no {field} in Telnyx's answers, so the declared value is not compared"
            );
        }
        FindingKind::ChannelLimitUnverified => {
            "current channel limits are unknown, so each declared limit will be set again"
        }
        FindingKind::Protected => {
            "is protected by the manifest, so nothing destructive is planned for it"
        }
        FindingKind::AccountAmbiguous { accounts } => {
            return format!("is the email of {accounts} live accounts, so none of them is touched");
        }
        FindingKind::ImmutableName { have, want } => {
            let looks_equal = looks(have) == looks(want);
            let [have, want] = [have, want]
                .map(|name| spoken(&if looks_equal { escaped(name) } else { name.clone() }));
            return format!(
                "is named {have} and should be {want}; only Telnyx support can rename it"
            );
        }
        FindingKind::ImmutableEmail { have } => {
            let have = plain(have.as_str());
            return format!(
                "has the email {have}; correct the manifest, or the email in the portal"
            );
        }
        FindingKind::ImmutableRollupBilling { have, want } => {
            return format!(
                "has rollup_billing {have} and should have {want}; only Telnyx support can change it"
            );
        }
        FindingKind::GroupMismatch { missing, extra } => return groups(missing, extra, spoken),
        FindingKind::AccountGone { id } => {
            let id = plain(id.as_str());
            return format!(
                "is listed with the id {id}, which no account has; correct the id, or remove it to create the account"
            );
        }
        FindingKind::PossibleRenameOf { unlisted } => {
            let unlisted = unlisted.as_str();
            let looks_equal = looks(email) == looks(unlisted);
            let unlisted = if looks_equal { escaped(unlisted) } else { unlisted.to_owned() };
            return missing_rename(finding.subject(), &plain(&unlisted));
        }
        FindingKind::IdentityConflict { accounts } => {
            let ids: Vec<String> = accounts.iter().map(|id| plain(id.as_str())).collect();
            return format!(
                "has an id and an email that do not belong to the same account, or another entry has one of them too (accounts {}), so none of them is touched; correct the ids and emails",
                ids.join(", ")
            );
        }
        FindingKind::AccountVanished { id } => {
            let id = plain(id.as_str());
            return format!(
                "was account {id}, which Telnyx no longer knows; it is not created again until you run {}",
                command(&["state", "forget", email])
            );
        }
        FindingKind::OwnerIsAnother { owners } => {
            let owners: Vec<String> = owners.iter().map(|owner| plain(owner.as_str())).collect();
            let owners = owners.join(", ");
            return format!(
                "is listed with owner: true, but the accounts belong to {owners}; correct the entry"
            );
        }
        FindingKind::OwnerIsSubUser => {
            "is listed with owner: true, but Telnyx lists it as a sub-user; correct the entry"
        }
        FindingKind::RemovalWithoutEffect => {
            "was removed, but Telnyx still lists the user as disabled; the removal is not repeated"
        }
        FindingKind::ProtectedUnmatched(email) => {
            let email = plain(email.as_str());
            return format!(
                "policy.protected has {email}, which is neither listed nor live; correct or remove it"
            );
        }
        FindingKind::AcceptUnmatched { code, email, until, past } => {
            let email = email.as_ref().map(|email| format!(" of {}", plain(email.as_str())));
            let (code, email) = (code.name(), email.unwrap_or_default());
            return if *past {
                format!("accept of {code}{email} ended on {until}; remove it, or set a later day")
            } else {
                format!("accept of {code}{email} matches no finding; correct or remove it")
            };
        }
        FindingKind::AccountQuota { accounts, quota } => {
            return format!(
                "the plan leads to {accounts} accounts, and a manager may have {quota} unless Telnyx raises the quota"
            );
        }
        FindingKind::UntrackedCreates { creates } => {
            return format!(
                "{creates} {} created without a state: if an answer is lost, the next run may create the account again; use --state",
                if *creates == 1 { "account is" } else { "accounts are" }
            );
        }
        FindingKind::PossibleRename { missing } => {
            let sentence = possible_rename(finding.subject(), &plain(missing.as_str()));
            let [live, missing] = [email, missing.as_str()];
            if looks(live) != looks(missing) {
                return sentence;
            }
            return format!("is written {}, and {sentence}", plain(&escaped(live)));
        }
        FindingKind::PoolExceeded { allocatable: 0, .. } => {
            return "the channel pool is empty, so limits are withheld; if global outbound channels are not enabled for this organization, ask Telnyx support to enable them".to_owned();
        }
        FindingKind::PoolExceeded { needed, allocatable } => {
            return format!(
                "the channel limits need {needed} channels but the pool has {allocatable}, so limits are withheld; lower some, or ask Telnyx to enlarge the pool"
            );
        }
        FindingKind::LimitWithheld => {
            "has a channel limit that is withheld, because the pool is too small"
        }
        FindingKind::NotFullyRead => {
            "is left alone, because its half of the inventory is incomplete"
        }
        FindingKind::InventoryIncomplete(reason) => {
            let reason = plain(reason);
            return format!(
                "the inventory is incomplete, so nothing destructive is done and nothing is created: {reason}"
            );
        }
        FindingKind::PolicyLoosened(loosened) => return policy_loosened(loosened, plain),
        FindingKind::Accepted { code, until, reason } => {
            let reason = reason.as_ref().map(|reason| format!(" ({})", plain(reason)));
            let reason = reason.unwrap_or_default();
            return format!("{} is accepted until {until}{reason}", code.name());
        }
    };
    fixed.to_owned()
}

/// The day of a time in seconds since 1970, in UTC.
fn day(seconds: u64) -> Option<String> {
    let time = jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

/// A text with its unusual characters escaped, so that it cannot look like another one.
fn escaped(text: &str) -> String {
    let usual = |c: char| c.is_ascii_graphic() || c == ' ';
    let end = text.trim_end().len();
    let escape = |(at, c): (usize, char)| {
        if usual(c) && at < end { c.to_string() } else { c.escape_unicode().to_string() }
    };
    text.char_indices().map(escape).collect()
}

/// The shapes of the characters of a text, which are equal for texts that look the same.
fn looks(text: &str) -> String {
    unicode_security::skeleton(text.trim_end()).collect()
}

fn policy_loosened(loose: &Loosened, plain: fn(&str) -> String) -> String {
    let (field, base, head) = loosened(loose);
    if let Loosened::Unmanaged(_) = loose {
        return format!("{field} are no longer managed: this plan does not read or change any");
    }
    let base = base.unwrap_or_default();
    let chosen_by_people =
        matches!(loose, Loosened::SsoBypass { .. } | Loosened::PrivilegedGroups { .. });
    let [base, head] = [Some(base), head].map(|value| match value {
        Some(value) if chosen_by_people => Some(plain(&value)),
        value => value,
    });
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
    format!("{}; change groups in the portal, or correct the entry", parts.join(" and "))
}

fn possible_rename(subject: Subject, missing: &str) -> String {
    match subject {
        Subject::User => format!(
            "may be {missing}, who is listed but missing, so the user is not removed; correct the manifest, or list this user with absent: true"
        ),
        Subject::Account | Subject::Organization => format!(
            "may be {missing}, which is listed but missing, so this account is not disabled and that one is not created; add this account's id to that entry, or accept possible_rename if they are two"
        ),
    }
}

fn missing_rename(subject: Subject, unlisted: &str) -> String {
    match subject {
        Subject::User => format!(
            "is missing and may be {unlisted}, who is not listed; correct the email in the manifest, or accept possible_rename if they are two"
        ),
        Subject::Account | Subject::Organization => format!(
            "is missing and may be {unlisted}, which is not listed, so it is not created; add the id of that account to this entry, or accept possible_rename if they are two"
        ),
    }
}
