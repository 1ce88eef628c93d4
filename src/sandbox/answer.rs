//! Answers and refusals, in the documented form.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    behavior::Access,
    fault::{FaultKind, FaultLocation, Refusal, RequestFault},
    operation::{Family, Unrouted},
};

/// The documented errors, by code.
const NOT_FOUND: (&str, &str) = ("10005", "Resource not found");
const UNEXPECTED: (&str, &str) = ("10007", "Unexpected error");
const UNAUTHENTICATED: (&str, &str) = ("10009", "Authentication failed");
const NOT_AUTHORIZED: (&str, &str) = ("10010", "Not authorized");
const TOO_MANY: (&str, &str) = ("10011", "Too many requests");
const INACTIVE: (&str, &str) = ("20012", "Account inactive");

/// The code and the title of a fault.
fn code(kind: FaultKind) -> (&'static str, &'static str) {
    match kind {
        FaultKind::BadRequest => ("10015", "Bad Request"),
        FaultKind::MissingParameter => ("10004", "Missing required parameter"),
        FaultKind::Duplicate => ("10012", "Duplicate"),
        FaultKind::BadEmail => ("10019", "Invalid email"),
        FaultKind::FeatureOff => ("20015", "Feature not enabled"),
    }
}

/// An answer with JSON.
pub(super) fn json(status: StatusCode, value: &Value) -> Response {
    with_type(status, "application/json", value.to_string())
}

/// An answer with `data`.
pub(super) fn data(value: &Value) -> Response {
    json(StatusCode::OK, &json!({ "data": value }))
}

/// A report as CSV.
pub(super) fn csv(text: String) -> Response {
    with_type(StatusCode::OK, "text/csv", text)
}

/// The refusal of a missing or wrong key.
pub(super) fn unauthenticated(family: Family) -> Response {
    match family {
        Family::Accounts => empty(StatusCode::UNAUTHORIZED),
        Family::Users => error(
            StatusCode::UNAUTHORIZED,
            UNAUTHENTICATED,
            "Could not understand the provided credentials.",
            None,
        ),
    }
}

/// The refusal of too many requests.
pub(super) fn too_many() -> Response {
    let detail = "You have exceeded the maximum number of allowed requests.";
    let mut answer = error(StatusCode::TOO_MANY_REQUESTS, TOO_MANY, detail, None);
    set(&mut answer, header::RETRY_AFTER, "1");
    answer
}

/// The refusal of every request for one half of the API, if the key has no access to it.
pub(super) fn access_refusal(family: Family, access: Access) -> Option<Response> {
    let forbidden = |kind, detail| Some(error(StatusCode::FORBIDDEN, kind, detail, None));
    match access {
        Access::Available => None,
        Access::Unauthorized => Some(unauthenticated(family)),
        Access::Forbidden => Some(refused(family, &Refusal::Forbidden)),
        Access::NotAuthorized if family == Family::Users => {
            Some(refused(family, &Refusal::Forbidden))
        }
        Access::NotAuthorized => {
            forbidden(NOT_AUTHORIZED, "The current user is not a manager account.")
        }
        Access::NoGrant => forbidden(NOT_AUTHORIZED, "no grant allows this action"),
        Access::Inactive => {
            forbidden(INACTIVE, "The account is inactive or has insufficient funds.")
        }
    }
}

/// The refusal of a request without an operation.
pub(super) fn unrouted(unrouted: &Unrouted) -> Response {
    match unrouted {
        Unrouted::UnknownPath => not_found(),
        Unrouted::WrongMethod(allowed) => {
            let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
            set(&mut answer, header::ALLOW, allowed);
            answer
        }
    }
}

/// The answer to a refused operation.
pub(super) fn refused(family: Family, refusal: &Refusal) -> Response {
    match (family, refusal) {
        (Family::Accounts, Refusal::NotFound) => empty(StatusCode::NOT_FOUND),
        (Family::Accounts, Refusal::Forbidden) => empty(StatusCode::FORBIDDEN),
        (Family::Accounts, Refusal::Invalid(faults)) => {
            invalid(StatusCode::UNPROCESSABLE_ENTITY, faults, source)
        }
        (Family::Users, Refusal::NotFound) => not_found(),
        (Family::Users, Refusal::Forbidden) => {
            let detail = "You are not authorized to access the requested resource.";
            error(StatusCode::FORBIDDEN, NOT_AUTHORIZED, detail, Some(json!({ "pointer": "/" })))
        }
        // The document has only pointers here, and queries have none.
        (Family::Users, Refusal::Invalid(faults)) => {
            invalid(StatusCode::BAD_REQUEST, faults, |_| json!({ "pointer": "/" }))
        }
        (_, Refusal::NotKept) => error(
            StatusCode::INTERNAL_SERVER_ERROR,
            UNEXPECTED,
            "The change could not be written to the data file.",
            None,
        ),
    }
}

/// Sets a header. Invalid values are left out.
pub(super) fn set(answer: &mut Response, name: impl Into<HeaderName>, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name.into(), value);
    }
}

fn not_found() -> Response {
    let detail = "The requested resource or URL could not be found.";
    error(StatusCode::NOT_FOUND, NOT_FOUND, detail, Some(json!({ "pointer": "/" })))
}

fn source(fault: &RequestFault) -> Value {
    match &fault.place {
        FaultLocation::Whole => json!({ "pointer": "/" }),
        FaultLocation::Field(name) => json!({ "pointer": format!("/{name}") }),
        FaultLocation::Parameter(name) => json!({ "parameter": name }),
    }
}

fn invalid(
    status: StatusCode,
    faults: &[RequestFault],
    source: impl Fn(&RequestFault) -> Value,
) -> Response {
    let errors: Vec<_> = faults
        .iter()
        .map(|fault| error_object(code(fault.kind), &fault.detail, Some(source(fault))))
        .collect();
    json(status, &json!({ "errors": errors }))
}

fn error(status: StatusCode, kind: (&str, &str), detail: &str, source: Option<Value>) -> Response {
    json(status, &json!({ "errors": [error_object(kind, detail, source)] }))
}

fn error_object((code, title): (&str, &str), detail: &str, source: Option<Value>) -> Value {
    let url = format!("https://developers.telnyx.com/docs/overview/errors/{code}");
    let mut object =
        json!({ "code": code, "title": title, "detail": detail, "meta": { "url": url } });
    if let Some(source) = source {
        object["source"] = source;
    }
    object
}

fn with_type(status: StatusCode, content_type: &'static str, text: String) -> Response {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

fn empty(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}
