//! Reactions of a worker to changes of leadership.

use std::time::Duration;

use super::{Completed, Worker};
use crate::daemon::leadership::{LeadershipChange, retry_after};
use crate::model::error_chain;

impl Worker {
    /// Requests leadership for a state that was not in use before.
    pub(super) fn join_replicas(&mut self) {
        let wanted = self.inputs.spread.join(self.setup.label(), self.persistence.store());
        self.leadership.move_to(wanted);
        self.request_leadership(Duration::ZERO);
    }

    /// Requests leadership after a wait.
    fn request_leadership(&mut self, after: Duration) {
        let store = self.persistence.store().clone();
        let request = self.leadership.request(store, after, &self.inputs.stop);
        self.work.push(Box::pin(async move { Completed::Leadership(request.await) }));
    }

    pub(super) fn leadership_changed(&mut self, change: LeadershipChange) {
        let organization = self.setup.label();
        match change {
            LeadershipChange::Acquired { from, standby } => {
                if let Some(from) = &from {
                    tracing::info!(organization, %from, "took over leadership");
                } else if standby {
                    tracing::info!(organization, "took over leadership");
                }
                self.persistence.invalidate();
                // The former leader may have missed runs.
                self.pending |= standby;
                self.start_pending();
            }
            LeadershipChange::Standby(leader) => {
                let leader =
                    leader.map_or("another daemon".to_owned(), |leader| leader.to_string());
                tracing::info!(organization, leader, "on standby: another daemon is the leader");
                self.stand_by();
            }
            LeadershipChange::Lost => {
                tracing::warn!(organization, "lost leadership; requesting it again");
                self.request_leadership(Duration::ZERO);
            }
            LeadershipChange::CutOff { error, repeated } => {
                if !repeated {
                    let error = error_chain(&error);
                    let consequence = if self.leadership.is_standby() {
                        "cannot reach the leadership lease; staying on standby"
                    } else if self.leadership.is_last_leader() {
                        "cannot reach the leadership lease; checking and notifying as the last leader, without healing"
                    } else {
                        "cannot determine the leader; running without leadership"
                    };
                    tracing::warn!(organization, error, "{consequence}");
                }
                self.start_pending();
                self.request_leadership(retry_after(self.persistence.store()));
            }
        }
    }

    /// Releases a leadership that another replica should have, as soon as nothing is in flight and all is saved.
    pub(super) async fn release_surplus(&mut self) {
        let bound = self.bound && self.persistence.is_unsaved();
        if std::mem::replace(&mut self.bound, bound) != bound {
            self.publish();
        }
        if !self.leadership.is_over_its_share() || self.busy || !self.work.is_empty() {
            return;
        }
        self.save().await;
        if self.persistence.is_unsaved() {
            // The state is locked, so another organization moves instead.
            self.bound = true;
            return self.publish();
        }
        tracing::info!(organization = self.setup.label(), "released leadership to another daemon");
        self.leadership.release().await;
        self.stand_by();
        self.request_leadership(Duration::ZERO);
        self.publish();
    }

    fn stand_by(&mut self) {
        self.persistence.forget();
        self.stats.stand_by();
        self.pending = false;
    }
}
