//! The kinds of failed attempts.

use std::error::Error as _;

use reqwest::StatusCode;

use super::error::ErrorKind;
use super::wire;

/// The kind of failure for a status.
pub(super) fn refusal(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthorized,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        429 => ErrorKind::RateLimited,
        status @ (400 | 422) => ErrorKind::Invalid(status),
        status @ 300..400 => ErrorKind::Redirected(status),
        status @ 400..500 => ErrorKind::Rejected(status),
        status => ErrorKind::Server(status),
    }
}

/// The kind of failure for an attempt without an answer.
pub(super) fn lost(error: &reqwest::Error) -> ErrorKind {
    // Checked first: a connection that timed out before it was established has sent nothing, either.
    if is_untrusted(error) {
        return ErrorKind::Certificate(root(error));
    }
    if error.is_connect() {
        return ErrorKind::Connect(format!("{}: {}", server(error), root(error)));
    }
    if error.is_timeout() {
        return ErrorKind::Timeout;
    }
    ErrorKind::Broken(root(error))
}

/// Returns true if the certificate of the server was rejected.
fn is_untrusted(error: &reqwest::Error) -> bool {
    let mut reason = error.source();
    while let Some(error) = reason {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = inner
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .or_else(|| error.downcast_ref());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        // The source of an I/O error skips its inner error.
        reason = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// The host and the port of the request.
fn server(error: &reqwest::Error) -> String {
    let url = error.url();
    let host = url.and_then(url::Url::host_str).unwrap_or("the server");
    let port = url.and_then(url::Url::port).map(|port| format!(":{port}"));
    wire::clean(&format!("{host}{}", port.unwrap_or_default()))
}

/// The innermost reason. The outer ones only report that a request failed.
fn root(error: &reqwest::Error) -> String {
    let mut reason = error.source();
    while let Some(inner) = reason.and_then(std::error::Error::source) {
        reason = Some(inner);
    }
    reason.map_or_else(|| "no reason given".to_owned(), |reason| wire::clean(&reason.to_string()))
}
