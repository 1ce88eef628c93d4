//! What the entry points use of the tests.

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../tests/it/support/server.rs"]
pub(crate) mod server;
