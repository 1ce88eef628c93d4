//! `trunkline validate PATH`

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::terminal;
use crate::manifest;
use crate::model::Desired;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The manifest: a file, or a folder of files
    path: PathBuf,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let desired = manifest::load(&args.path)?;
    if !global.quiet {
        terminal::print(&format!("Valid: {}\n", summary(&desired)))?;
    }
    Ok(Exit::Fine)
}

fn summary(desired: &Desired) -> String {
    let Desired { organization, manager: _, policy: _, accept, accounts, users } = desired;
    let mut parts = vec![count(accounts.len(), "account")];
    match users {
        Some(users) => parts.push(count(users.len(), "user")),
        None => parts.push("users not managed".to_owned()),
    }
    if !accept.is_empty() {
        parts.push(count(accept.len(), "accepted finding"));
    }
    format!("{organization}, {}", parts.join(", "))
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
