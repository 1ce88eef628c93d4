//! The account API on loopback: a whole small organization over real HTTP, for trying things and for CI.
//!
//! It is written from the vendor's document alone and shares nothing with the client in this crate, so that one
//! doesn't inherit the mistakes of the other. It never talks to anything, and listens on 127.0.0.1 only.
//!
//! A request goes through `handle` (key, rate limit) and `operation` (which of the twelve) to `perform`, which
//! reads it (`query`, `fields`), asks the plain `state` (`accounts`, `users`) and shows the result
//! (`wire`, `answer`). `store` makes each change whole, and durable in a `file` if there is one.
//!
//! Where the document is silent, the sandbox decides:
//! * `filter[status][eq]`: `all` is everything but cancelled accounts, which come with `include_cancelled_accounts`;
//!   `active` is everything but cancelled accounts; `cancelled` gives them without being asked twice.
//! * A list of nothing has one page. A page beyond the end is empty.
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

/// How long requests in flight may take when the sandbox is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How a sandbox is to be.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// 0: any that is free.
    pub port: u16,
    /// The one key that it takes.
    pub key: SecretString,
    /// What it starts with.
    pub seed: Seed,
    /// Where its state is kept. A file that exists is loaded, and the seed ignored.
    pub data: Option<PathBuf>,
    /// Requests a second; `None` is unlimited.
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

/// Why a sandbox could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data file exists but is none.
    #[error("loading the sandbox's data: {0}")]
    Load(#[from] SeedError),
    /// The data file could not be looked for, or created.
    #[error("writing the sandbox's data to {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The port is taken, for example.
    #[error("listening on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The server ended by itself.
    #[error("serving the sandbox: {0}")]
    Serve(io::Error),
}

/// Starts a sandbox and returns once it listens.
///
/// # Errors
/// If the port cannot be had, or the data file cannot be read or written.
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
    // Small answers on a connection that is used again: waiting to fill a packet would cost 40 ms each.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let stopped = async {
        let _ = stopped.await; // an error says that the `Running` was dropped
    };
    axum::serve(listener, router).with_graceful_shutdown(stopped).await
}

/// A sandbox that listens. Dropping it stops it without waiting.
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

    /// Stops it: nothing new is taken, what is in flight is finished.
    pub async fn stop(self) {
        let Self { stop, mut server, .. } = self;
        let _ = stop.send(()); // an error says that it has ended already
        if tokio::time::timeout(GRACE, &mut server).await.is_err() {
            server.abort();
        }
    }

    /// Waits until the server ends, which it doesn't do by itself.
    ///
    /// # Errors
    /// If it ended because of one.
    pub async fn wait(self) -> Result<(), Error> {
        let Self { stop: _stop, server, .. } = self;
        match server.await {
            Ok(ended) => ended.map_err(Error::Serve),
            Err(error) => Err(Error::Serve(error.into())),
        }
    }

    /// Everything as it is now; later changes don't reach it.
    #[must_use]
    pub fn state(&self) -> Arc<SandboxState> {
        self.context.store.read()
    }

    /// The accounts, cancelled ones too, in order of creation.
    #[must_use]
    pub fn accounts(&self) -> Vec<Account> {
        self.state().accounts.iter().map(|account| Account::clone(account)).collect()
    }

    /// The account with this email, in whatever case.
    #[must_use]
    pub fn account(&self, email: &str) -> Option<Account> {
        self.accounts().into_iter().find(|account| account.email.eq_ignore_ascii_case(email))
    }

    /// The users.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.state().users.iter().map(|user| User::clone(user)).collect()
    }

    /// How many requests have come in, whatever the answer.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.context.requests.load(Ordering::Relaxed)
    }

    /// How many of them were something other than GET.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.context.writes.load(Ordering::Relaxed)
    }
}
