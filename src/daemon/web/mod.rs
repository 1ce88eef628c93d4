//! What can be asked of a daemon over HTTP, and a page for people. It reads a [`Status`] and never changes anything.
//!
//! * `/`: the page. `/?refresh=60` reloads itself each minute; nothing else moves by itself.
//! * `/livez`: 200 while the loop turns, whatever Telnyx does; `/readyz`: 200 once every organization had a run,
//!   or another daemon watches it.
//! * `/metrics`: Prometheus text. `/api/v1/status`: JSON.
//!
//! There is no login: it shows names and emails to whoever reaches it, so it belongs on loopback or a private
//! network. A page of another site cannot read it: no answer allows that, and a name that is not among [`Hosts`]
//! is refused, so that a foreign name which is made to point here does not help.

mod connections;
mod health;
mod hosts;
mod json;
mod metrics;
mod page;

use std::{fmt, io, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode, Uri,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::watch};

use super::status::Status;

pub use health::STUCK_AFTER;
pub use hosts::Hosts;

/// Just what the page needs: its own stylesheet.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const PLAIN: &str = "text/plain; charset=utf-8";
/// The text format of Prometheus.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What is shown, and to whom.
#[derive(Clone)]
pub struct Site {
    /// How the daemon stands, now and from now on.
    pub status: watch::Receiver<Arc<Status>>,
    /// The names it answers to.
    pub hosts: Hosts,
    /// What ages are counted from.
    pub now: Clock,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, hosts, now: _ } = self;
        f.debug_struct("Site").field("status", status).field("hosts", hosts).finish_non_exhaustive()
    }
}

impl Site {
    fn status(&self) -> Arc<Status> {
        Arc::clone(&self.status.borrow())
    }

    fn now(&self) -> Timestamp {
        (self.now)()
    }
}

/// Answers until told to stop; what is being answered then is finished, but nobody is waited for longer than 3 s.
///
/// # Errors
/// If the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    site: Site,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    connections::answer(listener, router(site), stop).await
}

fn router(site: Site) -> Router {
    let site = Arc::new(site);
    Router::new()
        .route("/", get(people))
        .route("/style.css", get(async || answer(StatusCode::OK, CSS, page::STYLE)))
        .route("/livez", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
        .route("/api/v1/status", get(programs))
        .fallback(async || answer(StatusCode::NOT_FOUND, PLAIN, "not found\n"))
        .method_not_allowed_fallback(async || {
            answer(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "GET and HEAD only\n")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&site), at_the_door))
        .with_state(site)
}

/// Refuses foreign names, and gives every answer its headers.
async fn at_the_door(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut response = if site.hosts.allow(request.uri(), request.headers()) {
        next.run(request).await
    } else {
        let text = "this name is not among those the daemon answers to\n";
        answer(StatusCode::MISDIRECTED_REQUEST, PLAIN, text)
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

fn answer(status: StatusCode, kind: &'static str, text: impl Into<String>) -> Response {
    (status, [(CONTENT_TYPE, kind)], text.into()).into_response()
}

async fn people(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    match page::page(&site.status(), site.now(), uri.query() == Some("refresh=60")) {
        Ok(page) => answer(StatusCode::OK, HTML, page),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "the page cannot be written\n"),
    }
}

async fn alive(State(site): State<Arc<Site>>) -> Response {
    said(health::alive(&site.status(), site.now()))
}

async fn ready(State(site): State<Arc<Site>>) -> Response {
    said(health::ready(&site.status()))
}

fn said(health: Result<(), String>) -> Response {
    match health {
        Ok(()) => answer(StatusCode::OK, PLAIN, "ok\n"),
        Err(why) => answer(StatusCode::SERVICE_UNAVAILABLE, PLAIN, why + "\n"),
    }
}

async fn numbers(State(site): State<Arc<Site>>) -> Response {
    answer(StatusCode::OK, PROMETHEUS, metrics::text(&site.status()))
}

async fn programs(State(site): State<Arc<Site>>) -> Response {
    answer(StatusCode::OK, JSON, json::status(&site.status()))
}
