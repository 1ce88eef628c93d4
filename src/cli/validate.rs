//! `trunkline validate PATH`

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::reports::{Reports, one_of};
use super::terminal;
use crate::report::{ReportContent, ReportFormat};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The manifest: a file, or a folder of files
    path: PathBuf,
    /// Output format
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = one_of(FORMS))]
    format: ReportFormat,
    #[command(flatten)]
    reports: Reports,
}

/// The forms of the result on stdout. What is wrong goes to stderr in any case.
const FORMS: [ReportFormat; 3] = [ReportFormat::Text, ReportFormat::Json, ReportFormat::Github];

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let mut reports = args.reports.open_for_manifest()?;
    let (desired, _) =
        reports.load(&args.path, args.format, &[ReportFormat::Json, ReportFormat::Github])?;
    let body = ReportContent::Valid(&desired);
    reports.write(body)?;
    if !(global.quiet && args.format == ReportFormat::Text) {
        reports.print(args.format, body, terminal::style(global))?;
    }
    Ok(Exit::Fine)
}
