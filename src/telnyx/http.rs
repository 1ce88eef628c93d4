//! Requests: paced, sent, retried where that is safe, and answered within a size limit.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::{Client, Method, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, watch};
use url::Url;

use super::base_url::BaseUrl;
use super::client::{self, ConfigError, SessionConfig, api_client};
use super::error::{AnswerFault, Detail, Error, ErrorKind};
use super::failure::{lost, refusal};
use super::fence::Fence;
use super::pace::Pace;
use super::retry::{Attempts, Resend};
use super::wire;

/// The maximum size of an answer.
const LARGEST_ANSWER: usize = 64 << 20;
/// The consecutive refusals of the key after which sending stops.
const MOST_KEY_REFUSALS: u32 = 3;
/// The consecutive 429 answers without a wait after which sending stops.
const MOST_RATE_REFUSALS: u32 = 20;
/// The time for which sending stops: longer than a command needs to skip the rest, and shorter than the
/// interval of a schedule.
const GIVEN_UP: Duration = Duration::from_secs(30);

/// The connection of one key, which its requests share.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    config: SessionConfig,
    authorization: HeaderValue,
    pace: Pace,
    slots: Semaphore,
    account_pages: AtomicU64,
    user_pages: AtomicU64,
    answered: AtomicU64,
    stopped: watch::Sender<bool>,
    refusals: Mutex<RefusalCounter>,
}

/// Consecutive refusals whose reason is the key, not the request.
#[derive(Debug, Default)]
struct RefusalCounter {
    in_a_row: u32,
    /// The time until which nothing is sent.
    until: Option<Instant>,
}

impl RefusalCounter {
    /// Counts an answer, and returns true if sending should stop.
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

/// Progress of the requests of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestProgress {
    /// The number of pages of accounts that were read.
    pub account_pages: u64,
    /// The number of pages of users that were read.
    pub user_pages: u64,
    /// The number of answers since the session began, including refusals.
    pub answered: u64,
    /// The time for which the next request waits for the rate limit.
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
    /// A secret to redact if the answer repeats it.
    pub secret: Option<&'a SecretString>,
    /// The key by which Telnyx recognizes a repeated request.
    pub idempotency_key: Option<String>,
    /// The condition for sending it. Reads have none.
    pub fence: Option<&'a Fence>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub struct Answered<T> {
    /// The content of the answer.
    pub value: T,
    /// The request id (`x-request-id`), for Telnyx support.
    pub request_id: Option<Box<str>>,
}

impl<'a> Call<'a> {
    /// Creates a read.
    pub(super) fn get(segments: &[&'a str]) -> Self {
        Self::new(Method::GET, segments, None, Resend::Harmless)
    }

    /// Creates a write.
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

/// The failure of one attempt.
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
        let (key, authorization) = client::authorization(&config.key)?;
        let config = SessionConfig { key, ..config };
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
            account_pages: AtomicU64::new(0),
            user_pages: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            stopped: watch::Sender::new(false),
            refusals: Mutex::default(),
        })
    }

    pub(super) fn base_url(&self) -> &BaseUrl {
        &self.config.base_url
    }

    /// The idempotency key of a body. Equal bodies have equal keys, as the platform requires. It is an HMAC with
    /// the API key, so that it reveals nothing about a password in the body.
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
        let [account_pages, user_pages, answered] =
            [&self.account_pages, &self.user_pages, &self.answered]
                .map(|count| count.load(Ordering::Relaxed));
        RequestProgress { account_pages, user_pages, answered, held: self.pace.held() }
    }

    /// Counts a page of a list.
    pub(super) fn count_page(&self, of_users: bool) {
        let pages = if of_users { &self.user_pages } else { &self.account_pages };
        pages.fetch_add(1, Ordering::Relaxed);
    }

    /// Stops sending. Requests in flight continue.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits until [`stop`](Self::stop) is called.
    async fn stopped(&self) {
        // An error would mean that the sender is gone, but `self` owns it.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Sends a request until it succeeds or must not be retried.
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
            // A session that was stopped during an attempt does not retry it.
            let again = again.filter(|_| !*self.stopped.borrow() && !self.is_given_up());
            let Some(wait) = again else {
                return Err(Error {
                    method: method_name(&call.method),
                    // Ids in the path are API text, too.
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
            // After a 429 the pacer holds every request of the key.
            let longest = wait.max(self.pace.held());
            tracing::info!(method = %call.method, path = call.path(), reason = %failure.kind, wait = ?longest, "retrying");
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
        // A refusal with an unreadable body is still a refusal.
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
            tracing::warn!(reason, "sending stops");
        }
    }

    /// Returns true while sending is stopped because every request is refused.
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

/// Reads the body of an answer, up to the maximum size.
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
