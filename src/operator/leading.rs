//! The leadership of a worker: it is requested, and released again when another replica should lead.

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::sleep;

use super::check::{self, CheckError};
use super::page::{publish, publish_cut_off};
use super::status::Report;
use super::worker::{End, RETRY, Worker};
use crate::daemon::leadership::Part;
use crate::daemon::status::CutOff;
use crate::model::error_chain;
use crate::state::{self, LeadershipRequest, LockHolder, Store};

impl Worker {
    /// Requests leadership, and checks while this replica has it.
    pub(super) async fn request_leadership(
        &mut self,
        store: &Store,
        wanted: &watch::Receiver<bool>,
    ) {
        let holder = LockHolder::this("operator");
        // The id of the lease that this replica could not renew.
        let mut former = None;
        while !self.stop.is_cancelled() {
            let (current, mut leader) = watch::channel(None::<LockHolder>);
            let stop = self.stop.clone();
            let request = LeadershipRequest {
                wanted: wanted.clone(),
                former: former.clone(),
                leader: current,
            };
            let waiting = store.wait_for_leadership(&holder, &request);
            tokio::pin!(waiting);
            let acquired = loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    acquired = &mut waiting => break acquired,
                    Ok(()) = leader.changed() => {
                        self.reached(false);
                        let leader = leader.borrow_and_update().as_ref().map(ToString::to_string);
                        publish(self, leader, None);
                    }
                }
            };
            match acquired {
                Ok(lease) => {
                    self.reached(true);
                    let end = self.lead(&lease, wanted.clone()).await;
                    former = lease.id().filter(|_| matches!(end, End::LeaseLost));
                    lease.release().await;
                    self.reached(false);
                    match end {
                        End::Stopped => {}
                        End::LeaseLost => {
                            tracing::warn!(resource = %self.id, "lost leadership; requesting it again");
                        }
                        End::Surplus => {
                            tracing::info!(resource = %self.id, "released leadership to another replica");
                        }
                    }
                }
                Err(error) => self.report_cut_off(&error).await,
            }
        }
    }

    /// Reports that the lease can be read.
    fn reached(&mut self, leads: bool) {
        (self.was_reached, self.cut_off) = (true, None);
        let part = Part { candidate: true, leads, bound: false };
        self.context.spread.report(&self.id.uid, part);
    }

    /// Reports that the leader cannot be determined, and waits.
    async fn report_cut_off(&mut self, error: &state::Error) {
        tracing::warn!(resource = %self.id, error = error_chain(error), "cannot determine the leader; doing nothing");
        let cut_off = CutOff { since: Timestamp::now(), was_reached: self.was_reached };
        self.cut_off.get_or_insert(cut_off);
        let part = Part { candidate: false, leads: false, bound: false };
        self.context.spread.report(&self.id.uid, part);
        match check::state_error(error) {
            CheckError::Invalid(_, message) => {
                self.resume();
                let failed = CheckError::Unknown("LeadershipUnknown", message);
                let again = Timestamp::now().checked_add(RETRY).ok();
                self.report(&Report::Failed(&failed), again).await;
            }
            // Another replica may lead, and a status from here would replace its own.
            CheckError::Unknown(_, message) => publish_cut_off(self, &message),
        }
        tokio::select! { () = self.stop.cancelled() => {} () = sleep(RETRY) => {} }
    }
}
