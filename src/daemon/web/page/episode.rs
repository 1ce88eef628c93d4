//! One open episode, ready to be shown.

use jiff::Timestamp;

use super::{Moment, shown};
use crate::daemon::status::Episode;

pub(super) struct EpisodeView {
    /// Whom it is about.
    pub who: String,
    pub kind: String,
    pub what: String,
    pub message: String,
    pub changes: Vec<ChangeView>,
    pub destructive: bool,
    pub since: Moment,
    pub sightings: u64,
}

pub(super) struct ChangeView {
    pub field: String,
    /// What is there. Empty: nothing.
    pub have: String,
    /// What is wanted. Empty: nothing.
    pub want: String,
}

impl EpisodeView {
    pub(super) fn new(episode: &Episode, now: Timestamp) -> Self {
        let Episode { kind, email, what, changes, message, destructive, since, sightings } =
            episode;
        Self {
            who: email.as_deref().map_or_else(|| "The organization".to_owned(), shown),
            kind: match kind.as_str() {
                "managed_account" => "account".to_owned(),
                "organization_user" => "user".to_owned(),
                // Its name says it already.
                "organization" => String::new(),
                other => shown(other),
            },
            what: shown(what),
            message: shown(message),
            changes: changes
                .iter()
                .map(|(field, have, want)| ChangeView {
                    field: shown(field),
                    have: shown(have),
                    want: shown(want),
                })
                .collect(),
            destructive: *destructive,
            since: Moment::new(*since, now),
            sightings: *sightings,
        }
    }
}
