//! The statistics of an organization's runs since the start. Bounded, however long the daemon runs.

use std::time::Duration;

use jiff::Timestamp;

use crate::daemon::drift::RunResult;
use crate::daemon::status::{Organization, OrganizationState, Run, RunCounts, ShownDifference};
use crate::model::DaemonMemory;

/// The number of recent runs in the status.
const MAX_RUNS: usize = 96;

/// The statistics of an organization's runs.
#[derive(Default)]
pub(in crate::daemon) struct RunStats {
    state: Option<OrganizationState>,
    error: Option<String>,
    last_success: Option<Timestamp>,
    runs: Vec<Run>,
    pub counts: RunCounts,
    /// The requests of connections that are no longer in use.
    pub requests: u64,
}

impl RunStats {
    /// Counts a run.
    pub(in crate::daemon) fn count(&mut self, result: &RunResult, at: Timestamp, took: Duration) {
        let Self { state, error, last_success, runs, counts, requests: _ } = self;
        let (differences, reason) = match result {
            RunResult::Read { differences, incomplete, .. } => {
                (differences.len(), incomplete.as_ref().map(|(_, reason)| reason))
            }
            RunResult::Unknown(reason) => (0, Some(reason)),
        };
        let found = match (differences, reason) {
            (0, None) => OrganizationState::InSync,
            (0, Some(_)) => OrganizationState::Unknown,
            (_, _) => OrganizationState::Drifted,
        };
        *error = reason.cloned();
        if reason.is_none() {
            *last_success = Some(at);
        }
        *match found {
            OrganizationState::InSync => &mut counts.in_sync,
            OrganizationState::Drifted => &mut counts.drifted,
            OrganizationState::Unknown => &mut counts.unknown,
        } += 1;
        *state = Some(found);
        if runs.len() == MAX_RUNS {
            runs.remove(0);
        }
        runs.push(Run { at, milliseconds: milliseconds(took), state: found, differences });
    }

    pub(in crate::daemon) fn has_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Drops the current state: another daemon is the leader and reports it.
    pub(in crate::daemon) fn stand_by(&mut self) {
        (self.state, self.error) = (None, None);
    }

    /// The part of the status that these statistics and the memory provide.
    pub(in crate::daemon) fn organization(
        &self,
        label: &str,
        memory: &DaemonMemory,
    ) -> Organization {
        let Self { state, error, last_success, runs, counts, requests } = self;
        Organization {
            organization: label.to_owned(),
            leader: None,
            cut_off: None,
            state: state.unwrap_or(OrganizationState::Unknown),
            error: error.clone(),
            last_success: *last_success,
            next_run: None,
            runs: runs.clone(),
            differences: memory.differences.iter().filter_map(ShownDifference::of).collect(),
            unsaved: false,
            counts: RunCounts {
                waiting: memory.outbox.len() as u64,
                requests: *requests,
                ..*counts
            },
        }
    }
}

/// A duration in milliseconds. A wider number would be a string in the JSON log.
pub(in crate::daemon) fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_runs_are_bounded_and_an_unknown_run_is_no_success() {
        let read = || RunResult::Read {
            differences: [].into(),
            undetermined: [].into(),
            incomplete: None,
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut stats = RunStats::default();
        for second in 0..1_000 {
            stats.count(&read(), at(second), Duration::ZERO);
        }
        stats.count(&RunResult::Unknown("no answer".to_owned()), at(1_000), Duration::ZERO);
        let shown = stats.organization("acme", &DaemonMemory::default());
        assert_eq!((shown.runs.len(), shown.runs[0].at), (MAX_RUNS, at(905)));
        assert_eq!((shown.state, shown.last_success), (OrganizationState::Unknown, Some(at(999))));
        assert_eq!(shown.error.as_deref(), Some("no answer"));
        assert_eq!((shown.counts.in_sync, shown.counts.unknown), (1_000, 1));
    }
}
