//! Trunkline keeps a Telnyx organization the way a file in git says it should be.

pub mod model;
pub mod sandbox;
pub mod telnyx;
