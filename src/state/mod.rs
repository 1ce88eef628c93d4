//! Keeps a [`State`](crate::model::State) where it outlives a run: in a file, a bucket, memory, or not at all.
//!
//! A [`Location`] says where, a [`Store`] reads and writes there, and a [`Journal`] holds its lock and records
//! [`Change`]s: what it has recorded is on disk. A state file that is torn, foreign or of a newer version is an
//! [`Error`]; it is never taken for an empty one. Nothing here knows what is wanted or speaks to Telnyx, and
//! there is no place for a secret.

#[cfg_attr(not(feature = "object-store"), path = "no_bucket.rs")]
mod bucket;
mod change;
mod crowd;
mod document;
mod error;
mod file;
mod holder;
mod journal;
mod location;
mod memory;
pub(crate) mod owner;
mod record;
mod store;
mod turn;
mod watch;

pub use bucket::Bucket;
pub use change::{Change, apply};
pub use error::{Damage, Error, Mismatch};
pub use holder::{Holder, Lease};
pub use journal::Journal;
pub use location::Location;
pub use record::{Binding, Record};
pub use store::{Hold, Store};
pub use turn::Turn;
