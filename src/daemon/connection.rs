//! The connection of one organization: what looks, and how many requests that took.

use std::time::Duration;

use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret as _, SecretString};

use crate::telnyx::{BaseUrl, Config, ConfigError, Reader, RetryBudget, Session};

/// How a connection is to be.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long one request may take.
    pub timeout: Duration,
    /// How many may be under way at once.
    pub parallelism: usize,
}

/// A connection that can look. Only healing gets more out of it.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    session: Session,
    /// By which two keys are told apart; the key itself is nowhere but in the session.
    fingerprint: Vec<u8>,
}

impl Connection {
    /// Makes it. `gap`: how long it is from one run to the next. A request that fails is not tried for longer
    /// than half of that, so that a failed run ends before the next one is due.
    pub(super) fn new(
        base_url: BaseUrl,
        key: SecretString,
        pace: Pace,
        gap: Duration,
    ) -> Result<Self, ConfigError> {
        let Pace { timeout, parallelism } = pace;
        let usual = RetryBudget::default();
        let retry = RetryBudget { total: usual.total.min(gap / 2), ..usual };
        let fingerprint = digest(&SHA256, key.expose_secret().as_bytes()).as_ref().to_vec();
        let config = Config::new(base_url, key);
        let session = Session::new(Config { timeout, parallelism, retry, ..config })?;
        Ok(Self { session, fingerprint })
    }

    /// Whether the other one reaches the same API, whoever it is there.
    pub(super) fn is_at_the_same(&self, other: &Self) -> bool {
        self.reader().base_url() == other.reader().base_url()
    }

    /// Whether the other one is for the same organization at the same API, as far as that can be told.
    pub(super) fn sees_as(&self, other: &Self) -> bool {
        self.is_at_the_same(other) && self.fingerprint == other.fingerprint
    }

    /// What can only look.
    pub(super) fn reader(&self) -> Reader {
        self.session.reader()
    }

    /// How many requests were answered.
    pub(super) fn requests(&self) -> u64 {
        self.session.progress().answered
    }

    /// From now on nothing is sent; what is under way is finished.
    pub(super) fn stop(&self) {
        self.session.stop();
    }

    /// All of it, for healing.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }
}
