//! Exit statuses, and the one place where an error becomes text.

use std::fmt;
use std::process::ExitCode;

use super::terminal;
use crate::manifest::{Problems, SheetProblems};
use crate::model::error_chain;
use crate::report::{self, StateInfo, Style};
use crate::telnyx::Error;

/// The result of a command. The numbers are frozen: pipelines branch on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Success.
    Fine,
    /// Usage, manifest, key or network; or an approval that was refused.
    Error,
    /// `plan --detailed-exitcode` found a difference.
    Drift,
    /// A safety limit or the wrong manager: nothing was sent.
    Refused,
    /// Something was not sent: stale, expired, withheld, or not the expected plan.
    Stale,
    /// Some actions failed.
    Failed,
    /// The outcome of a create is unknown.
    Unknown,
    /// The inventory is incomplete.
    Incomplete,
    /// SIGINT or SIGTERM.
    Interrupted(Signal),
}

/// A signal that ends the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGINT, as sent by Ctrl-C.
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

/// An error with its exit status and a hint.
#[derive(Debug)]
pub(super) struct Failure {
    exit: Exit,
    error: anyhow::Error,
    hint: Option<String>,
}

impl Failure {
    /// Returns an error with a hint that says how to fix it.
    pub(super) fn new(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..Self::from(error.into()) }
    }

    /// A signal before anything was sent.
    pub(super) fn interrupted_early(signal: Signal) -> Self {
        let error = anyhow::Error::msg("interrupted; nothing was sent");
        Self { exit: Exit::Interrupted(signal), ..Self::from(error) }
    }

    /// A second signal, which ends the program without waiting for requests in flight.
    pub(super) fn interrupted_twice(signal: Signal) -> Self {
        let error =
            anyhow::Error::msg("interrupted again; requests in flight may have taken effect");
        let hint = "Run `trunkline plan` to see what is live.";
        Self { exit: Exit::Interrupted(signal), ..Self::new(error, hint) }
    }

    /// Adds the command that goes on to an interrupt without a hint.
    pub(super) fn or_go_on(self, command: &str) -> Self {
        match self {
            Self { exit: exit @ Exit::Interrupted(_), error, hint: None } => {
                Self { exit, error, hint: Some(format!("To go on, run `{command}`.")) }
            }
            other => other,
        }
    }

    /// A result that is withheld because the inventory is incomplete.
    pub(super) fn incomplete(why: String, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Incomplete, ..Self::new(anyhow::Error::msg(why), hint) }
    }

    /// A plan that no longer applies; nothing was sent.
    pub(super) fn stale(why: String, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Stale, ..Self::new(anyhow::Error::msg(why), hint) }
    }

    /// A refusal before anything was sent.
    pub(super) fn refused(why: String, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, ..Self::new(anyhow::Error::msg(why), hint) }
    }

    /// Returns the problems of a manifest, or any other error as it is.
    pub(super) fn into_problems(self) -> Result<Problems, Self> {
        let Self { exit, error, hint } = self;
        error.downcast().map_err(|error| Self { exit, error, hint })
    }

    /// Returns the error as a warning, for where it does not change the exit status.
    pub(super) fn warning(&self) -> String {
        format!("warning: {}", error_chain(self.error.as_ref()))
    }

    /// The text, with the manifest and `--state` in its commands, in lines of `width` columns.
    fn text(&self, style: Style, state: &StateInfo, width: Option<usize>) -> String {
        let problems = |problems| {
            let text = report::problems(problems, style);
            match width {
                Some(width) => report::wrap_titles(&text, width),
                None => text,
            }
        };
        if let Some(SheetProblems { first, more }) = self.error.downcast_ref() {
            let more = if *more > 0 { format!(", and {more} more") } else { String::new() };
            return problems(first) + &more;
        }
        if let Some(all) = self.error.downcast_ref::<Problems>() {
            return problems(all);
        }
        let text = state.complete(&self.to_string());
        match width {
            Some(width) => report::wrap(&text, width),
            None => text,
        }
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

impl From<SheetProblems> for Failure {
    fn from(problems: SheetProblems) -> Self {
        Self::from(anyhow::Error::from(problems))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self { hint, ..Self::from(anyhow::Error::from(error)) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", error_chain(self.error.as_ref()))?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Prints the error, if any, and returns the exit status. Commands in the text are for `state`.
pub(super) fn report(result: Result<Exit, Failure>, style: Style, state: &StateInfo) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            terminal::say(&failure.text(style, state, terminal::error_width()));
            failure.exit.into()
        }
    }
}
