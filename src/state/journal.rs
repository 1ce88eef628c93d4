//! Records what happens while many requests are under way, in few durable writes.
//!
//! What is recorded while a write is under way goes together in the next one. Where a write is a request to a
//! bucket, it also waits a little for those who are expected. A task of its own writes, so that a caller who
//! goes away in the middle leaves nothing half done.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::change::{Change, apply};
use super::crowd::{Crowd, LONGEST};
use super::record::{Binding, Record};
use super::store::LockCheck;
use super::{Error, Hold, Holder, Store};
use crate::model::{AccountId, Email, State};

/// How many messages one write takes up at most. More wait for the next.
const TOGETHER: usize = 4096;
/// How long what nobody waits for may wait for company.
const LINGER: Duration = Duration::from_secs(1);

/// A state file that is held for writing. Clones are the same one; the lock is let go when the last is dropped,
/// or by [`close`](Self::close).
#[derive(Clone, Debug)]
pub struct Journal {
    place: String,
    inbox: mpsc::UnboundedSender<Message>,
    current: watch::Receiver<Arc<Record>>,
    shared: Arc<Shared>,
    lock: LockCheck,
    remembers: bool,
}

/// What a journal and its writer both know.
#[derive(Debug, Default)]
struct Shared {
    /// How many wait for what they have recorded.
    waiting: AtomicUsize,
    /// Why nothing is written any more.
    broken: OnceLock<Error>,
}

#[derive(Debug)]
struct Message {
    work: Work,
    /// Who waits for it. `None`: nobody does.
    done: Option<oneshot::Sender<Result<(), Error>>>,
}

#[derive(Debug)]
enum Work {
    Record(Vec<Change>),
    Flush,
    Bind(AccountId),
    Close,
}

impl Journal {
    /// Takes the lock, waiting for it no longer than `wait`, and reads what is there.
    ///
    /// # Errors
    ///
    /// When somebody else holds it, and when it is damaged, newer, foreign or cannot be read.
    pub async fn open(
        store: Store,
        binding: &Binding,
        holder: &Holder,
        wait: Duration,
    ) -> Result<Self, Error> {
        let hold = store.lock(holder, wait).await?;
        let record = store.load(binding).await?;
        Ok(Self::start(store, hold, record))
    }

    /// As [`open`](Self::open), for what is there, whatever it belongs to. `None`: there is no state.
    ///
    /// # Errors
    ///
    /// When somebody else holds it, and when it is damaged, newer or cannot be read.
    pub async fn open_any(
        store: Store,
        holder: &Holder,
        wait: Duration,
    ) -> Result<Option<Self>, Error> {
        // Looked for first: a lock would make the folder.
        if store.read().await?.is_none() {
            return Ok(None);
        }
        let hold = store.lock(holder, wait).await?;
        let record = store.read().await?;
        Ok(record.map(|record| Self::start(store, hold, record)))
    }

    fn start(store: Store, hold: Hold, record: Record) -> Self {
        let place = store.place();
        let (inbox, messages) = mpsc::unbounded_channel();
        let (shown, current) = watch::channel(Arc::new(record.clone()));
        let crowd = Crowd::default();
        let (shared, lock, remembers) = (Arc::<Shared>::default(), hold.check(), store.remembers());
        let writer = Writer { store, hold, record, shown, crowd, shared: Arc::clone(&shared) };
        tokio::spawn(writer.run(messages));
        Self { place, inbox, current, shared, lock, remembers }
    }

    /// Returns true if a later run can read what is recorded here; false for `--state none`.
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.remembers
    }

    /// What is on disk now.
    #[must_use]
    pub fn record_now(&self) -> Arc<Record> {
        Arc::clone(&self.current.borrow())
    }

    /// What is on disk now, of the state itself.
    #[must_use]
    pub fn state(&self) -> State {
        let state = self.current.borrow().state.clone();
        State { forgotten: !self.remembers, ..state }
    }

    /// When each create that is `Sending` was about to be sent.
    #[must_use]
    pub fn sent_at(&self) -> BTreeMap<Email, SystemTime> {
        let time = |seconds: &u64| SystemTime::UNIX_EPOCH + Duration::from_secs(*seconds);
        let record = self.current.borrow();
        record.state.sent_at.iter().map(|(email, at)| (email.clone(), time(at))).collect()
    }

    /// Records a change: it is on disk when this returns. What it was recorded for may not be done before,
    /// nor after an error.
    ///
    /// # Errors
    ///
    /// [`Error::SentBefore`] refuses this change and leaves the journal as it is. Every other error ends it: what
    /// was not written is not on disk, or may not be, and all that is recorded afterwards gets the same error.
    pub async fn record(&self, change: Change) -> Result<(), Error> {
        self.record_all(vec![change]).await
    }

    /// Records some changes in one write: all, or none of them. As [`record`](Self::record) otherwise.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    pub async fn record_all(&self, changes: Vec<Change>) -> Result<(), Error> {
        self.send(Work::Record(changes)).await
    }

    /// Records what has happened already and could be found out again, such as an answer of Telnyx: nobody waits
    /// for it. It is written with, and before, whatever is recorded next, or a little later by itself.
    ///
    /// That it could not be written is told by everything that is recorded afterwards, by [`flush`](Self::flush)
    /// and by [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// When the journal has ended, or something before could not be written.
    pub fn note(&self, change: Change) -> Result<(), Error> {
        if let Some(error) = self.shared.broken.get() {
            return Err(error.clone());
        }
        let message = Message { work: Work::Record(vec![change]), done: None };
        self.inbox.send(message).map_err(|_| self.closed())
    }

    /// Waits until everything that was recorded and noted before is on disk.
    ///
    /// # Errors
    ///
    /// When it could not be written.
    pub async fn flush(&self) -> Result<(), Error> {
        self.send(Work::Flush).await
    }

    /// Whether what is done from now on can be recorded, and nobody else applies: who can't be sure begins nothing
    /// new.
    ///
    /// # Errors
    ///
    /// [`Error::LockLost`] when the lock has expired or was broken, and whatever a write has failed with.
    pub fn is_sound(&self) -> Result<(), Error> {
        if let Some(error) = self.shared.broken.get() {
            return Err(error.clone());
        }
        self.lock.holds().then_some(()).ok_or_else(|| self.lock_lost())
    }

    /// As [`is_sound`](Self::is_sound), and asks the bucket whether the lock was force-released.
    ///
    /// # Errors
    ///
    /// As [`is_sound`](Self::is_sound), and when the bucket cannot be asked.
    pub async fn confirm(&self) -> Result<(), Error> {
        self.is_sound()?;
        self.lock.confirm().await?.then_some(()).ok_or_else(|| self.lock_lost())
    }

    fn lock_lost(&self) -> Error {
        Error::LockLost { place: self.place.clone() }
    }

    /// Binds the state to a manager, which the next write keeps.
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] when it belongs to another one.
    pub async fn bind(&self, manager: &AccountId) -> Result<(), Error> {
        self.send(Work::Bind(manager.clone())).await
    }

    /// Ends the journal, once what was recorded before is written, and lets the lock go.
    ///
    /// # Errors
    ///
    /// When something before could not be written, or it was closed already.
    pub async fn close(self) -> Result<(), Error> {
        self.send(Work::Close).await
    }

    async fn send(&self, work: Work) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.inbox.send(Message { work, done: Some(done) });
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

/// The one who writes.
struct Writer {
    store: Store,
    hold: Hold,
    /// As it is on disk.
    record: Record,
    shown: watch::Sender<Arc<Record>>,
    crowd: Crowd,
    shared: Arc<Shared>,
}

impl Writer {
    async fn run(mut self, mut messages: mpsc::UnboundedReceiver<Message>) {
        let mut closing = Vec::new();
        let mut batch = Vec::new();
        while closing.is_empty() && messages.recv_many(&mut batch, TOGETHER).await > 0 {
            if self.store.is_far() {
                self.gather(&mut batch, &mut messages).await;
            }
            let mut answers = Vec::with_capacity(batch.len());
            let mut next = self.record.clone();
            for Message { work, done } in batch.drain(..) {
                match work {
                    Work::Record(changes) => {
                        answers.push((done, record_all(&mut next.state, changes)));
                    }
                    Work::Bind(manager) => {
                        answers.push((done, next.bind(&manager, &self.store.place())));
                    }
                    Work::Flush => answers.push((done, Ok(()))),
                    Work::Close => closing.extend(done),
                }
            }
            let written = self.write(next).await;
            self.crowd.seen(self.shared.waiting.load(Ordering::Relaxed));
            for (done, refused) in answers {
                if let Some(done) = done {
                    self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                    // Who no longer waits does not want to know.
                    let _ = done.send(refused.and(written.clone()));
                }
            }
        }
        let Self { store: _, hold, record: _, shown: _, crowd: _, shared } = self;
        drop(messages);
        hold.release().await;
        for done in closing {
            let _ = done.send(shared.broken.get().cloned().map_or(Ok(()), Err));
        }
    }

    /// Waits for those who are expected to record something, too.
    async fn gather(
        &mut self,
        batch: &mut Vec<Message>,
        messages: &mut mpsc::UnboundedReceiver<Message>,
    ) {
        let (begun, mut last, mut apart) = (Instant::now(), Instant::now(), Duration::ZERO);
        // A manager alone writes nothing, and who flushes or closes wants it now.
        let can_wait = |message: &Message| matches!(message.work, Work::Record(_));
        let count = |batch: &[Message]| batch.iter().filter(|one| one.done.is_some()).count();
        while batch.len() < TOGETHER && batch.iter().all(can_wait) {
            let end = match count(batch) {
                0 => begun + LINGER,
                there if self.crowd.misses_some(there) => last + self.crowd.patience(),
                _ => break,
            };
            let room = TOGETHER - batch.len();
            match timeout_at(end.min(begun + LONGEST), messages.recv_many(batch, room)).await {
                Ok(more) if more > 0 => {}
                Ok(_) | Err(_) => break,
            }
            apart = apart.max(last.elapsed());
            last = Instant::now();
        }
        match count(batch) {
            0 => {}
            there => self.crowd.gathered(there, apart),
        }
    }

    /// Writes what has changed. A write that failed may have happened or not, so it is the last one.
    async fn write(&mut self, mut next: Record) -> Result<(), Error> {
        if let Some(error) = self.shared.broken.get() {
            return Err(error.clone());
        }
        if next.state == self.record.state {
            // A manager alone waits for the first write that has something to say.
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

/// All of the changes, or none of them.
fn record_all(state: &mut State, changes: Vec<Change>) -> Result<(), Error> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    if let [_] = changes[..] {
        // One that is refused changes nothing.
        return changes.into_iter().try_for_each(|change| apply(state, change, now));
    }
    let mut copy = state.clone();
    changes.into_iter().try_for_each(|change| apply(&mut copy, change, now))?;
    *state = copy;
    Ok(())
}
