//! The part of a worker that changes something: it applies a plan that the resource approves.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::sleep;

use super::apply::{Applied, apply};
use super::approval::Decision;
use super::check::{CheckError, Checked, Target, bounded};
use super::events::Transition;
use super::resource::{ObservedResource, OrganizationSpec, ResourceId, spec};
use super::status::{AppliedStatus, OrganizationStatus, Report};
use super::worker::{TICK, Worker, now};
use crate::execute::Summary;
use crate::state::LeaderLease;
use crate::state::kubernetes::client::{RequestError, send};

/// The wait after an apply until its changes are visible in Telnyx.
const VISIBLE: Duration = Duration::from_secs(3);

impl Worker {
    /// Applies the plan if it is approved. Returns the time of the next check, which follows an apply soon.
    pub(super) async fn apply_approved(
        &mut self,
        target: &Target,
        spec: &OrganizationSpec,
        (_, decision): (Checked, Decision),
        lease: &LeaderLease,
        next: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, CheckError> {
        if decision != Decision::Granted {
            return Ok(next);
        }
        let used = self.used(spec);
        let (stopping, stop) = watch::channel(false);
        let withdrawn = withdrawn(self.resource.clone(), spec.approve.clone());
        let (stopped, session) = (self.stop.clone(), target.session.clone());
        let ending = async {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = lost(lease) => {}
                () = withdrawn => {}
            }
            stopping.send_replace(true);
            session.stop();
            std::future::pending::<()>().await;
        };
        let leader = lease.check();
        let confirm = async |digest: String| {
            // From here on the approval counts as used, so the first request must not find the lease too short.
            while !leader.outlasts_a_write() && !*stop.borrow() {
                sleep(TICK / 4).await;
            }
            if *stop.borrow() {
                return Err(CheckError::Unknown(
                    "Interrupted",
                    "interrupted before the apply".to_owned(),
                ));
            }
            self.confirm(digest, spec).await
        };
        let leader = leader.clone();
        let applied = tokio::select! {
            applied = apply(target, spec, used.as_deref(), confirm, leader, stop.clone()) => applied,
            () = ending => return Ok(next),
        };
        let applied = match applied {
            // The status still says that the plan is applied, so that the next leader checks at once.
            Err(CheckError::Invalid(_, why) | CheckError::Unknown(_, why)) if *stop.borrow() => {
                tracing::warn!(resource = %self.id, why, "the apply was interrupted");
                return Ok(Some(Timestamp::now()));
            }
            applied => applied?,
        };
        match applied {
            Applied::NotApproved(planned) => {
                let (checked, decision) = *planned;
                self.report(&Report::Checked(&checked, &decision), next).await;
                Ok(next)
            }
            Applied::Sent { summary, unanswered } => {
                self.sent(summary).await;
                if unanswered && lease.is_held() {
                    // The approval stays valid. If a request without an answer changed something after all, the next
                    // plan has another digest.
                    self.status.applied = None;
                    self.write_status().await;
                }
                Ok(Timestamp::now().checked_add(VISIBLE).ok())
            }
        }
    }

    /// Reads the resource again, and records that the approval is used: from here on it is never used again.
    async fn confirm(&mut self, digest: String, spec: &OrganizationSpec) -> Result<(), CheckError> {
        let failed = |error: &RequestError| {
            CheckError::Unknown(
                "ResourceUnavailable",
                bounded(&format!("reading the resource: {}", error.why())),
            )
        };
        let found =
            send(self.api().get_opt(&self.id.name)).await.map_err(|error| failed(&error))?;
        let same = found.as_ref().is_some_and(|found| {
            let approve = super::resource::spec(found).ok().and_then(|spec| spec.approve);
            ResourceId::of(found).as_ref() == Some(&self.id) && approve == spec.approve
        });
        if !same {
            let message = "the resource was deleted or changed; nothing was sent".to_owned();
            return Err(CheckError::Unknown("ResourceChanged", message));
        }
        let applied = AppliedStatus { digest, time: now() };
        let status = OrganizationStatus { applied: Some(applied), ..self.status.clone() };
        self.write(&status).await.map_err(|error| {
            CheckError::Unknown(
                "StatusUnavailable",
                bounded(&format!("writing the status: {}", error.why())),
            )
        })?;
        self.status = status;
        Ok(())
    }

    /// Reports an apply as an event. The next check reports the rest.
    async fn sent(&mut self, summary: Summary) {
        let counts = summary.counts();
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = counts.map(|(count, name)| format!("{count} {name}")).collect();
        let Summary { done: _, satisfied: _, failed, stale, unknown, skipped } = summary;
        let warning = failed + stale + unknown + skipped > 0;
        let reason = if warning { "ApplyIncomplete" } else { "Applied" };
        let note = parts.join(", ");
        tracing::info!(resource = %self.id, outcomes = note, "applied");
        self.event(&Transition { warning, reason: reason.to_owned(), note }).await;
    }
}

/// Returns once the lease is lost.
async fn lost(lease: &LeaderLease) {
    while lease.is_held() {
        sleep(TICK / 4).await;
    }
}

/// Returns once the resource no longer approves this digest, or no longer owns its organization.
async fn withdrawn(mut resource: watch::Receiver<ObservedResource>, approve: Option<String>) {
    loop {
        let ObservedResource { object, owner } = resource.borrow_and_update().clone();
        let now = spec(&object).ok().and_then(|spec| spec.approve);
        if now != approve || owner.is_some() {
            return;
        }
        if resource.changed().await.is_err() {
            return;
        }
    }
}
