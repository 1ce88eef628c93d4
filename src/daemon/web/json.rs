//! How the daemon stands, as JSON. The order of the keys is part of the format.

use serde::Serialize;

use crate::daemon::status::{Episode, Organization, State, Status};
use crate::report::escape_json;

#[derive(Serialize)]
struct StatusDoc<'a> {
    organizations: Vec<OrganizationDoc<'a>>,
}

#[derive(Serialize)]
struct OrganizationDoc<'a> {
    organization: &'a str,
    state: &'static str,
    /// RFC 3339; null before the first.
    last_success: Option<String>,
    /// RFC 3339; null while none is due.
    next_run: Option<String>,
    /// Why the state is unknown; null otherwise.
    error: Option<&'a str>,
    /// Which other daemon watches it, while this one stands by; null while this one watches.
    watched_by: Option<&'a str>,
    episodes: Vec<EpisodeDoc<'a>>,
}

#[derive(Serialize)]
struct EpisodeDoc<'a> {
    kind: &'a str,
    /// Null when it is about the organization.
    email: Option<&'a str>,
    what: &'a str,
    /// As in a plan.
    changes: Vec<ChangeDoc<'a>>,
    message: &'a str,
    destructive: bool,
    since: String,
    sightings: u64,
}

#[derive(Serialize)]
struct ChangeDoc<'a> {
    field: &'a str,
    before: &'a str,
    after: &'a str,
}

/// The name of a state, in JSON and as a label.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::InSync => "in_sync",
        State::Drifted => "drifted",
        State::Unknown => "unknown",
    }
}

/// How the daemon stands, as JSON: the same bytes for the same value.
pub(super) fn status(status: &Status) -> String {
    let document = StatusDoc {
        organizations: status.organizations.iter().map(OrganizationDoc::from).collect(),
    };
    // Strings and numbers in fixed structs can always be written.
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    escape_json(&text) + "\n"
}

impl<'a> From<&'a Organization> for OrganizationDoc<'a> {
    fn from(organization: &'a Organization) -> Self {
        let Organization {
            organization,
            watched_by,
            state: found,
            error,
            last_success,
            next_run,
            runs: _,
            episodes,
            unwritten: _,
            counts: _,
        } = organization;
        Self {
            organization,
            state: state(*found),
            last_success: last_success.map(|time| time.to_string()),
            next_run: next_run.map(|time| time.to_string()),
            error: error.as_deref(),
            watched_by: watched_by.as_deref(),
            episodes: episodes.iter().map(EpisodeDoc::from).collect(),
        }
    }
}

impl<'a> From<&'a Episode> for EpisodeDoc<'a> {
    fn from(episode: &'a Episode) -> Self {
        let Episode { kind, email, what, changes, message, destructive, since, sightings } =
            episode;
        let changes =
            changes.iter().map(|(field, before, after)| ChangeDoc { field, before, after });
        Self {
            kind,
            email: email.as_deref(),
            what,
            changes: changes.collect(),
            message,
            destructive: *destructive,
            since: since.to_string(),
            sightings: *sightings,
        }
    }
}
