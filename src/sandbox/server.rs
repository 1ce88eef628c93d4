//! The sandbox as a server: HTTP around the operations, the key, the rate limit and the disk.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body as HttpBody, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::header::{ACCEPT, ALLOW, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio::sync::{RwLock, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::answer::{Answer, Body, Family};
use super::limit::{Limit, Told};
use super::persist::{self, DataError};
use super::routes::{Operation, Request, Route, route};
use super::seed::Seed;

/// A body is no larger than this, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// The only key that is let in.
    pub key: SecretString,
    /// What it starts with, unless there is a file of data.
    pub seed: Seed,
    /// Where the state is kept. `None`: in memory only.
    pub data: Option<PathBuf>,
    /// How many requests a second are let in. `None`: all.
    pub rate_limit: Option<u32>,
    /// How long each request waits before it is looked at.
    pub latency: Duration,
}

impl Config {
    /// Any free port, state in memory, no limit, no latency.
    #[must_use]
    pub fn new(key: SecretString, seed: Seed) -> Self {
        Self { port: 0, key, seed, data: None, rate_limit: None, latency: Duration::ZERO }
    }
}

/// Why a sandbox could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing can listen on that port.
    #[error("listening on 127.0.0.1:{port}: {error}")]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        error: std::io::Error,
    },
    /// The state cannot be kept in the file that was named.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// A sandbox that listens.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    key: SecretString,
    state: RwLock<Seed>,
    data: Option<PathBuf>,
    limit: StdMutex<Limit>,
    latency: Duration,
}

/// Starts a sandbox; when this returns it listens.
///
/// # Errors
///
/// When the port is taken, or the file of data cannot be used.
pub async fn start(config: Config) -> Result<Running, Error> {
    let Config { port, key, seed, data, rate_limit, latency } = config;
    let state = match &data {
        Some(path) => persist::open(path, seed)?,
        None => seed,
    };
    let listen = |error| Error::Listen { port, error };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let limit = StdMutex::new(Limit::new(rate_limit, Instant::now()));
    let shared = Arc::new(Shared { key, state: RwLock::new(state), data, limit, latency });
    let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(async move {
        let until_stopped = async move {
            // An error means that nobody can ask any more: that is a stop too.
            let _ = stopped.await;
        };
        let served = axum::serve(listener, router).with_graceful_shutdown(until_stopped).await;
        if let Err(error) = served {
            tracing::error!(%error, "the sandbox has ended");
        }
    });
    Ok(Running { address, shared, stop, server })
}

impl Running {
    /// Where it listens, for example `http://127.0.0.1:8484/v2`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v2", self.address)
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it holds now.
    pub async fn state(&self) -> Seed {
        self.shared.state.read().await.clone()
    }

    /// Changes what it holds, past the API: as the portal, or somebody else's hand, would.
    pub async fn change(&self, change: impl FnOnce(&mut Seed)) {
        change(&mut *self.shared.state.write().await);
    }

    /// Stops it; requests that are under way are answered, for half a second at most.
    pub async fn stop(self) {
        let Self { stop, mut server, .. } = self;
        // It may have ended already.
        let _ = stop.send(());
        // Connections that clients keep open would keep the server.
        if tokio::time::timeout(Duration::from_millis(500), &mut server).await.is_err() {
            server.abort();
        }
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: HttpRequest) -> Response {
    tokio::time::sleep(shared.latency).await;
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let below = path.strip_prefix("/v2").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let decoded: Vec<String> = below.unwrap_or(path).split('/').skip(1).map(decode).collect();
    let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let operation = match route(parts.method.as_str(), &segments) {
        Route::To(operation) => operation,
        Route::Nowhere => return respond(Answer::not_found(Family::Users), None, None),
        Route::OtherMethod(allowed) => {
            return respond(Answer::method_not_allowed(), None, Some(allowed));
        }
    };
    if !shared.lets_in(&parts.headers) {
        return respond(Answer::unauthenticated(operation.family()), None, None);
    }
    let told = shared.limit.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
    if told.refused {
        return respond(Answer::too_many(), Some(told), None);
    }
    let answer = shared.perform(&operation, &parts, body).await;
    respond(answer, Some(told), None)
}

impl Shared {
    fn lets_in(&self, headers: &HeaderMap) -> bool {
        let given = header(headers, &AUTHORIZATION).strip_prefix("Bearer ").map(str::trim);
        given == Some(self.key.expose_secret())
    }

    async fn perform(
        &self,
        operation: &Operation,
        parts: &axum::http::request::Parts,
        body: HttpBody,
    ) -> Answer {
        let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
            let problem = super::answer::Invalid::field("", "The body is too large.");
            return Answer::invalid(operation.family(), &[problem]);
        };
        let request = Request {
            query: parts.uri.query().unwrap_or_default(),
            accept: header(&parts.headers, &ACCEPT),
            content_type: header(&parts.headers, &CONTENT_TYPE),
            body: &body,
        };
        if !operation.changes() {
            let answer = operation.read(&*self.state.read().await, request);
            return answer.unwrap_or_else(|| Answer::not_found(operation.family()));
        }
        self.change(operation, request).await
    }

    /// A change is made to a copy, which becomes the state once it is on disk.
    async fn change(&self, operation: &Operation, request: Request<'_>) -> Answer {
        let mut state = self.state.write().await;
        let Some(path) = self.data.clone() else {
            return operation.change(&mut state, request);
        };
        let mut next = state.clone();
        let answer = operation.change(&mut next, request);
        if answer.status != 200 {
            return answer;
        }
        let written = tokio::task::spawn_blocking(move || {
            persist::write(&path, &next)?;
            Ok::<_, DataError>(next)
        });
        match written.await {
            Ok(Ok(next)) => {
                *state = next;
                answer
            }
            failed => {
                tracing::error!(?failed, "the change could not be kept, and was not made");
                Answer { status: 500, body: Body::Nothing }
            }
        }
    }
}

fn decode(segment: &str) -> String {
    let plus = segment.replace('+', "%2B");
    let decoded = url::form_urlencoded::parse(plus.as_bytes()).next();
    decoded.map(|(name, _)| name.into_owned()).unwrap_or_default()
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn respond(answer: Answer, told: Option<Told>, allowed: Option<&'static str>) -> Response {
    let Answer { status, body } = answer;
    let (kind, body) = match body {
        Body::Nothing => (None, HttpBody::empty()),
        Body::Json(value) => {
            (Some("application/json; charset=utf-8"), HttpBody::from(value.to_string()))
        }
        Body::Csv(text) => (Some("text/csv; charset=utf-8"), HttpBody::from(text)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(HeaderName::from_static("x-request-id"), &Uuid::new_v4().to_string());
    if let Some(kind) = kind {
        set(CONTENT_TYPE, kind);
    }
    if let Some(allowed) = allowed {
        set(ALLOW, allowed);
    }
    if let Some(Told { limit, remaining, reset, refused }) = told {
        set(HeaderName::from_static("x-ratelimit-limit"), &limit.to_string());
        set(HeaderName::from_static("x-ratelimit-remaining"), &remaining.to_string());
        set(HeaderName::from_static("x-ratelimit-reset"), &reset.to_string());
        if refused {
            set(RETRY_AFTER, &reset.to_string());
        }
    }
    response
}
