//! Answers, and the errors of the vendor's document.

use serde_json::{Value, json};

/// An answer before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub status: u16,
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Nothing,
    Json(Value),
    Csv(String),
}

/// Which half of the API an operation belongs to: their errors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// 401, 403 and 404 have no body; what is invalid is 422.
    Accounts,
    /// 401, 403 and 404 have a body; what is invalid is 400.
    Users,
}

/// Something that is invalid in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invalid {
    pub source: Source,
    pub detail: String,
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A field of the body; empty: the body as a whole.
    Field(&'static str),
    /// A parameter of the query.
    Parameter(String),
}

impl Invalid {
    pub(super) fn field(field: &'static str, detail: impl Into<String>) -> Self {
        Self { source: Source::Field(field), detail: detail.into() }
    }

    pub(super) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { source: Source::Parameter(name.to_owned()), detail: detail.into() }
    }
}

impl Answer {
    #[expect(clippy::needless_pass_by_value, reason = "every caller has just made it")]
    pub(super) fn ok(data: Value) -> Self {
        Self { status: 200, body: Body::Json(json!({ "data": data })) }
    }

    pub(super) fn csv(text: String) -> Self {
        Self { status: 200, body: Body::Csv(text) }
    }

    pub(super) fn unauthenticated(family: Family) -> Self {
        let detail = "Could not understand the provided credentials.";
        Self::bare(family, 401, "10009", "Authentication failed", detail)
    }

    pub(super) fn forbidden(family: Family) -> Self {
        let detail = "You are not authorized to access the requested resource.";
        Self::bare(family, 403, "10010", "Not authorized", detail)
    }

    pub(super) fn not_found(family: Family) -> Self {
        let detail = "The requested resource or URL could not be found.";
        Self::bare(family, 404, "10005", "Resource not found", detail)
    }

    pub(super) fn too_many() -> Self {
        let detail = "You have exceeded the maximum number of allowed requests.";
        let error = entry("10011", "Too many requests", detail);
        Self { status: 429, body: Body::Json(json!({ "errors": [error] })) }
    }

    pub(super) fn method_not_allowed() -> Self {
        Self { status: 405, body: Body::Nothing }
    }

    /// One error for everything that is invalid in a request.
    pub(super) fn invalid(family: Family, problems: &[Invalid]) -> Self {
        let status = match family {
            Family::Accounts => 422,
            Family::Users => 400,
        };
        let errors: Vec<Value> = problems.iter().map(|problem| invalid(family, problem)).collect();
        Self { status, body: Body::Json(json!({ "errors": errors })) }
    }

    fn bare(family: Family, status: u16, code: &str, title: &str, detail: &str) -> Self {
        let body = match family {
            Family::Accounts => Body::Nothing,
            Family::Users => {
                let mut error = entry(code, title, detail);
                if status != 401 {
                    error["source"] = json!({ "pointer": "/" });
                }
                Body::Json(json!({ "errors": [error] }))
            }
        };
        Self { status, body }
    }
}

fn invalid(family: Family, problem: &Invalid) -> Value {
    let mut error = entry("10015", "Bad Request", &problem.detail);
    error["source"] = match (&problem.source, family) {
        (Source::Field(field), _) => json!({ "pointer": format!("/{field}") }),
        (Source::Parameter(name), Family::Accounts) => json!({ "parameter": name }),
        // Errors of this family know pointers only.
        (Source::Parameter(_), Family::Users) => json!({ "pointer": "/" }),
    };
    error
}

fn entry(code: &str, title: &str, detail: &str) -> Value {
    let url = format!("https://developers.telnyx.com/docs/overview/errors/{code}");
    json!({ "code": code, "title": title, "detail": detail, "meta": { "url": url } })
}
