//! A comparison of two manifests as JSON.

use serde::Serialize;
use serde_json::{Value, json};

use super::{FORMAT_VERSION, pretty};
use crate::manifest::canonical;
use crate::model::{Desired, Email};
use crate::plan::{Comparison, EntryChange, EntryDiff, FieldDiff, ManifestValue};
use crate::report::compare::DifferenceCounts;
use crate::report::digest::desired_digest;
use crate::report::{manifest, words};

/// The differences from `base` to `head`.
#[derive(Serialize)]
struct ComparisonDoc<'a> {
    format_version: u32,
    organization: &'a str,
    /// The digest of the base manifest, as in `bound_to.desired` of a plan.
    base: String,
    /// The digest of the head manifest.
    head: String,
    summary: ComparisonSummaryDoc,
    loosened: Vec<DeltaDoc>,
    differences: Vec<EntryDifferenceDoc<'a>>,
}

#[derive(Serialize)]
struct ComparisonSummaryDoc {
    added: usize,
    changed: usize,
    removed: usize,
    destructive: usize,
    loosened: usize,
}

#[derive(Serialize)]
struct EntryDifferenceDoc<'a> {
    difference: &'static str,
    kind: &'static str,
    email: Option<&'a str>,
    changes: Vec<DeltaDoc>,
    destructive: bool,
    /// The consequence for an account or user that is no longer listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    unlisted: Option<&'static str>,
}

#[derive(Serialize)]
struct DeltaDoc {
    field: String,
    before: Value,
    after: Value,
}

/// A comparison as JSON.
#[must_use]
pub fn comparison(base: &Desired, head: &Desired, comparison: &Comparison) -> String {
    let Comparison { loosened, differences } = comparison;
    let DifferenceCounts { added, changed, removed } = DifferenceCounts::of(comparison);
    let destructive = comparison.destructive();
    pretty(&ComparisonDoc {
        format_version: FORMAT_VERSION,
        organization: &head.organization,
        base: desired_digest(base),
        head: desired_digest(head),
        summary: ComparisonSummaryDoc {
            added,
            changed,
            removed,
            destructive,
            loosened: loosened.len(),
        },
        loosened: loosened
            .iter()
            .map(|one| {
                let (field, before, after) = manifest::loosened(one);
                DeltaDoc { field: field.to_owned(), before: json!(before), after: json!(after) }
            })
            .collect(),
        differences: differences.iter().map(EntryDifferenceDoc::from).collect(),
    })
}

impl<'a> From<&'a EntryDiff> for EntryDifferenceDoc<'a> {
    fn from(difference: &'a EntryDiff) -> Self {
        let EntryDiff { subject, email, kind, parts, destructive } = difference;
        let (word, unlisted) = match kind {
            EntryChange::Added => ("added", None),
            EntryChange::Changed => ("changed", None),
            EntryChange::Removed(becomes) => ("removed", Some(manifest::unlisted_word(*becomes))),
        };
        Self {
            difference: word,
            kind: words::subject(*subject),
            email: email.as_ref().map(Email::as_str),
            changes: parts.iter().map(DeltaDoc::from).collect(),
            destructive: *destructive,
            unlisted,
        }
    }
}

impl From<&FieldDiff> for DeltaDoc {
    fn from(delta: &FieldDiff) -> Self {
        let FieldDiff { part, before, after } = delta;
        let value = |said: &Option<ManifestValue>| said.as_ref().map_or(Value::Null, value);
        Self { field: manifest::part(*part), before: value(before), after: value(after) }
    }
}

fn value(said: &ManifestValue) -> Value {
    match said {
        ManifestValue::Bool(value) => json!(value),
        ManifestValue::Number(number) => json!(number),
        ManifestValue::Text(text) => json!(text),
        ManifestValue::List(texts) => json!(texts),
        ManifestValue::UnlistedAccounts(unlisted) => {
            json!(canonical::unlisted_accounts_word(*unlisted))
        }
        ManifestValue::UnlistedUsers(unlisted) => json!(canonical::unlisted_users_word(*unlisted)),
        ManifestValue::Budget(budget) => json!(canonical::limit(*budget)),
        ManifestValue::StaleUsers(stale) => json!(canonical::stale_users_word(*stale)),
        ManifestValue::Amount(amount) => json!(amount.to_string()),
        ManifestValue::Days(days) => json!(canonical::days_text(*days)),
        ManifestValue::Day(day) => json!(day.to_string()),
        ManifestValue::Accepted(until, reason) => {
            json!({ "until": until.to_string(), "reason": reason })
        }
        ManifestValue::Source(source) => json!(canonical::source(source)),
    }
}
