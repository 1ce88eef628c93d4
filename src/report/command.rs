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
}

impl StateInfo {
    /// Returns a command with quoted words, and with `--state` if this state needs it.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> String {
        let option = self.option.iter().flat_map(|state| ["--state", state]);
        let words = ["trunkline"].into_iter().chain(words.iter().copied()).chain(option);
        line(&words.map(shell_word).collect::<Vec<_>>().join(" "))
    }

    /// Adds `--state` to the commands in a text that use the state. Commands are in backticks.
    #[must_use]
    pub fn complete(&self, text: &str) -> String {
        let Some(state) = &self.option else { return text.to_owned() };
        let option = format!(" --state {}", line(&shell_word(state)));
        let uses_state = |code: &str| {
            let mut words = code.split(' ');
            words.next() == Some("trunkline")
                && matches!(words.next(), Some("plan" | "apply" | "state" | "import"))
                && !code.contains("--state")
        };
        // The text between two backticks is code, so every second part is.
        let complete = |(place, part): (usize, &str)| {
            let add = place % 2 == 1 && uses_state(part);
            format!("{part}{}", if add { &option } else { "" })
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
        let hint = "Run `trunkline plan`, or `trunkline get users`, or `trunkline state show`.";
        assert_eq!(default.complete(hint), hint);
        assert_eq!(
            bucket.complete(hint),
            "Run `trunkline plan --state s3://bucket/acme.json`, or `trunkline get users`, or \
             `trunkline state show --state s3://bucket/acme.json`."
        );
    }
}
