//! `trunkline schema manifest|plan|outcome|review|daemon|crd`

use clap::ValueEnum;

use super::exit::{Exit, Failure};
use super::terminal;
use crate::{daemon, manifest, operator, report};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Format to describe
    #[arg(value_name = "FORMAT")]
    format: SchemaFormat,
}

/// A format with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SchemaFormat {
    /// A manifest file.
    Manifest,
    /// The output of `plan --format json`.
    Plan,
    /// The output of `apply --format json`.
    Outcome,
    /// The output of `review --format json`.
    Review,
    /// The file of `daemon --config`.
    Daemon,
    /// The custom resource definition of `trunkline operator`.
    Crd,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let Args { format } = args;
    let schema = match format {
        SchemaFormat::Manifest => manifest::schema(),
        SchemaFormat::Plan => report::plan_schema(),
        SchemaFormat::Outcome => report::outcomes_schema(),
        SchemaFormat::Review => report::review_schema(),
        SchemaFormat::Daemon => daemon::config::schema(),
        SchemaFormat::Crd => operator::definition(),
    };
    terminal::print(&schema)?;
    Ok(Exit::Fine)
}
