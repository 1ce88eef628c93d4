//! The `trunkline` commands that reports and hints print: ready to be copied into a shell.

use super::escape::line;
use crate::model::shell_word;

/// The state that a plan was made with, as reports name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateInfo {
    /// The place of the state, for people.
    pub location: String,
    /// True if no run has written the state yet.
    pub new: bool,
    /// The value of `--state`; `None` for the default place. Every printed command repeats it.
    pub option: Option<String>,
    /// The path of the state's file from the folder of a saved plan, which may be applied from another folder.
    pub path_from_plan: Option<String>,
}

impl StateInfo {
    /// Returns a command with quoted words, and with `--state` if this state needs it.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let option = self.option(words.first() == Some(&"state"));
        let option = option.iter().flat_map(|state| ["--state", state]);
        let words = ["trunkline"].into_iter().chain(words.iter().copied()).chain(option);
        line(&words.map(shell_word).collect::<Vec<_>>().join(" "))
    }

    /// The value of `--state` in a command. A `state` command does not know the manifest, so it needs the default
    /// place too.
    fn option(&self, of_state_command: bool) -> Option<&str> {
        let default = Some(self.location.as_str());
        let kept = default.filter(|place| !matches!(*place, "" | "none" | "memory:"));
        self.option.as_deref().or(kept.filter(|_| of_state_command))
    }

    /// Adds `--state` to the commands in a text that use the state. Commands are in backticks.
    #[must_use]
    pub fn complete(&self, text: &str) -> String {
        // The text between two backticks is code, so every second part is.
        let complete = |(place, part): (usize, &str)| {
            let command = part.strip_prefix("trunkline ").filter(|_| place % 2 == 1);
            let name = command.and_then(|words| words.split(' ').next()).unwrap_or_default();
            let uses_state = matches!(name, "plan" | "apply" | "state" | "import");
            let state = self.option(name == "state");
            match state.filter(|_| uses_state && !part.contains("--state")) {
                Some(state) => format!("{part} --state {}", line(&shell_word(state))),
                None => part.to_owned(),
            }
        };
        text.split('`').enumerate().map(complete).collect::<Vec<_>>().join("`")
    }

    /// Returns the place, and whether it is new.
    pub(super) fn described(&self, plain: fn(&str) -> String) -> String {
        // Without a state, nothing is ever written.
        let new = self.new && self.location != "none";
        format!("{}{}", plain(&self.location), if new { " (new)" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::StateInfo;

    #[test]
    fn a_command_is_quoted_and_repeats_a_state_that_is_not_the_default() {
        let default = StateInfo::default();
        assert_eq!(default.command(&["plan", "a b'c.yaml"]), r"trunkline plan 'a b'\''c.yaml'");
        assert_eq!(default.command(&["plan", ""]), "trunkline plan ''");
        let bucket =
            StateInfo { option: Some("s3://bucket/acme.json".to_owned()), ..StateInfo::default() };
        assert_eq!(
            bucket.command(&["apply", "acme.yaml", "--expect", "sha256:00"]),
            "trunkline apply acme.yaml --expect sha256:00 --state s3://bucket/acme.json"
        );
        let beside = StateInfo { location: "a/.trunkline/b.json".to_owned(), ..default.clone() };
        assert_eq!(
            [beside.command(&["plan", "a"]), beside.command(&["state", "show"])],
            ["trunkline plan a", "trunkline state show --state a/.trunkline/b.json"]
        );
        let hint = "Run `trunkline plan`, or `trunkline get users`, or `trunkline state show`.";
        assert_eq!(default.complete(hint), hint);
        assert_eq!(
            bucket.complete(hint),
            "Run `trunkline plan --state s3://bucket/acme.json`, or `trunkline get users`, or \
             `trunkline state show --state s3://bucket/acme.json`."
        );
    }
}
