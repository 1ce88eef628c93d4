//! The crate's one-line form of an error, under the daemon's name for it.

pub(super) use crate::model::error_chain as words;
