//! The account API on loopback: a small organization over real HTTP, for experiments and CI.
//!
//! It is written from the vendor's document alone and shares no code with the client in this crate, so that neither
//! inherits mistakes of the other. It makes no connections, and listens on 127.0.0.1 only.
//!
//! A request passes `handle` (key, rate limit) and `operation` (routing) to `perform`, which parses it (`query`,
//! `fields`), applies it to the `state` (`accounts`, `users`) and renders the result (`wire`, `answer`). `store`
//! makes each change atomic, and durable if there is a `file`.
//!
//! Decisions where the document is silent:
//! * `filter[status][eq]`: `all` is everything but cancelled accounts, which come with `include_cancelled_accounts`;
//!   `active` is everything but cancelled accounts; `cancelled` selects them without that parameter.
//! * An empty list has one page. A page beyond the end is empty.
//! * An email that is taken, also by a cancelled account and in another case, is refused with 422.
//! * Disabling a blocked account leaves it blocked; enabling it is 422, and so is any change of a cancelled one.
//! * A `password` is checked for its type and forgotten.
//!
//! A data file belongs to one sandbox at a time: two would overwrite each other's changes.

mod accounts;
mod answer;
mod behavior;
mod delay;
mod fault;
mod fields;
mod file;
mod handle;
mod limit;
mod operation;
mod perform;
mod query;
mod seed;
mod stamp;
mod state;
mod store;
mod users;
mod wire;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{Router, serve::ListenerExt as _};
use secrecy::SecretString;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use file::DataFile;
use handle::Context;
use limit::Limiter;
use store::SandboxStore;

pub use seed::{Seed, SeedError};
pub use state::{
    Account, AccountStatus, Manager, Pool, RecordType, SandboxState, SignInStatus, User, UserGroup,
};

/// The time for requests in flight when the sandbox stops.
const GRACE: Duration = Duration::from_secs(5);

/// The configuration of a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// The port; 0 selects a free one.
    pub port: u16,
    /// The only accepted key.
    pub key: SecretString,
    /// The initial organization.
    pub seed: Seed,
    /// The data file. If it exists, it is loaded and the seed is ignored.
    pub data: Option<PathBuf>,
    /// Requests per second; `None` is unlimited.
    pub rate_limit: Option<u32>,
    /// Delay of each request, half before and half after it is handled.
    pub latency: Duration,
}

impl SandboxConfig {
    /// Any port, in memory, unlimited, without latency.
    #[must_use]
    pub fn new(key: SecretString, seed: Seed) -> Self {
        Self { port: 0, key, seed, data: None, rate_limit: None, latency: Duration::ZERO }
    }
}

/// A failure of a sandbox.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data file is not valid.
    #[error("loading the sandbox's data: {0}")]
    Load(#[from] SeedError),
    /// The data file could not be found or created.
    #[error("writing the sandbox's data to {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The port cannot be used.
    #[error("listening on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// The cause.
        source: io::Error,
    },
    /// The server ended by itself.
    #[error("serving the sandbox: {0}")]
    Serve(io::Error),
}

/// Starts a sandbox and returns once it listens.
///
/// # Errors
/// If the port cannot be used, or the data file cannot be read or written.
pub async fn start(config: SandboxConfig) -> Result<Running, Error> {
    let SandboxConfig { port, key, seed, data, rate_limit, latency } = config;
    let opening = tokio::task::spawn_blocking(move || open(seed, data.as_deref()));
    let store = Arc::new(opening.await.map_err(|error| Error::Serve(error.into()))??);
    let context = Arc::new(Context {
        store,
        key,
        latency,
        limiter: Limiter::new(rate_limit),
        requests: AtomicU64::new(0),
        writes: AtomicU64::new(0),
    });
    let listen = |source| Error::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, Arc::clone(&context), stopped));
    Ok(Running { address, context, stop, server })
}

/// Loads the data file, or creates it from the seed.
fn open(seed: Seed, data: Option<&Path>) -> Result<SandboxStore, Error> {
    let Some(path) = data else {
        return Ok(SandboxStore::new(seed.into_state(), None));
    };
    let file = DataFile::new(path);
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if file.path().try_exists().map_err(failed)? {
        let state = Seed::read(file.path())?.into_state();
        return Ok(SandboxStore::new(state, Some(file)));
    }
    let state = seed.into_state();
    store::write(&file, &state).map_err(failed)?;
    Ok(SandboxStore::new(state, Some(file)))
}

async fn serve(
    listener: TcpListener,
    context: Arc<Context>,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let router =
        Router::new().fallback(move |request| handle::handle(Arc::clone(&context), request));
    // Nagle's algorithm would delay small answers on a reused connection by 40 ms.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let stopped = async {
        let _ = stopped.await; // an error means that the `Running` was dropped
    };
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}

/// A running sandbox. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    context: Arc<Context>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Running {
    /// The base URL for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Stops it after finishing requests in flight.
    pub async fn stop(self) {
        let Self { stop, mut server, .. } = self;
        let _ = stop.send(()); // an error means that it has already ended
        if tokio::time::timeout(GRACE, &mut server).await.is_err() {
            server.abort();
        }
    }

    /// Waits until the server fails.
    ///
    /// # Errors
    /// The failure of the server.
    pub async fn wait(self) -> Result<(), Error> {
        let Self { stop: _stop, server, .. } = self;
        match server.await {
            Ok(ended) => ended.map_err(Error::Serve),
            Err(error) => Err(Error::Serve(error.into())),
        }
    }

    /// A snapshot of the organization.
    #[must_use]
    pub fn state(&self) -> Arc<SandboxState> {
        self.context.store.read()
    }

    /// The accounts, including cancelled ones, in order of creation.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        self.state().accounts.iter().map(|account| Account::clone(account)).collect()
    }

    /// The account with this email, in any case.
    #[must_use]
    pub fn account(&self, email: &str) -> Option<Account> {
        self.accounts().into_iter().find(|account| account.email.eq_ignore_ascii_case(email))
    }

    /// The users.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.state().users.iter().map(|user| User::clone(user)).collect()
    }

    /// The number of requests received.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.context.requests.load(Ordering::Relaxed)
    }

    /// The number of requests other than GET.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.context.writes.load(Ordering::Relaxed)
    }
}
