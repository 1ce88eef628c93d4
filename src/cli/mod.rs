//! The command line: one file per command, and the one place where errors are printed and become an
//! exit status.

mod apply;
mod atomic;
mod balances;
mod completions;
mod connect;
mod daemon;
mod daemon_check;
mod demo;
mod diff;
mod exit;
mod explain;
mod fmt;
mod foreign;
mod get;
mod global;
mod help;
mod import;
mod import_csv;
mod init;
mod logging;
mod man;
mod operator;
mod plan;
mod private_file;
mod progress;
mod reports;
mod review;
mod sandbox;
mod schema;
mod serving;
mod signals;
mod state;
mod store;
mod terminal;
mod usage;
mod validate;
mod values;

use std::process::ExitCode;

use clap::{FromArgMatches as _, Parser, Subcommand};

use exit::{Exit, Failure};
use global::Global;

use crate::report::StateInfo;

/// Keep a Telnyx organization in the state that a manifest in git describes
#[derive(Debug, Parser)]
#[command(name = "trunkline", version, max_term_width = 80, disable_help_subcommand = true)]
struct Args {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a first manifest: of what exists in Telnyx, or an example
    Init(init::Args),
    /// Check manifests without a network
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
    /// Rewrite manifests in the canonical layout
    Fmt(fmt::Args),
    /// Read accounts, balances, users and channels
    Get(get::Args),
    /// Review who has access: every user, and what the manifest says
    Review(review::Args),
    /// Show the state, and settle creates whose outcome is unknown
    State(state::Args),
    /// Check for drift on a schedule, and notify when it starts and when it clears
    Daemon(daemon::Args),
    /// Check the organizations of a Kubernetes cluster, and apply approved plans
    ///
    /// Checks each organization that is a resource of the cluster on its schedule. Changes nothing before
    /// the resource approves the digest of its plan, and nothing when the resource is deleted. Needs a
    /// build with the feature kubernetes.
    Operator(operator::Args),
    /// Explain a finding, safety limit, outcome, exit status or error code
    Explain(explain::Args),
    /// Print the JSON Schema of a format
    Schema(schema::Args),
    /// Run a simulated Telnyx API on this machine
    Sandbox(sandbox::Args),
    /// Plan, apply and plan again in a sandbox: no key, no network
    Demo(demo::Args),
    /// Print the completion script of a shell
    Completions(completions::Args),
    /// Print the manual pages, as troff
    Man(man::Args),
    /// Print the version
    Version,
    /// Print the help of a command
    Help {
        /// Command, such as plan or state resolve
        #[arg(value_name = "COMMAND", value_parser = help::parser(), hide_possible_values = true)]
        words: Vec<String>,
    },
}

impl Command {
    /// The manifest that was named for a plan, and the options that select a part of it. Printed commands repeat both.
    fn of_plan(&self) -> (Option<String>, Vec<String>) {
        match self {
            Self::Plan(args) => (args.manifest(), args.selection()),
            Self::Apply(args) => (args.manifest(), args.selection()),
            _ => (None, Vec::new()),
        }
    }
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let matches = help::command().try_get_matches();
    let args = match matches.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        Err(error) => return usage::report(error).into(),
    };
    // A daemon logs what it does; other commands only log warnings.
    let is_service = matches!(args.command, Command::Daemon(_) | Command::Operator(_));
    logging::init(&args.global, is_service);
    let style = terminal::error_style(&args.global);
    let option = args.global.state.clone();
    let (manifest, selection) = args.command.of_plan();
    let state = StateInfo { option, manifest, selection, ..StateInfo::default() };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return exit::report(Err(Failure::from(anyhow::Error::from(error))), style, &state);
        }
    };
    let result = runtime.block_on(run(args));
    // Background tasks are not worth waiting for.
    runtime.shutdown_background();
    exit::report(result, style, &state)
}

async fn run(args: Args) -> Result<Exit, Failure> {
    let Args { global, command } = args;
    match command {
        Command::Init(args) => init::run(&global, &args).await,
        Command::Validate(args) => validate::run(&global, &args),
        Command::Plan(args) => plan::run(&global, &args).await,
        Command::Apply(args) => apply::run(&global, &args).await,
        Command::Diff(args) => diff::run(&global, &args),
        Command::Import(args) => import::run(&global, &args).await,
        Command::Fmt(args) => fmt::run(&args),
        Command::Get(args) => get::run(&global, &args).await,
        Command::Review(args) => review::run(&global, &args).await,
        Command::State(args) => state::run(&global, &args).await,
        Command::Daemon(args) => daemon::run(&global, &args).await,
        Command::Operator(args) => operator::run(&global, &args).await,
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Sandbox(args) => sandbox::run(&global, &args).await,
        Command::Demo(args) => demo::run(&global, &args).await,
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Version => version(),
        Command::Help { words } => Ok(usage::help(&words)),
    }
}

fn version() -> Result<Exit, Failure> {
    terminal::print(concat!("trunkline ", env!("CARGO_PKG_VERSION"), "\n"))?;
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::help::command().debug_assert();
    }
}
