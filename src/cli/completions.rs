//! `trunkline completions SHELL`, generated from the command line.

use std::fmt::Write as _;

use clap::{Arg, Command};
use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::{help, reports, terminal};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Shell to complete for
    shell: Shell,
}

/// Prints the completion script of a shell.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    let mut command = visible(&help::command(), "trunkline").version(env!("CARGO_PKG_VERSION"));
    clap_complete::generate(args.shell, &mut command, "trunkline", &mut out);
    let script = String::from_utf8_lossy(&out);
    terminal::print(&match args.shell {
        Shell::Bash => format!("{script}\n{BASH}"),
        Shell::Zsh => zsh(&script),
        Shell::Fish => fish(&script) + &fish_values(&command),
        _ => script.into_owned(),
    })?;
    Ok(Exit::Fine)
}

/// The arguments of a command that its help lists. Generators would complete hidden ones, too.
fn visible(part: &Command, name: &'static str) -> Command {
    let mut command = Command::new(name).disable_help_subcommand(true);
    if let Some(about) = part.get_about() {
        command = command.about(about.clone());
    }
    let built_in = ["help", "version"];
    let args = part.get_arguments().filter(|arg| !arg.is_hide_set());
    let args = args.filter(|arg| !built_in.contains(&arg.get_id().as_str()));
    let parts = help::names(part).map(|(part, name)| visible(part, name));
    command
        .args(args.map(|arg| arg.clone().global(false)))
        .groups(part.get_groups().cloned())
        .subcommands(parts)
}

/// After a kind of report follows `=` and a file, without a space.
const BASH: &str = r#"_trunkline_values() {
    _trunkline "$@"
    if [[ "$3" == --report ]]; then
        COMPREPLY=("${COMPREPLY[@]/%/=}")
        compopt -o nospace
    fi
}

complete -F _trunkline_values -o bashdefault -o default trunkline
"#;

/// As [`BASH`], in a function of its own.
fn zsh(script: &str) -> String {
    let kinds: Vec<&str> = reports::kinds().collect();
    let listed = format!(":KIND=FILE:({})", kinds.join(" "));
    let function = format!(
        "_trunkline_reports() {{\n    if compset -P '*='; then\n        _files\n    else\n        compadd -S '=' -- {}\n    fi\n}}\n",
        kinds.join(" ")
    );
    let script = script.replace(&listed, ":KIND=FILE:_trunkline_reports");
    // The function must exist before the last lines, which call the completion.
    script.replacen("_trunkline() {", &format!("{function}\n_trunkline() {{"), 1)
}

/// As [`BASH`]. fish adds no space after `=` by itself.
fn fish(script: &str) -> String {
    let mut is_report = false;
    let mut out = String::new();
    for line in script.split_inclusive('\n') {
        if line.starts_with("complete ") {
            is_report = line.contains(" -l report ");
        }
        if is_report {
            out.push_str(&line.replacen(" -r -f ", " -r -F ", 1).replace("\\t''", "=\\t''"));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// The values of arguments without an option, which the generator leaves out.
fn fish_values(command: &Command) -> String {
    let mut out = String::new();
    for part in command.get_subcommands() {
        for value in part.get_positionals().flat_map(Arg::get_possible_values) {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            let help = help.replace('\\', "\\\\").replace('\'', "\\'");
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "complete -c trunkline -n '__fish_trunkline_using_subcommand {}' -f -a '{}' -d '{help}'",
                part.get_name(),
                value.get_name()
            );
        }
    }
    out
}
