//! `trunkline sandbox`

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::SecretString;

use super::exit::{Exit, Failure};
use super::global::{Global, duration};
use super::signals::Signals;
use super::{connect, terminal};
use crate::sandbox::{Error, SandboxConfig, Seed, start};

/// The key of the sandbox, unless --api-key-file names another one.
const KEY: &str = "KEY_sandbox";

const IN_USE: &str = "A sandbox may be running there already. To use any free port, run `trunkline sandbox --port 0`.";

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Port on 127.0.0.1; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 8484)]
    port: u16,
    /// Start without accounts and users
    #[arg(long, conflicts_with = "seed")]
    empty: bool,
    /// Start with the organization in FILE, whose `behavior` object selects variants of the API
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Keep the state in FILE, and begin with it when it is there
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Refuse more than N requests a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate_limit: Option<u32>,
    /// Delay each request by TIME, half before and half after the change
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    latency: Duration,
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let Args { port, empty, seed, data, rate_limit, latency } = args;
    let seed = match seed {
        Some(path) => Seed::read(path).context("starting the sandbox")?,
        None if *empty => Seed::empty(),
        None => Seed::small(),
    };
    let key = match &global.api_key_file {
        Some(path) => connect::key_file(path)?,
        None => SecretString::from(KEY),
    };
    let config = SandboxConfig {
        port: *port,
        data: data.clone(),
        rate_limit: *rate_limit,
        latency: *latency,
        ..SandboxConfig::new(key, seed)
    };
    // Whoever reads the line below may stop us at once, and wants an orderly end.
    let mut signals = Signals::listen()?;
    let running = start(config).await.map_err(|error| {
        let in_use = matches!(&error, Error::Listen { .. });
        let error = anyhow::Error::from(error).context("starting the sandbox");
        if in_use { Failure::new(error, IN_USE) } else { error.into() }
    })?;
    terminal::print(&format!("listening on {}\n", running.url()))?;
    signals.next().await;
    running.stop().await;
    Ok(Exit::Fine)
}
