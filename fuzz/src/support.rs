//! The parts of the tests that the fuzz targets use.

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/it/support/server.rs"]
pub(crate) mod server;
