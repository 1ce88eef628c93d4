//! SIGINT and SIGTERM.

use tokio::signal::unix::{self, SignalKind, signal};

use super::exit::{Failure, Signal};

/// Hears SIGINT and SIGTERM from when it is made: neither ends the process any more.
pub(super) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    heard: Option<Signal>,
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
            heard: None,
        })
    }

    /// Whether the process was asked to end.
    pub(super) fn heard(&self) -> bool {
        self.heard.is_some()
    }

    /// Does something that leaves nothing half done, unless the process is asked to end meanwhile.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            done = work => Ok(done),
            signal = self.next() => Err(Failure::told_to_end(signal)),
        }
    }

    /// Waits until the process is asked to end.
    pub(super) async fn next(&mut self) -> Signal {
        let signal = tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        };
        self.heard = Some(signal);
        signal
    }
}
