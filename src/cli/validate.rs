//! `trunkline validate PATH`

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::terminal;
use crate::manifest;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The manifest
    path: PathBuf,
}

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let desired = manifest::load(&args.path)?;
    if !global.quiet {
        let users = desired.users.as_ref().map_or(0, std::collections::BTreeMap::len);
        let accounts = desired.accounts.len();
        let organization = &desired.organization;
        terminal::print(&format!("Valid: {organization}, {accounts} accounts, {users} users\n"))?;
    }
    Ok(Exit::Fine)
}
