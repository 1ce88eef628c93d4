//! Reconciles `TelnyxOrganization` resources in Kubernetes.
//!
//! It only reads from Telnyx, unless `spec.approve` of a resource names the digest of the plan that is made now. A resource
//! has no finalizer: deleting it, its namespace or its definition sends nothing.
//!
//! `supervisor` lists and watches the resources, and starts a worker for each. Of several replicas one is the leader of a
//! resource (`leading`), and of several resources with one organization the oldest is its `owner`. The `worker` checks on
//! schedule and after a change of the spec or of the Secret: `check` reads and plans, `approval` decides on the plan,
//! `apply` sends an approved one. A pure function of the result (`status`) makes the conditions, which are written by
//! server-side apply.

mod crd;

#[cfg(feature = "kubernetes")]
mod apply;
#[cfg(feature = "kubernetes")]
mod approval;
#[cfg(feature = "kubernetes")]
mod approved;
#[cfg(feature = "kubernetes")]
mod check;
#[cfg(feature = "kubernetes")]
mod events;
#[cfg(feature = "kubernetes")]
mod leading;
#[cfg(feature = "kubernetes")]
mod owner;
#[cfg(feature = "kubernetes")]
mod page;
#[cfg(feature = "kubernetes")]
mod resource;
#[cfg(feature = "kubernetes")]
mod secret;
#[cfg(feature = "kubernetes")]
mod status;
#[cfg(feature = "kubernetes")]
mod supervisor;
#[cfg(feature = "kubernetes")]
mod worker;

pub use crd::{DEFAULT_SCHEDULE, DEFAULT_SECRET_KEY, GROUP, KIND, PLURAL, VERSION, definition};
#[cfg(feature = "kubernetes")]
pub use supervisor::{Options, StartError, run};
