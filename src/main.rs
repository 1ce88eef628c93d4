//! The `trunkline` command; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    trunkline::cli::main()
}
