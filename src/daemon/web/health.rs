//! Whether the daemon is alive, and whether it is ready. Neither asks how Telnyx is: restarting would not mend that.

use jiff::{SignedDuration, Timestamp};

use crate::daemon::status::{Organization, Status};
use crate::report::escape_line;

/// How long the loop may stand still before it counts as stuck. It moves [`Status::turned`] far more often.
pub const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How long the loop has been stuck, if it is. A clock that was set back is not a reason.
pub(super) fn stuck(status: &Status, now: Timestamp) -> Option<SignedDuration> {
    Some(now.duration_since(status.turned)).filter(|still| *still > STUCK_AFTER)
}

/// Whether the loop turns; why not, otherwise.
pub(super) fn alive(status: &Status, now: Timestamp) -> Result<(), String> {
    match stuck(status, now) {
        None => Ok(()),
        Some(still) => Err(format!("the loop has not turned for {} s", still.as_secs())),
    }
}

/// Whether every organization had a run, whatever it has found, or is watched by another daemon; why it is not
/// ready, otherwise.
pub(super) fn ready(status: &Status) -> Result<(), String> {
    if status.draining {
        return Err("draining".to_owned());
    }
    if status.organizations.is_empty() {
        return Err("no organization is configured".to_owned());
    }
    let waiting: Vec<_> = status
        .organizations
        .iter()
        .filter(|organization| organization.watched_by.is_none() && !had_a_run(organization))
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
