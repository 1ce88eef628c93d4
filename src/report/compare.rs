//! The comparison of two manifests, for people: loosened policy and destructive differences first.

use std::fmt::Write as _;

use super::escape::{line, lines};
use super::group::{RowGroup, group};
use super::style::{Ink, Style};
use super::{manifest, words};
use crate::manifest::canonical;
use crate::model::Desired;
use crate::plan::{Comparison, EntryChange, EntryDiff, FieldDiff, ManifestField, ManifestValue};

/// A comparison for a terminal. The last line is the result, in a fixed form for searches.
#[must_use]
pub fn comparison(organization: &str, comparison: &Comparison, style: Style) -> String {
    let Comparison { loosened, differences } = comparison;
    if comparison.is_empty() {
        let same = "No difference: the manifests are equivalent.";
        return format!("{}\n", style.paint(Ink::Green, same));
    }
    let mut out = format!("{}\n", style.paint(Ink::Bold, &line(organization)));
    let loose = loosened.iter().map(|one| {
        let (field, base, head) = manifest::loosened(one);
        let change = match head {
            Some(head) => format!("{field}: {} → {head}", base.unwrap_or_default()),
            None => format!("{field}: {} is removed", base.unwrap_or_default()),
        };
        format!("{} {}", style.paint(Ink::Red, "!"), line(&change))
    });
    section(&mut out, style, "Policy loosened", loose.collect());
    let of = |is: fn(&EntryDiff) -> bool| -> Vec<&EntryDiff> {
        differences.iter().filter(|one| is(one)).collect()
    };
    section(&mut out, style, "Destructive changes", rows(&of(|one| one.destructive), style));
    section(
        &mut out,
        style,
        "No longer listed",
        rows(&of(|one| !one.destructive && is_gone(one)), style),
    );
    section(&mut out, style, "Changes", rows(&of(|one| !one.destructive && !is_gone(one)), style));
    let DifferenceCounts { added, changed, removed } = DifferenceCounts::of(comparison);
    let destructive = comparison.destructive();
    let loose = loosened.len();
    let _ = writeln!(
        out,
        "\nDiff: {added} added, {changed} changed, {removed} removed; {destructive} destructive, {loose} loosened"
    );
    out
}

/// A unified diff of two manifests in canonical form. Empty if they are equal.
#[must_use]
pub fn comparison_diff(base: &Desired, head: &Desired) -> String {
    let (base, head) = (canonical::canonical(base), canonical::canonical(head));
    unified(&base, &head, ("base", "head"))
}

/// A unified diff of the text of a file before and after a change. Empty if they are equal.
#[must_use]
pub fn text_diff(name: &str, before: &str, after: &str) -> String {
    lines(&unified(before, after, (name, name)))
}

fn unified(before: &str, after: &str, (from, to): (&str, &str)) -> String {
    let diff = similar::TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(3).header(from, to).to_string()
}

/// The number of entries by kind of difference.
pub(super) struct DifferenceCounts {
    pub added: usize,
    pub changed: usize,
    pub removed: usize,
}

impl DifferenceCounts {
    pub(super) fn of(comparison: &Comparison) -> Self {
        let mut counts = Self { added: 0, changed: 0, removed: 0 };
        for one in &comparison.differences {
            match one.kind {
                EntryChange::Added => counts.added += 1,
                EntryChange::Changed => counts.changed += 1,
                EntryChange::Removed(_) => counts.removed += 1,
            }
        }
        counts
    }
}

fn is_gone(difference: &EntryDiff) -> bool {
    matches!(difference.kind, EntryChange::Removed(_))
}

fn section(out: &mut String, style: Style, title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        let _ = writeln!(out, "\n{}", style.paint(Ink::Bold, title));
    }
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

/// A difference without its email. Equal differences form a group.
#[derive(Clone, PartialEq, Eq, Hash)]
struct DifferenceRow {
    sign: &'static str,
    what: &'static str,
    destructive: bool,
    text: String,
}

impl DifferenceRow {
    fn of(difference: &EntryDiff) -> Self {
        let EntryDiff { subject, email: _, kind, parts, destructive } = difference;
        Self {
            sign: match kind {
                _ if *destructive => "-",
                EntryChange::Added => "+",
                EntryChange::Changed => "~",
                EntryChange::Removed(_) => "!",
            },
            what: words::subject_short(*subject),
            destructive: *destructive,
            text: match kind {
                EntryChange::Removed(becomes) => {
                    format!("no longer listed: {}", manifest::unlisted(*subject, *becomes))
                }
                EntryChange::Added | EntryChange::Changed => {
                    let parts = parts.iter().map(|part| delta(*kind, part));
                    parts.collect::<Vec<_>>().join(", ")
                }
            },
        }
    }

    fn line(&self, email: &str, style: Style) -> String {
        let Self { sign, what, destructive, text } = self;
        let ink = match (*destructive, *sign) {
            (true, _) => Ink::Red,
            (false, "+") => Ink::Green,
            (false, _) => Ink::Yellow,
        };
        let head = style.paint(ink, &format!("{sign} {what:<12}"));
        let parts = [head.as_str(), email, text];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
    }
}

fn rows(differences: &[&EntryDiff], style: Style) -> Vec<String> {
    let rows = differences.iter().map(|one| {
        let email = one.email.as_ref().map(|email| line(email.as_str()));
        (DifferenceRow::of(one), email.unwrap_or_default())
    });
    let lines = group(rows).into_iter().flat_map(|group| {
        let RowGroup { what, names } = &group;
        if !group.is_one() {
            return names.iter().map(|name| what.line(name, style)).collect::<Vec<_>>();
        }
        let mut lines = vec![what.line(&format!("{} times", names.len()), style)];
        lines.extend(group.names("    ", what.destructive || what.sign == "!"));
        lines
    });
    lines.collect()
}

fn delta(kind: EntryChange, delta: &FieldDiff) -> String {
    let FieldDiff { part, before, after } = delta;
    let unmanaged = matches!(part, ManifestField::Field(_) | ManifestField::Groups);
    let nothing = if unmanaged { "unmanaged" } else { "nothing" };
    let part = manifest::part(*part);
    let after = after.as_ref().map_or(nothing.to_owned(), text);
    match (kind, before) {
        (EntryChange::Added, None) => format!("{part}: {after}"),
        (EntryChange::Added | EntryChange::Changed | EntryChange::Removed(_), before) => {
            let before = before.as_ref().map_or(nothing.to_owned(), text);
            format!("{part}: {before} → {after}")
        }
    }
}

fn text(value: &ManifestValue) -> String {
    let quote = |text: &str| format!("\"{}\"", line(text).replace('"', "\\\""));
    match value {
        ManifestValue::Bool(value) => value.to_string(),
        ManifestValue::Number(number) => number.to_string(),
        ManifestValue::Text(text) => quote(text),
        ManifestValue::List(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| quote(text)).collect();
            format!("[{}]", texts.join(", "))
        }
        ManifestValue::UnlistedAccounts(unlisted) => {
            canonical::unlisted_accounts_word(*unlisted).to_owned()
        }
        ManifestValue::UnlistedUsers(unlisted) => {
            canonical::unlisted_users_word(*unlisted).to_owned()
        }
        ManifestValue::Budget(budget) => canonical::limit(*budget),
        ManifestValue::StaleUsers(stale) => canonical::stale_users_word(*stale).to_owned(),
        ManifestValue::Amount(amount) => amount.to_string(),
        ManifestValue::Days(days) => canonical::days_text(*days),
        ManifestValue::Day(day) => day.to_string(),
        ManifestValue::Accepted(until, None) => format!("until {until}"),
        ManifestValue::Accepted(until, Some(reason)) => format!("until {until} ({})", line(reason)),
        ManifestValue::Source(source) => line(&canonical::source(source)),
    }
}
