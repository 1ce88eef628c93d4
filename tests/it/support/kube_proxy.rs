//! A proxy between a program and an API server, which can be away, lose answers, and hold back the changes of a watch.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::kube::ApiServer;

/// The treatment of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KubeFault {
    None,
    /// Let it pass, but answer with an error.
    AnswerLost,
    /// Let nothing pass.
    Away,
}

/// The treatment of what a watch reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watches {
    Pass,
    Hold,
    /// End the watches that were held, as if they had nothing to report.
    End,
}

/// Returns the fault of a request, by its method and path.
type Faults = dyn Fn(&str, &str) -> KubeFault + Send + Sync;

pub(crate) struct KubeProxy {
    /// The address, as a kubeconfig names it.
    pub(crate) origin: String,
    watches: watch::Sender<Watches>,
}

struct Shared {
    target: String,
    client: reqwest::Client,
    watches: watch::Receiver<Watches>,
    faults: Box<Faults>,
}

impl KubeProxy {
    pub(crate) async fn start(
        server: &ApiServer,
        faults: impl Fn(&str, &str) -> KubeFault + Send + Sync + 'static,
    ) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let certificate = std::fs::read(server.certificate()).unwrap();
        let authorities = reqwest::Certificate::from_pem_bundle(&certificate).unwrap();
        let client = authorities
            .into_iter()
            .fold(reqwest::Client::builder(), reqwest::ClientBuilder::add_root_certificate)
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .build()
            .unwrap();
        let (sender, watches) = watch::channel(Watches::Pass);
        let shared = Shared { target: server.origin(), client, watches, faults: Box::new(faults) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(forward).with_state(Arc::new(shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { origin, watches: sender }
    }

    pub(crate) fn watches(&self, treatment: Watches) {
        self.watches.send_replace(treatment);
    }
}

async fn forward(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 4 << 20).await.unwrap();
    let fault = (shared.faults)(parts.method.as_str(), parts.uri.path());
    let lost = || (StatusCode::BAD_GATEWAY, "<html>bad gateway</html>").into_response();
    if fault == KubeFault::Away {
        return lost();
    }
    let is_watch = parts.uri.query().is_some_and(|query| query.contains("watch="));
    let mut headers: HeaderMap = parts.headers;
    headers.remove("host");
    headers.remove("content-length");
    let url = format!("{}{}", shared.target, parts.uri);
    let sent = shared.client.request(parts.method, url).headers(headers).body(body).send();
    let Ok(answer) = sent.await else { return lost() };
    if fault == KubeFault::AnswerLost {
        return lost();
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    response.headers_mut().remove("transfer-encoding");
    let watches = shared.watches.clone();
    let chunks = stream::unfold((answer, watches), move |(mut answer, mut watches)| async move {
        let chunk = answer.chunk().await.transpose()?;
        if is_watch {
            let treatment = *watches.wait_for(|one| *one != Watches::Hold).await.ok()?;
            (treatment == Watches::Pass).then_some(())?;
        }
        Some((chunk, (answer, watches)))
    });
    *response.body_mut() = Body::from_stream(chunks);
    response
}
