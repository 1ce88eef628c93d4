//! A webhook that writes down what it is told.

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
    told: Arc<Mutex<Vec<Told>>>,
    status: Arc<AtomicU16>,
    delay: Arc<Mutex<Duration>>,
    refused: Arc<Mutex<String>>,
}

/// What it was told.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Told {
    fn event(&self) -> String {
        let item = &self.body["items"][0];
        let name = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", name(&self.body["event"]), name(&item["email"]), name(&item["what"]))
    }
}

impl Hook {
    pub(crate) async fn start() -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let status = Arc::new(AtomicU16::new(200));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
        let delay = Arc::new(Mutex::new(Duration::ZERO));
        let wait = Arc::clone(&delay);
        let refused = Arc::new(Mutex::new(String::new()));
        let no = Arc::clone(&refused);
        let (into, answer) = (Arc::clone(&told), Arc::clone(&status));
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let text = String::from_utf8(body.to_vec()).unwrap();
            let body = serde_json::from_str(&text).unwrap();
            let told = Told { headers, text, body };
            let is_refused = told.event() == *no.lock().unwrap();
            let status = if is_refused { 422 } else { answer.load(Ordering::Relaxed) };
            let status = StatusCode::from_u16(status).unwrap();
            into.lock().unwrap().push(told);
            let wait = *wait.lock().unwrap();
            async move {
                tokio::time::sleep(wait).await;
                status
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, told, status, delay, refused }
    }

    /// What it answers from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// It takes this event no more.
    pub(crate) fn refuse(&self, event: &str) {
        event.clone_into(&mut self.refused.lock().unwrap());
    }

    /// How long it takes to answer from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        *self.delay.lock().unwrap() = delay;
    }

    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// What has happened to what, in order.
    pub(crate) fn events(&self) -> Vec<String> {
        self.told().iter().map(Told::event).collect()
    }

    pub(crate) async fn wait(&self, count: usize) {
        super::until("the webhook", || self.told().len() >= count).await;
    }
}
