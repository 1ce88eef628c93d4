//! Errors in the arguments, and commands of other tools.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::exit::{Exit, Failure};
use super::{help, terminal};

/// Commands that users of other tools try, and what to do instead.
const FOREIGN: &[(&[&str], &str)] = &[
    (
        &["drift", "refresh", "preview", "dry-run", "changes"],
        "To compare the manifest with Telnyx, run `trunkline plan`. Every plan reads the live side.",
    ),
    (
        &["up", "deploy", "sync", "push", "converge", "run", "exec"],
        "To change Telnyx to match the manifest, run `trunkline apply`.",
    ),
    (
        &["check", "lint", "verify", "test"],
        "To check a manifest without a network, run `trunkline validate`.",
    ),
    (
        &["export", "pull", "dump", "backup", "generate"],
        "To write a manifest of what exists in Telnyx, run `trunkline import`.",
    ),
    (
        &["destroy", "down", "delete", "rm", "remove", "terminate"],
        "The API cannot delete an account; the strongest action is to disable it. Set `enabled: false` in its entry, or `absent: true` in that of a user, and run `trunkline apply`.",
    ),
    (&["create", "add"], "To create an account, add it to the manifest and run `trunkline apply`."),
    (&["new", "setup", "quickstart"], "To write a first manifest, run `trunkline init`."),
    (
        &["invite"],
        "The API cannot invite users. Invite them in the portal, and list them in the manifest.",
    ),
    (
        &["enable", "disable", "set", "edit", "update", "patch"],
        "To change an account, change its entry in the manifest and run `trunkline apply`.",
    ),
    (
        &["rollback", "undo", "revert"],
        "To go back, apply the manifest from before the change, for example after `git revert`, or the file of `trunkline apply --snapshot`.",
    ),
    (
        &["list", "ls", "accounts", "users", "channels"],
        "To list what exists in Telnyx, run `trunkline get accounts` or `trunkline get users`.",
    ),
    (&["balance", "balances"], "To list balances, run `trunkline get balances`."),
    (&["audit", "access"], "To list who has access, run `trunkline review`."),
    (
        &["describe", "account", "user"],
        "To show one account or user, run `trunkline get account ID` or `trunkline get user ID`.",
    ),
    (
        &["show", "status", "output"],
        "To compare the manifest with Telnyx, run `trunkline plan`. To show what Trunkline remembers, run `trunkline state show`.",
    ),
    (&["format"], "To rewrite a manifest in the canonical layout, run `trunkline fmt`."),
    (&["compare"], "To compare two manifests, run `trunkline diff BASE HEAD`."),
    (
        &["watch", "monitor", "serve", "server", "start", "agent", "controller"],
        "To check for drift on a schedule, run `trunkline daemon`.",
    ),
    (
        &["unlock", "force-unlock"],
        "To show the holder of the lock, or to release it, run `trunkline state unlock`.",
    ),
    (
        &["forget", "resolve"],
        "To settle a create or forget an account, run `trunkline help state`.",
    ),
    (
        &["why", "error", "errors"],
        "To explain a finding or an error, run `trunkline explain CODE`.",
    ),
    (&["mock", "fake", "simulate", "emulator"], "To simulate the API, run `trunkline sandbox`."),
    (
        &["login", "auth", "configure", "config"],
        "No login is needed. Set TELNYX_API_KEY, or name a file with --api-key-file.",
    ),
];

/// Prints help, version or an error in the arguments. Such errors exit with 1, since clap's own status 2 means
/// drift.
pub(super) fn report(error: &clap::Error) -> Exit {
    if let Some(hint) = foreign(error) {
        let word = text(error, ContextKind::InvalidSubcommand).unwrap_or_default();
        let failure = Failure::new(anyhow::anyhow!("{word:?} is not a command"), hint);
        terminal::say(&failure.to_string());
        return Exit::Error;
    }
    // If printing fails, the exit status is all that is left.
    let _ = error.print();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return Exit::Fine;
    }
    if let Some(variable) = variable(error) {
        terminal::say(&format!("\nhint: The value is from the variable {variable}."));
    }
    Exit::Error
}

/// `trunkline help COMMAND`: the same text as `trunkline COMMAND --help`.
pub(super) fn help(words: &[String]) -> Exit {
    let arguments = ["trunkline"].into_iter().chain(words.iter().map(String::as_str));
    let parsed = help::command().try_get_matches_from(arguments.chain(["--help"]));
    parsed.map_or_else(|error| report(&error), |_| Exit::Fine)
}

/// The hint for a command of another tool.
fn instead(word: &str) -> Option<&'static str> {
    let (_, hint) = FOREIGN.iter().find(|(words, _)| words.contains(&word))?;
    Some(hint)
}

/// The hint for the command of another tool that was called.
fn foreign(error: &clap::Error) -> Option<&'static str> {
    let word = text(error, ContextKind::InvalidSubcommand)?;
    // A word below `get` or `state` has another meaning.
    let command = help::command();
    let is_command = |arg: String| arg != "help" && command.find_subcommand(arg).is_some();
    let below = std::env::args().skip(1).take_while(|arg| arg != word).any(is_command);
    if below { None } else { instead(word) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_another_tool_leads_to_a_command() {
        let command = help::command();
        let mut seen = std::collections::BTreeSet::new();
        for (words, hint) in FOREIGN {
            for word in *words {
                assert!(seen.insert(word), "{word} twice");
                assert!(command.find_subcommand(word).is_none(), "{word} is a command");
            }
            for call in hint.split('`').filter_map(|code| code.strip_prefix("trunkline ")) {
                let name = call.split(' ').next().unwrap();
                assert!(command.find_subcommand(name).is_some(), "{call}");
            }
        }
    }
}
