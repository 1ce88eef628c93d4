//! The fixed words of reports, which users script against.

use super::json::PlanSummary;
use crate::manifest::ProblemKind;
use crate::plan::{
    Action, Channels, Field, FieldChange, FieldValue, Finding, FindingKind, Guard, GuardName,
    Level, Origin, Plan, Reason, Reversible, Subject,
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

/// The name of the subject of an action or a finding.
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

/// The name of a safety limit, as in the manifest's `policy`.
#[must_use]
pub fn guard(name: GuardName) -> &'static str {
    match name {
        GuardName::MaxRemovals => "max_removals",
        GuardName::MaxDisables => "max_disables",
        GuardName::MaxEnables => "max_enables",
        GuardName::MaxChannelCut => "max_channel_cut",
        GuardName::MaxPricingWithdrawals => "max_pricing_withdrawals",
        GuardName::MaxCreates => "max_creates",
    }
}

/// The number that a safety limit counts, of the number that there are.
pub(super) fn guard_counts(guard: Guard) -> String {
    let Guard { name, actual, limit: _, of } = guard;
    format!("{actual} of {}", guard_of(name, of))
}

/// The number of objects that a safety limit is a share of, with their noun.
pub(super) fn guard_of(name: GuardName, of: u64) -> String {
    let (before, noun, after) = match name {
        GuardName::MaxRemovals => ("", "user", ""),
        GuardName::MaxDisables => ("enabled ", "account", ""),
        GuardName::MaxEnables => ("disabled ", "account", ""),
        GuardName::MaxChannelCut => ("allocated ", "channel", ""),
        GuardName::MaxPricingWithdrawals => ("", "account", " with custom pricing"),
        GuardName::MaxCreates => ("", "account", ""),
    };
    format!("{of} {before}{noun}{}{after}", if of == 1 { "" } else { "s" })
}

pub(super) fn reversible(reversible: Reversible) -> &'static str {
    match reversible {
        Reversible::Yes => "yes",
        Reversible::Partly => "partly",
        Reversible::No => "no",
    }
}

/// The name of a kind of manifest problem.
pub(super) fn problem(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreadable => "unreadable-file",
        ProblemKind::Syntax => "yaml-syntax",
        ProblemKind::Value => "invalid-value",
        ProblemKind::Conflict => "conflict",
    }
}

/// The description of a kind of manifest problem.
pub(super) fn problem_kind(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unreadable => "A file or folder of the manifest cannot be read",
        ProblemKind::Syntax => "A file of the manifest is not valid YAML",
        ProblemKind::Value => "A field is unknown, missing or has an invalid value",
        ProblemKind::Conflict => "Two parts of the manifest contradict each other",
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

pub(super) fn subject_short(subject: Subject) -> &'static str {
    match subject {
        Subject::Account => "account",
        Subject::User => "user",
        Subject::Organization => "organization",
    }
}

/// The name of a reason in machine-readable reports.
pub(super) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Declared => "declared",
        Reason::Unlisted => "unlisted",
        Reason::Absent => "absent",
        Reason::UntilPassed(_) => "until_passed",
        Reason::Stale => "stale",
    }
}

/// The reason of an action for people. Empty if the entry declares it, which needs no words.
#[must_use]
pub fn because(reason: Reason) -> String {
    match reason {
        Reason::Declared => String::new(),
        Reason::Unlisted => "not listed".to_owned(),
        Reason::Absent => "listed as absent".to_owned(),
        Reason::UntilPassed(day) => format!("until {day} has passed"),
        Reason::Stale => "no sign-in within stale_after".to_owned(),
    }
}

/// The reversibility of an action, for people.
pub(super) fn undo(action: &Action) -> &'static str {
    match action.reversible() {
        Reversible::Yes => "yes",
        Reversible::Partly => "only partly",
        Reversible::No => "no",
    }
}

/// The changes of an action, field by field. Empty if it changes no field.
pub(super) fn changes(action: &Action, names: Names) -> String {
    let changes: Vec<String> =
        action.changes().iter().map(|one| change(one, names.spoken)).collect();
    changes.join(", ")
}

fn change(change: &FieldChange, spoken: fn(&str) -> String) -> String {
    let FieldChange { field: what, before, before_known, after } = change;
    let value = |value: &FieldValue| match value {
        FieldValue::Bool(value) => value.to_string(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Text(text) => spoken(text),
    };
    let (what, after) = (field(*what), value(after));
    match (before, before_known) {
        (Some(before), _) => format!("{what}: {} → {after}", value(before)),
        (None, true) => format!("{what}: {after}"),
        (None, false) => format!("{what}: ? → {after}"),
    }
}

/// The summary of a plan in one line, without the counts that are zero.
pub(super) fn summary(plan: &Plan) -> String {
    let PlanSummary {
        create,
        update,
        enable,
        disable,
        remove,
        findings,
        withheld,
        ignored,
        in_sync,
        destructive,
        unchosen: _,
        unchosen_findings: _,
    } = PlanSummary::of(plan);
    let is_notice = |finding: &&Finding| finding.level() == Level::Notice;
    let notices = plan.findings.iter().filter(is_notice).count();
    let drift = findings - notices;
    let actions = [
        (create, "to create"),
        (update, "to update"),
        (enable, "to enable"),
        (disable, "to disable"),
        (remove, "to remove"),
    ];
    let rest = [
        (destructive, "destructive"),
        (withheld, "withheld"),
        (drift, if drift == 1 { "finding" } else { "findings" }),
        (notices, if notices == 1 { "notice" } else { "notices" }),
        (ignored, "ignored"),
        (in_sync, "in sync"),
    ];
    let list = |counts: &[(usize, &str)]| {
        let counts = counts.iter().filter(|(number, _)| *number > 0);
        counts.map(|(number, what)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
    };
    let parts = [list(&actions), list(&rest)];
    let mut parts: Vec<&str> =
        parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    if !plan.inventory.complete {
        parts.push("the inventory is incomplete");
    }
    parts.join("; ")
}

/// Returns true if the plan was made from a complete inventory, every declared value was compared, and nothing differs,
/// is withheld or was not selected.
pub(super) fn is_in_sync(plan: &Plan) -> bool {
    let unknown = |finding: &Finding| {
        matches!(finding.what, FindingKind::StatusUnknown | FindingKind::NotCompared(_))
    };
    !plan.has_drift()
        && plan.inventory.complete
        && plan.unchosen + plan.unchosen_findings == 0
        && !plan.findings.iter().any(unknown)
}

/// The entries in sync, counted.
pub(super) fn in_sync(plan: &Plan) -> String {
    format!(
        "{} as {} should be",
        count(plan.in_sync, "entry is", "entries are"),
        if plan.in_sync == 1 { "it" } else { "they" }
    )
}

/// The options that approve a plan which safety limits refuse.
pub(super) fn approval(plan: &Plan) -> String {
    let refused = |creates: bool| {
        let is_create = |guard: &&Guard| (guard.name == GuardName::MaxCreates) == creates;
        plan.guards.iter().filter(is_create).any(Guard::refused)
    };
    let creates = plan.requested().filter(|action| action.is_create()).count();
    let options = [
        refused(false).then(|| format!("--approve-destructive {}", plan.destructive())),
        refused(true).then(|| format!("--approve-creates {creates}")),
    ];
    options.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A number and its noun.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The formatting of names in a sentence.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// For names chosen by people, which may be several words.
    pub spoken: fn(&str) -> String,
    /// For emails, ids, and sentences from elsewhere.
    pub plain: fn(&str) -> String,
    /// For commands to copy.
    pub command: fn(&str) -> String,
}

/// The formatting of names in plain text.
pub(super) const IN_TEXT: Names =
    Names { spoken: |name| format!("{name:?}"), plain: str::to_owned, command: in_backticks };

pub(super) fn in_backticks(command: &str) -> String {
    format!("`{command}`")
}

pub(super) fn ending(ending: &crate::execute::Ending) -> &'static str {
    use crate::execute::Ending as E;
    match ending {
        E::Done => "done",
        E::Satisfied => "satisfied",
        E::Failed(_) => "failed",
        E::Stale(_) => "stale",
        E::Unknown(_) => "unknown",
        E::Skipped(_) => "skipped",
    }
}
