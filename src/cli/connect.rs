//! The connection to Telnyx that the options and variables describe.

use std::path::Path;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::exit::Failure;
use super::global::Global;
use crate::telnyx::{BaseUrl, ConfigError, Session, SessionConfig, secret_file};

const NO_KEY: &str = "Set TELNYX_API_KEY, or name a file with --api-key-file.";

const NO_CLIENT: &str =
    "https needs certificate authorities. Install ca-certificates, or set SSL_CERT_FILE.";

/// Opens a session.
pub(super) fn session(global: &Global) -> Result<Session, Failure> {
    let base_url = base_url(global)?;
    let config = SessionConfig {
        timeout: global.timeout,
        parallelism: usize::from(global.parallelism),
        ..SessionConfig::new(base_url, key(global)?)
    };
    Session::new(config).map_err(|error| {
        let hint = match &error {
            ConfigError::Key(_) => {
                "Use the key alone, as the portal shows it: no quotation marks and no `Bearer`."
            }
            ConfigError::NoKey => NO_KEY,
            ConfigError::Client(_) => NO_CLIENT,
            ConfigError::Authorities(_) => {
                "Set SSL_CERT_FILE to a PEM file of certificate authorities, or unset it."
            }
        };
        Failure::new(error, hint)
    })
}

/// The base URL of the API.
pub(super) fn base_url(global: &Global) -> Result<BaseUrl, Failure> {
    let text = global.base_url.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let text = text.unwrap_or(BaseUrl::TELNYX);
    let hint = "Set --base-url or TELNYX_BASE_URL to https://api.telnyx.com/v2, or for a sandbox to http://127.0.0.1:8484/v2.";
    BaseUrl::parse(text).map_err(|error| {
        let error = anyhow::anyhow!("{} cannot be used: {error}", describe(text));
        Failure::new(error, hint)
    })
}

/// Names an invalid base URL, unless it may hold a password or a key.
fn describe(text: &str) -> String {
    if text.contains(['@', '?', '#']) {
        return "the base URL (not shown, as it may hold a secret)".to_owned();
    }
    format!("the base URL {text:?}")
}

/// Returns true if an option or a variable gives a key.
pub(super) fn has_key(global: &Global) -> bool {
    global.api_key_file.is_some() || key_variable().is_some()
}

fn key_variable() -> Option<SecretString> {
    let key = std::env::var("TELNYX_API_KEY").ok()?;
    let key = key.trim();
    (!key.is_empty()).then(|| SecretString::from(key))
}

/// Reads the key from the file, or else from the variable.
pub(super) fn key(global: &Global) -> Result<SecretString, Failure> {
    if let Some(path) = &global.api_key_file {
        return key_file(path);
    }
    match key_variable() {
        Some(key) => Ok(key),
        None => Err(Failure::new(anyhow::Error::msg("no API key given"), NO_KEY)),
    }
}

/// Reads a key from a file.
pub(super) fn key_file(path: &Path) -> Result<SecretString, Failure> {
    let text = secret_file(path)
        .with_context(|| {
            // A key in place of a file must not be shown.
            let place = path.display().to_string();
            let place = if place.contains(['/', '.']) { &place } else { "--api-key-file (the value is not shown, as it may be a key)" };
            format!("reading the API key from {place}")
        })
        .map_err(|error| {
            let hint = "Give --api-key-file the path of a file that contains the key, or set TELNYX_API_KEY to the key.";
            Failure::new(error, hint)
        })?;
    let text = text.expose_secret().trim();
    if text.is_empty() {
        let empty = anyhow::anyhow!("the API key file {} is empty", path.display());
        return Err(Failure::new(empty, NO_KEY));
    }
    Ok(SecretString::from(text))
}
