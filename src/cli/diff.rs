//! `trunkline diff BASE HEAD`

use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::terminal;
use crate::plan::compare;
use crate::{manifest, report};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The manifest before a change: a file or a folder
    base: PathBuf,
    /// The manifest with the change
    head: PathBuf,
    /// Exit with 2 when something differs
    #[arg(long)]
    detailed_exitcode: bool,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Format,
}

/// The form of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// Both manifests in canonical YAML, against each other.
    Diff,
}

/// It has no connection and no key, so it is safe for what comes from an untrusted contributor.
pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let Args { base, head, detailed_exitcode, format } = args;
    let (base, head) = (manifest::load(base)?, manifest::load(head)?);
    let comparison = compare(&base, &head);
    terminal::print(&match format {
        Format::Text => {
            report::comparison_text(&head.organization, &comparison, terminal::style(global))
        }
        Format::Json => report::comparison_json(&base, &head, &comparison),
        Format::Diff => report::comparison_diff(&base, &head),
    })?;
    let differs = *detailed_exitcode && !comparison.is_empty();
    Ok(if differs { Exit::Drift } else { Exit::Fine })
}
