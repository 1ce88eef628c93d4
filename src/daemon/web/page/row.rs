//! The rows of open differences: one for each account or user.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Moment, shown};
use crate::daemon::status::ShownDifference;
use crate::daemon::words;
use crate::model::Severity;

/// One account or user with all its differences, or the organization itself.
pub(super) struct RowView {
    pub subject: String,
    /// `account` or `user`. Empty for the organization.
    pub kind: String,
    pub differences: Vec<DifferenceView>,
    /// True if any of the differences is critical.
    pub critical: bool,
    /// True if resolving any of the differences is destructive.
    pub destructive: bool,
    /// The first run that found any of them.
    pub since: Moment,
    /// The most runs that found one of them.
    pub runs: String,
}

pub(super) struct DifferenceView {
    pub text: String,
    pub critical: bool,
    pub destructive: bool,
}

/// Groups differences by account or user. Rows with a critical difference come first, and then those with a destructive
/// one: none of them may be folded away behind a lesser one.
pub(super) fn rows(differences: &[ShownDifference], now: Timestamp) -> Vec<RowView> {
    let mut groups: BTreeMap<_, Vec<&ShownDifference>> = BTreeMap::new();
    for difference in differences {
        groups.entry((&difference.key.email, &difference.key.kind)).or_default().push(difference);
    }
    let mut rows: Vec<_> = groups.into_values().map(|group| RowView::new(&group, now)).collect();
    rows.sort_by_key(|row| (!row.critical, !row.destructive));
    rows
}

impl RowView {
    fn new(group: &[&ShownDifference], now: Timestamp) -> Self {
        let key = group.first().map(|first| &first.key);
        let email = key.and_then(|key| key.email.as_deref());
        let mut group = group.to_vec();
        group.sort_by_key(|one| (one.key.severity(), !one.details.destructive));
        let differences: Vec<_> = group.iter().map(|one| DifferenceView::new(one)).collect();
        let since = group.iter().map(|one| one.since).min().unwrap_or(now);
        let runs = group.iter().map(|one| one.runs).max().unwrap_or_default();
        Self {
            subject: email.map_or_else(|| "The organization".to_owned(), shown),
            kind: email.and(key).map(|key| shown(words::kind(&key.kind))).unwrap_or_default(),
            critical: differences.iter().any(|one| one.critical),
            destructive: differences.iter().any(|one| one.destructive),
            differences,
            since: Moment::new(since, now),
            runs: words::count(runs, "run"),
        }
    }
}

impl DifferenceView {
    fn new(difference: &ShownDifference) -> Self {
        let ShownDifference { key, details, since: _, runs: _ } = difference;
        let text = shown(&words::difference(&key.code, details));
        let critical = key.severity() == Severity::Critical;
        Self { text, critical, destructive: details.destructive }
    }
}
