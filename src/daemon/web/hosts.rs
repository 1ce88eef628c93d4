//! The host names that the web server answers to.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, Uri, header::HOST, uri::Authority};

/// The host names that the web server answers to, on any port.
///
/// `localhost` and addresses are always allowed: a foreign site can make its own *name* point here, but a page opened by
/// address is not that site. So probes and scrapes by address need no configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// Creates the set from names without a port, in any case.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(plain).collect())
    }

    /// Returns true if a request names exactly one host, and that is allowed.
    pub(super) fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else {
            return false;
        };
        let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        host.is_some_and(|host| self.allows(&host))
            && uri.authority().is_none_or(|authority| self.allows(authority))
    }

    fn allows(&self, authority: &Authority) -> bool {
        let name = plain(authority.host());
        let port = authority.as_str().strip_prefix(authority.host());
        port.is_some_and(|port| port.is_empty() || port.starts_with(':'))
            && (name == "localhost" || is_address(&name) || self.0.contains(&name))
    }
}

/// Normalizes a name: lower case, without a dot at the end.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn is_address(name: &str) -> bool {
    let six = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.parse::<Ipv4Addr>().is_ok() || six.is_some_and(|six| six.parse::<Ipv6Addr>().is_ok())
}
