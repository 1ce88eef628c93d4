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
mod help;
mod import;
mod import_csv;
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
use clap::{FromArgMatches as _, Parser, Subcommand};

use exit::{Exit, Failure};
use global::Global;

const AFTER_HELP: &str = "\
Without PATH, plan, apply, validate and fmt read the manifest named by TRUNKLINE_MANIFEST, or
else trunkline.yaml. Each global option can be set by a variable, for example
--state by TRUNKLINE_STATE. HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are honored.

Exit status:
  0  success; for plan, also with changes
  1  error
  2  differences found, with --detailed-exitcode or fmt --check
  3  refused by a safety limit, or the wrong manager; nothing was sent
  4  something was not sent: stale, expired, withheld, or not the expected plan
  5  some actions failed
  6  the outcome of a create is unknown and must be resolved by hand
  7  the inventory is incomplete; nothing destructive was sent in that half
  130, 143  interrupted

Example:
  trunkline plan acme.yaml";

/// Keep a Telnyx organization in the state that a manifest in git describes
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = AFTER_HELP)]
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
    /// Show what differs between a manifest and Telnyx, without changing anything
    Plan(plan::Args),
    /// Change Telnyx to match a manifest
    Apply(apply::Args),
    /// Compare two manifests, without a network or a key
    Diff(diff::Args),
    /// Write a manifest of what exists in Telnyx or in a spreadsheet
    ///
    /// Without --csv, reads the organization and writes a manifest that plans to in sync.
    ///
    /// With --csv, turns a spreadsheet of accounts or users into entries, without a network or a
    /// key. The first row names the columns, such as email, name, channel limit or groups. Groups
    /// are separated by semicolons or commas, dates are written as YYYY-MM-DD, and a blank cell
    /// leaves its field out. The output can join the files of a folder.
    Import(import::Args),
    /// Rewrite a manifest in the canonical layout
    Fmt(fmt::Args),
    /// Read accounts, users and channels
    Get(get::Args),
    /// Show the state, and settle creates whose outcome is unknown
    State(state::Args),
    /// Check for drift on a schedule, and notify when it starts and when it clears
    Daemon(daemon::Args),
    /// Print the JSON Schema of a format
    Schema(schema::Args),
    /// Run a simulated Telnyx API on this machine
    Sandbox(sandbox::Args),
    /// Plan, apply and plan again in a sandbox: no key, no network
    Demo(demo::Args),
    /// Print the completion script of a shell
    Completions(completions::Args),
    /// Print the manual page, as troff
    Man,
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let matches = help::command().try_get_matches();
    let args = match matches.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    // A daemon logs what it does; other commands only log warnings.
    logging::init(&args.global, matches!(args.command, Command::Daemon(_)));
    let style = terminal::error_style(&args.global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return exit::report(Err(Failure::from(anyhow::Error::from(error))), style, None);
        }
    };
    let state = args.global.state.clone();
    let result = runtime.block_on(run(args));
    // Background tasks are not worth waiting for.
    runtime.shutdown_background();
    exit::report(result, style, state)
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

/// Prints help, version or a usage error. Usage errors exit with 1, since clap's own status 2 means drift.
fn usage(error: &clap::Error) -> ExitCode {
    // If printing fails, the exit status is all that is left.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Fine.into(),
        _ => Exit::Error.into(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::help::command().debug_assert();
    }
}
