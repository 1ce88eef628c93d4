//! The command line: one file per command, and the one place where errors are printed and become an
//! exit status.

mod apply;
mod atomic;
mod completions;
mod connect;
mod daemon;
mod demo;
mod diff;
mod exit;
mod fmt;
mod get;
mod global;
mod import;
mod logging;
mod plan;
mod private_file;
mod progress;
mod reports;
mod sandbox;
mod schema;
mod signals;
mod state;
mod store;
mod terminal;
mod validate;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use exit::{Exit, Failure};
use global::Global;

/// Keeps a Telnyx organization the way a manifest in git says it should be.
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit status: 0 fine, 1 error, 2 drift (plan --detailed-exitcode), 3 refused by a guard, 4 stale, 5 some actions failed, 6 the outcome of a create is unknown, 7 the inventory is incomplete."
)]
struct Args {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a manifest without a network
    Validate(validate::Args),
    /// Show what differs from the live side, and change nothing
    Plan(plan::Args),
    /// Make the live side what the manifest says
    Apply(apply::Args),
    /// Compare two manifests, without a network and without a key
    Diff(diff::Args),
    /// Write a manifest of the live side
    Import(import::Args),
    /// Put a manifest into its canonical layout
    Fmt(fmt::Args),
    /// Read accounts, users and channels
    Get(get::Args),
    /// Look into the state, and settle what it cannot know
    State(state::Args),
    /// Watch on a schedule, and tell when something drifts and when that is over
    Daemon(daemon::Args),
    /// Print the JSON Schema of a format
    Schema(schema::Args),
    /// Run the account API on this machine, to try things out
    Sandbox(sandbox::Args),
    /// Plan, apply and plan again against a sandbox of its own: no key, no network
    Demo(demo::Args),
    /// Print what a shell reads to complete arguments
    Completions(completions::Args),
    /// Print the manual, as troff
    Man,
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    // Who runs for months says what it does; others say when something is odd.
    logging::init(&args.global, matches!(args.command, Command::Daemon(_)));
    let style = terminal::error_style(&args.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(Err(Failure::from(anyhow::Error::from(error))), style),
    };
    let result = runtime.block_on(run(args));
    // Nothing that still runs in the background is worth waiting for.
    runtime.shutdown_background();
    exit::report(result, style)
}

async fn run(args: Args) -> Result<Exit, Failure> {
    let Args { global, command } = args;
    match command {
        Command::Validate(args) => validate::run(&global, &args),
        Command::Plan(args) => plan::run(&global, &args).await,
        Command::Apply(args) => apply::run(&global, &args).await,
        Command::Diff(args) => diff::run(&global, &args),
        Command::Import(args) => import::run(&global, &args).await,
        Command::Fmt(args) => fmt::run(&args),
        Command::Get(args) => get::run(&global, &args).await,
        Command::State(args) => state::run(&global, &args).await,
        Command::Daemon(args) => daemon::run(&global, &args).await,
        Command::Schema(args) => schema::run(&args),
        Command::Sandbox(args) => sandbox::run(&global, &args).await,
        Command::Demo(args) => demo::run(&global, &args).await,
        Command::Completions(args) => completions::run(&args),
        Command::Man => completions::manual(),
    }
}

/// Help and version are fine; everything else that the parser refuses is an error like any other.
/// (The parser's own exit status for it, 2, means drift here.)
fn usage(error: &clap::Error) -> ExitCode {
    // When even this cannot be printed, the status is all that is left.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Fine.into(),
        _ => Exit::Error.into(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Args::command().debug_assert();
    }
}
