//! One organization: its runs one after the other, what they mean, and telling it.
//!
//! Everything that belongs to it is in one task, so that nothing overlaps: a tick that comes during a run is
//! taken together with others of its kind, and makes one run after it.

mod keep;
mod turn;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use keep::DRAIN;

use super::backoff::Backoff;
use super::board::Board;
use super::episodes::{Sighting, step};
use super::heal::heal;
use super::lease::{Answer, Lease};
use super::memory::Memory;
use super::notify::Fault;
use super::outbox;
use super::pass::{Found, look};
use super::setup::Setup;
use super::status::Organization;
use super::tally::{Tally, milliseconds};
use super::telling::{Telling, Verdict};
use super::timetable::Timetable;
use super::words::words;
use crate::model::{AccountId, Item};

/// However close the next tick is, a run gets so long.
const SHORTEST: Duration = Duration::from_secs(5);
/// However far it is, no longer than this.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// With `--once` a target that does not answer, and a state file that is in use, are tried for so long.
const ONCE: Duration = Duration::from_secs(15);

/// What is told to a worker.
#[derive(Clone)]
pub(super) struct Orders {
    /// What it watches.
    pub setup: watch::Receiver<Arc<Setup>>,
    /// When it looks whether a run is due.
    pub beats: watch::Receiver<Timestamp>,
    /// When it ends.
    pub stop: CancellationToken,
    /// Whether it ends after one run.
    pub once: bool,
}

/// Watches one organization.
pub(super) struct Worker {
    setup: Arc<Setup>,
    orders: Orders,
    board: Board,
    memory: Memory,
    lease: Lease,
    manager: Option<AccountId>,
    timetable: Timetable,
    /// Whether a run or a healing is under way.
    busy: bool,
    /// Whether a run is due as soon as it is over.
    pending: bool,
    telling: Telling,
    /// When the state is written again after it could not be.
    keeping: Backoff,
    /// Why it could not be. Empty: it could.
    unkept: String,
    work: FuturesUnordered<BoxFuture<'static, Done>>,
    stop_healing: watch::Sender<bool>,
    tally: Tally,
}

/// Something that was under way and is over.
enum Done {
    Asked(Answer),
    /// `setup`: what it was begun with.
    Looked {
        setup: Arc<Setup>,
        found: Option<Found>,
        at: Timestamp,
        took: Duration,
    },
    Healed(Result<usize, String>),
    Told {
        target: String,
        id: String,
        result: Result<(), Fault>,
    },
}

impl Worker {
    pub(super) fn new(orders: Orders, board: Board) -> Self {
        let setup = Arc::clone(&orders.setup.borrow());
        Self {
            timetable: timetable(&setup, true),
            memory: Memory::new(setup.location.clone()),
            setup,
            orders,
            board,
            lease: Lease::alone(),
            manager: None,
            busy: false,
            pending: false,
            telling: Telling::default(),
            keeping: Backoff::default(),
            unkept: String::new(),
            work: FuturesUnordered::new(),
            stop_healing: watch::Sender::new(false),
            tally: Tally::default(),
        }
    }

    /// Works until it is told to end, and then finishes what is under way.
    pub(super) async fn run(mut self) {
        self.show();
        let begun = Instant::now();
        if self.orders.once {
            // It stands beside those that watch, and waits for none.
            self.start();
        } else {
            self.ask(Duration::ZERO);
        }
        let stop = self.orders.stop.clone();
        let mut setups = self.orders.setup.clone();
        let mut beats = self.orders.beats.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Ok(()) = setups.changed() => {
                    let setup = Arc::clone(&setups.borrow_and_update());
                    self.change(setup);
                }
                Some(done) = self.work.next(), if !self.work.is_empty() => self.finish(done).await,
                Ok(()) = beats.changed() => self.beat().await,
                else => break,
            }
            if self.orders.once && self.is_done(begun.elapsed() > ONCE) {
                break;
            }
        }
        let last = if self.orders.once { begun + ONCE } else { Instant::now() + DRAIN };
        self.drain(last).await;
    }

    /// Whether there is nothing more to do for `--once`.
    fn is_done(&self, late: bool) -> bool {
        let told = self.memory.watch.outbox.is_empty() || late;
        let kept = !self.memory.is_ahead() || late;
        !self.busy && self.work.is_empty() && told && kept
    }

    fn change(&mut self, setup: Arc<Setup>) {
        if (&setup.schedule, setup.jitter) != (&self.setup.schedule, self.setup.jitter) {
            self.timetable = timetable(&setup, !self.tally.has_looked());
        }
        self.tally.requests += self.setup.connection.requests();
        if !setup.connection.is_at_the_same(&self.setup.connection) {
            // It is about other accounts, and belongs into no other state.
            self.memory.forget();
        }
        if setup.location != self.setup.location
            || !setup.connection.sees_as(&self.setup.connection)
        {
            self.manager = None;
        }
        if self.memory.move_to(&setup.location) && !self.orders.once {
            self.ask(Duration::ZERO);
        }
        outbox::only(&mut self.memory.watch.outbox, &setup.targets());
        self.telling.only(&setup.targets());
        self.setup = setup;
        self.show();
    }

    async fn beat(&mut self) {
        if let Some(news) = self.lease.look() {
            self.turn(news);
            self.show();
        }
        let due = !self.orders.once && self.timetable.beat(Timestamp::now(), fastrand::f64());
        if due && self.lease.other().is_none() {
            self.tally.counts.coalesced += u64::from(self.busy);
            self.pending = true;
            self.begin();
        }
        self.tell();
        // Somebody else may have held the state when there was something to write.
        if self.memory.is_ahead() && !self.busy && self.keeping.is_over(Instant::now()) {
            self.keep().await;
        }
    }

    /// Starts a run.
    fn start(&mut self) {
        self.busy = true;
        self.pending = false;
        let at = Timestamp::now();
        let limit = self.limit(at);
        let (setup, store) = (Arc::clone(&self.setup), self.memory.store().clone());
        let stop = self.orders.stop.clone();
        let run = uuid::Uuid::new_v4();
        let span = tracing::info_span!("run", organization = setup.label(), %run);
        let looking = async move {
            let begun = Instant::now();
            let reader = setup.connection.reader();
            let found = tokio::select! {
                found = look(&setup, &reader, &store, limit) => Some(found),
                () = stop.cancelled() => None,
            };
            if let Some(found) = &found {
                log(found, begun.elapsed());
            }
            Done::Looked { setup, found, at, took: begun.elapsed() }
        };
        self.work.push(Box::pin(looking.instrument(span)));
    }

    /// How long a run that begins now may take: one that fails is over before the next is due.
    fn limit(&self, now: Timestamp) -> Duration {
        let Some(due) = self.timetable.due().filter(|_| !self.orders.once) else { return LONGEST };
        // One that is due already, and whose beat was not heard yet, is a negative time away.
        let next = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        next.mul_f64(0.9).clamp(SHORTEST, LONGEST)
    }

    async fn finish(&mut self, done: Done) {
        match done {
            Done::Asked(answer) => {
                if let Some(news) = self.lease.answered(answer) {
                    self.turn(news);
                }
            }
            Done::Looked { setup: _, found: None, at: _, took: _ } => self.busy = false,
            Done::Looked { setup, found: Some(_), at: _, took: _ }
                if !setup.sees_as(&self.setup) =>
            {
                // It says nothing of what is watched now.
                self.pending = true;
                self.idle();
            }
            Done::Looked { setup: _, found: Some(found), at, took } => {
                self.looked(found, at, took).await;
            }
            Done::Healed(result) => {
                match result {
                    Ok(count) => self.tally.counts.healed += count as u64,
                    Err(why) => {
                        tracing::warn!(organization = self.setup.label(), why, "not healed");
                    }
                }
                self.idle();
            }
            Done::Told { target, id, result } => self.told(target, &id, result).await,
        }
        self.tell();
        self.show();
    }

    async fn looked(&mut self, found: Found, at: Timestamp, took: Duration) {
        if !self.lease.is_ours() {
            // Whoever watches now finds out for themselves; should it be this one again, by another run.
            self.pending |= self.lease.other().is_none();
            return self.idle();
        }
        let Found { mut sighting, manager, healable } = found;
        self.manager = manager.or(self.manager.take());
        let binding = self.setup.binding(self.manager.as_ref());
        // Without what was told before, everything would be told again.
        if let Err(error) = self.memory.recall(&binding).await {
            sighting = Sighting::Unknown(words(&error));
        }
        // An earlier process may have had other targets.
        outbox::only(&mut self.memory.watch.outbox, &self.setup.targets());
        self.tally.count(&sighting, at, took);
        let now = u64::try_from(at.as_second()).unwrap_or_default();
        let watch = std::mem::take(&mut self.memory.watch);
        let (mut watch, news) = step(watch, &sighting, now, self.setup.rules);
        let id = || uuid::Uuid::new_v4().to_string();
        let messages = outbox::messages(&news, now, &self.setup.targets(), id);
        let lost = outbox::put(&mut watch.outbox, messages);
        if lost > 0 {
            tracing::error!(lost, "too many notifications wait; the oldest are lost");
        }
        self.memory.watch = watch;
        self.keep().await;
        let announced = |item: &Item| {
            self.memory.watch.episodes.get(item).is_some_and(|episode| episode.told.is_some())
        };
        let healable: BTreeSet<Item> = healable.into_iter().filter(announced).collect();
        if healable.is_empty() || self.orders.stop.is_cancelled() {
            self.idle();
        } else {
            self.heal(healable);
        }
    }

    fn heal(&mut self, items: BTreeSet<Item>) {
        let (setup, store) = (Arc::clone(&self.setup), self.memory.store().clone());
        let stop = self.stop_healing.subscribe();
        let span = tracing::info_span!("heal", organization = setup.label());
        let healing = async move { Done::Healed(heal(&setup, &store, &items, stop).await) };
        self.work.push(Box::pin(healing.instrument(span)));
    }

    /// A run is over. One that became due meanwhile begins.
    fn idle(&mut self) {
        self.busy = false;
        self.begin();
    }

    /// Begins a run that is due, if it can.
    fn begin(&mut self) {
        let free = !self.busy && self.lease.is_ours();
        if self.pending && free && !self.orders.stop.is_cancelled() {
            self.start();
        }
    }

    /// Tells each target the oldest thing that it does not know, if it is not being told something.
    fn tell(&mut self) {
        if !self.lease.is_ours() {
            return;
        }
        let waiting = &self.memory.watch.outbox;
        for (to, message) in self.telling.begin(&self.setup.recipients, waiting, Instant::now()) {
            let label = self.setup.label().to_owned();
            self.work.push(Box::pin(async move {
                let result = to.send(&label, &message).await;
                Done::Told { target: to.name.clone(), id: message.id, result }
            }));
        }
    }

    async fn told(&mut self, target: String, id: &str, result: Result<(), Fault>) {
        let verdict = self.telling.ended(&target, id, result, Instant::now(), fastrand::f64());
        let organization = self.setup.label();
        match verdict {
            Verdict::Arrived => {
                self.tally.counts.notified += 1;
                tracing::info!(organization, target, id, "told");
            }
            Verdict::Again(why) => {
                self.tally.counts.notify_failures += 1;
                tracing::warn!(organization, target, id, %why, "not told; it is tried again");
                return;
            }
            Verdict::GivenUp(why) => {
                self.tally.counts.notify_failures += 1;
                tracing::error!(organization, target, id, %why, "not told, and given up");
            }
        }
        outbox::arrived(&mut self.memory.watch.outbox, id, &target);
        if self.keeping.is_over(Instant::now()) {
            self.keep().await;
        }
    }

    /// Puts up how it stands.
    fn show(&self) {
        let other = self.lease.other().map(ToString::to_string);
        let next = self.timetable.due().filter(|_| other.is_none());
        let (label, requests) = (self.setup.label(), self.setup.connection.requests());
        let watch = &self.memory.watch;
        let unwritten = self.memory.is_ahead();
        let organization = self.tally.organization(label, next, watch, requests, other);
        let organization = Organization { unwritten, ..organization };
        self.board.put(organization, &self.orders.stop);
    }
}

/// `first`: nobody has looked yet.
fn timetable(setup: &Setup, first: bool) -> Timetable {
    let new = if first { Timetable::at_once } else { Timetable::new };
    new(setup.schedule.clone(), setup.jitter, Timestamp::now(), fastrand::f64())
}

fn log(found: &Found, took: Duration) {
    let milliseconds = milliseconds(took);
    match &found.sighting {
        Sighting::Clear { items, unsure: _ } => {
            let state = if items.is_empty() { "in_sync" } else { "drifted" };
            tracing::info!(state, items = items.len(), milliseconds, "run");
        }
        Sighting::Unknown(why) => {
            let why = crate::report::escape_line(why);
            tracing::warn!(state = "unknown", why, milliseconds, "run");
        }
    }
}
