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
    /// The PATH of the manifest; `None` for the default one. Every printed `trunkline plan` repeats it.
    pub manifest: Option<String>,
    /// The options that select a part of the plan, as they were given. Every printed `trunkline plan` repeats them.
    pub selection: Vec<String>,
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

    /// Adds the manifest to each `trunkline plan` in a text, and `--state` to the commands that use the state.
    /// Commands are in backticks.
    #[must_use]
    pub fn complete(&self, text: &str) -> String {
        // The text between two backticks is code, so every second part is.
        let complete = |(place, part): (usize, &str)| match part.strip_prefix("trunkline ") {
            Some(command) if place % 2 == 1 => format!("trunkline {}", self.completed(command)),
            Some(_) | None => part.to_owned(),
        };
        text.split('`').enumerate().map(complete).collect::<Vec<_>>().join("`")
    }

    fn completed(&self, command: &str) -> String {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let word = |word: &str| line(&shell_word(word));
        let names_none = rest.is_empty() || rest.starts_with('-');
        let manifest = self.manifest.as_deref().filter(|_| name == "plan" && names_none);
        let uses_state = matches!(name, "plan" | "apply" | "state" | "import");
        let state = self.option(name == "state");
        let state = state.filter(|_| uses_state && !command.contains("--state"));
        let selected =
            name == "plan" && names_none && !self.selection.iter().any(|one| rest.contains(one));
        let selection = self.selection.iter().filter(|_| selected).map(|one| word(one));
        let parts = [
            Some(name.to_owned()),
            manifest.map(word),
            Some(selection.collect::<Vec<_>>().join(" ")).filter(|words| !words.is_empty()),
            Some(rest.to_owned()).filter(|rest| !rest.is_empty()),
            state.map(|state| format!("--state {}", word(state))),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
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
        let named = StateInfo { manifest: Some("my acme.yaml".to_owned()), ..default.clone() };
        assert_eq!(
            named
                .complete("`trunkline plan`, `trunkline plan --out FILE`, `trunkline plan b.yaml`"),
            "`trunkline plan 'my acme.yaml'`, `trunkline plan 'my acme.yaml' --out FILE`, \
             `trunkline plan b.yaml`"
        );
        let selection = ["--target", "a b@acme.example"].map(str::to_owned).into();
        let selected = StateInfo { selection, ..named };
        assert_eq!(
            selected.complete("`trunkline plan`, `trunkline plan --target x`, `trunkline apply`"),
            "`trunkline plan 'my acme.yaml' --target 'a b@acme.example'`, \
             `trunkline plan 'my acme.yaml' --target x`, `trunkline apply`"
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
