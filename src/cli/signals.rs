//! SIGINT and SIGTERM.

use tokio::signal::unix::{self, SignalKind, signal};

use super::exit::{Failure, Signal};

/// A listener for SIGINT and SIGTERM. While it exists, neither ends the process.
pub(super) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    received: bool,
}

impl Signals {
    /// Starts to listen.
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| anyhow::Error::from(error).context("listening for signals"))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            received: false,
        })
    }

    /// Returns true once a signal was received.
    pub(super) fn received(&self) -> bool {
        self.received
    }

    /// Runs work that can be dropped at any point, until a signal arrives before anything is sent.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        self.or_signal(work).await.map_err(Failure::interrupted_early)
    }

    /// Runs work that can be dropped at any point, or returns the signal that arrives first.
    pub(super) async fn or_signal<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, Signal> {
        tokio::select! {
            done = work => Ok(done),
            signal = self.next() => Err(signal),
        }
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) -> Signal {
        let signal = tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        };
        self.received = true;
        signal
    }
}
