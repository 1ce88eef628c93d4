//! Errors in the arguments.

use std::ffi::OsStr;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::exit::{Exit, Failure};
use super::{foreign, help, terminal};

/// Prints help, version or an error in the arguments. Such errors exit with 1, since clap's own status 2 means
/// drift.
pub(super) fn report(mut error: clap::Error) -> Exit {
    if let Some(hint) = foreign_command(&error) {
        let word = text(&error, ContextKind::InvalidSubcommand).unwrap_or_default();
        return failed(anyhow::anyhow!("{word:?} is not a command"), hint);
    }
    if error.kind() == ErrorKind::UnknownArgument {
        let option = text(&error, ContextKind::InvalidArg).unwrap_or_default();
        let given = with_one_hyphen(option).unwrap_or_else(|| option.to_owned());
        if let Some(hint) = option_hint(&given) {
            return failed(anyhow::anyhow!("unexpected argument {given:?}"), hint);
        }
        // An option after `--` is taken for a path, which is never what was meant.
        error.remove(ContextKind::Suggested);
    }
    // If printing fails, the exit status is all that is left.
    let _ = error.print();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return Exit::Fine;
    }
    if let Some(commands) = commands_below(&error) {
        terminal::say(&format!("\nhint: The commands are {commands}."));
    }
    if let Some(variable) = variable(&error) {
        terminal::say(&format!("\nhint: The value is from the variable {variable}."));
    }
    Exit::Error
}

fn failed(error: anyhow::Error, hint: impl Into<String>) -> Exit {
    terminal::say(&Failure::new(error, hint).to_string());
    Exit::Error
}

/// The hint for an option or a path that a command does not take.
fn option_hint(given: &str) -> Option<String> {
    let is_path = !given.starts_with('-');
    if is_path && std::env::args().any(|arg| arg == "import") {
        return Some("`trunkline import` reads the whole organization. To manage an account that exists, list its email in the manifest.".to_owned());
    }
    if is_path && Path::new(given).extension() == Some(OsStr::new("json")) {
        return Some("A saved plan is given with `--plan FILE`.".to_owned());
    }
    if is_path {
        return None;
    }
    let long = if given.starts_with("--") { given.to_owned() } else { format!("-{given}") };
    let foreign = foreign::option(&long).or_else(|| foreign::option(given)).map(str::to_owned);
    let exists = || help::has_option(&long) && long != given;
    foreign.or_else(|| exists().then(|| format!("Long options begin with two hyphens: {long}")))
}

/// A long option that was given with one hyphen, such as `-out`, which is read as several short ones.
fn with_one_hyphen(option: &str) -> Option<String> {
    let first = option.strip_prefix('-').filter(|rest| rest.chars().count() == 1)?;
    let given = std::env::args().skip(1).find(|arg| {
        let letters = arg.strip_prefix('-').filter(|letters| letters.chars().count() > 2);
        // Short options stand before the unknown one.
        letters.is_some_and(|letters| !letters.starts_with('-') && letters.contains(first))
    })?;
    given.split('=').next().map(str::to_owned)
}

/// `trunkline help COMMAND`: the same text as `trunkline COMMAND --help`.
pub(super) fn help(words: &[String]) -> Exit {
    let arguments = ["trunkline"].into_iter().chain(words.iter().map(String::as_str));
    let parsed = help::command().try_get_matches_from(arguments.chain(["--help"]));
    parsed.map_or_else(report, |_| Exit::Fine)
}

/// The hint for the command of another tool that was called.
fn foreign_command(error: &clap::Error) -> Option<&'static str> {
    let word = text(error, ContextKind::InvalidSubcommand)?;
    // A word below `get` or `state` has another meaning.
    let command = help::command();
    let is_command = |arg: String| arg != "help" && command.find_subcommand(arg).is_some();
    let below = std::env::args().skip(1).take_while(|arg| arg != word).any(is_command);
    if below { None } else { foreign::command(word) }
}

/// The commands below the one of which an unknown one was called.
fn commands_below(error: &clap::Error) -> Option<String> {
    let word = text(error, ContextKind::InvalidSubcommand)?;
    let root = help::command();
    let mut before = std::env::args().skip(1).take_while(|arg| arg != word);
    let command = before.find_map(|arg| root.find_subcommand(arg).cloned())?;
    let names: Vec<&str> = help::names(&command).map(|(_, name)| name).collect();
    Some(names.join(", "))
}

/// The variable that holds the invalid value, if the option is not among the arguments.
fn variable(error: &clap::Error) -> Option<&'static str> {
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        return None;
    }
    let option = text(error, ContextKind::InvalidArg)?;
    let option = option.split([' ', '.']).next()?;
    let given = std::env::args().any(|arg| arg.split('=').next() == Some(option));
    if given { None } else { help::variable_of(option) }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}
