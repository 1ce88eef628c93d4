//! The web server: status page, probes, metrics and JSON. It reads a [`DaemonStatus`] and changes nothing.
//!
//! * `/`: the page. `/?refresh=60` reloads itself each minute.
//! * `/livez`: 200 while the main loop runs and the leadership leases are not out of reach for long, whatever Telnyx does;
//!   `/readyz`: 200 once every organization has had a run, or another daemon is its leader.
//! * `/metrics`: Prometheus text. `/api/v1/status`: JSON.
//!
//! The page has no login and shows names and emails, so it belongs on loopback or a private network. Pages of other
//! sites cannot read it: no answer allows cross-origin access, and requests for names outside [`Hosts`] are refused, which
//! stops DNS rebinding.

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

use super::status::DaemonStatus;

pub use health::{CUT_OFF_AFTER, STUCK_AFTER};
pub use hosts::Hosts;

/// The page needs its own stylesheet only.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JSON: &str = "application/json";
const PLAIN: &str = "text/plain; charset=utf-8";
/// The text format of Prometheus.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The source of the current time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The content of the web server, and its host names.
#[derive(Clone)]
pub struct Site {
    /// The status.
    pub status: watch::Receiver<Arc<DaemonStatus>>,
    /// The host names it answers to.
    pub hosts: Hosts,
    /// The clock for relative times.
    pub now: Clock,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, hosts, now: _ } = self;
        f.debug_struct("Site").field("status", status).field("hosts", hosts).finish_non_exhaustive()
    }
}

impl Site {
    fn status(&self) -> Arc<DaemonStatus> {
        Arc::clone(&self.status.borrow())
    }

    fn now(&self) -> Timestamp {
        (self.now)()
    }
}

/// Serves until `stop`, then gives requests in flight 3 s.
///
/// # Errors
/// If the listener fails permanently.
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
        .route("/", get(status_page))
        .route("/style.css", get(async || answer(StatusCode::OK, CSS, page::STYLE)))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .route("/api/v1/status", get(status_json))
        .fallback(async || answer(StatusCode::NOT_FOUND, PLAIN, "not found\n"))
        .method_not_allowed_fallback(async || {
            answer(StatusCode::METHOD_NOT_ALLOWED, PLAIN, "GET and HEAD only\n")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&site), guard))
        .with_state(site)
}

/// Refuses foreign host names, and adds the security headers to every answer.
async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut response = if site.hosts.allow(request.uri(), request.headers()) {
        next.run(request).await
    } else {
        let text = "unknown host name; add it to `hosts` (or --host)\n";
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

async fn status_page(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    match page::page(&site.status(), site.now(), uri.query() == Some("refresh=60")) {
        Ok(page) => answer(StatusCode::OK, HTML, page),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, PLAIN, "rendering the page failed\n"),
    }
}

async fn livez(State(site): State<Arc<Site>>) -> Response {
    probe(health::alive(&site.status(), site.now()))
}

async fn readyz(State(site): State<Arc<Site>>) -> Response {
    probe(health::ready(&site.status()))
}

fn probe(health: Result<(), String>) -> Response {
    match health {
        Ok(()) => answer(StatusCode::OK, PLAIN, "ok\n"),
        Err(error) => answer(StatusCode::SERVICE_UNAVAILABLE, PLAIN, error + "\n"),
    }
}

async fn metrics_text(State(site): State<Arc<Site>>) -> Response {
    answer(StatusCode::OK, PROMETHEUS, metrics::text(&site.status()))
}

async fn status_json(State(site): State<Arc<Site>>) -> Response {
    answer(StatusCode::OK, JSON, json::status(&site.status()))
}
