//! The beat: once a second, in UTC, by tokio-cron-scheduler. Each organization looks whether its run is due.
//!
//! The scheduler is given one job that does nothing but wake the others: it prevents no overlap, does not wait
//! for jobs when it ends, and is not asked about time zones. A beat that nobody has taken yet and the
//! next one are one.

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// Each second; the library wants six fields.
const EACH_SECOND: &str = "* * * * * *";

/// Beats until it is stopped.
pub(super) struct Trigger {
    scheduler: JobScheduler,
    beats: watch::Receiver<Timestamp>,
}

impl Trigger {
    /// Starts to beat.
    pub(super) async fn start() -> Result<Self, JobSchedulerError> {
        let (beat, beats) = watch::channel(Timestamp::now());
        let scheduler = JobScheduler::new().await?;
        let job = Job::new(EACH_SECOND, move |_, _| {
            beat.send_replace(Timestamp::now());
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, beats })
    }

    /// For whoever wants to be woken.
    pub(super) fn beats(&self) -> watch::Receiver<Timestamp> {
        self.beats.clone()
    }

    /// Ends it. Jobs only beat, so there is nothing to wait for.
    pub(super) async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(%error, "the scheduler did not end");
        }
    }
}
