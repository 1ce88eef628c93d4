//! One request: paced, sent, sent again where that is safe, and its answer read within bounds.

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::{Client, Method, Response, StatusCode, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, watch};
use url::Url;

use super::base_url::BaseUrl;
use super::error::{AnswerFault, Detail, Error, ErrorKind};
use super::fence::Fence;
use super::pace::Pace;
use super::retry::{Attempts, Resend, RetryBudget};
use super::wire;

/// No answer is read beyond this.
const LARGEST_ANSWER: usize = 64 << 20;
/// The refusals of the key in a row after which nothing more is sent.
const MOST_KEY_REFUSALS: u32 = 3;
/// The 429 answers in a row without a wait after which nothing more is sent.
const MOST_RATE_REFUSALS: u32 = 20;
/// The time for which nothing is sent then: longer than a command needs to skip the rest, and shorter than the
/// interval of a schedule.
const GIVEN_UP: Duration = Duration::from_secs(30);
const NOT_PRINTABLE: &str = "contains a character that no key has";
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How to reach Telnyx.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// Where the API is.
    pub base_url: BaseUrl,
    /// The key that goes with every request.
    pub key: SecretString,
    /// How long one attempt of a request may take, its answer included.
    pub timeout: Duration,
    /// How many requests may be under way at once.
    pub parallelism: usize,
    /// How long and how often requests are sent again.
    pub retry: RetryBudget,
    /// A client whose connections are shared with other sessions at the same base URL. `None`: an own one.
    pub client: Option<Client>,
}

impl SessionConfig {
    /// A configuration with the command line's defaults: 30 seconds, 16 requests at once.
    #[must_use]
    pub fn new(base_url: BaseUrl, key: SecretString) -> Self {
        Self {
            base_url,
            key,
            timeout: Duration::from_secs(30),
            parallelism: 16,
            retry: RetryBudget::default(),
            client: None,
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The key is not a bare key.
    #[error("the API key {0}")]
    Key(&'static str),
    /// There is no key.
    #[error("the API key is empty")]
    NoKey,
    /// The TLS or connection settings of this machine cannot be used.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// The only place where an HTTP client is made: its TLS provider has to be there first.
///
/// It follows no redirect, for the key would go along, and sends nothing again by itself. One for plain
/// HTTP to this machine, `loopback`, goes through no proxy and needs no certificates: a bare container
/// has none. With none a TLS connection fails.
///
/// # Errors
///
/// When the TLS or connection settings of this machine cannot be used.
pub fn client(timeout: Duration, loopback: bool) -> Result<Client, reqwest::Error> {
    build(timeout, !loopback, !loopback)
}

/// Creates a client for the API, which sessions at the same base URL can share.
///
/// # Errors
///
/// If the TLS or connection settings of this machine cannot be used.
pub fn api_client(base_url: &BaseUrl, timeout: Duration) -> Result<Client, ConfigError> {
    Ok(build(timeout, !base_url.is_loopback(), base_url.is_encrypted())?)
}

fn build(timeout: Duration, proxy: bool, certificates: bool) -> Result<Client, reqwest::Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that another provider is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let builder = Client::builder()
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        // What else is compiled in may bring http2: there nobody can say whether a request has left.
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .connect_timeout(CONNECT.min(timeout))
        .timeout(timeout);
    let builder = if proxy { builder } else { builder.no_proxy() };
    if certificates { builder } else { builder.tls_certs_only([]) }.build()
}

/// The connection of one key: everything that its requests share.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    config: SessionConfig,
    authorization: HeaderValue,
    pace: Pace,
    slots: Semaphore,
    answered: AtomicU64,
    stopped: watch::Sender<bool>,
    refusals: Mutex<Refusals>,
}

/// Refusals in a row that have nothing to do with the single request.
#[derive(Debug, Default)]
struct Refusals {
    in_a_row: u32,
    /// The time until which nothing is sent.
    until: Option<Instant>,
}

impl Refusals {
    /// Counts an answer, and returns true if no more requests are worth sending.
    fn count(&mut self, most: Option<u32>, now: Instant) -> bool {
        let Some(most) = most else {
            *self = Self::default();
            return false;
        };
        self.in_a_row += 1;
        if self.in_a_row >= most {
            self.until = Some(now + GIVEN_UP);
        }
        self.until.is_some()
    }

    fn is_given_up(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

/// How far the requests of one key are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestProgress {
    /// How many requests were answered since the connection was made, refusals too.
    pub answered: u64,
    /// How long the next request has to wait for the rate limit. Zero: it need not.
    pub held: Duration,
}

/// One request, before it is sent.
pub(super) struct Call<'a> {
    pub method: Method,
    pub segments: Vec<&'a str>,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<String>,
    pub accept: &'static str,
    pub resend: Resend,
    /// What must not show in an error's text, should the answer repeat it.
    pub secret: Option<&'a SecretString>,
    /// The key by which Telnyx recognizes a repeated request.
    pub idempotency_key: Option<String>,
    /// The condition under which it may be sent. Reads have none.
    pub fence: Option<&'a Fence>,
}

/// What a request was answered with.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    /// What the answer says.
    pub value: T,
    /// Telnyx's identity of the request (`x-request-id`), for its support.
    pub request_id: Option<Box<str>>,
}

impl<'a> Call<'a> {
    /// A read.
    pub(super) fn get(segments: &[&'a str]) -> Self {
        Self::new(Method::GET, segments, None, Resend::Harmless)
    }

    /// A change.
    pub(super) fn change(
        method: Method,
        segments: &[&'a str],
        body: Option<String>,
        resend: Resend,
    ) -> Self {
        Self::new(method, segments, body, resend)
    }

    fn new(method: Method, segments: &[&'a str], body: Option<String>, resend: Resend) -> Self {
        let segments = segments.to_vec();
        Self {
            method,
            segments,
            query: Vec::new(),
            body,
            accept: "application/json",
            resend,
            secret: None,
            idempotency_key: None,
            fence: None,
        }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    fn path(&self) -> String {
        format!("/{}", self.segments.join("/"))
    }
}

/// What went wrong with one attempt.
struct AttemptFailure {
    kind: ErrorKind,
    details: Box<[Detail]>,
    request_id: Option<Box<str>>,
}

impl From<ErrorKind> for AttemptFailure {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, details: Box::default(), request_id: None }
    }
}

impl Http {
    pub(super) fn new(config: SessionConfig) -> Result<Self, ConfigError> {
        // From here on the key is what is sent: a key file's line break would hide it from redaction.
        let key = SecretString::from(config.key.expose_secret().trim());
        let config = SessionConfig { key, ..config };
        let key = config.key.expose_secret();
        if key.is_empty() {
            return Err(ConfigError::NoKey);
        }
        if let Some(flaw) = flaw(key) {
            return Err(ConfigError::Key(flaw));
        }
        let mut authorization = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| ConfigError::Key(NOT_PRINTABLE))?;
        authorization.set_sensitive(true);
        let client = match &config.client {
            Some(client) => client.clone(),
            None => api_client(&config.base_url, config.timeout)?,
        };
        let slots = Semaphore::new(config.parallelism.clamp(1, 1024));
        Ok(Self {
            client,
            config,
            authorization,
            pace: Pace::default(),
            slots,
            answered: AtomicU64::new(0),
            stopped: watch::Sender::new(false),
            refusals: Mutex::default(),
        })
    }

    pub(super) fn base_url(&self) -> &BaseUrl {
        &self.config.base_url
    }

    /// The idempotency key of a body. Equal bodies have equal keys, as the platform demands. The API key is part
    /// of it, so that it reveals nothing about a password in the body.
    pub(super) fn idempotency_key(&self, body: &str) -> String {
        let key = ring::hmac::Key::new(
            ring::hmac::HMAC_SHA256,
            self.config.key.expose_secret().as_bytes(),
        );
        let tag = ring::hmac::sign(&key, body.as_bytes());
        let hexadecimal = tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}"));
        format!("trunkline-{}", hexadecimal.collect::<String>())
    }

    pub(super) fn progress(&self) -> RequestProgress {
        RequestProgress { answered: self.answered.load(Ordering::Relaxed), held: self.pace.held() }
    }

    /// From now on nothing is sent; what is under way is left alone.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Returns when [`stop`](Self::stop) was called.
    async fn stopped(&self) {
        // The sender lives as long as this does, so there is no other end.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Sends a request until it is answered well, or must not be sent again.
    pub(super) async fn send<T>(
        &self,
        call: &Call<'_>,
        read: impl Fn(&[u8]) -> Result<T, AnswerFault>,
    ) -> Result<Answered<T>, Error> {
        let mut attempts = Attempts::new(call.resend, self.config.retry);
        let mut earlier_lost = false;
        loop {
            let failure = match self.attempt(call, &read).await {
                Ok(answered) => return Ok(answered),
                Err(failure) => failure,
            };
            let again = attempts.after(&failure.kind, Instant::now());
            tracing::debug!(method = %call.method, path = call.path(), failure = %failure.kind, again = again.is_some(), "request failed");
            // A session that was stopped while an attempt was under way sends it no second time.
            let again = again.filter(|_| !*self.stopped.borrow() && !self.is_given_up());
            let Some(wait) = again else {
                return Err(Error {
                    method: method_name(&call.method),
                    // An id comes from the other side too.
                    path: wire::clean(&call.path()).into(),
                    kind: failure.kind,
                    details: failure.details,
                    request_id: failure.request_id,
                    earlier_lost,
                    attempts: attempts.count(),
                    unversioned: !self.config.base_url.is_versioned(),
                });
            };
            earlier_lost |= failure.kind.may_have_happened();
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stopped() => {}
            }
        }
    }

    async fn attempt<T>(
        &self,
        call: &Call<'_>,
        read: &impl Fn(&[u8]) -> Result<T, AnswerFault>,
    ) -> Result<Answered<T>, AttemptFailure> {
        let url = self.config.base_url.join(&call.segments, &call.query).ok_or(ErrorKind::BadId)?;
        let turn = async { (self.slots.acquire().await, self.pace.leave().await) };
        let (_slot, leave) = tokio::select! {
            biased;
            () = self.stopped() => return Err(ErrorKind::Stopped.into()),
            turn = turn => turn,
        };
        if self.is_given_up() {
            return Err(ErrorKind::Stopped.into());
        }
        let sent = self.request(call, url).send();
        let response = match call.fence {
            Some(fence) => fence.guard(sent).await?,
            None => sent.await,
        };
        let response = response.map_err(|error| lost(&error))?;
        let status = response.status();
        let secrets: Vec<&SecretString> =
            [&self.config.key].into_iter().chain(call.secret).collect();
        let request_id = header(response.headers(), "x-request-id", &secrets);
        let now = jiff::Timestamp::now();
        let waits = super::pace::retry_after(response.headers(), now);
        leave.answered(status, response.headers());
        self.answered.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(method = %call.method, path = call.path(), status = status.as_u16(), "answered");
        if status.is_success() {
            self.count_refusal(None, "");
            let body = body(response).await?;
            let value = read(&body).map_err(ErrorKind::Answer);
            return value
                .map(|value| Answered { value, request_id: request_id.clone() })
                .map_err(|kind| AttemptFailure { request_id, ..AttemptFailure::from(kind) });
        }
        // A refusal that cannot be read is a refusal all the same.
        let body = body(response).await.unwrap_or_default();
        let details = wire::details(&body, &secrets);
        let kind = refusal(status);
        match kind {
            ErrorKind::RateLimited if waits.is_some_and(|wait| wait.is_zero()) => {
                self.count_refusal(
                    Some(MOST_RATE_REFUSALS),
                    "the rate limit refuses every request",
                );
            }
            _ if Error::refuses_key(&kind, &details) => {
                self.count_refusal(Some(MOST_KEY_REFUSALS), "the key is refused for every request");
            }
            _ => {}
        }
        Err(AttemptFailure { kind, details, request_id })
    }

    fn count_refusal(&self, most: Option<u32>, reason: &str) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refusals.until.is_some();
        if refusals.count(most, Instant::now()) && !before {
            tracing::warn!(reason, "nothing more is sent");
        }
    }

    /// Returns true while nothing is sent because every request is refused.
    fn is_given_up(&self) -> bool {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).is_given_up(Instant::now())
    }

    fn request(&self, call: &Call<'_>, url: Url) -> reqwest::RequestBuilder {
        let request = self
            .client
            .request(call.method.clone(), url)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, call.accept);
        let request = match &call.idempotency_key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        };
        match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            // RFC 9110, 8.6: without it some gateways refuse a POST with a 411.
            None if call.method == Method::POST => request.header(CONTENT_LENGTH, 0),
            None => request,
        }
    }
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::PATCH => "PATCH",
        _ => "POST",
    }
}

fn header(headers: &HeaderMap, name: &str, secrets: &[&SecretString]) -> Option<Box<str>> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(wire::fit(text, secrets).into())
}

/// What a status other than success means.
fn refusal(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        429 => ErrorKind::RateLimited,
        status @ (400 | 422) => ErrorKind::Invalid(status),
        status @ 300..400 => ErrorKind::Redirected(status),
        status @ 400..500 => ErrorKind::Rejected(status),
        status => ErrorKind::Server(status),
    }
}

/// What an attempt without an answer means.
fn lost(error: &reqwest::Error) -> ErrorKind {
    // Asked first: a connection that was not made in time has sent nothing either.
    if is_untrusted(error) {
        return ErrorKind::Certificate(root(error));
    }
    if error.is_connect() {
        return ErrorKind::Connect(root(error));
    }
    if error.is_timeout() {
        return ErrorKind::Timeout;
    }
    ErrorKind::Broken(root(error))
}

/// Returns true if the certificate of the server was rejected.
fn is_untrusted(error: &reqwest::Error) -> bool {
    let mut reason = error.source();
    while let Some(error) = reason {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = inner
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .or_else(|| error.downcast_ref());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        // An I/O error passes over its own inner error.
        reason = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// Names what makes a text something other than a bare key.
fn flaw(key: &str) -> Option<&'static str> {
    if key.starts_with('\u{feff}') {
        return Some("starts with a byte order mark");
    }
    if key.starts_with(['"', '\'', '`', '\u{201c}']) || key.ends_with(['"', '\'', '`', '\u{201d}'])
    {
        return Some("is in quotation marks");
    }
    if key.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        return Some("starts with \"Bearer\"");
    }
    if key.contains(char::is_whitespace) {
        return Some("contains a space or a line break");
    }
    key.contains(|c: char| !c.is_ascii_graphic()).then_some(NOT_PRINTABLE)
}

/// The innermost reason: the outer ones only say that a request failed.
fn root(error: &reqwest::Error) -> String {
    let mut reason = error.source();
    while let Some(inner) = reason.and_then(std::error::Error::source) {
        reason = Some(inner);
    }
    reason.map_or_else(|| "no reason given".to_owned(), |reason| wire::clean(&reason.to_string()))
}

/// The body of an answer, if it is whole and within bounds.
async fn body(mut response: Response) -> Result<Vec<u8>, ErrorKind> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_ANSWER => {
                return Err(ErrorKind::Answer(AnswerFault::TooLarge(LARGEST_ANSWER)));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) if error.is_timeout() => return Err(ErrorKind::Timeout),
            Err(_) => return Err(ErrorKind::Answer(AnswerFault::Cut)),
        }
    }
}
