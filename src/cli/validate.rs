//! `trunkline validate [PATH]`

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::global::{Global, manifest_path};
use super::reports::{Reports, one_of};
use super::terminal;
use crate::report::{ReportContent, ReportFormat};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Manifest: a file, or a folder of files
    path: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMS))]
    format: ReportFormat,
    #[command(flatten)]
    reports: Reports,
}

/// The formats of the result on stdout. Problems always go to stderr.
const FORMS: [ReportFormat; 3] = [ReportFormat::Text, ReportFormat::Json, ReportFormat::Github];

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let mut reports = args.reports.open_for_manifest()?;
    let path = manifest_path(args.path.as_deref())?;
    let (desired, source) =
        reports.load(&path, args.format, &[ReportFormat::Json, ReportFormat::Github])?;
    let content = ReportContent::Valid(&desired);
    reports.write(content)?;
    if !(global.quiet && args.format == ReportFormat::Text) {
        reports.print(args.format, content, terminal::style(global))?;
        if args.format == ReportFormat::Text {
            let files = source.files;
            let noun = if files == 1 { "file" } else { "files" };
            terminal::print(&format!("Read {files} {noun}\n"))?;
        }
    }
    Ok(Exit::Fine)
}
