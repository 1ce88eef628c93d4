//! The command line with its help texts: the variables of the global options, and for each command an
//! example and the global options that it uses.

use clap::{Arg, Command, CommandFactory as _};

/// The global options that reach Telnyx.
const API: &[&str] = &["api_key_file", "base_url", "parallelism", "timeout"];
const STATE: &[&str] = &["state"];
const LOCK: &[&str] = &["lock_timeout"];

/// The variables of each global option; the first one that is set and not empty counts.
const VARIABLES: [(&str, &[&str]); 10] = [
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

/// One command: its name, the optional global options that it uses, and examples.
type Row = (&'static str, &'static [&'static [&'static str]], &'static [&'static str]);

const COMMANDS: &[Row] = &[
    ("validate", &[], &["trunkline validate acme.yaml"]),
    (
        "plan",
        &[API, STATE],
        &[
            "trunkline plan acme.yaml",
            "trunkline plan acme.yaml --out acme.plan.json --report markdown=plan.md",
            "trunkline plan acme.yaml --base main.yaml --only this-change",
        ],
    ),
    (
        "apply",
        &[API, STATE, LOCK],
        &[
            "trunkline apply acme.yaml",
            "trunkline apply acme.yaml --auto-approve --approve-destructive 3",
            "trunkline apply --plan acme.plan.json --audit-log audit.jsonl",
        ],
    ),
    ("diff", &[], &["trunkline diff main.yaml acme.yaml"]),
    (
        "import",
        &[API, STATE],
        &[
            "trunkline import --organization acme --out acme.yaml",
            "trunkline import --csv accounts.csv --manifest acme --out acme/accounts.yaml",
        ],
    ),
    ("fmt", &[], &["trunkline fmt acme.yaml", "trunkline fmt --check acme.yaml"]),
    ("get", &[API], &["trunkline get accounts", "trunkline get users --format csv"]),
    ("get accounts", &[API], &["trunkline get accounts --status disabled --format csv"]),
    ("get account", &[API], &["trunkline get account f65ceda4-3f0c-4f5a-9c1e-2d6a2f1b7c10"]),
    ("get channels", &[API], &["trunkline get channels"]),
    ("get users", &[API], &["trunkline get users --format csv"]),
    ("get user", &[API], &["trunkline get user 369b2d72-762b-4207-871f-6c7feb5880c7"]),
    ("get groups-report", &[API], &["trunkline get groups-report --format csv"]),
    ("state", &[STATE, LOCK], &["trunkline state show"]),
    ("state show", &[STATE], &["trunkline state show --format json"]),
    ("state resolve", &[STATE, LOCK], &["trunkline state resolve crew@tallship.example --retry"]),
    ("state forget", &[STATE, LOCK], &["trunkline state forget larry@catfood.example"]),
    ("state unlock", &[STATE], &["trunkline state unlock", "trunkline state unlock 3f0c4f5a"]),
    (
        "daemon",
        &[API, STATE],
        &[
            "trunkline daemon acme.yaml --listen 127.0.0.1:9464",
            "trunkline daemon --config all.yaml",
        ],
    ),
    ("schema", &[], &["trunkline schema manifest > schema.json"]),
    ("sandbox", &[], &["trunkline sandbox --port 8080 --seed manifests/example.sandbox.json"]),
    ("demo", &[], &["trunkline demo"]),
    ("completions", &[], &["trunkline completions bash > /etc/bash_completion.d/trunkline"]),
    ("man", &[], &["trunkline man > trunkline.1"]),
];

/// Returns the complete command line.
pub(super) fn command() -> Command {
    let mut command = VARIABLES.iter().fold(super::Args::command(), |command, (option, names)| {
        let is_set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let Some(name) = names.iter().find(is_set) else { return command };
        // The values may hold secrets, and help does not depend on the environment.
        command.mut_arg(option, |arg| arg.env(*name).hide_env(true).hide_env_values(true))
    });
    // Passes the global options on to all commands, so that each can hide some.
    command.build();
    for (path, used, examples) in COMMANDS {
        let mut part = Some(&mut command);
        for name in path.split(' ') {
            part = part.and_then(|part| part.find_subcommand_mut(name));
        }
        let Some(part) = part else { continue };
        *part = std::mem::take(part)
            .mut_args(|arg| if is_unused(&arg, used) { arg.hide(true) } else { arg })
            .after_help(example_section(examples));
    }
    command
}

fn is_unused(arg: &Arg, used: &[&[&str]]) -> bool {
    let id = arg.get_id().as_str();
    let optional = [API, STATE, LOCK].iter().any(|group| group.contains(&id));
    arg.is_global_set() && optional && !used.iter().any(|group| group.contains(&id))
}

fn example_section(examples: &[&str]) -> String {
    let title = if examples.len() == 1 { "Example" } else { "Examples" };
    format!("{title}:\n  {}", examples.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(command: &Command, prefix: &str) -> Vec<String> {
        let parts = command.get_subcommands().filter(|part| part.get_name() != "help");
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
        let mut known: Vec<String> = COMMANDS.iter().map(|row| row.0.to_owned()).collect();
        let mut there = paths(&command(), "");
        known.sort();
        there.sort();
        assert_eq!(known, there);
        for (path, _, examples) in COMMANDS {
            for example in *examples {
                let line = example.split(" > ").next().unwrap();
                assert!(
                    line.starts_with(&format!("trunkline {}", path.split(' ').next().unwrap()))
                );
                let parsed = command().try_get_matches_from(line.split(' '));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
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
