//! The manifest: YAML files in git that declare the desired organization.
//!
//! A manifest is inert data: no templates, no environment, no includes. Loading it takes four steps. The files are
//! read (`files`); each is parsed into a tree with positions (`tree`); the tree is read into a document with
//! typed values (`entries`); the documents are joined and checked (`check`) into a
//! [`Desired`](crate::model::Desired). Every step records its problems, and any problem makes the manifest invalid.
//!
//! The configuration of the daemon is read with the same steps. A spreadsheet (`spreadsheet`) becomes entries by itself.

pub mod canonical;
mod check;
mod document;
mod entries;
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
mod spreadsheet;
mod texts;
mod tree;
mod values;

pub use canonical::canonical;
pub use files::MAX_BYTES;
pub use format::{Formatted, Layout, format, format_bytes};
pub(crate) use load::read_one;
pub use load::{LoadedManifest, ManifestFiles, Outline, load, load_with_places, parse};
pub use places::{Listed, Places};
pub use problem::{Excerpt, Position, Problem, ProblemKind, Problems, Related};
pub(crate) use reading::{BEGIN, FieldReader, Reading, Written, nearest};
pub use schema::schema;
pub(crate) use schema::{schema_of, text as text_schema, version as version_schema};
pub(crate) use secrets::looks_secret;
pub use spreadsheet::{LeftOut, Sheet, SheetKind, SheetProblems, read_sheet};
pub(crate) use texts::text;
pub use texts::{LONGEST_TEXT, takes_email, takes_id, takes_label, takes_text};
pub(crate) use tree::{Node, TreeKey, TreeKind};
pub use values::parse_days;
pub(crate) use values::version;
