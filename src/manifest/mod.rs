//! The manifest: YAML files in git that say what should be.
//!
//! Inert data: no templates, no environment, no includes. A manifest comes in steps: the files are
//! read, each becomes a tree in which everything knows its place, the tree becomes a document in which every value
//! has the right form, and the documents together become what is wanted
//! ([`Desired`](crate::model::Desired)) if they fit. What is wrong is noted at every step, and a
//! manifest without a fault is the only one that becomes anything.
//!
//! The configuration of the daemon is read in the same steps, by way of what this module shows to the crate.

pub mod canonical;
mod check;
mod document;
mod files;
mod format;
mod join;
mod load;
mod mistakes;
mod parse;
mod places;
mod problem;
mod reading;
mod schema;
mod secrets;
mod source;
mod take;
mod tree;
mod values;

pub use canonical::canonical;
pub use format::{Formatted, Layout, format};
pub(crate) use load::read_one;
pub use load::{LoadedManifest, load, load_with_places, parse};
pub use places::{Listed, Places};
pub use problem::{Excerpt, Position, Problem, ProblemKind, Problems, Related};
pub(crate) use reading::{BEGIN, FieldReader, Reading, Written, nearest};
pub use schema::schema;
pub(crate) use schema::{schema_of, text as text_schema, version as version_schema};
pub(crate) use secrets::looks_secret;
pub(crate) use tree::{Node, TreeKey, TreeKind};
pub use values::{LONGEST_TEXT, takes_email, takes_id, takes_label, takes_text};
pub(crate) use values::{text, version};
