//! Refusals of requests. Their answers depend on the operation.

/// The reason of a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The object does not exist.
    NotFound,
    /// The operation is forbidden.
    Forbidden,
    /// Parts of the request are invalid, or not possible now.
    Invalid(Vec<RequestFault>),
    /// The change could not be saved, so it was not made.
    NotKept,
}

/// One fault of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestFault {
    pub(super) kind: FaultKind,
    pub(super) place: FaultLocation,
    pub(super) detail: String,
}

/// The kind of a fault. Each has a documented error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    BadRequest,
    MissingParameter,
    Duplicate,
    BadEmail,
    FeatureOff,
}

/// The location of a fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FaultLocation {
    /// The body as a whole, or the object in the path.
    Whole,
    /// A field of the body.
    Field(&'static str),
    /// A parameter of the query, without its escapes.
    Parameter(String),
}

impl RequestFault {
    pub(super) fn whole(detail: impl Into<String>) -> Self {
        Self::at(FaultLocation::Whole, detail)
    }

    pub(super) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::at(FaultLocation::Parameter(name.to_owned()), detail)
    }

    fn at(place: FaultLocation, detail: impl Into<String>) -> Self {
        Self { kind: FaultKind::BadRequest, place, detail: detail.into() }
    }
}

impl From<RequestFault> for Refusal {
    fn from(fault: RequestFault) -> Self {
        Self::Invalid(vec![fault])
    }
}
