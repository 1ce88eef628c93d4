//! The `trunkline` command. Everything it does is in the library; this hands it the arguments.

use std::process::ExitCode;

fn main() -> ExitCode {
    trunkline::cli::main()
}
