//! What the daemon is to watch, how often, and whom it tells: one YAML file, or a few flags.
//!
//! A configuration names secrets by their files and holds none, but for the address of a webhook, which may be
//! one and is never shown.

mod document;
mod read;
mod schema;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

pub use read::load;
pub use schema::schema;

use super::episodes::Rules;
use super::schedule::Schedule;
use crate::state::Location;
use crate::telnyx::BaseUrl;

/// What a daemon is to do.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where its web listens. `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// The names that its web answers to, besides `localhost` and addresses.
    pub hosts: BTreeSet<String>,
    /// What it watches; never empty.
    pub organizations: Vec<Watched>,
}

/// An organization that is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Its manifest: a file or a folder.
    pub manifest: PathBuf,
    /// Where its key is.
    pub key: Key,
    /// Where the API is. `None`: where the flags and the environment say.
    pub base_url: Option<BaseUrl>,
    /// Where its state is. `None`: where it is by default.
    pub state: Option<Location>,
    /// When it is looked at.
    pub schedule: Schedule,
    /// By at most so much a run is put off.
    pub jitter: Duration,
    /// How many sightings it takes.
    pub rules: Rules,
    /// What may be done about drift. Empty: nothing.
    pub heal: BTreeSet<Class>,
    /// While there is a file here nothing is healed.
    pub freeze_file: Option<PathBuf>,
    /// Who is told.
    pub notify: Vec<Target>,
}

/// Where a key is.
#[derive(Clone, Debug)]
pub enum Key {
    /// In this file.
    File(PathBuf),
    /// Here, from the environment.
    Given(SecretString),
}

/// Who is told.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name in logs and in the outbox.
    pub name: String,
    /// In which form.
    pub form: Form,
    /// Where.
    pub url: Address,
}

/// In which form a target is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text, as Slack and all that are compatible with it take it.
    Slack,
    /// One JSON object, signed with the key in this file if there is one.
    Webhook(Option<PathBuf>),
}

/// The address of a target. Whoever knows it may be able to post there, so it is not shown.
#[derive(Clone, Debug)]
pub enum Address {
    /// It is in this file.
    File(PathBuf),
    /// It is this.
    Given(SecretString),
}

/// A class of action that may be done without a person: each gives something, none takes anything away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Raise a limit of channels that is known.
    RaiseChannelLimit,
    /// Enable an account.
    EnableAccount,
    /// Allow an account prices of its own.
    UpdateAccount,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RaiseChannelLimit, Self::EnableAccount, Self::UpdateAccount];

    /// Its name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RaiseChannelLimit => "raise_channel_limit",
            Self::EnableAccount => "enable_account",
            Self::UpdateAccount => "update_account",
        }
    }

    /// The class of this name.
    ///
    /// # Errors
    ///
    /// When there is none: in words, and without the losses, which are never healed.
    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|class| class.name() == name);
        let names = Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| format!("{name:?} cannot be healed; what can is {names}"))
    }
}

/// Reads the name of a host, without a port. Case and a dot at the end are no part of it.
///
/// # Errors
///
/// When it is none.
pub fn host(text: &str) -> Result<String, &'static str> {
    let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let fine = |part: &str| {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !part.is_empty() && part.chars().all(inside)
    };
    if name.split('.').all(fine) {
        return Ok(name);
    }
    Err("this is no name of a host, such as trunkline.internal.example: no scheme, no port")
}

/// Reads the address of a webhook: https, or http to this machine.
///
/// # Errors
///
/// When it is none; the words do not repeat it.
pub fn webhook_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "this is no URL")?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("this is no URL of a webhook"),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        _ => Err("a webhook is https://, or http:// to this machine"),
    }
}

/// Whether an address is on this machine.
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
