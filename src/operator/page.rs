//! The resources on the status page and in the metrics, which are those of the daemon.

use jiff::Timestamp;

use super::check::{Checked, Target};
use super::worker::Worker;
use crate::daemon::drift::{self, RunResult};
use crate::daemon::status::{Organization, OrganizationState, Run, RunCounts, ShownDifference};

/// Publishes a resource on the status page and in the metrics.
pub(super) fn publish(
    worker: &Worker,
    leader: Option<String>,
    checked: Option<(&Target, &Checked)>,
) {
    let result = checked.map(|(target, checked)| {
        drift::observe(&checked.plan, &target.desired, &checked.live, &target.state_info())
    });
    let now = Timestamp::now();
    let (state, differences, error) = match &result {
        Some(RunResult::Read { differences, incomplete, .. }) => {
            let shown = differences.iter().map(|(key, details)| ShownDifference {
                key: key.clone(),
                details: details.clone(),
                since: now,
                runs: 1,
            });
            let state = match (differences.is_empty(), incomplete) {
                (true, None) => OrganizationState::InSync,
                (true, Some(_)) => OrganizationState::Unknown,
                (false, _) => OrganizationState::Drifted,
            };
            (state, shown.collect(), incomplete.as_ref().map(|(_, why)| why.clone()))
        }
        Some(RunResult::Unknown(why)) => {
            (OrganizationState::Unknown, Vec::new(), Some(why.clone()))
        }
        None => (OrganizationState::Unknown, Vec::new(), None),
    };
    let success = (error.is_none() && result.is_some()).then_some(now);
    put(worker, leader, state, error, success, differences);
}

/// Publishes a resource that could not be checked.
pub(super) fn publish_error(worker: &Worker, error: &str) {
    put(worker, None, OrganizationState::Unknown, Some(error.to_owned()), None, Vec::new());
}

/// Publishes that the leader of a resource cannot be determined.
pub(super) fn publish_cut_off(worker: &Worker, error: &str) {
    let mut organization = earlier(worker).unwrap_or_else(|| Organization {
        organization: worker.id.to_string(),
        leader: None,
        cut_off: None,
        state: OrganizationState::Unknown,
        error: None,
        last_success: None,
        next_run: None,
        runs: Vec::new(),
        differences: Vec::new(),
        unsaved: false,
        counts: RunCounts::default(),
    });
    organization.cut_off = worker.cut_off;
    organization.error = Some(error.to_owned());
    worker.context.status.put(organization, &worker.stop);
}

/// The resource as it was published last.
fn earlier(worker: &Worker) -> Option<Organization> {
    let status = worker.context.status.subscribe();
    let label = worker.id.to_string();
    status.borrow().organizations.iter().find(|one| one.organization == label).cloned()
}

fn put(
    worker: &Worker,
    leader: Option<String>,
    state: OrganizationState,
    error: Option<String>,
    last_success: Option<Timestamp>,
    differences: Vec<ShownDifference>,
) {
    let count = |is: OrganizationState| u64::from(leader.is_none() && state == is);
    let run = Run { at: Timestamp::now(), milliseconds: 0, state, differences: differences.len() };
    let earlier = earlier(worker);
    let counts = earlier.as_ref().map_or(RunCounts::default(), |earlier| earlier.counts);
    let organization = Organization {
        organization: worker.id.to_string(),
        cut_off: worker.cut_off,
        state,
        error,
        last_success: last_success.or(earlier.and_then(|earlier| earlier.last_success)),
        next_run: worker.status.next_run.filter(|_| leader.is_none()),
        runs: if leader.is_none() { vec![run] } else { Vec::new() },
        differences,
        unsaved: false,
        counts: RunCounts {
            in_sync: counts.in_sync + count(OrganizationState::InSync),
            drifted: counts.drifted + count(OrganizationState::Drifted),
            unknown: counts.unknown + count(OrganizationState::Unknown),
            requests: worker.counts.requests,
            ..counts
        },
        leader,
    };
    worker.context.status.put(organization, &worker.stop);
}
