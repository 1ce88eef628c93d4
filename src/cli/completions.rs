//! `trunkline completions SHELL` and `trunkline man`: from the same arguments that are parsed.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::terminal;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The shell that is to complete
    shell: Shell,
}

/// Prints what a shell reads to complete this program's arguments.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut super::Args::command(), "trunkline", &mut out);
    terminal::print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Fine)
}

/// Prints the manual: the program, then each of its commands.
pub(super) fn manual() -> Result<Exit, Failure> {
    let mut command = super::Args::command();
    // Gives each command its full name.
    command.build();
    let mut out = Vec::new();
    let parts = command.get_subcommands().filter(|part| !part.is_hide_set());
    for page in [&command].into_iter().chain(parts) {
        let written = clap_mangen::Man::new(page.clone()).render(&mut out);
        written.map_err(anyhow::Error::from)?;
    }
    terminal::print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Fine)
}
