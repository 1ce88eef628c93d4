//! Leadership of one organization among daemon replicas: the leader runs, the others are on standby.
//!
//! Organizations are spread evenly over the live replicas ([`spread`]). While the backend cannot be reached, no replica
//! can take over, so the last leader goes on checking and notifying, a standby stays on standby, and nothing is healed.
//! A replica that never reached the backend runs: its state is unknown, which must be reported.

mod assign;
mod presence;
mod request;
mod spread;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::status::CutOff;
use crate::state::{Error, LeaderCheck, LeaderLease, LockHolder};
pub(super) use request::{Acquisition, retry_after};
pub(crate) use spread::{Part, Spread};

#[derive(Debug)]
enum LeadershipRole {
    /// Leadership was requested and is not decided yet.
    Pending,
    Leader(LeaderLease),
    /// Another replica leads, or will, as the leader may not be known yet.
    Standby(Option<LockHolder>),
    /// This replica was the last leader, and the backend cannot be reached.
    LastLeader,
    /// The backend could never be reached.
    Unknown,
}

/// The leadership of one organization, and the request for it.
#[derive(Debug)]
pub(super) struct Leadership {
    role: LeadershipRole,
    /// The wish to lead.
    wanted: watch::Receiver<bool>,
    /// The id of the lease that this replica lost, while no other leader is known.
    former: Option<String>,
    /// The time since which the backend cannot be reached.
    cut_off: Option<Timestamp>,
    /// The current leader as the request sees it.
    leader: watch::Receiver<Option<LockHolder>>,
    /// Cancels the request.
    request: CancellationToken,
}

/// A change of leadership.
#[derive(Debug)]
pub(super) enum LeadershipChange {
    /// Acquired. `from` is the former leader if it is known, and `standby` is true if there may have been one.
    Acquired { from: Option<LockHolder>, standby: bool },
    /// Another replica leads, or will.
    Standby(Option<LockHolder>),
    /// The lease expired.
    Lost,
    /// The backend cannot be reached. `repeated` is true if the request before failed too.
    CutOff { error: Error, repeated: bool },
}

impl Leadership {
    /// A leadership without replicas.
    pub(super) fn always() -> Self {
        Self {
            role: LeadershipRole::Leader(LeaderLease::alone()),
            wanted: watch::channel(true).1,
            former: None,
            cut_off: None,
            leader: watch::channel(None).1,
            request: CancellationToken::new(),
        }
    }

    /// Returns true if this replica may run and notify now.
    pub(super) fn is_leader(&self) -> bool {
        match &self.role {
            LeadershipRole::Leader(lease) => lease.is_held(),
            LeadershipRole::LastLeader | LeadershipRole::Unknown => true,
            LeadershipRole::Pending | LeadershipRole::Standby(_) => false,
        }
    }

    /// Returns the proof that this replica may write now: a lease that outlasts a write.
    pub(super) fn may_write(&self) -> Option<LeaderCheck> {
        match &self.role {
            LeadershipRole::Leader(lease) => {
                Some(lease.check()).filter(LeaderCheck::outlasts_a_write)
            }
            LeadershipRole::Pending
            | LeadershipRole::Standby(_)
            | LeadershipRole::LastLeader
            | LeadershipRole::Unknown => None,
        }
    }

    /// Returns true if this replica holds the lease.
    fn holds_lease(&self) -> bool {
        matches!(&self.role, LeadershipRole::Leader(lease) if lease.is_held())
    }

    /// Returns true if this replica leads and should not.
    pub(super) fn is_over_its_share(&self) -> bool {
        self.holds_lease() && !*self.wanted.borrow()
    }

    /// Returns the part of this replica. `bound` is true if it cannot release leadership now.
    pub(super) fn part(&self, bound: bool) -> Part {
        Part { candidate: self.cut_off.is_none(), leads: self.holds_lease(), bound }
    }

    /// Returns true while another replica leads or will.
    pub(super) fn is_standby(&self) -> bool {
        matches!(self.role, LeadershipRole::Standby(_))
    }

    /// Returns true while this replica was the last leader and the backend cannot be reached.
    pub(super) fn is_last_leader(&self) -> bool {
        matches!(self.role, LeadershipRole::LastLeader)
    }

    /// Returns since when the backend of the lease cannot be reached.
    pub(super) fn cut_off(&self) -> Option<CutOff> {
        let was_reached = !matches!(self.role, LeadershipRole::Unknown);
        self.cut_off.map(|since| CutOff { since, was_reached })
    }

    /// Returns the leader while this replica is on standby, if it is known.
    pub(super) fn other_leader(&self) -> Option<&LockHolder> {
        match &self.role {
            LeadershipRole::Standby(leader) => leader.as_ref(),
            LeadershipRole::Pending
            | LeadershipRole::Leader(_)
            | LeadershipRole::LastLeader
            | LeadershipRole::Unknown => None,
        }
    }

    /// Takes the end of a request.
    pub(super) fn finish(&mut self, acquisition: Acquisition) -> Option<LeadershipChange> {
        match acquisition? {
            Ok(lease) => {
                let (from, standby) = (self.other_leader().cloned(), self.is_standby());
                self.role = LeadershipRole::Leader(lease);
                (self.former, self.cut_off) = (None, None);
                Some(LeadershipChange::Acquired { from, standby })
            }
            Err(error) => {
                let repeated = self.cut_off.is_some();
                self.cut_off.get_or_insert_with(Timestamp::now);
                if !self.is_standby() {
                    self.role = match &self.former {
                        Some(_) => LeadershipRole::LastLeader,
                        None => LeadershipRole::Unknown,
                    };
                }
                Some(LeadershipChange::CutOff { error, repeated })
            }
        }
    }

    /// Checks for a lost lease or another leader.
    pub(super) fn poll(&mut self) -> Option<LeadershipChange> {
        if let LeadershipRole::Leader(lease) = &self.role {
            if lease.is_held() {
                return None;
            }
            self.former = lease.id();
            self.role = LeadershipRole::Pending;
            return Some(LeadershipChange::Lost);
        }
        if !self.leader.has_changed().is_ok_and(|changed| changed) {
            return None;
        }
        // A renewal changes the lease, not the leader.
        let leader = self.leader.borrow_and_update().clone();
        let leader = leader.map(|leader| LockHolder { lease: None, ..leader });
        self.stand_by(leader)
    }

    /// Becomes a standby, of a leader that was just read.
    fn stand_by(&mut self, leader: Option<LockHolder>) -> Option<LeadershipChange> {
        (self.former, self.cut_off) = (None, None);
        if let LeadershipRole::Standby(before) = &self.role
            && (leader.is_none() || *before == leader)
        {
            return None;
        }
        self.role = LeadershipRole::Standby(leader.clone());
        Some(LeadershipChange::Standby(leader))
    }

    /// Releases leadership, so that another replica can take over at once.
    pub(super) async fn release(&mut self) {
        self.request.cancel();
        if let LeadershipRole::Leader(lease) =
            std::mem::replace(&mut self.role, LeadershipRole::Standby(None))
        {
            lease.release().await;
        }
    }
}
