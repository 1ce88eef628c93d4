//! What can go wrong between us and Telnyx, told apart so that somebody can act on it.

use std::fmt;

/// A request that did not end well, after all the attempts that were allowed.
///
/// Its text carries method, path, status, code, title and detail; never a body, a key or a password.
#[derive(Clone, Debug, thiserror::Error)]
pub struct Error {
    /// The method, for example `GET`.
    pub method: &'static str,
    /// The path below the base URL, without the query.
    pub path: Box<str>,
    /// What went wrong.
    pub kind: Kind,
    /// What Telnyx said about it; empty when it said nothing.
    pub details: Box<[Detail]>,
    /// Telnyx's identity of the request (`x-request-id`), for its support.
    pub request_id: Option<Box<str>>,
    /// Whether an earlier attempt of this request may have had its effect.
    pub earlier_lost: bool,
    /// How often it was sent.
    pub attempts: u32,
}

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 401: the key is not known.
    Unauthorized,
    /// 403: the key may not do this.
    Forbidden,
    /// 404: there is nothing of that identity.
    NotFound,
    /// 400 or 422: Telnyx does not accept what was sent.
    Invalid(u16),
    /// 429, and again after every wait.
    RateLimited,
    /// Another status of 400 to 499.
    Rejected(u16),
    /// A status of 300 to 399. Redirects are not followed: the key would go along.
    Redirected(u16),
    /// A status of 500 or more.
    Server(u16),
    /// No connection could be made: not one byte of the request has left.
    Connect(String),
    /// No whole answer came in time.
    Timeout,
    /// The connection broke on the way.
    Broken(String),
    /// An answer came and could not be used.
    Answer(AnswerFault),
    /// An identity that cannot stand in a path. Nothing was sent.
    BadId,
    /// The session was stopped before it was sent.
    Stopped,
    /// The lock that covers the request was lost.
    Fenced {
        /// True if part of the request may have left by then.
        in_flight: bool,
    },
}

/// Why an answer could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerFault {
    /// It had no body.
    Empty,
    /// It was a page for people, as of a proxy or a login.
    Html,
    /// It ended early.
    Cut,
    /// It was no JSON.
    NotJson,
    /// It was JSON, but something was missing or of another type.
    Shape(String),
    /// A list without `meta`: nobody can say whether it is whole.
    NoMeta,
    /// It was larger than the given number of bytes.
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
    /// What it is about: a JSON pointer into the body that was sent, or a parameter's name.
    pub source: String,
}

impl Error {
    /// Whether the change that was asked for may have happened all the same.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        self.earlier_lost || self.kind.may_have_happened()
    }

    /// The HTTP status, if an answer with one is what went wrong.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.kind {
            Kind::Unauthorized => Some(401),
            Kind::Forbidden => Some(403),
            Kind::NotFound => Some(404),
            Kind::RateLimited => Some(429),
            Kind::Invalid(status)
            | Kind::Rejected(status)
            | Kind::Redirected(status)
            | Kind::Server(status) => Some(status),
            Kind::Connect(_)
            | Kind::Timeout
            | Kind::Broken(_)
            | Kind::Answer(_)
            | Kind::BadId
            | Kind::Stopped
            | Kind::Fenced { .. } => None,
        }
    }

    /// The first code that Telnyx gave, for example `10015`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        let first = self.details.first()?;
        (!first.code.is_empty()).then_some(first.code.as_str())
    }

    /// True if the key may not read or change this.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, Kind::Unauthorized | Kind::Forbidden)
    }

    /// The next step for a person: by the code where Telnyx gave one, else by the half of the API and the
    /// status.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        self.hint_by_code().or_else(|| self.hint_by_half()).or_else(|| self.kind.hint())
    }

    /// Source of the codes: the vendor's knowledge base and `OpenAPI` document.
    fn hint_by_code(&self) -> Option<&'static str> {
        let grant = |detail: &Detail| detail.detail.contains("no grant allows");
        if self.details.iter().any(grant) {
            return Some(
                "no IAM grant of this key allows the request; ask an administrator of the organization for one",
            );
        }
        let is_email = |detail: &Detail| detail.source == "/email";
        Some(match self.code() {
            Some("10007" | "10009") => {
                "check the key in TELNYX_API_KEY or --api-key-file: Telnyx does not accept it"
            }
            Some("20002") => "the key was revoked; create a new one in the portal",
            Some("20012") => {
                "the account is inactive or out of funds; check its status and balance in the portal"
            }
            Some("20013") => "Telnyx has blocked the account; contact Telnyx support",
            Some("20015") => {
                "the feature is not enabled for this organization; ask Telnyx to enable it"
            }
            Some("10019") => EMAIL_TAKEN,
            _ if self.kind == Kind::Invalid(422) && self.details.iter().any(is_email) => {
                EMAIL_TAKEN
            }
            _ => return None,
        })
    }

    fn hint_by_half(&self) -> Option<&'static str> {
        match self.kind {
            _ if !self.path.starts_with("/managed_accounts") => None,
            Kind::Unauthorized => Some(
                "Telnyx does not accept the key, or the key's organization is not a manager of accounts; a manifest without `accounts` needs no access to them",
            ),
            Kind::Forbidden => Some(
                "the key's organization is not a manager of accounts, or the key may not manage them; a manifest without `accounts` needs no access to them",
            ),
            _ => None,
        }
    }
}

/// Source: support articles 4951492 and 1189141.
const EMAIL_TAKEN: &str =
    "an email that any Telnyx user has cannot be used for a new account; use another one";

impl Kind {
    /// Whether a request that ended so may have had its effect on the other side.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        match self {
            // A request that timed out at a gateway may still be on its way behind it.
            Self::Rejected(status) => *status == 408,
            Self::Fenced { in_flight } => *in_flight,
            // A redirect after a POST may well mean: done, look there.
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
            | Self::BadId
            | Self::Stopped => false,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Unauthorized => {
                "check the key in TELNYX_API_KEY or --api-key-file: it is unknown to this base URL"
            }
            Self::Forbidden => {
                "the key is known but may not do this: it must be a manager account's, and Telnyx must have approved the manager"
            }
            Self::NotFound => "it is not there (any more), or it belongs to another manager",
            Self::Invalid(_) => "Telnyx does not accept this value; its detail says why",
            Self::RateLimited => {
                "something else is using up this key's rate limit; try again later, or with a lower --parallelism"
            }
            Self::Redirected(_) => "redirects are not followed; check --base-url",
            Self::Server(_) => "Telnyx has a problem of its own; try again later",
            Self::Connect(_) => "check --base-url, the network, and the proxy settings",
            Self::Timeout => "Telnyx did not answer in time; try again, or with a longer --timeout",
            Self::Broken(_) | Self::Answer(AnswerFault::Cut) => {
                "the connection broke on the way; try again"
            }
            Self::Answer(AnswerFault::Html) => {
                "something between here and Telnyx answers with pages for people: check --base-url and the proxy settings"
            }
            Self::Answer(AnswerFault::NoMeta) => {
                "without meta nobody can say whether the list is whole, so it is not used"
            }
            Self::Answer(_) => "this is not what Telnyx documents; check --base-url",
            Self::BadId => "an id is what `trunkline get` prints in its first column",
            Self::Fenced { .. } => {
                "Another run may be active now. Run `trunkline plan` to see what is left to do."
            }
            Self::Rejected(_) | Self::Stopped => return None,
        })
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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthorized => f.write_str("401, the key is not accepted"),
            Self::Forbidden => f.write_str("403, the key may not do this"),
            Self::NotFound => f.write_str("404, not found"),
            Self::Invalid(status) => write!(f, "{status}, not accepted"),
            Self::RateLimited => f.write_str("429, too many requests"),
            Self::Rejected(status) => write!(f, "{status}, refused"),
            Self::Redirected(status) => write!(f, "{status}, a redirect"),
            Self::Server(status) => write!(f, "{status}, an error on the other side"),
            Self::Connect(why) => write!(f, "no connection: {why}"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::Answer(fault) => write!(f, "{fault}"),
            Self::BadId => f.write_str("this is no id"),
            Self::Stopped => f.write_str("not sent any more"),
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
            Self::NoMeta => f.write_str("the list came without meta"),
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
