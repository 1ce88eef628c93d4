//! Results to stdout, everything else to stderr, questions only where somebody can answer.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context as _;
use tokio::sync::oneshot;

use super::exit::Failure;
use super::global::{Colour, Global};
use crate::report::Style;

/// Prints a result to stdout.
///
/// Whoever reads may have seen enough and closed the pipe: that is no error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::from(error).context("writing the result").into())
        }
        _ => Ok(()),
    }
}

/// Prints a line to stderr. When even that is closed there is nobody left to tell.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How results are shown.
pub(super) fn style(global: &Global) -> Style {
    style_on(global, &io::stdout())
}

/// How errors are shown.
pub(super) fn error_style(global: &Global) -> Style {
    style_on(global, &io::stderr())
}

fn style_on(global: &Global, stream: &impl IsTerminal) -> Style {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = match global.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => stream.is_terminal() && !unwanted,
    };
    Style { colour }
}

/// Whether somebody watches how far it is.
pub(super) fn shows_progress(global: &Global) -> bool {
    !global.quiet && io::stderr().is_terminal()
}

/// Whether somebody is there to answer a question.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question: only `yes` is yes.
///
/// On a thread that nobody waits for: who is told to end does not wait for an answer.
pub(super) async fn ask(question: String) -> Result<bool, Failure> {
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || answer.send(asked(&question)));
    let answered = answered.await.unwrap_or_else(|lost| Err(io::Error::other(lost)));
    Ok(answered.context("asking")?)
}

fn asked(question: &str) -> io::Result<bool> {
    let mut err = io::stderr().lock();
    write!(err, "{question} Only 'yes' will be accepted: ")?;
    err.flush()?;
    // Others may have something to say while nobody answers.
    drop(err);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
