//! Telling a target what has happened, once a call. What is told again, and when, is not decided here.

mod slack;
mod webhook;

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub use slack::text as slack_text;
pub use webhook::{body as webhook_body, signature};

use super::config::{Address, Form, Target, is_loopback, webhook_url};
use crate::model::Message;
use crate::telnyx;

/// How long a target may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A key of fewer bytes is easily guessed.
const SHORTEST_KEY: usize = 16;

/// A target, ready to be told.
pub struct Recipient {
    /// Its name, for logs.
    pub name: String,
    url: Url,
    form: Ready,
    client: Client,
}

enum Ready {
    Slack,
    Webhook(Option<hmac::Key>),
}

/// Why a target does not have a message, in words that hold nothing of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It answered with this status.
    #[error("it answered {0}")]
    Status(u16),
    /// It answered with this status, and said when to come back.
    #[error("it answered {status}, to be asked again in {} s", wait.as_secs())]
    Busy {
        /// What it answered with.
        status: u16,
        /// How long it wants to be left alone.
        wait: Duration,
    },
    /// It did not answer in time.
    #[error("no answer in time")]
    Timeout,
    /// There is no connection to it.
    #[error("no connection")]
    Connect,
    /// Something else on the way.
    #[error("the connection broke")]
    Broken,
}

impl Recipient {
    /// Reads what a target needs.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or holds no address or key. In words without an address.
    pub fn new(target: &Target) -> Result<Self, String> {
        let Target { name, form, url } = target;
        let failed = |why: &str| format!("the target {name:?}: {why}");
        let text = match url {
            Address::Given(url) => url.clone(),
            Address::File(path) => SecretString::from(read(path).map_err(|why| failed(&why))?),
        };
        let url = webhook_url(text.expose_secret()).map_err(failed)?;
        let form = match form {
            Form::Slack => Ready::Slack,
            Form::Webhook(None) => Ready::Webhook(None),
            Form::Webhook(Some(path)) => {
                let key = read(path).map_err(|why| failed(&why))?;
                if key.len() < SHORTEST_KEY {
                    return Err(failed(&format!("a key has at least {SHORTEST_KEY} characters")));
                }
                Ready::Webhook(Some(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())))
            }
        };
        let client = telnyx::client(TIMEOUT, is_loopback(&url))
            .map_err(|error| failed(&error.without_url().to_string()))?;
        Ok(Self { name: name.clone(), url, form, client })
    }

    /// Sends a message once.
    ///
    /// # Errors
    ///
    /// When nobody says that it has arrived. It may have.
    pub async fn send(&self, organization: &str, message: &Message) -> Result<(), Fault> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let request = match &self.form {
            Ready::Slack => request.body(slack::body(organization, message)),
            Ready::Webhook(key) => {
                let body = webhook::body(organization, message);
                let time = jiff::Timestamp::now().as_second().to_string();
                let request = request.header("X-Trunkline-Timestamp", &time);
                let request = match key {
                    Some(key) => request.header(
                        "X-Trunkline-Signature",
                        format!("v1={}", signature(key, &time, &body)),
                    ),
                    None => request,
                };
                request.body(body)
            }
        };
        let answer = request.send().await.map_err(|error| Fault::from(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let (status, now) = (status.as_u16(), jiff::Timestamp::now());
        Err(match telnyx::retry_after(answer.headers(), now) {
            // Slack, and whoever else limits how much it is told.
            Some(wait) if matches!(status, 429 | 503) => Fault::Busy { status, wait },
            Some(_) | None => Fault::Status(status),
        })
    }
}

impl Fault {
    /// Whether the target does not take this very message, however often it is sent. Every other refusal may be
    /// about the address or the moment, and is put right by somebody.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 400 | 413 | 422),
            Self::Busy { .. } | Self::Timeout | Self::Connect | Self::Broken => false,
        }
    }

    /// How long the target wants to be left alone.
    pub(super) fn wait(self) -> Duration {
        match self {
            Self::Busy { status: _, wait } => wait,
            Self::Status(_) | Self::Timeout | Self::Connect | Self::Broken => Duration::ZERO,
        }
    }
}

impl From<&reqwest::Error> for Fault {
    fn from(error: &reqwest::Error) -> Self {
        match error {
            error if error.is_timeout() => Self::Timeout,
            error if error.is_connect() => Self::Connect,
            _ => Self::Broken,
        }
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a file holds, without the line break that editors end it with.
fn read(path: &Path) -> Result<String, String> {
    let text =
        fs::read_to_string(path).map_err(|error| format!("reading {}: {error}", path.display()))?;
    Ok(text.trim().to_owned())
}
