//! The account API on loopback: for trying things out, for CI and for tests.
//!
//! Twelve operations with a state behind them, true to the vendor's document: its statuses, its
//! schemas, its pagination, its secrets in answers. It shares no code with the client, so that one
//! cannot hide the other's mistakes.

mod accounts;
mod answer;
mod body;
mod limit;
mod persist;
mod query;
mod routes;
mod seed;
mod server;
mod users;

pub use persist::DataError;
pub use seed::{Account, AccountStatus, Channels, Group, Manager, Seed, SeedError, User};
pub use server::{Config, Error, Running, start};
