//! Results go to stdout, everything else to stderr; questions need a terminal.

use std::io::{self, BufRead, IsTerminal, Write};
use std::os::fd::AsFd;

use anyhow::Context as _;
use tokio::sync::oneshot;

use super::exit::Failure;
use super::global::{Colour, Global};
use crate::report::{self, Style};

/// Prints a result to stdout. A closed pipe is not an error: the reader has seen enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::from(error).context("writing the result").into())
        }
        _ => Ok(()),
    }
}

/// Prints a text for people to stdout, in lines that fit the terminal.
pub(super) fn print_wrapped(text: &str) -> Result<(), Failure> {
    match width(&io::stdout()) {
        Some(width) => print(&report::wrap(text, width)),
        None => print(text),
    }
}

/// The columns of the terminal that stderr is.
pub(super) fn error_width() -> Option<usize> {
    width(&io::stderr())
}

/// The columns of a terminal. Without one, lines stay whole, for searches.
fn width(stream: &impl AsFd) -> Option<usize> {
    // The call fails for anything but a terminal, and some terminals report no columns.
    let columns = rustix::termios::tcgetwinsize(stream).ok()?.ws_col;
    (columns > 0).then(|| usize::from(columns))
}

/// Prints a line to stderr. Errors are ignored, since there is nowhere else to report them.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a line to stderr, unless `--quiet` was given.
pub(super) fn note(global: &Global, text: &str) {
    if !global.quiet {
        say(text);
    }
}

/// The style of results.
pub(super) fn style(global: &Global) -> Style {
    style_on(global, &io::stdout())
}

/// The style of errors.
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

/// Returns true if progress is shown.
pub(super) fn shows_progress(global: &Global) -> bool {
    !global.quiet && io::stderr().is_terminal()
}

/// Returns true if a question can be asked and answered.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question, and returns true if the answer is `yes`.
///
/// A detached thread reads the answer, so that a signal does not wait for it.
pub(super) async fn ask(question: String) -> Result<bool, Failure> {
    let (answer, answered) = oneshot::channel();
    std::thread::spawn(move || answer.send(prompt(&question)));
    let answered = answered.await.unwrap_or_else(|lost| Err(io::Error::other(lost)));
    Ok(answered.context("asking for approval")?)
}

fn prompt(question: &str) -> io::Result<bool> {
    let mut err = io::stderr().lock();
    let question = format!("{question} Only 'yes' will be accepted:");
    let question = width(&err).map_or(question.clone(), |width| report::wrap(&question, width));
    write!(err, "{question} ")?;
    err.flush()?;
    // Other messages can be printed while this waits.
    drop(err);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
