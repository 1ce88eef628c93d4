//! How a worker gets what is remembered into the state, and how it ends without losing any of it.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;

use super::{Done, Worker};
use crate::daemon::backoff::Backoff;
use crate::daemon::lease::Lease;
use crate::daemon::words::words;
use crate::state::Error;

/// After being told to end, what is under way gets so long.
pub(super) const DRAIN: Duration = Duration::from_secs(15);
/// At the end the state is tried again so much later.
const AGAIN: Duration = Duration::from_millis(250);

impl Worker {
    /// Writes what is remembered, if the state is free; otherwise it is kept here until it is.
    pub(super) async fn keep(&mut self) {
        if !self.lease.is_ours() {
            return;
        }
        let binding = self.setup.binding(self.manager.as_ref());
        match self.memory.keep(&binding).await {
            Ok(()) => (self.keeping, self.unkept) = (Backoff::default(), String::new()),
            // That is over as soon as an apply is.
            Err(Error::Locked { .. }) => {
                tracing::debug!("the state is in use; it is written later");
            }
            Err(error) => {
                self.keeping.failed(Instant::now(), fastrand::f64(), Duration::ZERO);
                let (organization, why) = (self.setup.label(), words(&error));
                if why != self.unkept {
                    tracing::warn!(organization, why, "what is remembered is not in the state");
                    self.unkept = why;
                }
            }
        }
    }

    /// Nothing new is begun; what is under way is finished. Until `last` the state is tried: what it does not have
    /// is told again the next time.
    pub(super) async fn drain(&mut self, last: Instant) {
        self.stop_healing.send_replace(true);
        self.setup.connection.stop();
        let drained = async {
            while let Some(done) = self.work.next().await {
                match done {
                    Done::Told { target, id, result } => self.told(target, &id, result).await,
                    Done::Asked(_) | Done::Looked { setup: _, found: _, at: _, took: _ } => {}
                    Done::Healed(Ok(count)) => self.tally.counts.healed += count as u64,
                    Done::Healed(Err(why)) => tracing::warn!(why, "not healed"),
                }
            }
        };
        if tokio::time::timeout(DRAIN, drained).await.is_err() {
            tracing::warn!(organization = self.setup.label(), "something was still under way");
        }
        self.keep().await;
        while self.memory.is_ahead() && self.lease.is_ours() && Instant::now() < last {
            tokio::time::sleep(AGAIN).await;
            self.keep().await;
        }
        if self.memory.is_ahead() && self.lease.is_ours() {
            let organization = self.setup.label();
            tracing::warn!(
                organization,
                "what was seen and told is not in the state: it is told again the next time"
            );
        }
        self.show();
        std::mem::replace(&mut self.lease, Lease::alone()).release().await;
    }
}
