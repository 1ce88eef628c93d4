//! What a worker does as its turn to watch comes and goes.

use std::time::Duration;

use super::{Done, Worker};
use crate::daemon::lease::{AGAIN, News};
use crate::daemon::words::words;

impl Worker {
    /// Asks for the turn to watch, after so long.
    pub(super) fn ask(&mut self, after: Duration) {
        if after.is_zero() {
            self.lease.leave();
        }
        let asking = self.lease.ask(self.memory.store().clone(), after, &self.orders.stop);
        self.work.push(Box::pin(async move { Done::Asked(asking.await) }));
    }

    /// Whose turn it is has changed.
    pub(super) fn turn(&mut self, news: News) {
        let organization = self.setup.label();
        match news {
            News::Ours { from } => {
                if let Some(from) = &from {
                    tracing::info!(organization, %from, "taken over: from now on it is watched here");
                }
                self.memory.doubt();
                // Its runs may have been missed.
                self.pending |= from.is_some();
                self.begin();
            }
            News::Theirs(other) => {
                tracing::info!(organization, by = %other, "another daemon watches; this one stands by");
                self.memory.forget();
                self.tally.stand_by();
                self.pending = false;
            }
            News::Lost => {
                tracing::warn!(organization, "the turn to watch was lost; it is asked for again");
                self.ask(Duration::ZERO);
            }
            News::Unknown { error, still } => {
                if !still {
                    tracing::warn!(
                        organization,
                        why = words(&error),
                        "whether another daemon watches is not known; this one does"
                    );
                }
                self.begin();
                self.ask(AGAIN);
            }
        }
    }
}
