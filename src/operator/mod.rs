//! Reconciles `TelnyxOrganization` resources in Kubernetes.
//!
//! It only reads from Telnyx, unless `spec.approve` of a resource names the digest of the plan that is made now. A resource
//! has no finalizer: deleting it, its namespace or its definition sends nothing.

mod crd;

pub use crd::{DEFAULT_SCHEDULE, DEFAULT_SECRET_KEY, GROUP, KIND, PLURAL, VERSION, definition};
