//! A sandbox and a client for it.

use reqwest::{Method, Response, header::HeaderMap};
use serde_json::Value;
use trunkline::sandbox::{Account, AccountStatus, Running, SandboxConfig, Seed, start};

pub(super) const KEY: &str = "KEY_sandbox";

/// One answer, read to its end.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// `data`, of an answer that must be a success.
    #[track_caller]
    pub(super) fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["data"].clone()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Code and place of each error, in order.
    pub(super) fn errors(&self) -> Vec<(String, String)> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        let place = |error: &Value| {
            let source = &error["source"];
            source["pointer"]
                .as_str()
                .or(source["parameter"].as_str())
                .unwrap_or_default()
                .to_owned()
        };
        errors
            .iter()
            .map(|error| (error["code"].as_str().unwrap().to_owned(), place(error)))
            .collect()
    }

    pub(super) fn places(&self) -> Vec<String> {
        self.errors().into_iter().map(|(_, place)| place).collect()
    }
}

/// An organization with an account of each status, an owner, and a few users in groups.
pub(super) fn small() -> Seed {
    Seed::parse(include_str!("../data/small.sandbox.json")).unwrap()
}

/// A client that uses no proxy.
pub(super) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A running sandbox and a client with its key.
pub(super) struct Api {
    pub(super) running: Running,
    pub(super) client: reqwest::Client,
}

impl Api {
    pub(super) async fn small() -> Self {
        Self::start(SandboxConfig::new(KEY.to_owned().into(), small())).await
    }

    pub(super) async fn seeded(json: &str) -> Self {
        Self::start(SandboxConfig::new(KEY.to_owned().into(), Seed::parse(json).unwrap())).await
    }

    pub(super) async fn start(config: SandboxConfig) -> Self {
        Self { running: start(config).await.unwrap(), client: client() }
    }

    /// A request with the right key; a body that isn't empty is JSON.
    pub(super) async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, self.running.url() + path).bearer_auth(KEY);
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        Answer::of(request.send().await.unwrap()).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    pub(super) async fn create(&self, body: &str) -> Answer {
        self.send("POST", "/managed_accounts", body).await
    }

    /// The emails in a list of accounts or users.
    pub(super) async fn emails(&self, path: &str) -> Vec<String> {
        let data = self.get(path).await.data();
        data.as_array()
            .unwrap()
            .iter()
            .map(|item| item["email"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(super) fn with_status(&self, status: AccountStatus) -> Account {
        self.running.accounts().into_iter().find(|account| account.status == status).unwrap()
    }

    pub(super) fn user(&self, email: &str) -> String {
        self.running.users().into_iter().find(|user| user.email == email).unwrap().id
    }
}
