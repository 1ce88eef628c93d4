//! The life of the daemon: it starts what watches, reads its configuration again when that changes, and ends
//! in an orderly way.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::board::Board;
use super::config::{self, Config};
use super::connection::Pace;
use super::files::{self, Look};
use super::setup::{self, Setup, Trouble};
use super::status::Status;
use super::trigger::Trigger;
use super::web::{self, Hosts, Site};
use super::worker::{Orders, Worker};

/// How often files are looked at.
const POLL: Duration = Duration::from_secs(2);
/// After being told to end, everything is over after so long.
const DRAIN: Duration = Duration::from_secs(20);

/// Where the configuration comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// From a file, which is read again when it changes.
    File(PathBuf),
    /// From flags; the files that they name are read again.
    Flags(Box<Config>),
}

/// How the daemon is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it watches.
    pub source: Source,
    /// How requests are made.
    pub pace: Pace,
    /// Whether it ends after one run of each organization.
    pub once: bool,
}

/// Runs until `stop`, or with `once` until everything was looked at. Returns how things stand then.
/// `reload`: the configuration is to be read again, whether or not it has changed.
///
/// # Errors
///
/// When it cannot start: with everything that is wrong.
pub async fn run(
    options: Options,
    stop: CancellationToken,
    mut reload: mpsc::Receiver<()>,
) -> Result<Arc<Status>, Vec<Trouble>> {
    let Options { source, pace, once } = options;
    let (config, setups) = read(&source, pace).await.map_err(|trouble| vec![trouble])?;
    let (setups, troubles): (Vec<_>, Vec<_>) = setups.into_iter().partition(Result::is_ok);
    let setups: Vec<Setup> = setups.into_iter().flatten().collect();
    let mut troubles: Vec<Trouble> = troubles.into_iter().filter_map(Result::err).collect();
    troubles.extend(same_label(&setups).map(Trouble::Other));
    if !troubles.is_empty() {
        return Err(troubles);
    }
    // Once there is nothing to look at: the result is what is printed.
    let listen = config.listen.filter(|_| !once);
    let listener = match listen {
        Some(address) => Some(listening(address).await.map_err(|trouble| vec![trouble])?),
        None => None,
    };
    let trigger = Trigger::start()
        .await
        .map_err(|error| vec![Trouble::Other(format!("the scheduler does not start: {error}"))])?;
    let mut crew = Crew {
        board: Board::new(),
        tracker: TaskTracker::new(),
        beats: trigger.beats(),
        stop: stop.clone(),
        once,
        lost: CancellationToken::new(),
        workers: BTreeMap::new(),
    };
    crew.take(setups);
    // It answers until everything has drained: how that goes is to be seen too.
    let drained = CancellationToken::new();
    let web = listener.map(|listener| tokio::spawn(serve(listener, &crew, drained.clone())));
    let files = watched_files(&source, &config);
    let mut life = Life { source, pace, crew, look: look(files.clone()).await, files };
    if life.crew.once {
        life.crew.tracker.close();
        tokio::select! {
            () = life.crew.tracker.wait() => {}
            () = stop.cancelled() => {}
        }
    } else {
        life.turn(&stop, &mut reload).await;
    }
    life.crew.drain().await;
    trigger.stop().await;
    drained.cancel();
    if let Some(web) = web {
        match web.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the web ended"),
            Err(error) => tracing::error!(%error, "the web broke off"),
        }
    }
    if life.crew.lost.is_cancelled() {
        let why = "the watching of an organization has broken off; the log says which";
        return Err(vec![Trouble::Other(why.to_owned())]);
    }
    let status = Arc::clone(&life.crew.board.subscribe().borrow());
    Ok(status)
}

async fn listening(address: SocketAddr) -> Result<TcpListener, Trouble> {
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.map_err(|error| Trouble::Other(format!("listening on {address}: {error}")))?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "the status page is at http://{address}/");
    }
    Ok(listener)
}

/// Serves what the board shows.
fn serve(
    listener: TcpListener,
    crew: &Crew,
    drained: CancellationToken,
) -> impl Future<Output = io::Result<()>> + use<> {
    let site = Site {
        status: crew.board.subscribe(),
        hosts: Hosts::default(),
        now: Arc::new(Timestamp::now),
    };
    web::serve(listener, site, async move { drained.cancelled().await })
}

struct Life {
    source: Source,
    pace: Pace,
    crew: Crew,
    files: Vec<PathBuf>,
    look: Look,
}

/// Who watches.
struct Crew {
    board: Board,
    tracker: TaskTracker,
    beats: watch::Receiver<Timestamp>,
    stop: CancellationToken,
    once: bool,
    /// Somebody has ended without being told to.
    lost: CancellationToken,
    workers: BTreeMap<String, (watch::Sender<Arc<Setup>>, CancellationToken)>,
}

impl Life {
    /// The loop, until everything is told to end.
    async fn turn(&mut self, stop: &CancellationToken, reload: &mut mpsc::Receiver<()>) {
        let (mut beats, lost) = (self.crew.beats.clone(), self.crew.lost.clone());
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = lost.cancelled() => return,
                Ok(()) = beats.changed() => {
                    let now = *beats.borrow_and_update();
                    self.crew.board.change(|status| status.turned = now);
                }
                Some(()) = reload.recv() => self.reload().await,
                _ = poll.tick() => {
                    let seen = look(self.files.clone()).await;
                    if seen != self.look {
                        self.reload().await;
                    }
                }
            }
        }
    }

    /// Reads everything again. What is wrong stays as it was, and is said.
    async fn reload(&mut self) {
        // Looked at before it is read: what changes in between is noticed the next time.
        self.look = look(self.files.clone()).await;
        let (config, setups) = match read(&self.source, self.pace).await {
            Ok(read) => read,
            Err(trouble) => return self.refuse(&[trouble.to_string()]),
        };
        let files = watched_files(&self.source, &config);
        if files != self.files {
            self.look = look(files.clone()).await;
            self.files = files;
        }
        let mut wrong = Vec::new();
        let mut good = Vec::new();
        for setup in setups {
            match setup {
                Ok(setup) => good.push(setup),
                Err(trouble) => wrong.push(trouble.to_string()),
            }
        }
        wrong.extend(same_label(&good));
        if wrong.is_empty() {
            self.crew.only(&good);
            self.crew.take(good);
            tracing::info!("the configuration was read again");
            self.crew.board.change(|status| {
                (status.loaded, status.refused) = (Timestamp::now(), None);
            });
        } else {
            self.refuse(&wrong);
        }
    }

    fn refuse(&self, wrong: &[String]) {
        let why = wrong.join("\n");
        tracing::error!(why, "the configuration is not in use; the one before still is");
        self.crew.board.change(|status| status.refused = Some(why));
    }
}

impl Crew {
    /// Hands each organization what it needs; who is not watched yet is from now on.
    fn take(&mut self, setups: Vec<Setup>) {
        for setup in setups {
            let label = setup.label().to_owned();
            let setup = Arc::new(setup);
            if let Some((sender, _)) = self.workers.get(&label) {
                sender.send_replace(setup);
                continue;
            }
            let (sender, receiver) = watch::channel(setup);
            let stop = self.stop.child_token();
            let orders = Orders {
                setup: receiver,
                beats: self.beats.clone(),
                stop: stop.clone(),
                once: self.once,
            };
            let work = self.tracker.spawn(Worker::new(orders, self.board.clone()).run());
            let (lost, name) = (self.lost.clone(), label.clone());
            self.tracker.spawn(async move {
                // An organization that nobody watches any more must not look like one that is well.
                if let Err(error) = work.await {
                    tracing::error!(organization = name, %error, "its watching has broken off");
                    lost.cancel();
                }
            });
            self.workers.insert(label, (sender, stop));
        }
    }

    /// Ends what is not watched any more.
    fn only(&mut self, setups: &[Setup]) {
        let labels: BTreeSet<&str> = setups.iter().map(Setup::label).collect();
        self.workers.retain(|label, (_, stop)| {
            let stays = labels.contains(label.as_str());
            if !stays {
                stop.cancel();
                self.board.remove(label);
            }
            stays
        });
    }

    /// Waits until everybody has finished what was under way.
    async fn drain(&self) {
        let begun = Instant::now();
        self.board.change(|status| status.draining = true);
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(DRAIN, self.tracker.wait()).await.is_err() {
            tracing::error!("something did not end in time, and is left behind");
        }
        tracing::info!(seconds = begun.elapsed().as_secs(), "ended");
    }
}

type Read = (Config, Vec<Result<Setup, Trouble>>);

/// Reads the configuration and everything that it names.
async fn read(source: &Source, pace: Pace) -> Result<Read, Trouble> {
    let source = source.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let config = match source {
            Source::File(path) => config::load(&path).map_err(Trouble::Problems)?,
            Source::Flags(config) => *config,
        };
        let setups =
            config.organizations.iter().map(|watched| Setup::read(watched, pace)).collect();
        Ok((config, setups))
    });
    let lost = |error: tokio::task::JoinError| Trouble::Other(error.to_string());
    reading.await.map_err(lost)?
}

async fn look(files: Vec<PathBuf>) -> Look {
    // When the runtime ends in the middle nobody asks any more.
    tokio::task::spawn_blocking(move || files::look(&files)).await.unwrap_or_default()
}

fn watched_files(source: &Source, config: &Config) -> Vec<PathBuf> {
    let own = match source {
        Source::File(path) => Some(path.clone()),
        Source::Flags(_) => None,
    };
    own.into_iter().chain(config.organizations.iter().flat_map(setup::files)).collect()
}

/// Two manifests of one label would share a ledger.
fn same_label(setups: &[Setup]) -> Option<String> {
    let mut labels = BTreeSet::new();
    let twice = setups.iter().find(|setup| !labels.insert(setup.label()))?;
    Some(format!("two manifests are of the organization {}", twice.label()))
}
