//! The life of the daemon: it starts what watches, reads its configuration again when that changes, and ends
//! in an orderly way.

mod reload;

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

use reload::{Read, Why, look, read};

use super::board::Board;
use super::clash::clash;
use super::config::Config;
use super::files::Look;
use super::setup::{Setup, Trouble, Usual};
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
    /// What holds for each organization that does not say it itself.
    pub usual: Usual,
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
    let Options { source, usual, once } = options;
    let read = read(&source, &usual).await.map_err(|trouble| vec![trouble])?;
    let Read { config: Config { listen, hosts, organizations: _ }, files, look, setups } = read;
    let setups = setups.into_iter().map(|(_, setup)| setup);
    let (setups, troubles): (Vec<_>, Vec<_>) = setups.partition(Result::is_ok);
    let setups: Vec<Setup> = setups.into_iter().flatten().collect();
    let mut troubles: Vec<Trouble> = troubles.into_iter().filter_map(Result::err).collect();
    troubles.extend(clash(setups.iter().map(Setup::claims)).map(Trouble::Other));
    if !troubles.is_empty() {
        return Err(troubles);
    }
    // Once there is nothing to look at: the result is what is printed.
    let listener = match listen.filter(|_| !once) {
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
    let web = listener.map(|listener| {
        let hosts = Hosts::new(hosts.iter().map(String::as_str));
        tokio::spawn(serve(listener, hosts, &crew, drained.clone()))
    });
    let door = (listen, hosts);
    let mut life = Life { source, usual, crew, files, look, door, again: None };
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
    hosts: Hosts,
    crew: &Crew,
    drained: CancellationToken,
) -> impl Future<Output = io::Result<()>> + use<> {
    let site = Site { status: crew.board.subscribe(), hosts, now: Arc::new(Timestamp::now) };
    web::serve(listener, site, async move { drained.cancelled().await })
}

struct Life {
    source: Source,
    usual: Usual,
    crew: Crew,
    /// What is read again when it changes.
    files: Vec<PathBuf>,
    /// How that looked before it was last read.
    look: Look,
    /// Where the web listens and which names it answers to: that stays as it was at the start.
    door: (Option<SocketAddr>, BTreeSet<String>),
    /// When what was refused is read again though nothing seems to have changed. `None`: nothing was.
    again: Option<Instant>,
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
                Some(()) = reload.recv() => self.reload(Why::Asked).await,
                _ = poll.tick() => {
                    let seen = look(self.files.clone()).await;
                    if seen != self.look {
                        self.reload(Why::Asked).await;
                    } else if self.again.is_some_and(|again| again <= Instant::now()) {
                        self.reload(Why::Refused).await;
                    }
                }
            }
        }
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

    /// What is watched now.
    fn setups(&self) -> Vec<Arc<Setup>> {
        self.workers.values().map(|(sender, _)| Arc::clone(&sender.borrow())).collect()
    }

    /// Ends what is not watched any more.
    fn only(&mut self, labels: &BTreeSet<&str>) {
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
