//! The manifest: YAML files in git that say what should be.
//!
//! Inert data: no templates, no environment, no includes. A manifest comes in steps: the files are
//! read, each becomes a tree in which everything knows its place, the tree becomes a document in which every value
//! has the right form, and the documents together become what is wanted
//! ([`Desired`](crate::model::Desired)) if they fit. What is wrong is noted at every step, and a
//! manifest without a fault is the only one that becomes anything.
//!
//! The configuration of the daemon is read in the same steps, by way of what this module shows to the crate.

mod check;
mod document;
mod files;
mod join;
mod load;
mod parse;
mod problem;
mod reading;
mod schema;
mod secrets;
mod source;
mod take;
mod tree;
mod values;

pub(crate) use load::read_one;
pub use load::{load, parse};
pub use problem::{Excerpt, Place, Problem, Problems, Related};
pub(crate) use reading::{BEGIN, Fields, Reading, Written, nearest};
pub use schema::schema;
pub(crate) use schema::{schema_of, text as text_schema, version as version_schema};
pub(crate) use secrets::looks_secret;
pub(crate) use tree::{Key as TreeKey, Kind, Node};
pub(crate) use values::{text, version};
