//! The manifest: a YAML file in git that says what should be.
//!
//! Inert data: no templates, no environment, no includes. What is written (the document) is not what
//! is wanted ([`Desired`](crate::model::Desired)): only a manifest without a fault becomes that.

mod check;
mod document;
mod load;
mod problem;

pub use load::{load, parse};
pub use problem::{Place, Problem, Problems};
