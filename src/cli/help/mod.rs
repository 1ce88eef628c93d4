//! The command line with its help texts: the variables of the global options, and for each command its
//! examples and the global options that it uses.

mod commands;

use clap::builder::{PossibleValue, StringValueParser};
use clap::{Arg, Command, CommandFactory as _};

use super::values::Completed;
use crate::report::topics;
pub(super) use commands::CommandHelp;
use commands::{COMMANDS, PROGRAM};

/// The variables of each global option; the first one that is set and not empty counts.
pub(super) const VARIABLES: [(&str, &[&str]); 10] = [
    ("api_key_file", &["TRUNKLINE_API_KEY_FILE"]),
    ("base_url", &["TRUNKLINE_BASE_URL", "TELNYX_BASE_URL"]),
    ("parallelism", &["TRUNKLINE_PARALLELISM"]),
    ("timeout", &["TRUNKLINE_TIMEOUT"]),
    ("state", &["TRUNKLINE_STATE"]),
    ("lock_timeout", &["TRUNKLINE_LOCK_TIMEOUT"]),
    ("log_format", &["TRUNKLINE_LOG_FORMAT"]),
    ("color", &["TRUNKLINE_COLOR"]),
    ("verbose", &["TRUNKLINE_VERBOSE"]),
    ("quiet", &["TRUNKLINE_QUIET"]),
];

const DEFAULTS: &str = "\
Without PATH, commands read the manifest named by TRUNKLINE_MANIFEST, or else
trunkline.yaml. Each global option can be set by a variable, for example --state
by TRUNKLINE_STATE. HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE are honored.";

/// Returns the complete command line.
pub(super) fn command() -> Command {
    let mut command = VARIABLES.iter().fold(super::Args::command(), |command, (option, names)| {
        let Some(name) = set(names) else { return command };
        // The values may hold secrets, and help does not depend on the environment.
        command.mut_arg(option, |arg| arg.env(name).hide_env(true).hide_env_values(true))
    });
    // Passes the global options on to all commands, so that each can hide some.
    command.build();
    for help in COMMANDS {
        let Some(part) = find(&mut command, help.path.split(' ')) else { continue };
        *part = std::mem::take(part)
            .mut_args(|arg| if help.hides(&arg) { arg.hide(true) } else { arg })
            .after_help(example_section(help.examples));
        fix_usage(part);
    }
    fix_usage(&mut command);
    command.after_help(root_sections())
}

/// The commands below a command that help lists, each with its name.
pub(super) fn names(part: &Command) -> impl Iterator<Item = (&Command, &'static str)> {
    part.get_subcommands().filter_map(|part| {
        let mut names = COMMANDS.iter().filter_map(|help| help.path.rsplit(' ').next());
        Some((part, names.find(|name| *name == part.get_name())?))
    })
}

/// Accepts any words, and completes the commands of the program.
pub(super) fn parser() -> Completed<StringValueParser> {
    let values = || {
        let paths = COMMANDS.iter().map(|help| help.path).filter(|path| !path.contains(' '));
        paths.map(PossibleValue::new).collect()
    };
    Completed { parser: StringValueParser::new(), values }
}

/// The command that these words call, or the program.
pub(super) fn of(path: &str) -> &'static CommandHelp {
    COMMANDS.iter().find(|help| help.path == path).unwrap_or(&PROGRAM)
}

/// Returns the variable that sets a global option, as in `--base-url`.
pub(super) fn variable_of(option: &str) -> Option<&'static str> {
    let id = option.strip_prefix("--")?.replace('-', "_");
    let (_, names) = VARIABLES.iter().find(|(option, _)| *option == id)?;
    set(names)
}

/// Returns true if some command has a long option of this name, with its hyphens.
pub(super) fn has_option(name: &str) -> bool {
    fn has(command: &Command, name: &str) -> bool {
        command.get_arguments().any(|arg| arg.get_long() == Some(name))
            || command.get_subcommands().any(|part| has(part, name))
    }
    name.strip_prefix("--").is_some_and(|name| has(&command(), name))
}

/// The first variable that is set and not empty.
fn set(names: &[&'static str]) -> Option<&'static str> {
    let is_set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    names.iter().find(is_set).copied()
}

fn find<'a, 'b>(
    command: &'a mut Command,
    words: impl IntoIterator<Item = &'b str>,
) -> Option<&'a mut Command> {
    words.into_iter().try_fold(command, |part, word| part.find_subcommand_mut(word))
}

/// Fixes the usage line. In an error it would otherwise contain the options that variables set.
fn fix_usage(part: &mut Command) {
    let usage = part.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    *part = std::mem::take(part).override_usage(usage);
}

impl CommandHelp {
    fn hides(&self, arg: &Arg) -> bool {
        let id = arg.get_id().as_str();
        VARIABLES.iter().any(|(option, _)| *option == id) && !self.uses(id)
    }

    /// Returns true if the command uses a global option.
    pub(super) fn uses(&self, option: &str) -> bool {
        self.uses.iter().any(|group| group.contains(&option))
    }
}

fn example_section(examples: &[&str]) -> String {
    let title = if examples.len() == 1 { "Example" } else { "Examples" };
    format!("{title}:\n  {}", examples.join("\n  "))
}

/// The sections after the help of the program.
fn root_sections() -> String {
    let exits: String = topics()
        .iter()
        .filter_map(|topic| Some(format!("  {:<5}{}\n", topic.exit_status()?, topic.summary())))
        .collect();
    let example = example_section(PROGRAM.examples);
    format!("{DEFAULTS}\n\nExit status:\n{exits}\n{example}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(command: &Command, prefix: &str) -> Vec<String> {
        let parts = command.get_subcommands().filter(|part| !part.is_hide_set());
        parts
            .flat_map(|part| {
                let path = format!("{prefix}{}", part.get_name());
                let below = paths(part, &format!("{path} "));
                std::iter::once(path).chain(below)
            })
            .collect()
    }

    #[test]
    fn every_command_has_an_example_that_parses() {
        let mut known: Vec<String> = COMMANDS.iter().map(|help| help.path.to_owned()).collect();
        let mut there = paths(&command(), "");
        known.sort();
        there.sort();
        assert_eq!(known, there);
        for CommandHelp { path, examples, .. } in COMMANDS {
            for example in *examples {
                let line = example.split([' ', '\t']).take_while(|word| !["<", ">"].contains(word));
                let line: Vec<&str> = line.collect();
                assert!(
                    example.starts_with(&format!("trunkline {}", path.split(' ').next().unwrap()))
                );
                let parsed = command().try_get_matches_from(&line);
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            }
        }
    }

    #[test]
    fn every_global_option_has_a_variable() {
        let command = super::super::Args::command();
        let options: Vec<&str> = command
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .map(|arg| arg.get_id().as_str())
            .collect();
        assert_eq!(options, VARIABLES.map(|(option, _)| option));
        for (option, names) in VARIABLES {
            assert_eq!(names[0], format!("TRUNKLINE_{}", option.to_uppercase()));
        }
    }
}
