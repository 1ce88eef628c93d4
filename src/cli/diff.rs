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
    /// Manifest before the change: a file or a folder
    base: PathBuf,
    /// Manifest after the change
    head: PathBuf,
    /// Exit with status 2 if the manifests differ
    #[arg(long)]
    detailed_exitcode: bool,
    /// Output format
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: DiffFormat,
}

/// The output format of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// Text for a terminal.
    Text,
    /// JSON for programs.
    Json,
    /// A unified diff of both manifests in canonical YAML.
    Diff,
}

/// Compares two manifests without a network and a key, so it is safe for untrusted input.
pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let Args { base, head, detailed_exitcode, format } = args;
    let (base, head) = (manifest::load(base)?, manifest::load(head)?);
    let comparison = compare(&base, &head);
    let style = terminal::style(global);
    match format {
        DiffFormat::Text => terminal::print_wrapped(&report::comparison_text(
            &head.organization,
            &comparison,
            style,
        )),
        DiffFormat::Json => terminal::print(&report::comparison_json(&base, &head, &comparison)),
        DiffFormat::Diff => terminal::print(&report::comparison_diff(&base, &head)),
    }?;
    let differs = *detailed_exitcode && !comparison.is_empty();
    Ok(if differs { Exit::Drift } else { Exit::Fine })
}
