//! Liveness and readiness. Neither depends on Telnyx: a restart would not help.

use jiff::{SignedDuration, Timestamp};

use crate::daemon::status::{DaemonStatus, Organization};
use crate::report::escape_line;

/// The time without a tick after which the main loop counts as stuck.
pub const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// Returns the time since the last tick if the loop is stuck. A clock that was set back proves nothing.
pub(super) fn stuck(status: &DaemonStatus, now: Timestamp) -> Option<SignedDuration> {
    Some(now.duration_since(status.ticked)).filter(|stuck| *stuck > STUCK_AFTER)
}

/// Returns an error if the loop is stuck.
pub(super) fn alive(status: &DaemonStatus, now: Timestamp) -> Result<(), String> {
    match stuck(status, now) {
        None => Ok(()),
        Some(stuck) => Err(format!("the main loop has been stuck for {} s", stuck.as_secs())),
    }
}

/// Returns an error unless every organization had a run with any result, or another daemon is its leader.
pub(super) fn ready(status: &DaemonStatus) -> Result<(), String> {
    if status.draining {
        return Err("draining".to_owned());
    }
    if status.organizations.is_empty() {
        return Err("no organization is configured".to_owned());
    }
    let waiting: Vec<_> = status
        .organizations
        .iter()
        .filter(|organization| organization.leader.is_none() && !had_a_run(organization))
        .map(|organization| escape_line(&organization.organization))
        .collect();
    if waiting.is_empty() {
        Ok(())
    } else {
        Err(format!("waiting for the first run of {}", waiting.join(", ")))
    }
}

fn had_a_run(organization: &Organization) -> bool {
    !organization.runs.is_empty() || organization.last_success.is_some()
}
