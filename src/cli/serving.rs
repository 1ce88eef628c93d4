//! The options that `daemon` and `operator` share: those of a program that runs until it is stopped.

use std::net::SocketAddr;
use std::time::Duration;

use crate::daemon::config::host;

#[derive(clap::Args, Debug)]
pub(super) struct ServingArgs {
    /// Address of the status page, metrics and probes
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,
    /// A host name that the web server answers to.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = host,
        requires = "listen",
        help = "Host name of the status page, besides localhost and addresses (may be repeated)"
    )]
    pub(super) host: Vec<String>,
    /// Seconds after which another replica takes over from one that is gone
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(3..=3600))]
    lease: u64,
}

impl ServingArgs {
    /// The lease time of leadership.
    pub(super) fn lease(&self) -> Duration {
        Duration::from_secs(self.lease)
    }
}
