//! What the runs of one organization have come to, for whoever is shown it. Bounded, however long it goes on.

use std::time::Duration;

use jiff::Timestamp;

use super::episodes::Sighting;
use super::status::{Counts, Episode, Organization, Run, State};
use crate::model::Watch;

/// So many of the last runs are shown.
const RUNS: usize = 96;

/// What the runs of one organization have come to.
#[derive(Default)]
pub(super) struct Tally {
    state: Option<State>,
    error: Option<String>,
    last_success: Option<Timestamp>,
    runs: Vec<Run>,
    pub counts: Counts,
    /// Requests of connections that are not in use any more.
    pub requests: u64,
}

impl Tally {
    /// Takes note of a run.
    pub(super) fn count(&mut self, sighting: &Sighting, at: Timestamp, took: Duration) {
        let Self { state, error, last_success, runs, counts, requests: _ } = self;
        let (found, items) = match sighting {
            Sighting::Clear { items, unsure: _ } if items.is_empty() => (State::InSync, 0),
            Sighting::Clear { items, unsure: _ } => (State::Drifted, items.len()),
            Sighting::Unknown(_) => (State::Unknown, 0),
        };
        match sighting {
            Sighting::Clear { .. } => (*error, *last_success) = (None, Some(at)),
            Sighting::Unknown(why) => *error = Some(why.clone()),
        }
        *match found {
            State::InSync => &mut counts.in_sync,
            State::Drifted => &mut counts.drifted,
            State::Unknown => &mut counts.unknown,
        } += 1;
        *state = Some(found);
        if runs.len() == RUNS {
            runs.remove(0);
        }
        runs.push(Run { at, milliseconds: milliseconds(took), state: found, items });
    }

    /// Whether there was a run yet.
    pub(super) fn has_looked(&self) -> bool {
        !self.runs.is_empty()
    }

    /// From now on another daemon watches: what was found here says nothing any more.
    pub(super) fn stand_by(&mut self) {
        (self.state, self.error) = (None, None);
    }

    /// How the organization stands. `requests`: of the connection in use. `watched_by`: who watches it instead.
    pub(super) fn organization(
        &self,
        label: &str,
        next_run: Option<Timestamp>,
        watch: &Watch,
        requests: u64,
        watched_by: Option<String>,
    ) -> Organization {
        let Self { state, error, last_success, runs, counts, requests: earlier } = self;
        Organization {
            organization: label.to_owned(),
            watched_by,
            state: state.unwrap_or(State::Unknown),
            error: error.clone(),
            last_success: *last_success,
            next_run,
            runs: runs.clone(),
            episodes: watch.episodes.iter().filter_map(Episode::of).collect(),
            unwritten: false,
            counts: Counts {
                waiting: watch.outbox.len() as u64,
                requests: earlier + requests,
                ..*counts
            },
        }
    }
}

/// A time in milliseconds; a wider number would be a text in the log.
pub(super) fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_runs_are_kept_and_an_unknown_one_is_no_success() {
        let clear = || Sighting::Clear { items: [].into(), unsure: [].into() };
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut tally = Tally::default();
        for second in 0..1_000 {
            tally.count(&clear(), at(second), Duration::ZERO);
        }
        tally.count(&Sighting::Unknown("no answer".to_owned()), at(1_000), Duration::ZERO);
        let shown = tally.organization("acme", None, &Watch::default(), 7, None);
        assert_eq!((shown.runs.len(), shown.runs[0].at), (RUNS, at(905)));
        assert_eq!((shown.state, shown.last_success), (State::Unknown, Some(at(999))));
        assert_eq!(shown.error.as_deref(), Some("no answer"));
        assert_eq!((shown.counts.in_sync, shown.counts.unknown), (1_000, 1));
    }
}
