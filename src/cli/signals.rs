//! SIGINT and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};

use super::exit::{Failure, Signal};

/// Waits until the process is asked to end.
pub(super) async fn wait() -> Result<Signal, Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| anyhow::Error::from(error).context("listening for signals"))
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => Signal::Interrupt,
        _ = terminate.recv() => Signal::Terminate,
    })
}
