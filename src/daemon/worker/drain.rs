//! The end of a worker: what is in flight finishes, and the memory is saved.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::{Completed, Worker};

/// The time that work in flight gets.
pub(super) const DRAIN: Duration = Duration::from_secs(15);
/// The wait before the state is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

impl Worker {
    /// Starts nothing new, finishes what is in flight, and saves the memory until `last`. What is not saved is reported
    /// again by the next process.
    pub(super) async fn drain(&mut self, last: Instant) {
        self.stop_healing.send_replace(true);
        self.setup.connection.stop();
        let drained = async {
            while let Some(completed) = self.work.next().await {
                match completed {
                    Completed::Delivery { target, id, result } => {
                        self.delivered(target, &id, result).await;
                    }
                    Completed::Heal(healing) => self.healed(healing),
                    Completed::Leadership(_) | Completed::Run { .. } => {}
                }
            }
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!(organization = self.setup.label(), "work in flight did not finish");
        }
        self.save().await;
        while self.must_save() && Instant::now() < last {
            tokio::time::sleep(RETRY_AFTER).await;
            self.save().await;
        }
        if self.persistence.is_unsaved() && self.leadership.is_leader() {
            tracing::warn!(
                organization = self.setup.label(),
                "the state could not be saved; the next process may repeat notifications"
            );
        }
        self.publish();
        self.leadership.release().await;
        self.inputs.spread.leave(self.setup.label());
    }

    fn must_save(&self) -> bool {
        self.persistence.is_unsaved() && self.leadership.may_write().is_some()
    }
}
