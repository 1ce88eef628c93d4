//! Reports in every format: a plan of everything, and hostile names.

mod budget;
mod command;
mod diff;
mod golden;
mod markdown;
pub(crate) mod names;
pub(crate) mod readers;
mod state;
mod verdict;

use std::path::Path;

use trunkline::report::{PathBase, RenderOptions, ReportContent, ReportFormat, Style, render};

/// A report with default options, without colours.
fn written(form: ReportFormat, body: ReportContent<'_>) -> Option<String> {
    within(form, body, 60_000)
}

/// A report with another maximum length.
fn within(form: ReportFormat, body: ReportContent<'_>, max_bytes: usize) -> Option<String> {
    let base = PathBase { here: Path::new("/repository"), root: Path::new("/repository") };
    render(form, body, RenderOptions { style: Style::default(), max_bytes, base: &base })
}
