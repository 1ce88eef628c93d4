//! Records changes durably while many requests are in flight, in few writes.
//!
//! Changes that arrive during a write share the next one. A write to a bucket also waits briefly for further callers
//! that are expected. A separate task writes, so a dropped caller leaves no change half recorded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::batch_estimator::{BatchEstimator, LONGEST};
use super::change::{StateChange, apply};
use super::record::{Binding, StateRecord};
use super::state_lock::LockCheck;
use super::{Error, LeaderCheck, LockHolder, StateLock, Store};
use crate::model::{AccountId, Email, State};

/// The largest number of messages in one write.
const TOGETHER: usize = 4096;
/// The longest delay of a change that no caller waits for.
const LINGER: Duration = Duration::from_secs(1);

/// A state that is locked for writing. Clones share it; [`close`](Self::close), or dropping the last clone, releases
/// the lock.
#[derive(Clone, Debug)]
pub struct Journal {
    place: String,
    inbox: mpsc::UnboundedSender<JournalMessage>,
    current: watch::Receiver<Arc<StateRecord>>,
    shared: Arc<JournalShared>,
    lock: LockCheck,
    /// The leadership that this process also needs, if it is a daemon.
    leader: Option<LeaderCheck>,
    remembers: bool,
}

/// State shared by a journal and its writer.
#[derive(Debug, Default)]
struct JournalShared {
    /// The number of callers that wait for a write.
    waiting: AtomicUsize,
    /// The error that ended the journal.
    broken: OnceLock<Error>,
}

#[derive(Debug)]
struct JournalMessage {
    work: JournalRequest,
    /// The caller that waits for it, if any.
    done: Option<oneshot::Sender<Result<(), Error>>>,
}

#[derive(Debug)]
enum JournalRequest {
    Record(Vec<StateChange>),
    Flush,
    Bind(AccountId),
    Close,
}

impl Journal {
    /// Acquires the lock, waiting up to `wait`, and reads the state.
    ///
    /// # Errors
    ///
    /// Fails when another process holds the lock, and when the state is damaged, newer, foreign or cannot be read.
    pub async fn open(
        store: Store,
        binding: &Binding,
        holder: &LockHolder,
        wait: Duration,
    ) -> Result<Self, Error> {
        let hold = store.lock(holder, wait).await?;
        let record = store.load(binding).await?;
        Ok(Self::start(store, hold, record))
    }

    /// Opens a state like [`open`](Self::open), whatever it belongs to. `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// Fails when another process holds the lock, and when the state is damaged, newer or cannot be read.
    pub async fn open_any(
        store: Store,
        holder: &LockHolder,
        wait: Duration,
    ) -> Result<Option<Self>, Error> {
        // Read first: acquiring the lock would create the folder.
        if store.read().await?.is_none() {
            return Ok(None);
        }
        let hold = store.lock(holder, wait).await?;
        let record = store.read().await?;
        Ok(record.map(|record| Self::start(store, hold, record)))
    }

    fn start(store: Store, hold: StateLock, record: StateRecord) -> Self {
        let place = store.place();
        let (inbox, messages) = mpsc::unbounded_channel();
        let (shown, current) = watch::channel(Arc::new(record.clone()));
        let estimator = BatchEstimator::default();
        let (shared, lock, remembers) =
            (Arc::<JournalShared>::default(), hold.check(), store.remembers());
        let writer =
            JournalWriter { store, hold, record, shown, estimator, shared: Arc::clone(&shared) };
        tokio::spawn(writer.run(messages));
        Self { place, inbox, current, shared, lock, leader: None, remembers }
    }

    /// The same journal, which is sound only while this process also leads.
    #[must_use]
    pub fn led_by(self, leader: LeaderCheck) -> Self {
        Self { leader: Some(leader), ..self }
    }

    /// Returns true if a later run can read the recorded changes; false for `--state none`.
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// The record that was written last.
    #[must_use]
    pub fn record_now(&self) -> Arc<StateRecord> {
        Arc::clone(&self.current.borrow())
    }

    /// The state that was written last.
    #[must_use]
    pub fn state(&self) -> State {
        let state = self.current.borrow().state.clone();
        State { forgotten: !self.remembers, ..state }
    }

    /// The time at which each create in [`Create::Sending`](crate::model::Create::Sending) was about to be sent.
    #[must_use]
    pub fn sent_at(&self) -> BTreeMap<Email, SystemTime> {
        let time = |seconds: &u64| SystemTime::UNIX_EPOCH + Duration::from_secs(*seconds);
        let record = self.current.borrow();
        record.state.sent_at.iter().map(|(email, at)| (email.clone(), time(at))).collect()
    }

    /// Records a change durably. Do not take the recorded step before this returns, nor after an error.
    ///
    /// # Errors
    ///
    /// [`Error::SentBefore`] rejects this change only. Every other error ends the journal: the change may or may not
    /// be on disk, and all later changes fail with the same error.
    pub async fn record(&self, change: StateChange) -> Result<(), Error> {
        self.record_all(vec![change]).await
    }

    /// Records all of the changes in one write, or none of them.
    ///
    /// # Errors
    ///
    /// Like [`record`](Self::record).
    pub async fn record_all(&self, changes: Vec<StateChange>) -> Result<(), Error> {
        self.send(JournalRequest::Record(changes)).await
    }

    /// Queues a change that has happened already and could be read again, such as an answer of Telnyx. It is written
    /// no later than the next recorded change, or after a short delay.
    ///
    /// If it cannot be written, later changes, [`flush`](Self::flush) and [`close`](Self::close) return the error.
    ///
    /// # Errors
    ///
    /// Fails when the journal has ended, or an earlier change could not be written.
    pub fn note(&self, change: StateChange) -> Result<(), Error> {
        if let Some(error) = self.shared.broken.get() {
            return Err(error.clone());
        }
        let message = JournalMessage { work: JournalRequest::Record(vec![change]), done: None };
        self.inbox.send(message).map_err(|_| self.closed())
    }

    /// Waits until all earlier changes are on disk.
    ///
    /// # Errors
    ///
    /// Fails when one of them could not be written.
    pub async fn flush(&self) -> Result<(), Error> {
        self.send(JournalRequest::Flush).await
    }

    /// Succeeds if changes can still be recorded and the lock is held. Otherwise nothing new may be started.
    ///
    /// # Errors
    ///
    /// [`Error::LockLost`] when the lock has expired or was force-released, and the error of a failed write.
    pub fn is_sound(&self) -> Result<(), Error> {
        if let Some(error) = self.shared.broken.get() {
            return Err(error.clone());
        }
        let leads = self.leader.as_ref().is_none_or(LeaderCheck::outlasts_a_write);
        (leads && self.lock.holds()).then_some(()).ok_or_else(|| self.lock_lost())
    }

    /// Checks like [`is_sound`](Self::is_sound), and reads the lock from the bucket.
    ///
    /// # Errors
    ///
    /// Like [`is_sound`](Self::is_sound), and when the bucket cannot be read.
    pub async fn confirm(&self) -> Result<(), Error> {
        self.is_sound()?;
        self.lock.confirm().await?.then_some(()).ok_or_else(|| self.lock_lost())
    }

    fn lock_lost(&self) -> Error {
        Error::LockLost { place: self.place.clone() }
    }

    /// Binds the state to a manager. The binding is saved with the next change.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] when the state belongs to another manager.
    pub async fn bind(&self, manager: &AccountId) -> Result<(), Error> {
        self.send(JournalRequest::Bind(manager.clone())).await
    }

    /// Writes all earlier changes, ends the journal and releases the lock.
    ///
    /// # Errors
    ///
    /// Fails when an earlier change could not be written, or the journal was closed already.
    pub async fn close(self) -> Result<(), Error> {
        self.send(JournalRequest::Close).await
    }

    async fn send(&self, work: JournalRequest) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.inbox.send(JournalMessage { work, done: Some(done) });
        let answered = match sent {
            Ok(()) => answer.await.map_err(|_| self.closed()),
            Err(_) => Err(self.closed()),
        };
        answered?
    }

    fn closed(&self) -> Error {
        Error::Closed { place: self.place.clone() }
    }
}

/// The task that writes.
struct JournalWriter {
    store: Store,
    hold: StateLock,
    /// The record that was written last.
    record: StateRecord,
    shown: watch::Sender<Arc<StateRecord>>,
    estimator: BatchEstimator,
    shared: Arc<JournalShared>,
}

impl JournalWriter {
    async fn run(mut self, mut messages: mpsc::UnboundedReceiver<JournalMessage>) {
        let mut closing = Vec::new();
        let mut batch = Vec::new();
        while closing.is_empty() && messages.recv_many(&mut batch, TOGETHER).await > 0 {
            if self.store.is_remote() {
                self.gather(&mut batch, &mut messages).await;
            }
            let mut answers = Vec::with_capacity(batch.len());
            let mut next = self.record.clone();
            for JournalMessage { work, done } in batch.drain(..) {
                match work {
                    JournalRequest::Record(changes) => {
                        answers.push((done, record_all(&mut next.state, changes)));
                    }
                    JournalRequest::Bind(manager) => {
                        answers.push((done, next.bind(&manager, &self.store.place())));
                    }
                    JournalRequest::Flush => answers.push((done, Ok(()))),
                    JournalRequest::Close => closing.extend(done),
                }
            }
            let written = self.write(next).await;
            self.estimator.waited_together(self.shared.waiting.load(Ordering::Relaxed));
            for (done, refused) in answers {
                if let Some(done) = done {
                    self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                    // The caller may have been dropped.
                    let _ = done.send(refused.and(written.clone()));
                }
            }
        }
        let Self { store: _, hold, record: _, shown: _, estimator: _, shared } = self;
        drop(messages);
        hold.release().await;
        for done in closing {
            let _ = done.send(shared.broken.get().cloned().map_or(Ok(()), Err));
        }
    }

    /// Waits for further callers that are expected.
    async fn gather(
        &mut self,
        batch: &mut Vec<JournalMessage>,
        messages: &mut mpsc::UnboundedReceiver<JournalMessage>,
    ) {
        let (begun, mut last, mut interval) = (Instant::now(), Instant::now(), Duration::ZERO);
        // A flush or a close must not wait.
        let can_wait = |message: &JournalMessage| matches!(message.work, JournalRequest::Record(_));
        let count =
            |batch: &[JournalMessage]| batch.iter().filter(|one| one.done.is_some()).count();
        while batch.len() < TOGETHER && batch.iter().all(can_wait) {
            let end = match count(batch) {
                0 => begun + LINGER,
                present if self.estimator.expects_more(present) => last + self.estimator.patience(),
                _ => break,
            };
            let room = TOGETHER - batch.len();
            match timeout_at(end.min(begun + LONGEST), messages.recv_many(batch, room)).await {
                Ok(more) if more > 0 => {}
                Ok(_) | Err(_) => break,
            }
            interval = interval.max(last.elapsed());
            last = Instant::now();
        }
        match count(batch) {
            0 => {}
            present => self.estimator.gathered(present, interval),
        }
    }

    /// Writes the changes. A failed write may have happened or not, so it is the last one.
    async fn write(&mut self, mut next: StateRecord) -> Result<(), Error> {
        if let Some(error) = self.shared.broken.get() {
            return Err(error.clone());
        }
        if next.state == self.record.state {
            // A binding alone is not written; it waits for the first change.
            self.record.binding = next.binding;
            return Ok(());
        }
        if let Err(error) = self.store.save(&self.hold, &mut next).await {
            return Err(self.shared.broken.get_or_init(|| error).clone());
        }
        self.record = next;
        self.shown.send_replace(Arc::new(self.record.clone()));
        Ok(())
    }
}

/// Applies all of the changes, or none of them.
fn record_all(state: &mut State, changes: Vec<StateChange>) -> Result<(), Error> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    if let [_] = changes[..] {
        // A rejected change changes nothing.
        return changes.into_iter().try_for_each(|change| apply(state, change, now));
    }
    let mut copy = state.clone();
    changes.into_iter().try_for_each(|change| apply(&mut copy, change, now))?;
    *state = copy;
    Ok(())
}
