//! Notifications: what waits ([`outbox`]), delivery with backoff, and sending to one target.

mod backoff;
mod delivery;
pub mod outbox;
mod slack;
mod webhook;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub(super) use backoff::Backoff;
pub(super) use delivery::{Attempt, Delivery};
pub use slack::text as slack_text;
pub use webhook::{body as webhook_body, signature};

use super::config::{Address, NotificationTarget, TargetFormat, is_loopback, webhook_url};
use crate::model::Notification;
use crate::{report, telnyx};

const TIMEOUT: Duration = Duration::from_secs(10);
/// A shorter key is easily guessed.
const SHORTEST_KEY: usize = 16;
/// The number of characters of an error response that are logged.
const MAX_ANSWER: usize = 200;
/// The maximum number of bytes read from an error response.
const MAX_READ: usize = 16 << 10;

/// A target, ready to receive notifications.
pub struct Recipient {
    /// The name, for logs and for the outbox.
    pub name: String,
    url: Url,
    format: MessageFormat,
    client: Client,
}

enum MessageFormat {
    Slack,
    Webhook(Option<Signer>),
}

/// A key for signing, and its text, which is never logged.
struct Signer {
    key: hmac::Key,
    text: SecretString,
}

/// The reason for a failed delivery. Never contains any part of the target's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// A response with a non-success status.
    #[error("the target answered {status}{}{answer}", if answer.is_empty() { "" } else { ": " })]
    Status {
        /// The status.
        status: u16,
        /// The beginning of the body, without harmful characters.
        answer: String,
    },
    /// An answer that asks to retry later.
    #[error("the target answered {status} and asks to retry after {} s", wait.as_secs())]
    Busy {
        /// The status.
        status: u16,
        /// The time to wait.
        wait: Duration,
    },
    /// No answer within the timeout.
    #[error("the target did not answer in time")]
    Timeout,
    /// The connection was not established.
    #[error("cannot connect to the target")]
    Connect,
    /// Another error of the connection.
    #[error("the connection to the target broke")]
    Broken,
}

impl Recipient {
    /// Prepares a target: reads the files with its address and key.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or holds no valid address or key. The text contains no address.
    pub fn new(target: &NotificationTarget) -> Result<Self, String> {
        let NotificationTarget { name, form, url } = target;
        let failed = |why: &str| format!("notification target {name:?}: {why}");
        let text = match url {
            Address::Given(url) => url.clone(),
            Address::File(path) => read(path).map_err(|why| failed(&why))?,
        };
        let url = webhook_url(text.expose_secret()).map_err(failed)?;
        let format = match form {
            TargetFormat::Slack => MessageFormat::Slack,
            TargetFormat::Webhook(None) => MessageFormat::Webhook(None),
            TargetFormat::Webhook(Some(path)) => {
                let text = read(path).map_err(|why| failed(&why))?;
                let bytes = text.expose_secret().as_bytes();
                if bytes.len() < SHORTEST_KEY {
                    let why = format!("the key is shorter than {SHORTEST_KEY} characters");
                    return Err(failed(&why));
                }
                let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
                MessageFormat::Webhook(Some(Signer { key, text }))
            }
        };
        let client = telnyx::client(TIMEOUT, is_loopback(&url))
            .map_err(|error| failed(&error.without_url().to_string()))?;
        Ok(Self { name: name.clone(), url, format, client })
    }

    /// Sends a notification once.
    ///
    /// # Errors
    ///
    /// If the target does not confirm it. It may have received it all the same.
    pub async fn send(
        &self,
        organization: &str,
        notification: &Notification,
    ) -> Result<(), DeliveryError> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let request = match &self.format {
            MessageFormat::Slack => request.body(slack::body(organization, notification)),
            MessageFormat::Webhook(signer) => {
                let body = webhook::body(organization, notification);
                let time = jiff::Timestamp::now().as_second().to_string();
                let mut request = request.header("X-Trunkline-Timestamp", &time);
                if let Some(Signer { key, text: _ }) = signer {
                    let signature = format!("v1={}", signature(key, &time, &body));
                    request = request.header("X-Trunkline-Signature", signature);
                }
                request.body(body)
            }
        };
        let response = request.send().await.map_err(|error| DeliveryError::from(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let (status, now) = (status.as_u16(), jiff::Timestamp::now());
        match telnyx::retry_after(response.headers(), now) {
            Some(wait) if matches!(status, 429 | 503) => Err(DeliveryError::Busy { status, wait }),
            Some(_) | None => {
                let answer = self.shown(&beginning(response).await);
                Err(DeliveryError::Status { status, answer })
            }
        }
    }

    /// The first characters of an answer for the log. An answer that repeats a secret is left out.
    fn shown(&self, answer: &str) -> String {
        let segments = self.url.path_segments().into_iter().flatten();
        let values: Vec<_> = self.url.query_pairs().map(|(_, value)| value.into_owned()).collect();
        let query = self.url.query().into_iter().chain(values.iter().map(String::as_str));
        let account = [self.url.username(), self.url.password().unwrap_or_default()];
        let key = match &self.format {
            MessageFormat::Webhook(Some(signer)) => Some(signer.text.expose_secret()),
            MessageFormat::Webhook(None) | MessageFormat::Slack => None,
        };
        // Short parts such as `v1` are no secrets.
        let mut secrets = segments.chain(query).chain(account).chain(key);
        if secrets.any(|secret| secret.len() >= 6 && answer.contains(secret)) {
            return "(an answer that repeats a secret)".to_owned();
        }
        let line = report::escape_line(answer.trim());
        line.chars().take(MAX_ANSWER).collect()
    }
}

/// Reads the beginning of an answer. An error ends it.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_READ {
            break;
        }
    }
    bytes.truncate(MAX_READ);
    String::from_utf8_lossy(&bytes).into_owned()
}

impl DeliveryError {
    /// Returns true if the target refuses this very notification, so that repeating it is useless. Other statuses may
    /// be due to the address or the moment.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Status { status, answer: _ } => matches!(status, 400 | 413 | 422),
            Self::Busy { .. } | Self::Timeout | Self::Connect | Self::Broken => false,
        }
    }

    /// The delay that the target asked for before the next attempt.
    pub(super) fn wait(&self) -> Duration {
        match self {
            Self::Busy { status: _, wait } => *wait,
            Self::Status { .. } | Self::Timeout | Self::Connect | Self::Broken => Duration::ZERO,
        }
    }
}

impl From<&reqwest::Error> for DeliveryError {
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

/// Reads a secret from a file, without white space around it.
fn read(path: &Path) -> Result<SecretString, String> {
    let text = telnyx::secret_file(path);
    let text = text.map_err(|error| format!("reading {}: {error}", path.display()))?;
    let trimmed = SecretString::from(text.expose_secret().trim());
    Ok(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_logged_on_one_short_line_and_without_secrets() {
        let url = SecretString::from("https://hooks.example/services/T0PS3CRET?token=Qu3rySecret");
        let (name, url) = ("ops".to_owned(), Address::Given(url));
        let recipient =
            Recipient::new(&NotificationTarget { name, form: TargetFormat::Slack, url }).unwrap();
        assert_eq!(recipient.shown(" no_service\n"), "no_service");
        assert_eq!(recipient.shown(&"x".repeat(9_000)), "x".repeat(MAX_ANSWER));
        let hostile = recipient.shown("a\n\u{1b}[2J\u{202e}b");
        assert!(!hostile.contains(['\n', '\u{1b}', '\u{202e}']), "{hostile}");
        for secret in ["no /services/T0PS3CRET here", "token=Qu3rySecret"] {
            assert_eq!(recipient.shown(secret), "(an answer that repeats a secret)");
        }
    }
}
