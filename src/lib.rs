//! Trunkline keeps a Telnyx organization the way a file in git says it should be.

pub mod detect;
pub mod execute;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod sandbox;
pub mod telnyx;
