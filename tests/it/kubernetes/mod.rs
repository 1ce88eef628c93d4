//! Kubernetes, with a real API server: the state in a Secret, and its locks as Leases.

mod lock;
mod operator;
mod state;
