//! Why a request was refused, before it is an answer. What the answer looks like depends on the operation.

/// A refusal of something that was understood well enough to say why.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such thing.
    NotFound,
    /// It may not be done.
    Forbidden,
    /// These parts of the request are wrong, or cannot be done now.
    Invalid(Vec<RequestFault>),
    /// The change could not be kept, so it didn't happen.
    NotKept,
}

/// One thing that is wrong with a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestFault {
    pub(super) place: FaultLocation,
    pub(super) detail: String,
}

/// Where it is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FaultLocation {
    /// The body as a whole, or the thing that the path names.
    Whole,
    /// A field of the body.
    Field(&'static str),
    /// A parameter of the query, without its escapes.
    Parameter(String),
}

impl RequestFault {
    pub(super) fn whole(detail: impl Into<String>) -> Self {
        Self { place: FaultLocation::Whole, detail: detail.into() }
    }

    pub(super) fn field(name: &'static str, detail: impl Into<String>) -> Self {
        Self { place: FaultLocation::Field(name), detail: detail.into() }
    }

    pub(super) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { place: FaultLocation::Parameter(name.to_owned()), detail: detail.into() }
    }
}

impl From<RequestFault> for Refusal {
    fn from(fault: RequestFault) -> Self {
        Self::Invalid(vec![fault])
    }
}
