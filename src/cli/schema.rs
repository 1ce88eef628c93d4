//! `trunkline schema manifest|plan|outcome|daemon`

use clap::ValueEnum;

use super::exit::{Exit, Failure};
use super::terminal;
use crate::{daemon, manifest, report};

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
    /// What `plan --format json` prints.
    Plan,
    /// What `apply --format json` prints.
    Outcome,
    /// What `daemon --config` reads.
    Daemon,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Args { of } = args;
    let schema = match of {
        Of::Manifest => manifest::schema(),
        Of::Plan => report::plan_schema(),
        Of::Outcome => report::outcomes_schema(),
        Of::Daemon => daemon::config::schema(),
    };
    terminal::print(&schema)?;
    Ok(Exit::Fine)
}
