//! A proxy between the program and a sandbox, which records requests and can inject faults.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

/// The treatment of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Let it pass.
    None,
    /// Let it pass, but answer with a gateway's error page.
    AnswerLost,
    /// Answer with an error page, and let nothing pass.
    RequestLost,
    /// Refuse it with this status, and let nothing pass.
    Refused(u16),
    /// Let nothing pass, and answer with this.
    Instead(&'static str),
    /// Let nothing pass, and never answer.
    Silence,
    /// Let it pass, and report one item more than a list has.
    Miscounted,
    /// Refuse it with this status and repeat everything that was sent, in every text of the answer.
    Echoed(u16),
    /// Let it pass, and repeat the first answer to the same request, as a list that lags behind.
    Outdated,
}

/// The cookie of each answer.
pub(crate) const COOKIE: &str = "canary-session-of-a-cookie";

/// Returns the fault of a request, by its method, path and body.
type Faults = dyn Fn(&str, &str, &str) -> Fault + Send + Sync;

pub(crate) struct Proxy {
    pub(crate) url: String,
    passed: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<String>>,
}

struct Shared {
    target: String,
    client: reqwest::Client,
    passed: Arc<Mutex<Vec<String>>>,
    heard: Arc<Mutex<String>>,
    /// The first answer to each request.
    first: Mutex<HashMap<String, Vec<u8>>>,
    faults: Box<Faults>,
}

impl Proxy {
    /// Starts a proxy to `target`, a base URL that ends with `/v2`.
    pub(crate) async fn start(
        target: &str,
        faults: impl Fn(&str, &str, &str) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let passed = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::new(Mutex::new(String::new()));
        let shared = Shared {
            target: target.trim_end_matches("/v2").to_owned(),
            client: trunkline::telnyx::client(Duration::from_secs(10), true).unwrap(),
            passed: Arc::clone(&passed),
            heard: Arc::clone(&heard),
            first: Mutex::default(),
            faults: Box::new(faults),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v2", listener.local_addr().unwrap());
        let router = Router::new().fallback(forward).with_state(Arc::new(shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, passed, heard }
    }

    /// The requests since the last call, as `METHOD path`.
    pub(crate) fn passed(&self) -> Vec<String> {
        std::mem::take(&mut self.passed.lock().unwrap())
    }

    /// Returns true if a request contained this text, in a header or the body.
    pub(crate) fn heard(&self, text: &str) -> bool {
        self.heard.lock().unwrap().contains(text)
    }

    /// The headers and bodies of all requests.
    pub(crate) fn all(&self) -> String {
        self.heard.lock().unwrap().clone()
    }

    /// The requests since the last call that were not reads.
    pub(crate) fn changes(&self) -> Vec<String> {
        self.passed().into_iter().filter(|line| !line.starts_with("GET ")).collect()
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    shared.passed.lock().unwrap().push(format!("{method} {path}"));
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let sent = format!("{:?} {}", parts.headers, String::from_utf8_lossy(&body));
    shared.heard.lock().unwrap().push_str(&sent);
    let fault = (shared.faults)(&method, &path, &String::from_utf8_lossy(&body));
    if let Fault::Echoed(status) = fault {
        return echo(status, &sent);
    }
    if fault == Fault::Silence {
        std::future::pending::<()>().await;
    }
    let lost = (StatusCode::BAD_GATEWAY, "<html>bad gateway</html>").into_response();
    if fault == Fault::RequestLost {
        return lost;
    }
    if let Fault::Instead(answer) = fault {
        return ([("content-type", "application/json")], answer).into_response();
    }
    if let Fault::Refused(status) = fault {
        let error =
            r#"{"errors":[{"code":"10015","title":"Refused","detail":"The test said so."}]}"#;
        return (StatusCode::from_u16(status).unwrap(), error).into_response();
    }
    let line = format!("{method} {}", parts.uri);
    let url = format!("{}{}", shared.target, parts.uri);
    let mut headers: HeaderMap = parts.headers;
    headers.remove("host");
    headers.remove("content-length");
    let sent = shared.client.request(parts.method, url).headers(headers).body(body).send();
    let answer = sent.await.unwrap();
    if fault == Fault::AnswerLost {
        return lost;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    let cookie = format!("session={COOKIE}").parse().unwrap();
    response.headers_mut().insert("set-cookie", cookie);
    let mut body = answer.bytes().await.unwrap().to_vec();
    let first = shared.first.lock().unwrap().entry(line).or_insert_with(|| body.clone()).clone();
    if fault == Fault::Outdated {
        response.headers_mut().remove("content-length");
        body = first;
    }
    if fault == Fault::Miscounted {
        let mut page: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let total = page["meta"]["total_results"].as_u64().unwrap();
        page["meta"]["total_results"] = (total + 1).into();
        body = page.to_string().into_bytes();
        response.headers_mut().remove("content-length");
    }
    *response.body_mut() = Body::from(body);
    response
}

/// An answer that repeats what was sent.
fn echo(status: u16, sent: &str) -> Response {
    let error = serde_json::json!({
        "code": sent, "title": sent, "detail": sent, "source": { "pointer": sent }, "meta": { "url": sent },
    });
    let body = serde_json::json!({ "errors": [error], "data": sent }).to_string();
    let status = StatusCode::from_u16(status).unwrap();
    (status, [("set-cookie", format!("session={COOKIE}"))], body).into_response()
}
