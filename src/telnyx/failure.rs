//! The kinds of failed attempts.

use std::error::Error as _;

use reqwest::StatusCode;
use rustls::CertificateError;

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
    if let Some(flaw) = certificate_flaw(error) {
        return ErrorKind::Certificate(flaw);
    }
    if error.is_connect() {
        return ErrorKind::Connect(format!("{}: {}", server(error), root(error)));
    }
    if error.is_timeout() {
        return ErrorKind::Timeout;
    }
    ErrorKind::Broken(root(error))
}

/// The reason why the certificate of the server was rejected, if it was.
fn certificate_flaw(error: &reqwest::Error) -> Option<String> {
    let mut reason = error.source();
    while let Some(error) = reason {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = inner
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .or_else(|| error.downcast_ref());
        if let Some(rustls::Error::InvalidCertificate(flaw)) = tls {
            return Some(flaw_text(flaw));
        }
        // The source of an I/O error skips its inner error.
        reason = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn flaw_text(flaw: &CertificateError) -> String {
    match flaw {
        CertificateError::UnknownIssuer => "its issuer is unknown".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another host".to_owned()
        }
        // The library has no other name for it.
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "it is self-signed as a CA, and must be signed by one instead".to_owned()
        }
        other => wire::clean(&other.to_string()),
    }
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
