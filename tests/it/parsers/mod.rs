//! Input from outside, mutated in every way: accepted and read correctly, or refused with a message.
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
mod spreadsheet;
mod state;
mod tree;
