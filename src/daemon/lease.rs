//! Which of several daemons with one state watches an organization: one works, the others stand by.
//!
//! Where that cannot be found out this one works: drift that is told twice does less harm than drift that
//! nobody tells. A state file that is not in a bucket is nobody else's.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::state::{Error, Holder, Store, Turn};

/// After an error it is asked for again so much later.
pub(super) const AGAIN: Duration = Duration::from_secs(5);

/// Where the turn to watch is.
#[derive(Debug)]
enum Place {
    /// It was asked for, and nobody has answered yet.
    Asked,
    Ours(Turn),
    Theirs(Holder),
    /// It could not be found out.
    Unknown,
}

/// The turn to watch one organization, and the asking for it.
#[derive(Debug)]
pub(super) struct Lease {
    place: Place,
    /// Who has it, as the asking sees it.
    seen: watch::Receiver<Option<Holder>>,
    /// Ends the asking.
    over: CancellationToken,
}

/// What has become of the turn.
#[derive(Debug)]
pub(super) enum News {
    /// It is ours; `from`: who had it before.
    Ours { from: Option<Holder> },
    /// Somebody else has it.
    Theirs(Holder),
    /// It was ours, and could not be kept.
    Lost,
    /// It cannot be found out. `still`: it could not before.
    Unknown { error: Error, still: bool },
}

/// The end of asking. `None`: it is asked for no longer.
pub(super) type Answer = Option<Result<Turn, Error>>;

impl Lease {
    /// Of somebody who shares with nobody.
    pub(super) fn alone() -> Self {
        let (_, seen) = watch::channel(None);
        Self { place: Place::Ours(Turn::alone()), seen, over: CancellationToken::new() }
    }

    /// Whether this one may work now.
    pub(super) fn is_ours(&self) -> bool {
        match &self.place {
            Place::Ours(turn) => turn.is_ours(),
            Place::Unknown => true,
            Place::Asked | Place::Theirs(_) => false,
        }
    }

    /// Who has the turn instead.
    pub(super) fn other(&self) -> Option<&Holder> {
        match &self.place {
            Place::Theirs(other) => Some(other),
            Place::Asked | Place::Ours(_) | Place::Unknown => None,
        }
    }

    /// Asks for the turn at this state, `after` so long, and waits for it until `stop`. Only this asking goes on.
    pub(super) fn ask(
        &mut self,
        store: Store,
        after: Duration,
        stop: &CancellationToken,
    ) -> impl Future<Output = Answer> + Send + use<> {
        self.over.cancel();
        self.over = stop.child_token();
        let (told, seen) = watch::channel(None);
        self.seen = seen;
        let over = self.over.clone();
        async move {
            let asking = async {
                sleep(after).await;
                store.stand_by(&Holder::this(Holder::DAEMON), &told).await
            };
            tokio::select! {
                biased;
                () = over.cancelled() => None,
                answer = asking => Some(answer),
            }
        }
    }

    /// Gives it up, if it is ours: it is to be asked for elsewhere.
    pub(super) fn leave(&mut self) {
        self.place = Place::Asked;
    }

    /// Takes the end of asking.
    pub(super) fn answered(&mut self, answer: Answer) -> Option<News> {
        let (place, news) = match answer? {
            Ok(turn) => (Place::Ours(turn), News::Ours { from: self.other().cloned() }),
            Err(error) => {
                let still = matches!(self.place, Place::Unknown);
                (Place::Unknown, News::Unknown { error, still })
            }
        };
        self.place = place;
        Some(news)
    }

    /// Looks whether it still is whose it was.
    pub(super) fn look(&mut self) -> Option<News> {
        let seen = self.seen.has_changed().is_ok_and(|changed| changed);
        let other = seen.then(|| self.seen.borrow_and_update().clone()).flatten();
        match (&self.place, other) {
            (Place::Ours(turn), _) => {
                let lost = !turn.is_ours();
                lost.then(|| {
                    self.leave();
                    News::Lost
                })
            }
            (Place::Theirs(before), Some(other))
                if *before == Holder { lease: None, ..other.clone() } =>
            {
                None
            }
            (Place::Asked | Place::Theirs(_) | Place::Unknown, Some(other)) => {
                let other = Holder { lease: None, ..other };
                self.place = Place::Theirs(other.clone());
                Some(News::Theirs(other))
            }
            (Place::Asked | Place::Theirs(_) | Place::Unknown, None) => None,
        }
    }

    /// Leaves it to others at once.
    pub(super) async fn release(self) {
        match self.place {
            Place::Ours(turn) => turn.release().await,
            Place::Asked | Place::Theirs(_) | Place::Unknown => {}
        }
    }
}
