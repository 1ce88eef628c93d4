//! A review as a table for a terminal and as CSV, and the words that it shares with Markdown.

use serde_json::Value;

use super::super::csv::csv as rows_as_csv;
use super::super::escape::line;
use super::super::table::table as aligned;
use super::super::words::{Names, count};
use super::changes::{ChangedField, ChangedUser, ReviewChanges, UserName};
use super::{AcceptedCode, Review, ReviewSummary, ReviewedUser};

/// The columns of a table.
pub(in crate::report) const COLUMNS: [&str; 11] = [
    "EMAIL",
    "ROLE",
    "STATUS",
    "GROUPS",
    "BYPASSES_SSO",
    "CREATED",
    "LAST_SIGN_IN",
    "MANIFEST",
    "UNTIL",
    "REASON",
    "REMARK",
];

/// Names as they are. The table and the CSV escape whole cells.
const AS_IT_IS: Names =
    Names { spoken: str::to_owned, plain: str::to_owned, command: str::to_owned };
/// Names in a line of text.
const IN_LINE: Names = Names { spoken: line, plain: line, command: line };

/// A review as a table, below its summary.
#[must_use]
pub fn table(review: &Review) -> String {
    let mut out = format!("{}\n", heading(review, IN_LINE));
    let counts = counts(&review.summary);
    let counts: Vec<String> =
        counts.iter().map(|(number, one, many)| count(*number, one, many)).collect();
    out.extend([counts.join(", "), "\n".to_owned()]);
    out.extend(notes(review, IN_LINE).into_iter().map(|note| format!("{note}\n")));
    let row = |user: &ReviewedUser| cells(user, AS_IT_IS).map(or_dash);
    let rows: Vec<_> = review.users.iter().map(row).collect();
    out.extend(["\n".to_owned(), aligned(COLUMNS, &rows)]);
    if let Some(changes) = &review.changes {
        out.extend(["\n".to_owned(), changes_text(changes)]);
    }
    out
}

/// A review as CSV: the rows only.
#[must_use]
pub fn csv(review: &Review) -> String {
    let names = COLUMNS.map(str::to_lowercase);
    let header = ["id".to_owned(), "presence".to_owned()].into_iter().chain(names).collect();
    let row = |user: &ReviewedUser| {
        let fixed = [user.id.clone().unwrap_or_default(), user.presence.to_owned()];
        fixed.into_iter().chain(cells(user, AS_IT_IS)).collect()
    };
    rows_as_csv(std::iter::once(header).chain(review.users.iter().map(row)))
}

/// The title with the day and the manifest.
pub(in crate::report) fn heading(review: &Review, names: Names) -> String {
    let of = review.organization.as_ref().map(|label| format!(" of {}", (names.plain)(label)));
    let manifest = match &review.manifest {
        Some(path) => format!("compared with {}", (names.plain)(path)),
        None => "without a manifest".to_owned(),
    };
    format!("Access review{} on {} (UTC), {manifest}", of.unwrap_or_default(), review.date)
}

/// The counts that are not zero, each with its noun for one and for many. The number of users is always shown.
pub(in crate::report) fn counts(
    summary: &ReviewSummary,
) -> Vec<(usize, &'static str, &'static str)> {
    let ReviewSummary {
        users,
        owners,
        stale,
        sso_bypass,
        privileged,
        unlisted,
        missing,
        expiring,
        in_doubt,
    } = summary;
    let same = |number: usize, word| (number, word, word);
    let counts = [
        (*owners, "owner", "owners"),
        same(stale.unwrap_or_default(), "stale"),
        same(*sso_bypass, "bypassing SSO"),
        same(privileged.unwrap_or_default(), "privileged"),
        same(unlisted.unwrap_or_default(), "unlisted"),
        same(missing.unwrap_or_default(), "missing"),
        same(expiring.unwrap_or_default(), "expiring within 30 days"),
        same(*in_doubt, "in doubt"),
    ];
    let counts = counts.into_iter().filter(|(number, _, _)| *number > 0);
    std::iter::once((*users, "user", "users")).chain(counts).collect()
}

/// The limits of the review: an incomplete read, and checks that the manifest does not declare.
pub(in crate::report) fn notes(review: &Review, names: Names) -> Vec<String> {
    let mut notes = Vec::new();
    if !review.complete {
        let gaps: Vec<String> = review.gaps.iter().map(|gap| (names.plain)(gap)).collect();
        let gaps = gaps.join("; ");
        notes.push(format!("INCOMPLETE: users may be absent from this review: {gaps}"));
    }
    let ReviewSummary { stale, privileged, unlisted, .. } = &review.summary;
    match (unlisted, &review.manifest) {
        (Some(_), _) => {}
        (None, Some(_)) => {
            notes.push("The manifest has no users, so none is unlisted or missing.".to_owned());
        }
        (None, None) => notes.push(
            "Without a manifest no user counts as unlisted or missing, and owners are recognized by their role only."
                .to_owned(),
        ),
    }
    let unchecked = [
        (stale.is_none(), "stale users (no stale_after; use --stale-after 90d)"),
        (privileged.is_none(), "privileged users (no privileged_groups)"),
    ];
    let unchecked: Vec<&str> =
        unchecked.iter().filter(|(missing, _)| *missing).map(|(_, what)| *what).collect();
    if !unchecked.is_empty() {
        notes.push(format!("Not checked: {}.", unchecked.join(", ")));
    }
    notes
}

/// The cells of a row, empty where nothing is known or declared. `names` formats texts from elsewhere.
pub(in crate::report) fn cells(user: &ReviewedUser, names: Names) -> [String; COLUMNS.len()] {
    let plain = names.plain;
    let ReviewedUser {
        email,
        id: _,
        presence,
        role,
        status,
        groups,
        bypasses_sso,
        created,
        last_sign_in,
        entry,
        until,
        keep,
        protected,
        reasons,
        accepted,
    } = user;
    let groups = groups.iter().flatten().map(|group| plain(group));
    let reasons = reasons.iter().map(|code| (*code).to_owned());
    let remarks = [
        (*presence == "hidden", "not in the lists of Telnyx"),
        (*presence == "unread", "not read"),
        (*keep, "keep"),
        (*protected, "protected"),
    ];
    let remarks = remarks.iter().filter(|(applies, _)| *applies).map(|(_, remark)| *remark);
    [
        plain(email),
        role.map(role_word).unwrap_or_default(),
        status.as_ref().map(|status| status_word(status, plain)).unwrap_or_default(),
        groups.collect::<Vec<_>>().join(", "),
        bypasses_sso.map(yes_or_no).unwrap_or_default().to_owned(),
        created.clone().unwrap_or_default(),
        last_sign_in.clone().unwrap_or_default(),
        entry.as_ref().map(|at| plain(&format!("{}:{}", at.file, at.line))).unwrap_or_default(),
        until.clone().unwrap_or_default(),
        reasons
            .chain(accepted.iter().map(|one| accepted_words(one, plain)))
            .collect::<Vec<_>>()
            .join(", "),
        remarks.collect::<Vec<_>>().join(", "),
    ]
}

fn accepted_words(accepted: &AcceptedCode, plain: fn(&str) -> String) -> String {
    let AcceptedCode { code, until, reason } = accepted;
    let reason = reason.as_ref().map(|reason| format!(": {}", plain(reason)));
    format!("{code} (accepted until {until}{})", reason.unwrap_or_default())
}

fn role_word(role: &str) -> String {
    role.replace('_', "-")
}

/// The status. One that this version does not know is a text from elsewhere.
fn status_word(status: &str, plain: fn(&str) -> String) -> String {
    match status {
        "enabled" | "disabled" | "blocked" => status.to_owned(),
        _ => plain(status),
    }
}

fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

fn changes_text(changes: &ReviewChanges) -> String {
    if changes.are_none() {
        return format!("No changes since {}.\n", changes.since);
    }
    let lines = change_lines(changes, IN_LINE);
    let lines = lines.into_iter().map(|(word, what)| format!("  {word:<8} {what}\n"));
    let lines = lines.collect::<Vec<_>>().concat();
    format!("Changes since {}:\n{lines}", changes.since)
}

/// The changes, a line each: its kind, and the user with the details.
pub(in crate::report) fn change_lines(
    changes: &ReviewChanges,
    names: Names,
) -> Vec<(&'static str, String)> {
    let ReviewChanges { since: _, came, went, changed } = changes;
    let users = |word, users: &Option<Vec<UserName>>, unknown: &str| match users {
        None => vec![(word, format!("unknown: {unknown}"))],
        Some(users) => users.iter().map(|user| (word, (names.plain)(&user.email))).collect(),
    };
    let mut lines = users("came", came, "the earlier review is incomplete");
    lines.extend(users("went", went, "this review is incomplete"));
    lines.extend(changed.iter().map(|user| ("changed", changed_words(user, names.plain))));
    lines
}

fn changed_words(user: &ChangedUser, plain: fn(&str) -> String) -> String {
    let ChangedUser { email, id: _, groups_added, groups_removed, fields } = user;
    let value = |value: &Value, field: &str| match (value, field) {
        (Value::Bool(value), _) => yes_or_no(*value).to_owned(),
        (Value::String(role), "role") => match role.as_str() {
            "owner" | "sub_user" | "other" => role_word(role),
            _ => plain(role),
        },
        (Value::String(status), "status") => status_word(status, plain),
        (Value::String(text), _) => plain(text),
        (other, _) => plain(&other.to_string()),
    };
    let field = |one: &ChangedField| {
        let ChangedField { field, before, after } = one;
        format!("{field} {} → {}", value(before, field), value(after, field))
    };
    let groups = |verb: &str, groups: &[String]| {
        let groups: Vec<String> = groups.iter().map(|group| plain(group)).collect();
        (!groups.is_empty()).then(|| format!("groups {verb} {}", groups.join(", ")))
    };
    let parts = [groups("added", groups_added), groups("removed", groups_removed)];
    let parts: Vec<String> = parts.into_iter().flatten().chain(fields.iter().map(field)).collect();
    format!("{}: {}", plain(email), parts.join("; "))
}
