//! The fixed names of things in reports: what users script against.

use super::json::PlanSummary;
use crate::manifest::Kind;
use crate::model::{Budget, UnlistedAccounts, UnlistedUsers};
use crate::plan::{
    Action, Change, Channels, Field, Finding, GuardName, Level, Loosened, Origin, Part, Plan,
    Reversible, Subject, Unlisted, Value,
};

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

/// The name of a kind of problem of a manifest.
pub(super) fn problem(kind: Kind) -> &'static str {
    match kind {
        Kind::Unreadable => "unreadable-file",
        Kind::Syntax => "yaml-syntax",
        Kind::Value => "invalid-value",
        Kind::Conflict => "conflict",
    }
}

/// What a kind of problem of a manifest is, in words.
pub(super) fn problem_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Unreadable => "A file or folder of the manifest cannot be read",
        Kind::Syntax => "A file of the manifest is no YAML",
        Kind::Value => "A field is unknown or missing, or holds what it does not take",
        Kind::Conflict => "Two things in the manifest do not go together",
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

pub(super) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::ThisChange => "this_change",
        Origin::AlreadyDrifted => "already_drifted",
        Origin::Conflict => "conflict",
    }
}

pub(super) fn unlisted_accounts(unlisted: UnlistedAccounts) -> &'static str {
    match unlisted {
        UnlistedAccounts::Ignore => "ignore",
        UnlistedAccounts::Report => "report",
        UnlistedAccounts::Disable => "disable",
    }
}

pub(super) fn unlisted_users(unlisted: UnlistedUsers) -> &'static str {
    match unlisted {
        UnlistedUsers::Ignore => "ignore",
        UnlistedUsers::Report => "report",
        UnlistedUsers::Remove => "remove",
    }
}

/// A budget as a manifest writes it.
pub(super) fn budget(budget: Budget) -> String {
    match budget {
        Budget::Count(count) => count.to_string(),
        Budget::Percent(percent) => format!("{percent}%"),
    }
}

/// What a policy allows that another does not: the field, and what it was and is.
pub(super) fn loosened(loosened: &Loosened) -> (&'static str, Option<String>, Option<String>) {
    match loosened {
        Loosened::UnlistedAccounts { base, head } => {
            let word = |unlisted| Some(unlisted_accounts(unlisted).to_owned());
            ("unlisted_accounts", word(*base), word(*head))
        }
        Loosened::UnlistedUsers { base, head } => {
            let word = |unlisted| Some(unlisted_users(unlisted).to_owned());
            ("unlisted_users", word(*base), word(*head))
        }
        Loosened::Budget { name, base, head } => {
            (guard(*name), Some(budget(*base)), Some(budget(*head)))
        }
        Loosened::Protected(email) => ("protected", Some(email.to_string()), None),
    }
}

/// A part of a manifest, by the name of its field there.
pub(super) fn part(part: Part) -> String {
    let name = match part {
        Part::Accept(code) => return format!("accept {}", code.name()),
        Part::Budget(name) => guard(name),
        Part::Field(of_account) => field(of_account),
        Part::Organization => "organization",
        Part::ManagerAccountId => "manager_account_id",
        Part::UnlistedAccounts => "unlisted_accounts",
        Part::UnlistedUsers => "unlisted_users",
        Part::Protected => "protected",
        Part::Users => "users managed",
        Part::Email => "email",
        Part::Id => "id",
        Part::ReenableConnections => "reenable_connections",
        Part::PasswordFrom => "password_from",
        Part::Groups => "groups",
        Part::Until => "until",
        Part::Absent => "absent",
    };
    name.to_owned()
}

pub(super) fn subject_short(subject: Subject) -> &'static str {
    match subject {
        Subject::Account => "account",
        Subject::User => "user",
        Subject::Organization => "organization",
    }
}

/// What becomes of who is not listed any more.
pub(super) fn unlisted(subject: Subject, becomes: Unlisted) -> &'static str {
    match (subject, becomes) {
        (Subject::User, Unlisted::TakenAway) => "leaves the organization (unlisted_users: remove)",
        (_, Unlisted::TakenAway) => "is disabled (unlisted_accounts: disable)",
        (_, Unlisted::Reported) => "stays, and is reported as unlisted",
        (_, Unlisted::Ignored) => "stays, and nobody looks at it any more",
    }
}

pub(super) fn unlisted_word(becomes: Unlisted) -> &'static str {
    match becomes {
        Unlisted::TakenAway => "taken_away",
        Unlisted::Reported => "reported",
        Unlisted::Ignored => "ignored",
    }
}

/// An action, and whether it is the author's change or was there before. `None`: there is no base to
/// compare with.
pub(super) type Row<'a> = (&'a Action, Option<&'static str>);

/// The actions of a plan with their origins.
pub(super) fn rows(plan: &Plan) -> Vec<Row<'_>> {
    plan.with_origins().map(|(action, from)| (action, from.map(origin))).collect()
}

/// Whether what a loss takes can be brought back.
pub(super) fn undo(action: &Action) -> &'static str {
    match action.reversible() {
        Reversible::Yes => "yes",
        Reversible::Partly => "only partly",
        Reversible::No => "no",
    }
}

/// What an action changes, field by field. Empty: it changes no field.
pub(super) fn changes(action: &Action, names: Names) -> String {
    let changes: Vec<String> =
        action.changes().iter().map(|one| change(one, names.spoken)).collect();
    changes.join(", ")
}

fn change(change: &Change, spoken: fn(&str) -> String) -> String {
    let Change { field: what, before, before_known, after } = change;
    let value = |value: &Value| match value {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => spoken(text),
    };
    let (what, after) = (field(*what), value(after));
    match (before, before_known) {
        (Some(before), _) => format!("{what}: {} → {after}", value(before)),
        (None, true) => format!("{what}: {after}"),
        (None, false) => format!("{what}: ? → {after}"),
    }
}

/// How a plan stands, in a line.
pub(super) fn summary(plan: &Plan) -> String {
    let PlanSummary {
        create,
        update,
        enable,
        disable,
        remove,
        findings,
        in_sync,
        losses,
        unchosen: _,
    } = PlanSummary::of(plan);
    let incomplete = if plan.inventory.complete { "" } else { "; the inventory is incomplete" };
    format!(
        "{create} to create, {update} to update, {enable} to enable, {disable} to disable, \
         {remove} to remove; {}, {}, {in_sync} in sync{incomplete}",
        count(losses, "loss", "losses"),
        count(findings, "finding", "findings"),
    )
}

/// A number and what it counts.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How names stand in a sentence.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// A name that somebody made up, which may be several words.
    pub spoken: fn(&str) -> String,
    /// An email, an id, or a sentence that is not ours.
    pub plain: fn(&str) -> String,
}

/// Names as they stand in plain text.
pub(super) const IN_TEXT: Names =
    Names { spoken: |name| format!("{name:?}"), plain: str::to_owned };

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
        | F::LooksLikeRename { .. }
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
        F::LooksLikeRename { subject, missing, .. } => {
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
