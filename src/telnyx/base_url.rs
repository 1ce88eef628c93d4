//! The base URL of the API: https anywhere, plain http only on loopback.

use std::fmt;

use url::{Host, Url};

/// The base of every request's URL, for example `https://api.telnyx.com/v2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
}

/// An invalid base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// It is not a URL.
    #[error("it is not a URL such as https://api.telnyx.com/v2")]
    NotAUrl,
    /// It has no scheme.
    #[error("it does not begin with https://")]
    NoScheme,
    /// The key would be sent unencrypted.
    #[error("http:// would send the key unencrypted, and is for loopback addresses only")]
    NotEncrypted,
    /// It has a user, a query or a fragment.
    #[error("it has a user, a query or a fragment")]
    Superfluous,
}

impl BaseUrl {
    /// The public API. Source: `servers` of the vendor's document.
    pub const TELNYX: &'static str = "https://api.telnyx.com/v2";

    /// Parses a base URL. A trailing slash is ignored.
    ///
    /// # Errors
    ///
    /// If it is not a URL, would send the key unencrypted, or has a user, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        if !text.contains("://") {
            return Err(BaseUrlError::NoScheme);
        }
        let mut url = Url::parse(text.trim()).map_err(|_| BaseUrlError::NotAUrl)?;
        let loopback = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(BaseUrlError::NotEncrypted),
            _ => return Err(BaseUrlError::NotAUrl),
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::Superfluous);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self { url })
    }

    /// Returns true if the host is a loopback address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// Returns true if the path ends in the version of the API.
    pub(super) fn is_versioned(&self) -> bool {
        self.url.path().trim_end_matches('/').ends_with("/v2")
    }

    /// Returns true if requests go over TLS.
    pub(super) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the URL of an operation: `segments` below the base. `None` if a segment is not valid in a path.
    pub(super) fn join(&self, segments: &[&str], query: &[(&str, String)]) -> Option<Url> {
        // Dots would select another operation, and URLs drop tabs and line breaks, so one id would
        // silently become another.
        let dots = |segment: &str| segment.trim_matches('.').is_empty();
        if segments.iter().any(|segment| dots(segment) || segment.contains(['\t', '\n', '\r'])) {
            return None;
        }
        let mut url = self.url.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Some(url)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for good in [
            "https://api.telnyx.com/v2",
            "http://127.0.0.1:8080/v2/",
            "http://[::1]:1/v2",
            "http://localhost/v2",
        ] {
            let url = BaseUrl::parse(good).unwrap();
            assert_eq!(url.to_string(), good.trim_end_matches('/'));
        }
        for bad in ["http://api.telnyx.com/v2", "http://127.0.0.1.example/v2", "http://10.0.0.1/v2"]
        {
            assert_eq!(BaseUrl::parse(bad), Err(BaseUrlError::NotEncrypted), "{bad}");
        }
        for bad in ["", "api.telnyx.com", "127.0.0.1:8484/v2"] {
            assert_eq!(BaseUrl::parse(bad), Err(BaseUrlError::NoScheme), "{bad}");
        }
        for bad in ["ftp://localhost", "file:///etc", "https://"] {
            assert_eq!(BaseUrl::parse(bad), Err(BaseUrlError::NotAUrl), "{bad}");
        }
        for bad in
            ["https://user:pass@api.telnyx.com", "https://a.example/v2?x=1", "https://a.example/#x"]
        {
            assert_eq!(BaseUrl::parse(bad), Err(BaseUrlError::Superfluous), "{bad}");
        }
    }

    #[test]
    fn an_id_cannot_reach_another_operation() {
        let base = BaseUrl::parse("https://api.telnyx.com/v2").unwrap();
        let joined = |id| base.join(&["managed_accounts", id], &[]).map(String::from);
        assert_eq!(
            joined("a/../b?c").as_deref(),
            Some("https://api.telnyx.com/v2/managed_accounts/a%2F..%2Fb%3Fc")
        );
        assert_eq!(
            joined("%2e%2e").as_deref(),
            Some("https://api.telnyx.com/v2/managed_accounts/%252e%252e")
        );
        for bad in ["", ".", "..", "\t", ".\n.", "a\r1", "a1\n"] {
            assert_eq!(joined(bad), None, "{bad:?}");
        }
    }
}
