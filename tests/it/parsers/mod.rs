//! What comes in as bytes from outside, changed in every way: accepted and right, or refused with words.
//!
//! The laws are those of [`entry`]; here are the documents that they are tried with. Valid ones are generated, then
//! changed in their structure and in their text. `PROPTEST_CASES=20000 cargo test --test it parsers::` tries more.

pub(crate) mod entry;

mod answers;
mod corpus;
mod daemon_config;
mod manifest;
mod mutate;
mod saved_plan;
mod state;
mod tree;
