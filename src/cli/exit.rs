//! How a command ended, as an exit status.

use std::fmt;
use std::process::ExitCode;

use crate::manifest::Problems;
use crate::report::{self, Style};
use crate::telnyx::Error;

/// How a command ended. The numbers are frozen: pipelines branch on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// As it should be.
    Fine,
    /// Usage, manifest, key, network; a question answered no.
    Error,
    /// `plan --detailed-exitcode`: something differs.
    Drift,
    /// Refused before anything was sent.
    Refused,
    /// What was planned for was no longer so.
    Stale,
    /// Some actions failed.
    Failed,
    /// Nobody knows what became of a create.
    Unknown,
    /// The inventory may lack something.
    Incomplete,
    /// By SIGINT or SIGTERM.
    Interrupted(Signal),
}

/// What interrupted us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGINT, as by Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Error => 1,
            Exit::Drift => 2,
            Exit::Refused => 3,
            Exit::Stale => 4,
            Exit::Failed => 5,
            Exit::Unknown => 6,
            Exit::Incomplete => 7,
            Exit::Interrupted(Signal::Interrupt) => 130,
            Exit::Interrupted(Signal::Terminate) => 143,
        })
    }
}

/// An error on its way to the user.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    /// An error with a hint about what to do.
    pub(super) fn new(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::from(error.into()) }
    }

    /// An end before anything was sent.
    pub(super) fn told_to_end(signal: Signal) -> Self {
        let error = anyhow::Error::msg("interrupted; nothing was sent");
        Self { exit: Exit::Interrupted(signal), ..Self::from(error) }
    }

    /// An end at once: what is under way is left as it is.
    pub(super) fn interrupted(signal: Signal) -> Self {
        let error = anyhow::Error::msg("interrupted again: what was under way may have happened");
        let hint = "the next plan shows what is there now";
        Self { exit: Exit::Interrupted(signal), ..Self::new(error, hint) }
    }

    /// A result that is not given because the inventory may lack something.
    pub(super) fn incomplete(why: String, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Incomplete, ..Self::new(anyhow::Error::msg(why), hint) }
    }

    /// What was planned is not so any more, and nothing was sent.
    pub(super) fn stale(why: String, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Stale, ..Self::new(anyhow::Error::msg(why), hint) }
    }

    /// A refusal before anything was sent.
    pub(super) fn refused(why: String, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, ..Self::new(anyhow::Error::msg(why), hint) }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: Exit::Error, error, hint: None }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::from(anyhow::Error::from(problems))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self { hint, ..Self::from(anyhow::Error::from(error)) }
    }
}

impl Failure {
    /// What has gone wrong, where it changes nothing of how the command ends.
    pub(super) fn warning(&self) -> String {
        format!("warning: {}", self.words())
    }

    fn words(&self) -> String {
        let mut causes: Vec<String> = self.error.chain().map(ToString::to_string).collect();
        // Some errors say their cause themselves.
        causes.dedup_by(|cause, before| before.ends_with(cause.as_str()));
        causes.join(": ")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.words())?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl Failure {
    fn show(&self, style: Style) -> String {
        match self.error.downcast_ref::<Problems>() {
            Some(problems) => report::problems(problems, style),
            None => self.to_string(),
        }
    }
}

/// Prints an error, if there is one, and says how the command ended.
pub(super) fn report(result: Result<Exit, Failure>, style: Style) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            super::terminal::say(&failure.show(style));
            failure.exit.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let none = anyhow::Error::msg("no such file");
        let twice = none.context("reading a.json: no such file").context("starting");
        let failure = Failure::from(twice);
        assert_eq!(failure.to_string(), "error: starting: reading a.json: no such file");
    }
}
