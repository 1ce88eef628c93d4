//! `trunkline completions SHELL` and `trunkline man`, generated from the command line.

use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::{help, terminal};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Shell to complete for
    shell: Shell,
}

/// Prints the completion script of a shell.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "trunkline", &mut out);
    terminal::print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Fine)
}

/// Prints the manual pages of the program and of each command.
pub(super) fn manual() -> Result<Exit, Failure> {
    let command = help::command();
    let mut out = Vec::new();
    let parts = command.get_subcommands().filter(|part| !part.is_hide_set());
    for page in [&command].into_iter().chain(parts) {
        let written = clap_mangen::Man::new(page.clone()).render(&mut out);
        written.map_err(anyhow::Error::from)?;
    }
    terminal::print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Fine)
}
