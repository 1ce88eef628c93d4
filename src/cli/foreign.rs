//! Commands and options of other tools.

/// Commands that users of other tools try, and what to do instead.
const COMMANDS: &[(&[&str], &str)] = &[
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
        "To compare the manifest with Telnyx, run `trunkline plan`. To show a saved plan and be asked before it is applied, run `trunkline apply --plan FILE`. To show what Trunkline remembers, run `trunkline state show`.",
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

/// Options that users of other tools try, and what to do instead.
const OPTIONS: &[(&[&str], &str)] = &[
    (
        &["--dry-run", "--dryrun", "--noop", "--preview", "--what-if", "--plan-only"],
        "To see what would be done, run `trunkline plan`. It changes nothing.",
    ),
    (
        &["--api-key", "--apikey", "--key", "--token", "--api-token"],
        "A key is never an argument, because other processes can see arguments. Set TELNYX_API_KEY, or name a file with `--api-key-file FILE`.",
    ),
    (
        &["--yes", "--assume-yes", "--confirm", "--no-input", "--non-interactive"],
        "To apply without the question, use `--auto-approve` or `-y`.",
    ),
    (
        &["--force"],
        "No option overrides every check. `--auto-approve` applies without the question, and `--approve-destructive N` lifts the safety limits for a plan with exactly N destructive actions.",
    ),
    (
        &["--file", "--manifest", "--path", "-f"],
        "The manifest is given without an option, as in `trunkline plan acme.yaml` or `trunkline apply acme.yaml`.",
    ),
    (&["--output", "--json", "-o"], "For output in JSON, use `--format json`."),
    (
        &["--var", "--var-file", "--set", "--values"],
        "A manifest has no variables. Write the values in it.",
    ),
    (
        &["--destroy", "--prune", "--delete"],
        "No option deletes anything. The manifest says what happens to what it does not list: `unlisted_accounts` and `unlisted_users`, below `policy`.",
    ),
    (
        &["--lock", "--no-lock"],
        "The lock cannot be skipped. To wait longer for it, use `--lock-timeout 5m`.",
    ),
    (&["--watch", "--interval", "--loop"], "To check on a schedule, run `trunkline daemon`."),
    (&["--debug", "--trace", "--log-level"], "To log more, use `-v`; to log every request, `-vv`."),
    (
        &["--concurrency", "--jobs", "--threads", "--workers"],
        "The number of requests at once is `--parallelism N`.",
    ),
    (
        &["--refresh", "--refresh-only"],
        "Every plan reads the live side. To see only the drift, run `trunkline plan --base BASE --only drift`.",
    ),
];

/// The hint for a command of another tool.
pub(super) fn command(word: &str) -> Option<&'static str> {
    hint(COMMANDS, word)
}

/// The hint for an option of another tool.
pub(super) fn option(name: &str) -> Option<&'static str> {
    hint(OPTIONS, name)
}

fn hint(table: &[(&[&str], &'static str)], word: &str) -> Option<&'static str> {
    let (_, hint) = table.iter().find(|(words, _)| words.contains(&word))?;
    Some(hint)
}

#[cfg(test)]
mod tests {
    use super::super::help;
    use super::*;

    #[test]
    fn a_word_of_another_tool_leads_to_a_command() {
        let command = help::command();
        let mut seen = std::collections::BTreeSet::new();
        for (words, hint) in COMMANDS.iter().chain(OPTIONS) {
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
