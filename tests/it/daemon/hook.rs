//! A webhook that records its requests.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) struct Hook {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<AtomicU16>,
    delay: Arc<Mutex<Duration>>,
    refused: Arc<Mutex<String>>,
}

/// A received notification.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Received {
    fn event(&self) -> String {
        let items = self.body["items"].as_array().unwrap();
        let name = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let item = |item: &Value| format!(" {} {}", name(&item["email"]), name(&item["code"]));
        name(&self.body["event"]) + &items.iter().map(item).collect::<String>()
    }
}

impl Hook {
    pub(crate) async fn start() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let status = Arc::new(AtomicU16::new(200));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
        let delay = Arc::new(Mutex::new(Duration::ZERO));
        let wait = Arc::clone(&delay);
        let refused = Arc::new(Mutex::new(String::new()));
        let no = Arc::clone(&refused);
        let (into, answer) = (Arc::clone(&received), Arc::clone(&status));
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let text = String::from_utf8(body.to_vec()).unwrap();
            let body = serde_json::from_str(&text).unwrap();
            let one = Received { headers, text, body };
            let is_refused = one.event() == *no.lock().unwrap();
            let status = if is_refused { 422 } else { answer.load(Ordering::Relaxed) };
            let status = StatusCode::from_u16(status).unwrap();
            into.lock().unwrap().push(one);
            let wait = *wait.lock().unwrap();
            async move {
                tokio::time::sleep(wait).await;
                (status, "no_service")
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, received, status, delay, refused }
    }

    /// Sets the status of later answers.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// Refuses this event from now on.
    pub(crate) fn refuse(&self, event: &str) {
        event.clone_into(&mut self.refused.lock().unwrap());
    }

    /// Delays later answers.
    pub(crate) fn delay(&self, delay: Duration) {
        *self.delay.lock().unwrap() = delay;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The events in order, each with its items.
    pub(crate) fn events(&self) -> Vec<String> {
        self.received().iter().map(Received::event).collect()
    }

    pub(crate) async fn wait(&self, count: usize) {
        super::until("the webhook", || self.received().len() >= count).await;
    }
}
