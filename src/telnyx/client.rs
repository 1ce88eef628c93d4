//! The HTTP client and the configuration of a session.

use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, redirect, retry};
use secrecy::{ExposeSecret, SecretString};

use super::base_url::BaseUrl;
use super::retry::RetryBudget;
use super::wire;

const NOT_PRINTABLE: &str = "contains a character that no key has";
/// The first line of a certificate.
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// The timeout for connecting.
const CONNECT: Duration = Duration::from_secs(10);

/// The configuration of a session.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// The base URL of the API.
    pub base_url: BaseUrl,
    /// The API key.
    pub key: SecretString,
    /// The timeout of one attempt, including its answer.
    pub timeout: Duration,
    /// The maximum number of concurrent requests.
    pub parallelism: usize,
    /// The limits of retries.
    pub retry: RetryBudget,
    /// A client shared with other sessions at the same base URL. `None` creates one.
    pub client: Option<Client>,
}

impl SessionConfig {
    /// A configuration with the command line's defaults: 30 seconds, 16 requests at once.
    #[must_use]
    pub fn new(base_url: BaseUrl, key: SecretString) -> Self {
        Self {
            base_url,
            key,
            timeout: Duration::from_secs(30),
            parallelism: 16,
            retry: RetryBudget::default(),
            client: None,
        }
    }
}

/// An invalid configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The key contains more than a key.
    #[error("the API key {0}")]
    Key(&'static str),
    /// The key is missing.
    #[error("the API key is empty")]
    NoKey,
    /// `SSL_CERT_FILE` names no certificate authorities.
    #[error("SSL_CERT_FILE names {0}")]
    Authorities(String),
    /// The TLS or connection settings of this machine are invalid.
    #[error("cannot create an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// Creates an HTTP client, after installing the TLS provider.
///
/// It does not follow redirects, which would receive the key, and does not retry. With `loopback` it uses
/// no proxy and no certificates, which a minimal container lacks; TLS connections then fail.
///
/// # Errors
///
/// If the TLS or connection settings of this machine are invalid.
pub fn client(timeout: Duration, loopback: bool) -> Result<Client, reqwest::Error> {
    build(timeout, !loopback, !loopback)
}

/// Creates a client for the API, which sessions at the same base URL can share.
///
/// # Errors
///
/// If the TLS or connection settings of this machine are invalid.
pub fn api_client(base_url: &BaseUrl, timeout: Duration) -> Result<Client, ConfigError> {
    if base_url.is_encrypted() {
        authorities(std::env::var_os("SSL_CERT_FILE").as_deref().map(Path::new))?;
    }
    Ok(build(timeout, !base_url.is_loopback(), base_url.is_encrypted())?)
}

/// Checks the file of certificate authorities that the environment names. The TLS library would ignore a bad one.
fn authorities(file: Option<&Path>) -> Result<(), ConfigError> {
    let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else { return Ok(()) };
    let shown = wire::clean(&file.display().to_string());
    let flaw = match std::fs::read(file) {
        Ok(content) if content.windows(PEM.len()).any(|part| part == PEM) => return Ok(()),
        Ok(_) => format!("{shown}, which has no PEM certificate"),
        Err(error) => format!("{shown}, which cannot be read: {error}"),
    };
    Err(ConfigError::Authorities(flaw))
}

fn build(timeout: Duration, proxy: bool, certificates: bool) -> Result<Client, reqwest::Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An error means that another provider is already installed, which is fine.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let builder = Client::builder()
        .user_agent(concat!("trunkline/", env!("CARGO_PKG_VERSION")))
        // With HTTP/2, which other crates may enable, it is unknown whether a request was sent.
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .connect_timeout(CONNECT.min(timeout))
        .timeout(timeout);
    let builder = if proxy { builder } else { builder.no_proxy() };
    if certificates { builder } else { builder.tls_certs_only([]) }.build()
}

/// Returns the key as it is sent, and its header value.
pub(super) fn authorization(
    key: &SecretString,
) -> Result<(SecretString, HeaderValue), ConfigError> {
    // A key file's line break would defeat redaction.
    let key = SecretString::from(key.expose_secret().trim());
    let text = key.expose_secret();
    if text.is_empty() {
        return Err(ConfigError::NoKey);
    }
    if let Some(flaw) = flaw(text) {
        return Err(ConfigError::Key(flaw));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {text}"))
        .map_err(|_| ConfigError::Key(NOT_PRINTABLE))?;
    value.set_sensitive(true);
    Ok((key, value))
}

/// Names the part of the text that does not belong to a key.
fn flaw(key: &str) -> Option<&'static str> {
    if key.starts_with('\u{feff}') {
        return Some("starts with a byte order mark");
    }
    if key.starts_with(['"', '\'', '`', '\u{201c}']) || key.ends_with(['"', '\'', '`', '\u{201d}'])
    {
        return Some("is in quotation marks");
    }
    if key.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        return Some("starts with \"Bearer\"");
    }
    if key.contains(char::is_whitespace) {
        return Some("contains a space or a line break");
    }
    key.contains(|c: char| !c.is_ascii_graphic()).then_some(NOT_PRINTABLE)
}
