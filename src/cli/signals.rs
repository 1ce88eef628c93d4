//! SIGINT and SIGTERM.

use tokio::signal::unix::{self, SignalKind, signal};

use super::exit::{Failure, Signal};

/// Hears SIGINT and SIGTERM from when it is made: neither ends the process any more.
pub(super) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    /// Begins to listen.
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| anyhow::Error::from(error).context("listening for signals"))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits until the process is asked to end.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

/// Waits until the process is asked to end.
pub(super) async fn wait() -> Result<Signal, Failure> {
    Ok(Signals::listen()?.next().await)
}
