//! A request from its arrival to its answer: latency, key, rate limit, operation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, header, request::Parts},
    response::Response,
};
use futures_util::StreamExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::{
    answer,
    behavior::RateLimitFields,
    fault::{Refusal, RequestFault},
    fields::MAX_BODY,
    limit::{Admission, Limiter},
    operation::{Family, family, route},
    perform,
    store::SandboxStore,
};

/// The context of all requests.
pub(super) struct Context {
    pub(super) store: Arc<SandboxStore>,
    pub(super) key: SecretString,
    pub(super) latency: Duration,
    pub(super) limiter: Limiter,
    pub(super) requests: AtomicU64,
    pub(super) writes: AtomicU64,
}

/// Answers a request. Every answer has an id; neither key nor query nor body is ever logged.
pub(super) async fn handle(context: Arc<Context>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    context.requests.fetch_add(1, Ordering::Relaxed);
    if parts.method != "GET" {
        context.writes.fetch_add(1, Ordering::Relaxed);
    }
    let body = read(body).await;
    wait(context.latency / 2).await;
    let mut answer = answer(&context, &parts, body).await;
    wait(context.latency / 2).await;
    let id = Uuid::new_v4().to_string();
    answer::set(&mut answer, HeaderName::from_static("x-request-id"), &id);
    tracing::debug!(method = %parts.method, path = parts.uri.path(), status = answer.status().as_u16(), "answered");
    answer
}

/// Waits for half of the latency. A client that times out in the second half loses the answer to a completed change.
async fn wait(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

async fn answer(context: &Arc<Context>, parts: &Parts, body: Result<Vec<u8>, Refusal>) -> Response {
    let path = parts.uri.path();
    let family = family(path);
    if !has_key(&parts.headers, &context.key) {
        return answer::unauthenticated(family);
    }
    let verdict = context.limiter.take(Instant::now());
    let mut answer = if verdict.allowed {
        perform(context, parts, body, family).await
    } else {
        answer::too_many()
    };
    describe_limit(&mut answer, &verdict, context.store.read().behavior.rate_limit_fields);
    answer
}

async fn perform(
    context: &Arc<Context>,
    parts: &Parts,
    body: Result<Vec<u8>, Refusal>,
    family: Family,
) -> Response {
    let operation = match route(&parts.method, parts.uri.path()) {
        Ok(operation) => operation,
        Err(unrouted) => return answer::unrouted(&unrouted),
    };
    let behavior = Arc::clone(&context.store.read().behavior);
    let access = match family {
        Family::Accounts => behavior.managed_accounts,
        Family::Users => behavior.users,
    };
    if let Some(refusal) = answer::access_refusal(family, access) {
        return refusal;
    }
    let input = perform::Input {
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body,
    };
    let done = perform::perform(&context.store, operation, input).await;
    done.unwrap_or_else(|refusal| answer::refused(family, &refusal))
}

fn has_key(headers: &HeaderMap, key: &SecretString) -> bool {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.split_once(' ').is_some_and(|(scheme, given)| {
        scheme.eq_ignore_ascii_case("bearer") && given.trim() == key.expose_secret()
    })
}

/// Sets the header fields that describe the rate limit, in one of the forms that servers use.
fn describe_limit(answer: &mut Response, verdict: &Admission, form: RateLimitFields) {
    let Admission { allowed: _, limit, remaining, reset } = verdict;
    let mut set = |name, value: String| answer::set(answer, HeaderName::from_static(name), &value);
    if form == RateLimitFields::Ietf {
        set("ratelimit-policy", format!("\"default\";q={limit};w=1"));
        set("ratelimit", format!("\"default\";r={remaining};t={reset}"));
        return;
    }
    set(
        "x-ratelimit-limit",
        match form {
            RateLimitFields::Policy => format!("{limit}, {limit};window=1"),
            _ => limit.to_string(),
        },
    );
    set("x-ratelimit-remaining", remaining.to_string());
    set(
        "x-ratelimit-reset",
        match form {
            RateLimitFields::ResetTime => {
                // Rounded up: at the named second, the window must have ended.
                let now = jiff::Timestamp::now();
                let begun = i64::from(now.subsec_nanosecond() > 0);
                (now.as_second() + begun).saturating_add_unsigned(*reset).to_string()
            }
            _ => reset.to_string(),
        },
    );
}

/// Reads a body. A body that is too long is read to its end but not kept: if the connection closed earlier, the
/// client would not see the answer.
async fn read(body: axum::body::Body) -> Result<Vec<u8>, Refusal> {
    let mut kept = Vec::new();
    let mut too_long = false;
    let mut stream = body.into_data_stream();
    while let Some(part) = stream.next().await {
        let part = part.map_err(|_| RequestFault::whole("The body could not be read."))?;
        too_long |= kept.len() + part.len() > MAX_BODY;
        if !too_long {
            kept.extend_from_slice(&part);
        }
    }
    if too_long {
        Err(RequestFault::whole("The body is longer than 1 MiB.").into())
    } else {
        Ok(kept)
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}
