//! Reactions of a worker to changes of leadership.

use std::time::Duration;

use super::{Completed, Worker};
use crate::daemon::leadership::{LeadershipChange, RETRY_AFTER};
use crate::model::error_chain;

impl Worker {
    /// Requests leadership after a wait.
    pub(super) fn request_leadership(&mut self, after: Duration) {
        if after.is_zero() {
            self.leadership.resign();
        }
        let store = self.persistence.store().clone();
        let request = self.leadership.request(store, after, &self.inputs.stop);
        self.work.push(Box::pin(async move { Completed::Leadership(request.await) }));
    }

    pub(super) fn leadership_changed(&mut self, change: LeadershipChange) {
        let organization = self.setup.label();
        match change {
            LeadershipChange::Acquired { from } => {
                if let Some(from) = &from {
                    tracing::info!(organization, %from, "took over leadership");
                }
                self.persistence.invalidate();
                // The former leader may have missed runs.
                self.pending |= from.is_some();
                self.start_pending();
            }
            LeadershipChange::Standby(leader) => {
                tracing::info!(organization, %leader, "on standby: another daemon is the leader");
                self.persistence.forget();
                self.stats.stand_by();
                self.pending = false;
            }
            LeadershipChange::Lost => {
                tracing::warn!(organization, "lost leadership; requesting it again");
                self.request_leadership(Duration::ZERO);
            }
            LeadershipChange::Unknown { error, repeated } => {
                if !repeated {
                    tracing::warn!(
                        organization,
                        error = error_chain(&error),
                        "cannot determine the leader; running without leadership"
                    );
                }
                self.start_pending();
                self.request_leadership(RETRY_AFTER);
            }
        }
    }
}
