//! `trunkline operator`

use super::exit::{Exit, Failure};
use super::global::Global;
use super::serving::ServingArgs;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Namespace to watch (may be repeated); otherwise all of them
    #[arg(long, value_name = "NAME")]
    namespace: Vec<String>,
    #[command(flatten)]
    serving: ServingArgs,
}

#[cfg(not(feature = "kubernetes"))]
#[expect(clippy::unused_async, reason = "for Kubernetes")]
pub(super) async fn run(_: &Global, _: &Args) -> Result<Exit, Failure> {
    let error = anyhow::Error::msg("this build does not support Kubernetes");
    Err(Failure::new(
        error,
        "Use a build with the feature kubernetes: cargo build --release --features kubernetes",
    ))
}

#[cfg(feature = "kubernetes")]
pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    use tokio_util::sync::CancellationToken;

    use super::connect;
    use super::signals::Signals;
    use crate::daemon::RequestLimits;
    use crate::operator::{Options, StartError, run as run_operator};

    let Args { namespace, serving } = args;
    let options = Options {
        namespaces: namespace.clone(),
        base_url: connect::base_url(global)?,
        pace: RequestLimits {
            timeout: global.timeout,
            parallelism: usize::from(global.parallelism),
        },
        listen: serving.listen,
        hosts: serving.host.iter().cloned().collect(),
        lease: serving.lease(),
        instance: std::env::var("HOSTNAME").unwrap_or_else(|_| std::process::id().to_string()),
    };
    let stop = CancellationToken::new();
    let mut signals = Signals::listen()?;
    let running = run_operator(options, stop.clone());
    tokio::pin!(running);
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended,
            signal = signals.next() => {
                tracing::info!(?signal, "shutting down");
                stop.cancel();
            }
        }
    };
    ended.map_err(|error| match error {
        StartError::Kubernetes(error) => Failure::from(error),
        other => Failure::from(anyhow::Error::from(other)),
    })?;
    // A signal is the regular end of an operator.
    Ok(Exit::Fine)
}
