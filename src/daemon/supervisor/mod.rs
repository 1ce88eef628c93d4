//! The supervisor of the daemon: it starts a worker per organization, reloads a changed configuration, and drains at the end.

mod reload;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use reload::{Cause, Loaded, load, snapshot};

use super::config::{DaemonConfig, Defaults, Setup, SetupError, Snapshot, conflict};
use super::leadership::Spread;
use super::run::Clients;
use super::schedule::trigger::Trigger;
use super::status::{DaemonStatus, StatusChannel};
use super::web::{self, Hosts, Site};
use super::worker::{Worker, WorkerInputs};

/// The interval at which files are checked for changes.
const POLL: Duration = Duration::from_secs(2);
/// The time that workers get to drain.
const DRAIN: Duration = Duration::from_secs(20);
/// The runs in progress at once. Each has at most `--parallelism` requests and open connections.
const RUNS_AT_ONCE: usize = 32;

/// The source of the configuration.
#[derive(Clone, Debug)]
pub enum ConfigSource {
    /// A file, which is reloaded when it changes.
    File(PathBuf),
    /// Flags. The files that they name are reloaded when they change.
    Flags(Box<DaemonConfig>),
}

/// The options of the daemon.
#[derive(Clone, Debug)]
pub struct Options {
    /// The configuration.
    pub source: ConfigSource,
    /// Defaults for organizations that do not set their own.
    pub defaults: Defaults,
    /// True if the daemon ends after one run of each organization.
    pub once: bool,
}

/// Runs until `stop`, or with `once` until each organization was checked, and returns the final status. `reload`
/// requests a reload of the configuration.
///
/// # Errors
///
/// If the daemon cannot start, with every problem.
pub async fn run(
    options: Options,
    stop: CancellationToken,
    mut reload: mpsc::Receiver<()>,
) -> Result<Arc<DaemonStatus>, Vec<SetupError>> {
    let Options { source, defaults, once } = options;
    raise_open_files();
    let clients = Clients::default();
    let loaded = load(&source, &defaults, &clients).await.map_err(|error| vec![error])?;
    let Loaded {
        config: DaemonConfig { listen, hosts, organizations: _ },
        files,
        snapshot,
        setups,
    } = loaded;
    let setups = setups.into_iter().map(|(_, setup)| setup);
    let (setups, errors): (Vec<_>, Vec<_>) = setups.partition(Result::is_ok);
    let setups: Vec<Setup> = setups.into_iter().flatten().collect();
    let mut errors: Vec<SetupError> = errors.into_iter().filter_map(Result::err).collect();
    errors.extend(conflict(setups.iter().map(Setup::claims)).map(SetupError::Other));
    if !errors.is_empty() {
        return Err(errors);
    }
    // A single run prints its result instead.
    let listener = match listen.filter(|_| !once) {
        Some(address) => Some(bind(address).await.map_err(|error| vec![error])?),
        None => None,
    };
    let trigger = Trigger::start()
        .await
        .map_err(|error| vec![SetupError::Other(format!("starting the scheduler: {error}"))])?;
    let mut workers = Workers {
        status: StatusChannel::new(),
        tracker: TaskTracker::new(),
        ticks: trigger.ticks(),
        stop: stop.clone(),
        once,
        slots: Arc::new(Semaphore::new(RUNS_AT_ONCE)),
        spread: Spread::new(),
        failed: CancellationToken::new(),
        running: BTreeMap::new(),
    };
    if !once {
        workers.tracker.spawn(workers.spread.clone().run(stop.clone()));
    }
    workers.configure(setups);
    // The web server answers until everything has drained.
    let drained = CancellationToken::new();
    let web = listener.map(|listener| {
        let hosts = Hosts::new(hosts.iter().map(String::as_str));
        tokio::spawn(serve(listener, hosts, &workers, drained.clone()))
    });
    let web_config = (listen, hosts);
    let mut supervisor = Supervisor {
        source,
        defaults,
        clients,
        workers,
        files,
        snapshot,
        web_config,
        retry_at: None,
    };
    if supervisor.workers.once {
        supervisor.workers.tracker.close();
        tokio::select! {
            () = supervisor.workers.tracker.wait() => {}
            () = stop.cancelled() => {}
        }
    } else {
        supervisor.run(&stop, &mut reload).await;
    }
    supervisor.workers.drain().await;
    trigger.stop().await;
    drained.cancel();
    if let Some(web) = web {
        match web.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the web server failed"),
            Err(error) => tracing::error!(%error, "the web server panicked"),
        }
    }
    if supervisor.workers.failed.is_cancelled() {
        let error = "a worker failed; the log names its organization";
        return Err(vec![SetupError::Other(error.to_owned())]);
    }
    let status = Arc::clone(&supervisor.workers.status.subscribe().borrow());
    Ok(status)
}

/// Raises the soft limit of open files to the hard one: many organizations need more than the usual 1,024.
fn raise_open_files() {
    let before = getrlimit(Resource::Nofile);
    if before.current == before.maximum {
        return;
    }
    let raised = Rlimit { current: before.maximum, maximum: before.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => tracing::debug!(limit = ?before.maximum, "raised the limit of open files"),
        Err(error) => tracing::warn!(%error, "cannot raise the limit of open files"),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, SetupError> {
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.map_err(|error| SetupError::Other(format!("listening on {address}: {error}; name a free port with --listen, or `listen` in the configuration")))?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "status page at http://{address}/");
    }
    Ok(listener)
}

/// Serves the status over HTTP.
fn serve(
    listener: TcpListener,
    hosts: Hosts,
    workers: &Workers,
    drained: CancellationToken,
) -> impl Future<Output = io::Result<()>> + use<> {
    let site = Site { status: workers.status.subscribe(), hosts, now: Arc::new(Timestamp::now) };
    web::serve(listener, site, async move { drained.cancelled().await })
}

struct Supervisor {
    source: ConfigSource,
    defaults: Defaults,
    clients: Clients,
    workers: Workers,
    /// The files whose changes cause a reload.
    files: Vec<PathBuf>,
    /// Their snapshot before the last reload.
    snapshot: Snapshot,
    /// The address and host names of the web server, which a reload cannot change.
    web_config: (Option<SocketAddr>, BTreeSet<String>),
    /// The time of the next attempt to load a rejected configuration. `None` if none was rejected.
    retry_at: Option<Instant>,
}

/// The workers of all organizations.
struct Workers {
    status: StatusChannel,
    tracker: TaskTracker,
    ticks: watch::Receiver<Timestamp>,
    stop: CancellationToken,
    once: bool,
    slots: Arc<Semaphore>,
    spread: Spread,
    /// Cancelled when a worker fails.
    failed: CancellationToken,
    running: BTreeMap<String, (watch::Sender<Arc<Setup>>, CancellationToken)>,
}

impl Supervisor {
    /// The main loop, until the daemon is stopped.
    async fn run(&mut self, stop: &CancellationToken, reload: &mut mpsc::Receiver<()>) {
        let (mut ticks, failed) = (self.workers.ticks.clone(), self.workers.failed.clone());
        let mut replicas = self.workers.spread.replicas();
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = failed.cancelled() => return,
                Ok(()) = ticks.changed() => {
                    let now = *ticks.borrow_and_update();
                    self.workers.status.change(|status| status.ticked = now);
                }
                Ok(()) = replicas.changed() => {
                    let live = *replicas.borrow_and_update();
                    self.workers.status.change(|status| status.replicas = live);
                }
                Some(()) = reload.recv() => self.reload(Cause::Requested).await,
                _ = poll.tick() => {
                    let now = snapshot(self.files.clone()).await;
                    if now != self.snapshot {
                        self.reload(Cause::Requested).await;
                    } else if self.retry_at.is_some_and(|at| at <= Instant::now()) {
                        self.reload(Cause::Retry).await;
                    }
                }
            }
        }
    }
}

impl Workers {
    /// Passes each worker its setup, and starts workers for new organizations.
    fn configure(&mut self, setups: Vec<Setup>) {
        for setup in setups {
            setup.warn(self.once);
            let label = setup.label().to_owned();
            let setup = Arc::new(setup);
            if let Some((sender, _)) = self.running.get(&label) {
                sender.send_replace(setup);
                continue;
            }
            let (sender, receiver) = watch::channel(setup);
            let stop = self.stop.child_token();
            let inputs = WorkerInputs {
                setup: receiver,
                ticks: self.ticks.clone(),
                stop: stop.clone(),
                once: self.once,
                slots: Arc::clone(&self.slots),
                spread: self.spread.clone(),
            };
            let work = self.tracker.spawn(Worker::new(inputs, self.status.clone()).run());
            let (failed, name) = (self.failed.clone(), label.clone());
            self.tracker.spawn(async move {
                // An organization without a worker must not pass for a healthy one.
                if let Err(error) = work.await {
                    tracing::error!(organization = name, %error, "the worker failed");
                    failed.cancel();
                }
            });
            self.running.insert(label, (sender, stop));
        }
    }

    /// The current setups.
    fn setups(&self) -> Vec<Arc<Setup>> {
        self.running.values().map(|(sender, _)| Arc::clone(&sender.borrow())).collect()
    }

    /// Stops the workers of all other organizations.
    fn retain(&mut self, labels: &BTreeSet<&str>) {
        self.running.retain(|label, (_, stop)| {
            let stays = labels.contains(label.as_str());
            if !stays {
                stop.cancel();
                self.status.remove(label);
            }
            stays
        });
    }

    /// Stops all workers and waits for them to drain.
    async fn drain(&self) {
        let started = Instant::now();
        self.status.change(|status| status.draining = true);
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(DRAIN, self.tracker.wait()).await.is_err() {
            tracing::error!("not all workers drained in time");
        }
        tracing::info!(seconds = started.elapsed().as_secs(), "ended");
    }
}
