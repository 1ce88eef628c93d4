//! Leadership of one organization among daemon replicas: the leader runs, the others are on standby.
//!
//! If leadership cannot be determined this replica runs: a notification sent twice does less harm than drift that is
//! never reported. Only a shared backend such as a bucket has replicas.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::state::{Error, LeaderLease, LockHolder, Store};

/// The wait before leadership is requested again after an error.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum LeadershipRole {
    /// Leadership was requested and is not decided yet.
    Pending,
    Leader(LeaderLease),
    Standby(LockHolder),
    /// The backend could not be asked.
    Unknown,
}

/// The leadership of one organization, and the request for it.
#[derive(Debug)]
pub(super) struct Leadership {
    role: LeadershipRole,
    /// The current leader as the request sees it.
    leader: watch::Receiver<Option<LockHolder>>,
    /// Cancels the request.
    request: CancellationToken,
}

/// A change of leadership.
#[derive(Debug)]
pub(super) enum LeadershipChange {
    /// Acquired, from this former leader if there was one.
    Acquired { from: Option<LockHolder> },
    /// Another replica leads.
    Standby(LockHolder),
    /// The lease expired.
    Lost,
    /// The backend cannot be asked. `repeated` is true if the request before failed too.
    Unknown { error: Error, repeated: bool },
}

/// The end of a request. `None` if it was cancelled.
pub(super) type Acquisition = Option<Result<LeaderLease, Error>>;

impl Leadership {
    /// A leadership without replicas.
    pub(super) fn always() -> Self {
        let (_, leader) = watch::channel(None);
        Self {
            role: LeadershipRole::Leader(LeaderLease::alone()),
            leader,
            request: CancellationToken::new(),
        }
    }

    /// Returns true if this replica may run now.
    pub(super) fn is_leader(&self) -> bool {
        match &self.role {
            LeadershipRole::Leader(turn) => turn.is_held(),
            LeadershipRole::Unknown => true,
            LeadershipRole::Pending | LeadershipRole::Standby(_) => false,
        }
    }

    /// Returns the leader while this replica is on standby.
    pub(super) fn other_leader(&self) -> Option<&LockHolder> {
        match &self.role {
            LeadershipRole::Standby(leader) => Some(leader),
            LeadershipRole::Pending | LeadershipRole::Leader(_) | LeadershipRole::Unknown => None,
        }
    }

    /// Requests leadership after a wait, and waits for it until `stop`. Cancels an earlier request.
    pub(super) fn request(
        &mut self,
        store: Store,
        after: Duration,
        stop: &CancellationToken,
    ) -> impl Future<Output = Acquisition> + Send + use<> {
        self.request.cancel();
        self.request = stop.child_token();
        let (current, leader) = watch::channel(None);
        self.leader = leader;
        let request = self.request.clone();
        async move {
            let acquiring = async {
                sleep(after).await;
                store.wait_for_leadership(&LockHolder::this(LockHolder::DAEMON), &current).await
            };
            tokio::select! {
                biased;
                () = request.cancelled() => None,
                acquired = acquiring => Some(acquired),
            }
        }
    }

    /// Gives up leadership, to request it elsewhere.
    pub(super) fn resign(&mut self) {
        self.role = LeadershipRole::Pending;
    }

    /// Takes the end of a request.
    pub(super) fn finish(&mut self, acquisition: Acquisition) -> Option<LeadershipChange> {
        let (role, change) = match acquisition? {
            Ok(turn) => {
                let from = self.other_leader().cloned();
                (LeadershipRole::Leader(turn), LeadershipChange::Acquired { from })
            }
            Err(error) => {
                let repeated = matches!(self.role, LeadershipRole::Unknown);
                (LeadershipRole::Unknown, LeadershipChange::Unknown { error, repeated })
            }
        };
        self.role = role;
        Some(change)
    }

    /// Checks for a lost lease or another leader.
    pub(super) fn poll(&mut self) -> Option<LeadershipChange> {
        let changed = self.leader.has_changed().is_ok_and(|changed| changed);
        let leader = changed.then(|| self.leader.borrow_and_update().clone()).flatten();
        match &self.role {
            LeadershipRole::Leader(turn) => {
                let lost = !turn.is_held();
                lost.then(|| {
                    self.resign();
                    LeadershipChange::Lost
                })
            }
            LeadershipRole::Pending | LeadershipRole::Standby(_) | LeadershipRole::Unknown => {
                // A renewal changes the lease, not the leader.
                let leader = LockHolder { lease: None, ..leader? };
                if self.other_leader() == Some(&leader) {
                    return None;
                }
                self.role = LeadershipRole::Standby(leader.clone());
                Some(LeadershipChange::Standby(leader))
            }
        }
    }

    /// Releases leadership, so that another replica can take over at once.
    pub(super) async fn release(self) {
        match self.role {
            LeadershipRole::Leader(turn) => turn.release().await,
            LeadershipRole::Pending | LeadershipRole::Standby(_) | LeadershipRole::Unknown => {}
        }
    }
}
