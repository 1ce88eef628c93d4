//! The refusals that the vendor's document lists, each as its example writes it.

use trunkline::telnyx::{Detail, ErrorKind};

/// A documented answer other than 200.
#[derive(Clone, Copy)]
pub(crate) struct Refusal {
    pub status: u16,
    /// Empty where the document has none.
    pub body: &'static str,
    pub code: Option<&'static str>,
    /// Title, detail, source: what of the body is for people.
    pub said: &'static [&'static str],
}

impl Refusal {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self.status {
            401 => ErrorKind::Unauthorized,
            403 => ErrorKind::Forbidden,
            404 => ErrorKind::NotFound,
            429 => ErrorKind::RateLimited,
            status => ErrorKind::Invalid(status),
        }
    }

    pub(crate) fn details(&self) -> Vec<Detail> {
        let said = |at: usize| self.said.get(at).copied().unwrap_or_default().to_owned();
        let detail = |code: &str| Detail {
            code: code.to_owned(),
            title: said(0),
            detail: said(1),
            source: said(2),
        };
        self.code.map(detail).into_iter().collect()
    }
}

const fn without_body(status: u16) -> Refusal {
    Refusal { status, body: "", code: None, said: &[] }
}

const TOO_MANY: Refusal = Refusal {
    status: 429,
    body: r#"{"errors":[{"code":"10011","title":"Too many requests","detail":"You have exceeded the maximum number of allowed requests.","meta":{"url":"https://developers.telnyx.com/docs/overview/errors/10011"}}]}"#,
    code: Some("10011"),
    said: &["Too many requests", "You have exceeded the maximum number of allowed requests."],
};

/// Accounts that are listed.
pub(crate) const LIST: &[Refusal] = &[without_body(401), TOO_MANY];
/// The pool of channels.
pub(crate) const POOL: &[Refusal] = &[without_body(401), without_body(403), TOO_MANY];
/// One account that is read.
pub(crate) const ACCOUNT: &[Refusal] = &[without_body(401), without_body(404), TOO_MANY];
/// An account that is created.
pub(crate) const CREATE: &[Refusal] = &[
    without_body(401),
    Refusal {
        status: 422,
        body: r#"{"errors":[{"code":"10015","title":"Invalid email","detail":"It is taken.","source":{"pointer":"/email"}}]}"#,
        code: Some("10015"),
        said: &["Invalid email", "It is taken.", "/email"],
    },
    TOO_MANY,
];
/// An account that is changed. Of the 422 here only what the document requires.
pub(crate) const CHANGE: &[Refusal] = &[
    without_body(401),
    without_body(404),
    Refusal {
        status: 422,
        body: r#"{"errors":[{"code":"10032","title":"Not possible now"}]}"#,
        code: Some("10032"),
        said: &["Not possible now"],
    },
    TOO_MANY,
];

const BAD_REQUEST: Refusal = Refusal {
    status: 400,
    body: r#"{"errors":[{"code":"10015","title":"Bad Request","detail":"The request failed because it was not well-formed.","source":{"pointer":"/"},"meta":{"url":"https://developers.telnyx.com/docs/overview/errors/10015"}}]}"#,
    code: Some("10015"),
    said: &["Bad Request", "The request failed because it was not well-formed.", "/"],
};
const UNAUTHENTICATED: Refusal = Refusal {
    status: 401,
    body: r#"{"errors":[{"code":"10009","title":"Authentication failed","detail":"Could not understand the provided credentials.","meta":{"url":"https://developers.telnyx.com/docs/overview/errors/10009"}}]}"#,
    code: Some("10009"),
    said: &["Authentication failed", "Could not understand the provided credentials."],
};
const UNAUTHORIZED: Refusal = Refusal {
    status: 403,
    body: r#"{"errors":[{"code":"10010","title":"Not authorized","detail":"You are not authorized to access the requested resource.","source":{"pointer":"/"}}]}"#,
    code: Some("10010"),
    said: &["Not authorized", "You are not authorized to access the requested resource.", "/"],
};
const NOT_FOUND: Refusal = Refusal {
    status: 404,
    body: r#"{"errors":[{"code":"10005","title":"Resource not found","detail":"The requested resource or URL could not be found.","source":{"pointer":"/"}}]}"#,
    code: Some("10005"),
    said: &["Resource not found", "The requested resource or URL could not be found.", "/"],
};

/// Users that are listed.
pub(crate) const USERS: &[Refusal] = &[BAD_REQUEST, UNAUTHENTICATED, UNAUTHORIZED, TOO_MANY];
/// The report of users and groups.
pub(crate) const REPORT: &[Refusal] = &[UNAUTHENTICATED, UNAUTHORIZED, NOT_FOUND, TOO_MANY];
/// One user that is read or removed.
pub(crate) const USER: &[Refusal] =
    &[BAD_REQUEST, UNAUTHENTICATED, UNAUTHORIZED, NOT_FOUND, TOO_MANY];
