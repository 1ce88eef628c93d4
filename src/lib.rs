//! Trunkline keeps a Telnyx organization the way a file in git says it should be.

pub mod cli;
pub mod detect;
pub mod execute;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod report;
pub mod sandbox;
pub mod telnyx;
