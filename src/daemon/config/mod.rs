//! The configuration of the daemon: a YAML file, or flags for one organization.
//!
//! Secrets are named by their files. Only the address of a webhook may be inline, and it is never shown.

mod conflict;
mod document;
mod files;
mod read;
mod schema;
mod setup;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

pub(super) use conflict::conflict;
pub(super) use files::{Snapshot, snapshot};
pub use read::load;
pub use schema::schema;
pub use setup::{Defaults, SetupError};
pub(super) use setup::{Setup, named_files};

use super::drift::Thresholds;
use super::schedule::Schedule;
use crate::state::Location;
use crate::telnyx::BaseUrl;

/// The configuration of the daemon.
#[derive(Clone, Debug)]
pub struct DaemonConfig {
    /// The address of the web server. `None` for no server.
    pub listen: Option<SocketAddr>,
    /// The names that the web server answers to, besides `localhost` and addresses.
    pub hosts: BTreeSet<String>,
    /// The organizations; never empty.
    pub organizations: Vec<OrganizationConfig>,
}

/// The configuration of one organization.
#[derive(Clone, Debug)]
pub struct OrganizationConfig {
    /// The manifest: a file or a folder.
    pub manifest: PathBuf,
    /// The source of the API key.
    pub key: KeySource,
    /// The base URL of the API. `None` for the one of the flags and the environment.
    pub base_url: Option<BaseUrl>,
    /// The state. `None` for the default location.
    pub state: Option<Location>,
    /// The schedule of runs.
    pub schedule: Schedule,
    /// The largest random delay of a run.
    pub jitter: Duration,
    /// The numbers of runs that open and close a difference.
    pub thresholds: Thresholds,
    /// The classes of actions that may be healed.
    pub heal: BTreeSet<HealClass>,
    /// A file that suspends healing while it exists.
    pub freeze_file: Option<PathBuf>,
    /// The notification targets.
    pub notify: Vec<NotificationTarget>,
}

/// The source of an API key.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// This file.
    File(PathBuf),
    /// The environment.
    Given(SecretString),
}

/// A notification target.
#[derive(Clone, Debug)]
pub struct NotificationTarget {
    /// The name in logs and in the outbox.
    pub name: String,
    /// The format of its notifications.
    pub form: TargetFormat,
    /// The address.
    pub url: Address,
}

/// The format of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetFormat {
    /// Text, as Slack and compatible services accept it.
    Slack,
    /// A JSON object, signed with the key in this file if there is one.
    Webhook(Option<PathBuf>),
}

/// The address of a target. It grants permission to post, so it is never shown.
#[derive(Clone, Debug)]
pub enum Address {
    /// The content of this file.
    File(PathBuf),
    /// The address itself.
    Given(SecretString),
}

/// A class of actions that may be healed. None of them is destructive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HealClass {
    /// Raise a known channel limit.
    RaiseChannelLimit,
    /// Enable an account.
    EnableAccount,
    /// Allow custom pricing.
    UpdateAccount,
}

impl HealClass {
    /// All classes.
    pub const ALL: [Self; 3] = [Self::RaiseChannelLimit, Self::EnableAccount, Self::UpdateAccount];

    /// The name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RaiseChannelLimit => "raise_channel_limit",
            Self::EnableAccount => "enable_account",
            Self::UpdateAccount => "update_account",
        }
    }

    /// Returns the class of this name.
    ///
    /// # Errors
    ///
    /// If no class has this name.
    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|class| class.name() == name);
        let names = Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| format!("{name:?} cannot be healed; the classes are {names}"))
    }
}

/// Parses a host name without a port, in lower case and without a dot at the end.
///
/// # Errors
///
/// If it is not a host name.
pub fn host(text: &str) -> Result<String, &'static str> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let fine = |part: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !part.is_empty() && part.chars().all(inside)
    };
    if name.split('.').all(fine) {
        return Ok(name);
    }
    Err("expected a host name without scheme and port, such as trunkline.internal.example")
}

/// Parses the address of a webhook: https, or http to loopback.
///
/// # Errors
///
/// If it is not one. The text does not repeat the address.
pub fn webhook_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "invalid URL")?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("invalid URL of a webhook"),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err("a webhook must use https://, or http:// to loopback"),
    }
}

/// Returns true for an address on loopback. Only there [`webhook_url`] allows http.
pub(super) fn is_loopback(url: &Url) -> bool {
    url.scheme() == "http"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_without_scheme_port_or_path() {
        assert_eq!(
            host("Trunkline.Internal.Example."),
            Ok("trunkline.internal.example".to_owned())
        );
        assert_eq!(host("trunkline"), Ok("trunkline".to_owned()));
        for bad in
            ["", ".", "a..b", "a.example:9464", "https://a.example", "a.example/", "a b", "*"]
        {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
