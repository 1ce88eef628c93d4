//! The worker of one organization: one task, so that nothing overlaps. Ticks during a run coalesce into one run.

mod drain;
mod evaluate;
mod leadership;
mod persistence;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use drain::DRAIN;
use persistence::Persistence;

use super::config::Setup;
use super::drift::RunResult;
use super::leadership::{Acquisition, Leadership, Spread};
use super::notify::{Attempt, Delivery, DeliveryError, outbox};
use super::run::{Healing, RunReport, RunStats, check, milliseconds};
use super::schedule::timetable::Timetable;
use super::status::{Organization, StatusChannel};
use crate::model::AccountId;

/// The least and the most time that a run gets, however close or far the next tick is.
const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// The leader in the status while a leadership moves.
const NO_LEADER: &str = "not known yet";
/// With `--once`, the time in which deliveries and a locked state are retried.
const ONCE: Duration = Duration::from_secs(15);

/// The inputs of a worker.
#[derive(Clone)]
pub(super) struct WorkerInputs {
    /// The current configuration.
    pub setup: watch::Receiver<Arc<Setup>>,
    /// A tick each second.
    pub ticks: watch::Receiver<Timestamp>,
    pub stop: CancellationToken,
    /// True if the worker ends after one run.
    pub once: bool,
    /// The runs and heals of all organizations that may be in progress at once.
    pub slots: Arc<Semaphore>,
    /// The organizations that this replica should lead.
    pub spread: Spread,
}

/// The worker of one organization.
pub(super) struct Worker {
    setup: Arc<Setup>,
    inputs: WorkerInputs,
    status: StatusChannel,
    persistence: Persistence,
    leadership: Leadership,
    delivery: Delivery,
    timetable: Timetable,
    stats: RunStats,
    manager: Option<AccountId>,
    /// True during a run or a heal.
    busy: bool,
    /// True if leadership could not be released, as the memory could not be saved.
    bound: bool,
    /// True if a run starts as soon as the worker is free.
    pending: bool,
    work: FuturesUnordered<BoxFuture<'static, Completed>>,
    stop_healing: watch::Sender<bool>,
}

/// Work that has ended.
enum Completed {
    Leadership(Acquisition),
    /// A run with the setup that it started with. `report` is `None` if it was interrupted.
    Run {
        setup: Arc<Setup>,
        report: Option<RunReport>,
        at: Timestamp,
        took: Duration,
    },
    Heal(Healing),
    Delivery {
        target: String,
        id: String,
        result: Result<(), DeliveryError>,
    },
}

impl Worker {
    pub(super) fn new(inputs: WorkerInputs, status: StatusChannel) -> Self {
        let setup = Arc::clone(&inputs.setup.borrow());
        Self {
            timetable: timetable(&setup, true),
            persistence: Persistence::new(setup.location.clone(), setup.lease),
            setup,
            inputs,
            status,
            leadership: Leadership::always(),
            delivery: Delivery::default(),
            stats: RunStats::default(),
            manager: None,
            busy: false,
            bound: false,
            pending: false,
            work: FuturesUnordered::new(),
            stop_healing: watch::Sender::new(false),
        }
    }

    /// Works until it is stopped, then drains.
    pub(super) async fn run(mut self) {
        self.publish();
        let started = Instant::now();
        if self.inputs.once {
            // A single run does not need leadership.
            self.start();
        } else {
            self.join_replicas();
        }
        let stop = self.inputs.stop.clone();
        let mut setups = self.inputs.setup.clone();
        let mut ticks = self.inputs.ticks.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Ok(()) = setups.changed() => {
                    let setup = Arc::clone(&setups.borrow_and_update());
                    self.reconfigure(setup);
                }
                Some(completed) = self.work.next(), if !self.work.is_empty() => {
                    self.complete(completed).await;
                }
                Ok(()) = ticks.changed() => self.tick().await,
                else => break,
            }
            if self.inputs.once && self.is_finished(started.elapsed() > ONCE) {
                break;
            }
        }
        let last = if self.inputs.once { started + ONCE } else { Instant::now() + DRAIN };
        self.drain(last).await;
    }

    /// Returns true if `--once` has nothing left to do. `late` gives up on deliveries and the state.
    fn is_finished(&self, late: bool) -> bool {
        let delivered = self.persistence.memory.outbox.is_empty() || late;
        let saved = !self.persistence.is_unsaved() || late;
        !self.busy && self.work.is_empty() && delivered && saved
    }

    fn reconfigure(&mut self, setup: Arc<Setup>) {
        if (&setup.schedule, setup.jitter) != (&self.setup.schedule, self.setup.jitter) {
            self.timetable = timetable(&setup, !self.stats.has_runs());
        }
        self.stats.requests += self.setup.connection.requests();
        if !setup.connection.has_same_api(&self.setup.connection) {
            // Another API has other accounts, so nothing of the memory applies.
            self.persistence.forget();
        }
        if setup.location != self.setup.location
            || !setup.connection.is_equivalent(&self.setup.connection)
        {
            self.manager = None;
        }
        if self.persistence.move_to(&setup.location) && !self.inputs.once {
            self.join_replicas();
        }
        outbox::retain_targets(&mut self.persistence.memory.outbox, &setup.targets());
        self.delivery.retain(&setup.targets());
        self.setup = setup;
        self.publish();
    }

    async fn tick(&mut self) {
        if let Some(change) = self.leadership.poll() {
            self.leadership_changed(change);
            self.publish();
        }
        let due = !self.inputs.once && self.timetable.tick(Timestamp::now(), fastrand::f64());
        if due && !self.leadership.is_standby() {
            self.stats.counts.coalesced += u64::from(self.busy);
            self.pending = true;
            self.start_pending();
        }
        self.deliver();
        if !self.busy && self.persistence.is_due() {
            self.save().await;
        }
        self.release_surplus().await;
    }

    /// Starts the pending run if the worker is free and leads.
    fn start_pending(&mut self) {
        let free =
            !self.busy && self.leadership.is_leader() && !self.leadership.is_over_its_share();
        if self.pending && free && !self.inputs.stop.is_cancelled() {
            self.start();
        }
    }

    fn start(&mut self) {
        self.busy = true;
        self.pending = false;
        let at = Timestamp::now();
        let limit = self.limit(at);
        let (setup, state) = (Arc::clone(&self.setup), self.persistence.last_state());
        let (stop, slots) = (self.inputs.stop.clone(), Arc::clone(&self.inputs.slots));
        let run = uuid::Uuid::new_v4();
        let span = tracing::info_span!("run", organization = setup.label(), %run);
        let running = async move {
            let started = Instant::now();
            let checking = async {
                // The semaphore is never closed.
                let _slot = slots.acquire().await;
                check(&setup, &setup.connection.reader(), &state, limit).await
            };
            let report = tokio::select! {
                report = checking => Some(report),
                () = stop.cancelled() => None,
            };
            if let Some(report) = &report {
                log(report, started.elapsed());
            }
            Completed::Run { setup, report, at, took: started.elapsed() }
        };
        self.work.push(Box::pin(running.instrument(span)));
    }

    /// The time limit of a run that starts now: a failing run ends before the next one is due.
    fn limit(&self, now: Timestamp) -> Duration {
        let Some(due) = self.timetable.due().filter(|_| !self.inputs.once) else { return LONGEST };
        // A run that is overdue already is a negative time away.
        let next = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        next.mul_f64(0.9).clamp(SHORTEST, LONGEST)
    }

    async fn complete(&mut self, completed: Completed) {
        match completed {
            Completed::Leadership(acquisition) => {
                if let Some(change) = self.leadership.finish(acquisition) {
                    self.leadership_changed(change);
                }
            }
            Completed::Run { report: None, .. } => self.busy = false,
            Completed::Run { setup, report: Some(_), .. } if !setup.is_equivalent(&self.setup) => {
                // The configuration changed during the run, so its result is void.
                self.pending = true;
                self.free();
            }
            Completed::Run { report: Some(report), at, took, .. } => {
                self.evaluate(report, at, took).await;
            }
            Completed::Heal(healing) => {
                self.healed(healing);
                self.free();
            }
            Completed::Delivery { target, id, result } => {
                self.delivered(target, &id, result).await;
            }
        }
        self.deliver();
        self.publish();
    }

    /// Marks the worker idle, then starts the pending run, if any.
    fn free(&mut self) {
        self.busy = false;
        self.start_pending();
    }

    /// Sends each idle target the oldest notification that it has not received.
    fn deliver(&mut self) {
        if !self.leadership.is_leader() || self.leadership.is_over_its_share() {
            return;
        }
        let waiting = &self.persistence.memory.outbox;
        let started = self.delivery.start(&self.setup.recipients, waiting, Instant::now());
        for (to, notification) in started {
            let label = self.setup.label().to_owned();
            self.work.push(Box::pin(async move {
                let result = to.send(&label, &notification).await;
                Completed::Delivery { target: to.name.clone(), id: notification.id, result }
            }));
        }
    }

    async fn delivered(&mut self, target: String, id: &str, result: Result<(), DeliveryError>) {
        let attempt = self.delivery.finish(&target, id, result, Instant::now(), fastrand::f64());
        let organization = self.setup.label();
        match attempt {
            Attempt::Delivered => {
                self.stats.counts.delivered += 1;
                tracing::info!(organization, target, id, "notification delivered");
            }
            Attempt::Retry(error) => {
                self.stats.counts.delivery_failures += 1;
                tracing::warn!(organization, target, id, %error, "delivery failed; retrying");
                return;
            }
            Attempt::GivenUp(error) => {
                self.stats.counts.delivery_failures += 1;
                tracing::error!(organization, target, id, %error, "delivery failed; giving up");
            }
        }
        outbox::settle(&mut self.persistence.memory.outbox, id, &target);
        if self.persistence.is_due() {
            self.save().await;
        }
    }

    async fn save(&mut self) {
        if self.leadership.may_write().is_some() {
            let binding = self.setup.binding(self.manager.as_ref());
            self.persistence.save(self.setup.label(), &binding).await;
        }
    }

    /// Publishes the status of the organization.
    fn publish(&self) {
        self.inputs.spread.report(self.setup.label(), self.leadership.part(self.bound));
        let leader = self.leadership.other_leader().map(ToString::to_string);
        let unknown = || self.leadership.is_standby().then(|| NO_LEADER.to_owned());
        let leader = leader.or_else(unknown);
        let cut_off = self.leadership.cut_off();
        let next_run = self.timetable.due().filter(|_| leader.is_none());
        let memory = &self.persistence.memory;
        let organization = self.stats.organization(self.setup.label(), memory);
        let mut counts = organization.counts;
        counts.requests += self.setup.connection.requests();
        let unsaved = self.persistence.is_unsaved();
        let organization =
            Organization { leader, cut_off, next_run, unsaved, counts, ..organization };
        self.status.put(organization, &self.inputs.stop);
    }
}

/// The timetable of a setup. `first` makes a run due at once.
fn timetable(setup: &Setup, first: bool) -> Timetable {
    let new = if first { Timetable::at_once } else { Timetable::new };
    new(setup.schedule.clone(), setup.jitter, Timestamp::now(), fastrand::f64())
}

fn log(report: &RunReport, took: Duration) {
    let milliseconds = milliseconds(took);
    match &report.result {
        RunResult::Read { differences, undetermined: _, incomplete: Some((_, error)) } => {
            let state = if differences.is_empty() { "unknown" } else { "drifted" };
            let error = crate::report::escape_line(error);
            tracing::warn!(state, differences = differences.len(), error, milliseconds, "run");
        }
        RunResult::Read { differences, undetermined: _, incomplete: None } => {
            let state = if differences.is_empty() { "in_sync" } else { "drifted" };
            tracing::info!(state, differences = differences.len(), milliseconds, "run");
        }
        RunResult::Unknown(error) => {
            let error = crate::report::escape_line(error);
            tracing::warn!(state = "unknown", error, milliseconds, "run");
        }
    }
}
