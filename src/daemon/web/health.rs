//! Liveness and readiness. Neither depends on Telnyx: a restart would not help.
//!
//! Liveness depends on the leadership leases only if this process reached all of them before and now reaches none for
//! [`CUT_OFF_AFTER`]. Then its own connections or credentials may be the cause, and a restart renews both. A process
//! that never reached them stays alive, so no outage and no wrong setting makes it restart again and again.

use jiff::{SignedDuration, Timestamp};

use crate::daemon::status::{CutOff, DaemonStatus, Organization};
use crate::report::escape_line;

/// The time without a tick after which the main loop counts as stuck.
pub const STUCK_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// The time without any leadership lease after which a restart is requested: more than an outage of a bucket usually
/// takes, as a restart forgets what was notified meanwhile.
pub const CUT_OFF_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// Returns the time since the last tick if the loop is stuck. A clock that was set back proves nothing.
pub(super) fn stuck(status: &DaemonStatus, now: Timestamp) -> Option<SignedDuration> {
    Some(now.duration_since(status.ticked)).filter(|stuck| *stuck > STUCK_AFTER)
}

/// Returns the time for which no leadership lease can be reached, if a restart may help.
fn cut_off(status: &DaemonStatus, now: Timestamp) -> Option<SignedDuration> {
    let since = status.organizations.iter().map(|organization| match organization.cut_off {
        Some(CutOff { since, was_reached: true }) => Some(since),
        Some(CutOff { was_reached: false, .. }) | None => None,
    });
    let since = since.collect::<Option<Vec<_>>>()?.into_iter().max()?;
    Some(now.duration_since(since)).filter(|cut_off| *cut_off > CUT_OFF_AFTER)
}

/// Returns an error if the loop is stuck, or no lease can be reached for long.
pub(super) fn alive(status: &DaemonStatus, now: Timestamp) -> Result<(), String> {
    if let Some(stuck) = stuck(status, now) {
        return Err(format!("the main loop has been stuck for {} s", stuck.as_secs()));
    }
    match cut_off(status, now) {
        None => Ok(()),
        Some(cut_off) => {
            Err(format!("no leadership lease can be reached for {} s", cut_off.as_secs()))
        }
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
