//! `trunkline validate [PATH…]`

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::global::{Global, manifest_paths};
use super::reports::{Reports, one_of};
use super::terminal;
use crate::manifest::Problems;
use crate::report::{ReportContent, ReportFormat};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Manifests, each a file or a folder of files; each is an organization
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
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
    let paths = manifest_paths(&args.paths)?;
    if paths.len() > 1 && args.reports.are_wanted() {
        let error = anyhow::anyhow!("a report is of one manifest, and {} are given", paths.len());
        return Err(Failure::new(error, "Run `trunkline validate` once for each report."));
    }
    let is_text = args.format == ReportFormat::Text;
    let (mut files, mut problems) = (0, Vec::new());
    for path in &paths {
        match reports.load(path, args.format, &[ReportFormat::Json, ReportFormat::Github]) {
            Ok((desired, source)) => {
                files += source.files;
                let content = ReportContent::Valid(&desired);
                reports.write(content)?;
                if !(global.quiet && is_text) {
                    reports.print(args.format, content, terminal::style(global))?;
                }
            }
            Err(failure) => problems.extend(failure.into_problems()?.0),
        }
    }
    if is_text && !global.quiet && files > 0 {
        let noun = if files == 1 { "file" } else { "files" };
        terminal::print(&format!("Read {files} {noun}\n"))?;
    }
    if problems.is_empty() { Ok(Exit::Fine) } else { Err(Problems(problems).into()) }
}
