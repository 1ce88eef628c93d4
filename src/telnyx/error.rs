//! Errors of requests to Telnyx.

use std::fmt;

/// A request that failed after all retries.
///
/// Its text has method, path, status, code, title and detail; never a body, a key or a password.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// The method, for example `GET`.
    pub method: &'static str,
    /// The path below the base URL, without the query.
    pub path: Box<str>,
    /// The kind of failure.
    pub kind: ErrorKind,
    /// The errors that Telnyx returned, if any.
    pub details: Box<[Detail]>,
    /// The request id (`x-request-id`), for Telnyx support.
    pub request_id: Option<Box<str>>,
    /// True if an earlier attempt of this request may have taken effect.
    pub earlier_lost: bool,
    /// The number of attempts.
    pub attempts: u32,
    /// True if the path of the base URL does not end in `/v2`.
    pub unversioned: bool,
}

/// The kind of a failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// 401: the key is not accepted.
    Unauthorized,
    /// 403: the key lacks the permission.
    Forbidden,
    /// 404: not found.
    NotFound,
    /// 400 or 422: Telnyx rejects the request.
    Invalid(u16),
    /// 429, after every retry.
    RateLimited,
    /// Another status of 400 to 499.
    Rejected(u16),
    /// A status of 300 to 399. Redirects are not followed, because they would receive the key.
    Redirected(u16),
    /// A status of 500 or more.
    Server(u16),
    /// No connection: no byte of the request was sent.
    Connect(String),
    /// The certificate of the server is not trusted.
    Certificate(String),
    /// No complete answer before the timeout.
    Timeout,
    /// The connection was interrupted.
    Broken(String),
    /// An unusable answer.
    Answer(AnswerFault),
    /// An id that is not valid in a path. Nothing was sent.
    BadId,
    /// The session was stopped before the request was sent.
    Stopped,
    /// The lock that covers the request was lost.
    Fenced {
        /// True if part of the request may have been sent.
        in_flight: bool,
    },
}

/// The reason why an answer is unusable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// No body.
    Empty,
    /// An HTML page, as from a proxy or a login.
    Html,
    /// The answer ended early.
    Cut,
    /// Not JSON.
    NotJson,
    /// JSON with a missing field or another type.
    Shape(String),
    /// Larger than this number of bytes.
    TooLarge(usize),
}

/// One entry of `errors` in an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Telnyx's code, for example `10015`.
    pub code: String,
    /// The short text.
    pub title: String,
    /// The long text.
    pub detail: String,
    /// The source of the error: a JSON pointer into the request body, or a parameter's name.
    pub source: String,
}

impl Error {
    /// Returns true if a change may have taken effect. A read changes nothing.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        self.method != "GET" && (self.earlier_lost || self.kind.may_have_happened())
    }

    /// Returns true if the key may not read or change this. False if Telnyx refuses whatever the key asks for.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, ErrorKind::Unauthorized | ErrorKind::Forbidden)
            && !self.has_code(&["20002", "20012", "20013"])
    }

    /// Returns true if any entry of the answer has one of these codes.
    pub(super) fn has_code(&self, codes: &[&str]) -> bool {
        self.details.iter().any(|detail| codes.contains(&detail.code.as_str()))
    }

    /// The HTTP status, if the failure has one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.kind {
            ErrorKind::Unauthorized => Some(401),
            ErrorKind::Forbidden => Some(403),
            ErrorKind::NotFound => Some(404),
            ErrorKind::RateLimited => Some(429),
            ErrorKind::Invalid(status)
            | ErrorKind::Rejected(status)
            | ErrorKind::Redirected(status)
            | ErrorKind::Server(status) => Some(status),
            ErrorKind::Connect(_)
            | ErrorKind::Certificate(_)
            | ErrorKind::Timeout
            | ErrorKind::Broken(_)
            | ErrorKind::Answer(_)
            | ErrorKind::BadId
            | ErrorKind::Stopped
            | ErrorKind::Fenced { .. } => None,
        }
    }

    /// The first error code, for example `10015`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        let first = self.details.first()?;
        (!first.code.is_empty()).then_some(first.code.as_str())
    }

    /// Returns true if Telnyx refuses every request of the key.
    pub(super) fn refuses_key(kind: &ErrorKind, details: &[Detail]) -> bool {
        matches!(kind, ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Rejected(_))
            && details.iter().any(|detail| {
                matches!(detail.code.as_str(), "10007" | "10009" | "20002" | "20012" | "20013")
            })
    }
}

impl ErrorKind {
    /// Returns true if a request that failed this way may have taken effect.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            // The server behind the gateway may still process it.
            Self::Rejected(status) => *status == 408,
            Self::Fenced { in_flight } => *in_flight,
            // A redirect after a POST may mean success.
            Self::Redirected(_)
            | Self::Server(_)
            | Self::Timeout
            | Self::Broken(_)
            | Self::Answer(_) => true,
            Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::Invalid(_)
            | Self::RateLimited
            | Self::Connect(_)
            | Self::Certificate(_)
            | Self::BadId
            | Self::Stopped => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.method, self.path, self.kind)?;
        for detail in &self.details {
            write!(f, ": {detail}")?;
        }
        if self.attempts > 1 {
            write!(f, " (after {} attempts)", self.attempts)?;
        }
        Ok(())
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("401, the key is not accepted"),
            Self::Forbidden => f.write_str("403, the key may not do this"),
            Self::NotFound => f.write_str("404, not found"),
            Self::Invalid(status) => write!(f, "{status}, not accepted"),
            Self::RateLimited => f.write_str("429, too many requests"),
            Self::Rejected(status) => write!(f, "{status}, refused"),
            Self::Redirected(status) => write!(f, "{status}, a redirect"),
            Self::Server(status) => write!(f, "{status}, a server error"),
            Self::Connect(why) => write!(f, "no connection to {why}"),
            Self::Certificate(why) => write!(f, "the certificate is not trusted: {why}"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Broken(why) => write!(f, "the connection was interrupted: {why}"),
            Self::Answer(fault) => write!(f, "{fault}"),
            Self::BadId => f.write_str("invalid id"),
            Self::Stopped => f.write_str("not sent"),
            Self::Fenced { in_flight: false } => {
                f.write_str("not sent: the lock of the state was lost")
            }
            Self::Fenced { in_flight: true } => {
                f.write_str("the lock of the state was lost while the request was in flight")
            }
        }
    }
}

impl fmt::Display for AnswerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the answer has no body"),
            Self::Html => f.write_str("the answer is an HTML page, not JSON"),
            Self::Cut => f.write_str("the answer was cut short"),
            Self::NotJson => f.write_str("the answer is not JSON"),
            Self::Shape(what) => write!(f, "the answer is not of the documented form: {what}"),
            Self::TooLarge(limit) => write!(f, "the answer is larger than {limit} bytes"),
        }
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.code, &self.title, &self.detail];
        let said: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        f.write_str(&said.join(", "))?;
        if !matches!(self.source.as_str(), "" | "/") {
            write!(f, " (at {})", self.source)?;
        }
        Ok(())
    }
}
