//! A tick each second in UTC, by tokio-cron-scheduler. Each worker checks its timetable at every tick.
//!
//! The scheduler only wakes the workers: it prevents no overlap and waits for no job at the end. Ticks that were not
//! received coalesce.

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// The library requires six fields.
const EACH_SECOND: &str = "* * * * * *";

/// The source of ticks.
pub(in crate::daemon) struct Trigger {
    scheduler: JobScheduler,
    ticks: watch::Receiver<Timestamp>,
}

impl Trigger {
    /// Starts the ticks.
    pub(in crate::daemon) async fn start() -> Result<Self, JobSchedulerError> {
        let (sender, ticks) = watch::channel(Timestamp::now());
        let scheduler = JobScheduler::new().await?;
        let job = Job::new(EACH_SECOND, move |_, _| {
            sender.send_replace(Timestamp::now());
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(Self { scheduler, ticks })
    }

    /// Returns a receiver of the ticks.
    pub(in crate::daemon) fn ticks(&self) -> watch::Receiver<Timestamp> {
        self.ticks.clone()
    }

    /// Stops the ticks.
    pub(in crate::daemon) async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!(%error, "stopping the scheduler failed");
        }
    }
}
