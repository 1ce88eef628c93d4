//! The request for leadership of one organization.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Leadership, LeadershipRole};
use crate::state::{Error, LeaderLease, LeadershipRequest, LockHolder, Store};

/// The longest wait before leadership is requested again after an error.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The end of a request. `None` if it was cancelled.
pub(in crate::daemon) type Acquisition = Option<Result<LeaderLease, Error>>;

/// The wait before leadership is requested again after an error. The last leader is back before a standby can have
/// seen its lease unchanged for a whole lease time.
pub(in crate::daemon) fn retry_after(store: &Store) -> Duration {
    store.leader_lease().map_or(RETRY_AFTER, |lease| (lease / 6).min(RETRY_AFTER))
}

impl Leadership {
    /// Requests leadership after a wait, and waits for it until `stop`. Cancels an earlier request.
    pub(in crate::daemon) fn request(
        &mut self,
        store: Store,
        after: Duration,
        stop: &CancellationToken,
    ) -> impl Future<Output = Acquisition> + Send + use<> {
        self.request.cancel();
        self.request = stop.child_token();
        let (sender, leader) = watch::channel(None);
        self.leader = leader;
        let (wanted, former) = (self.wanted.clone(), self.former.clone());
        let (request, asked) =
            (self.request.clone(), LeadershipRequest { wanted, former, leader: sender });
        async move {
            let acquiring = async {
                sleep(after).await;
                store.wait_for_leadership(&LockHolder::this(LockHolder::DAEMON), &asked).await
            };
            tokio::select! {
                biased;
                () = request.cancelled() => None,
                acquired = acquiring => Some(acquired),
            }
        }
    }

    /// Gives up leadership, to request it for another state with this wish to lead.
    pub(in crate::daemon) fn move_to(&mut self, wanted: watch::Receiver<bool>) {
        self.role = LeadershipRole::Pending;
        (self.wanted, self.former, self.cut_off) = (wanted, None, None);
    }
}
