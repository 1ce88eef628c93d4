//! `trunkline schema manifest`

use clap::ValueEnum;

use super::exit::{Exit, Failure};
use super::terminal;
use crate::manifest;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// What it is the schema of
    #[arg(value_name = "WHAT")]
    of: Of,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// A manifest file.
    Manifest,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Args { of } = args;
    let schema = match of {
        Of::Manifest => manifest::schema(),
    };
    terminal::print(&schema)?;
    Ok(Exit::Fine)
}
