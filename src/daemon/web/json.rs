//! The status as JSON. The order of the keys is part of the format.

use serde::Serialize;

use crate::daemon::status::{DaemonStatus, Organization, OrganizationState, ShownDifference};
use crate::model::{Details, DifferenceKey};
use crate::report::escape_json;

#[derive(Serialize)]
struct StatusDoc<'a> {
    organizations: Vec<OrganizationDoc<'a>>,
}

#[derive(Serialize)]
struct OrganizationDoc<'a> {
    organization: &'a str,
    state: &'static str,
    /// RFC 3339; null before the first success.
    last_success: Option<String>,
    /// RFC 3339; null while none is due.
    next_run: Option<String>,
    /// The reason why the last run did not read everything; null otherwise.
    error: Option<&'a str>,
    /// The leader while this daemon is on standby; null otherwise.
    leader: Option<&'a str>,
    /// RFC 3339, the time since which the backend of the lease cannot be reached; null otherwise.
    cut_off: Option<String>,
    differences: Vec<DifferenceJson<'a>>,
}

#[derive(Serialize)]
struct DifferenceJson<'a> {
    kind: &'a str,
    /// Null for the organization itself.
    email: Option<&'a str>,
    code: &'a str,
    severity: &'static str,
    changes: Vec<ChangeDoc<'a>>,
    message: &'a str,
    reason: &'a str,
    destructive: bool,
    since: String,
    runs: u64,
}

#[derive(Serialize)]
struct ChangeDoc<'a> {
    field: &'a str,
    before: &'a str,
    after: &'a str,
}

/// The name of a state in JSON and metrics.
pub(super) fn state(state: OrganizationState) -> &'static str {
    match state {
        OrganizationState::InSync => "in_sync",
        OrganizationState::Drifted => "drifted",
        OrganizationState::Unknown => "unknown",
    }
}

/// Renders the status. Equal values give equal bytes.
pub(super) fn status(status: &DaemonStatus) -> String {
    let document = StatusDoc {
        organizations: status.organizations.iter().map(OrganizationDoc::from).collect(),
    };
    // Serializing strings and numbers cannot fail.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    escape_json(&text) + "\n"
}

impl<'a> From<&'a Organization> for OrganizationDoc<'a> {
    fn from(organization: &'a Organization) -> Self {
        let Organization {
            organization,
            leader,
            cut_off,
            state: found,
            error,
            last_success,
            next_run,
            runs: _,
            differences,
            unsaved: _,
            counts: _,
        } = organization;
        Self {
            organization,
            state: state(*found),
            last_success: last_success.map(|time| time.to_string()),
            next_run: next_run.map(|time| time.to_string()),
            error: error.as_deref(),
            leader: leader.as_deref(),
            cut_off: cut_off.map(|cut_off| cut_off.since.to_string()),
            differences: differences.iter().map(DifferenceJson::from).collect(),
        }
    }
}

impl<'a> From<&'a ShownDifference> for DifferenceJson<'a> {
    fn from(difference: &'a ShownDifference) -> Self {
        let ShownDifference { key, details, since, runs } = difference;
        let DifferenceKey { kind, email, code } = key;
        let Details { changes, message, reason, destructive } = details;
        let changes =
            changes.iter().map(|(field, before, after)| ChangeDoc { field, before, after });
        Self {
            kind,
            email: email.as_deref(),
            code,
            severity: key.severity().name(),
            changes: changes.collect(),
            message,
            reason,
            destructive: *destructive,
            since: since.to_string(),
            runs: *runs,
        }
    }
}
