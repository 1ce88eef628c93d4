//! Reports in every form: one plan of everything, and names that try to be more than names.

mod budget;
mod command;
mod diff;
mod golden;
mod markdown;
pub(crate) mod names;
pub(crate) mod readers;

use std::path::Path;

use trunkline::report::{Base, Form, Look, Matter, Style, render};

/// A report as it is written by default, without colours.
fn written(form: Form, matter: Matter<'_>) -> Option<String> {
    within(form, matter, 60_000)
}

/// The same with another budget.
fn within(form: Form, matter: Matter<'_>, max_bytes: usize) -> Option<String> {
    let base = Base { here: Path::new("/repository"), root: Path::new("/repository") };
    render(form, matter, Look { style: Style::default(), max_bytes, base: &base })
}
