//! The integration tests, one binary: a file per subject.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod apply;
#[cfg(test)]
mod approve;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod converges;
#[cfg(test)]
mod creates;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod daemon_web;
#[cfg(test)]
mod diff;
#[cfg(test)]
mod execute_refused;
#[cfg(test)]
mod exits;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod format;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod import;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod injection;
#[cfg(test)]
mod inventory;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod manifest;
#[cfg(test)]
mod mutants;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod order;
#[cfg(test)]
mod parsers;
#[cfg(test)]
mod pipelines;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod report;
#[cfg(test)]
mod resend;
mod sandbox;
#[cfg(test)]
mod saved;
#[cfg(test)]
mod secrets;
#[cfg(test)]
#[cfg(feature = "object-store")]
mod shared;
#[cfg(test)]
mod shedding;
#[cfg(test)]
mod since;
#[cfg(test)]
mod state;
#[cfg(test)]
mod state_command;
#[cfg(test)]
mod state_place;
#[cfg(test)]
mod support;
#[cfg(test)]
mod vanished;
#[cfg(test)]
mod variants;
