//! `trunkline validate PATH`

use std::path::PathBuf;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::reports::{Reports, one_of};
use super::terminal;
use crate::report::{Form, Matter};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The manifest: a file, or a folder of files
    path: PathBuf,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = one_of(FORMS))]
    format: Form,
    #[command(flatten)]
    reports: Reports,
}

/// The forms of the result on stdout. What is wrong goes to stderr in any case.
const FORMS: [Form; 3] = [Form::Text, Form::Json, Form::Github];

pub(super) fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let mut reports = args.reports.open_for_manifest()?;
    let (desired, _) = reports.load(&args.path, args.format, &[Form::Json, Form::Github])?;
    let matter = Matter::Valid(&desired);
    reports.write(matter)?;
    if !(global.quiet && args.format == Form::Text) {
        reports.print(args.format, matter, terminal::style(global))?;
    }
    Ok(Exit::Fine)
}
