//! The connection of one organization. Organizations with the same base URL share their TCP connections.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};

use crate::telnyx::{
    BaseUrl, ConfigError, Reader, RetryBudget, Session, SessionConfig, api_client,
};

/// The pace of requests.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// The timeout of one request.
    pub timeout: Duration,
    /// The requests of one organization in flight at once.
    pub parallelism: usize,
}

/// The HTTP clients of all organizations, one for each base URL. Clones share them.
#[derive(Clone, Debug, Default)]
pub(in crate::daemon) struct Clients(Arc<Mutex<BTreeMap<String, Client>>>);

impl Clients {
    fn get(&self, base_url: &BaseUrl, timeout: Duration) -> Result<Client, ConfigError> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = base_url.to_string();
        if let Some(client) = clients.get(&name) {
            return Ok(client.clone());
        }
        let client = api_client(base_url, timeout)?;
        clients.insert(name, client.clone());
        Ok(client)
    }
}

/// The connection of one organization. It only reads; the session for writing is for healing alone.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct Connection {
    session: Session,
    /// The hash of the key, to notice another one. The key itself is in the session only.
    fingerprint: Vec<u8>,
}

impl Connection {
    /// Creates a connection. A failing request is retried for at most half of `interval`, the time between two runs,
    /// so that a failed run ends before the next one is due.
    pub(in crate::daemon) fn new(
        clients: &Clients,
        base_url: BaseUrl,
        key: SecretString,
        pace: RequestLimits,
        interval: Duration,
    ) -> Result<Self, ConfigError> {
        let RequestLimits { timeout, parallelism } = pace;
        let default = RetryBudget::default();
        let retry = RetryBudget { total: default.total.min(interval / 2), ..default };
        let fingerprint = digest(&SHA256, key.expose_secret().as_bytes()).as_ref().to_vec();
        let client = Some(clients.get(&base_url, timeout)?);
        let config = SessionConfig::new(base_url, key);
        let session =
            Session::new(SessionConfig { timeout, parallelism, retry, client, ..config })?;
        Ok(Self { session, fingerprint })
    }

    /// Returns true if both reach the same API, with any key.
    pub(in crate::daemon) fn has_same_api(&self, other: &Self) -> bool {
        self.reader().base_url() == other.reader().base_url()
    }

    /// Returns true if both reach the same API with the same key.
    pub(in crate::daemon) fn is_equivalent(&self, other: &Self) -> bool {
        self.has_same_api(other) && self.fingerprint == other.fingerprint
    }

    pub(in crate::daemon) fn reader(&self) -> Reader {
        self.session.reader()
    }

    /// The number of answered requests.
    pub(in crate::daemon) fn requests(&self) -> u64 {
        self.session.progress().answered
    }

    /// Sends nothing new from now on. Requests in flight finish.
    pub(in crate::daemon) fn stop(&self) {
        self.session.stop();
    }

    /// The session for healing, which can write.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }
}
