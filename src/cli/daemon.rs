//! `trunkline daemon`

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure};
use super::global::{Global, manifest_path};
use super::serving::ServingArgs;
use super::signals::Signals;
use super::{connect, daemon_check, store, terminal};
use crate::daemon::config::{
    Address, DaemonConfig, HealClass, KeySource, NotificationTarget, OrganizationConfig,
    TargetFormat, webhook_url,
};
use crate::daemon::drift::Thresholds;
use crate::daemon::schedule::{Schedule, ScheduleError};
use crate::daemon::status::{DaemonStatus, Organization, OrganizationState};
use crate::daemon::{
    ConfigSource, Defaults, Options, RequestLimits, SetupError, run as run_daemon,
};
use crate::manifest::Problems;
use crate::report;

const SCHEDULE: &str = "The fields are minute, hour, day of the month, month and day of the week; a sixth one, for seconds, comes first. For a run every five minutes, use --schedule '*/5 * * * *'.";

/// The flags that a configuration file replaces.
const FLAGS: [&str; 11] = [
    "schedule",
    "timezone",
    "listen",
    "host",
    "webhook",
    "webhook_key_file",
    "slack_url_file",
    "open_after",
    "close_after",
    "heal",
    "freeze_file",
];

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Manifest of the organization to check: a file or a folder
    #[arg(conflicts_with = "config")]
    path: Option<PathBuf>,
    /// Configuration file with one or more organizations
    #[arg(long, value_name = "FILE", conflicts_with_all = FLAGS)]
    config: Option<PathBuf>,
    /// Schedule of runs: a cron expression of five fields, or six with seconds
    #[arg(long, value_name = "CRON", default_value = "*/5 * * * *")]
    schedule: String,
    /// Time zone of the schedule
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    #[command(flatten)]
    serving: ServingArgs,
    /// Send notifications to this webhook (https, or http to loopback)
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Sign webhook requests with the key in this file (HMAC-SHA256)
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_key_file: Option<PathBuf>,
    /// Send notifications to the Slack-compatible webhook whose address is in this file
    #[arg(long, value_name = "FILE")]
    slack_url_file: Option<PathBuf>,
    /// Runs in a row that must find a difference before it is notified
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    open_after: u32,
    /// Runs in a row without a difference before it is closed
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    close_after: u32,
    /// A class of changes to make without approval.
    #[arg(
        long,
        value_name = "CLASS",
        value_parser = HealClass::parse,
        help = "Heal without approval: raise_channel_limit, enable_account or update_account (may be repeated)"
    )]
    heal: Vec<HealClass>,
    /// Suspend healing while this file exists
    #[arg(long, value_name = "FILE", requires = "heal")]
    freeze_file: Option<PathBuf>,
    /// Check once, deliver notifications, and exit
    #[arg(long)]
    once: bool,
    /// Ask the daemon whose --listen is this address whether it is alive, and exit
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = FLAGS, conflicts_with_all = ["path", "config", "once"])]
    check: Option<SocketAddr>,
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    if let Some(address) = args.check {
        return daemon_check::run(address);
    }
    let source = match (&args.config, &args.path) {
        (Some(_), _) if global.state.is_some() || global.api_key_file.is_some() => {
            let error =
                anyhow::Error::msg("--config cannot be combined with --state or --api-key-file");
            return Err(Failure::new(
                error,
                "Set `state` and `api_key_file` in the configuration.",
            ));
        }
        (Some(file), _) => ConfigSource::File(file.clone()),
        (None, path) => {
            let path = manifest_path(path.as_deref())?;
            ConfigSource::Flags(Box::new(flags(global, args, path)?))
        }
    };
    let pace =
        RequestLimits { timeout: global.timeout, parallelism: usize::from(global.parallelism) };
    let stop = CancellationToken::new();
    // From here on these signals no longer end the process.
    let mut signals = Signals::listen()?;
    let mut hangup = signal(SignalKind::hangup()).context("listening for signals")?;
    let (reload, reloads) = mpsc::channel(1);
    let lease = args.serving.lease();
    let defaults = Defaults { pace, base_url: connect::base_url(global)?, lease };
    let options = Options { source, defaults, once: args.once };
    let running = run_daemon(options, stop.clone(), reloads);
    tokio::pin!(running);
    let mut interrupted = None;
    let status = loop {
        tokio::select! {
            status = &mut running => break status,
            signal = signals.next() => {
                tracing::info!(?signal, "shutting down");
                interrupted.get_or_insert(signal);
                stop.cancel();
            }
            Some(()) = hangup.recv() => {
                // A reload that is pending already covers this one.
                let _ = reload.try_send(());
            }
        }
    };
    let status = status.map_err(failure)?;
    match interrupted {
        // An interrupted check has no result.
        Some(signal) if args.once => Ok(Exit::Interrupted(signal)),
        Some(_) | None if args.once => print_status(global, &status),
        // A signal is the regular end of a daemon.
        Some(_) | None => Ok(Exit::Fine),
    }
}

/// Returns the configuration that the flags describe.
fn flags(global: &Global, args: &Args, manifest: PathBuf) -> Result<DaemonConfig, Failure> {
    let schedule =
        Schedule::parse(&args.schedule, &args.timezone).map_err(|error| match error {
            ScheduleError::Zone => Failure::new(
                anyhow::anyhow!("--timezone {:?}: {error}", args.timezone),
                "Use a name of the time zone database, for example --timezone Europe/Berlin.",
            ),
            ScheduleError::Cron(_) | ScheduleError::Never => {
                Failure::new(anyhow::anyhow!("--schedule {:?}: {error}", args.schedule), SCHEDULE)
            }
        })?;
    let mut notify = Vec::new();
    if let Some(url) = &args.webhook {
        if let Err(error) = webhook_url(url) {
            // The address grants permission to post, so it is not shown.
            return Err(anyhow::anyhow!("--webhook: {error}").into());
        }
        let url = Address::Given(SecretString::from(url.as_str()));
        let form = TargetFormat::Webhook(args.webhook_key_file.clone());
        notify.push(NotificationTarget { name: "webhook".to_owned(), form, url });
    }
    if let Some(file) = &args.slack_url_file {
        let url = Address::File(file.clone());
        notify.push(NotificationTarget {
            name: "slack".to_owned(),
            form: TargetFormat::Slack,
            url,
        });
    }
    let key = match &global.api_key_file {
        Some(path) => KeySource::File(path.clone()),
        None => KeySource::Given(connect::key(global)?),
    };
    let organization = OrganizationConfig {
        manifest,
        key,
        base_url: None,
        state: store::named(global)?,
        schedule,
        jitter: Duration::ZERO,
        thresholds: Thresholds { open_after: args.open_after, close_after: args.close_after },
        heal: args.heal.iter().copied().collect::<BTreeSet<_>>(),
        freeze_file: args.freeze_file.clone(),
        notify,
    };
    let ServingArgs { listen, host, .. } = &args.serving;
    let hosts = host.iter().cloned().collect();
    Ok(DaemonConfig { listen: *listen, hosts, organizations: vec![organization] })
}

fn failure(errors: Vec<SetupError>) -> Failure {
    let mut problems = Vec::new();
    let mut others = Vec::new();
    for error in errors {
        match error {
            SetupError::Problems(Problems(more)) => problems.extend(more),
            SetupError::Other(error) => others.push(error),
        }
    }
    if problems.is_empty() {
        let error = anyhow::Error::msg(others.join("; "));
        return Failure::new(
            error,
            "Correct this and start the daemon again. No organization is checked until then.",
        );
    }
    for other in others {
        tracing::error!("{other}");
    }
    Problems(problems).into()
}

/// Prints the result of `--once`, one line per organization.
fn print_status(global: &Global, status: &DaemonStatus) -> Result<Exit, Failure> {
    let mut exit = Exit::Fine;
    for Organization { organization, state, error, runs, unsaved, .. } in &status.organizations {
        let differences = runs.last().map_or(0, |run| run.differences);
        let noun = if differences == 1 { "difference" } else { "differences" };
        let mut line = match state {
            OrganizationState::InSync => format!("{organization}: in sync"),
            OrganizationState::Drifted => format!("{organization}: drifted, {differences} {noun}"),
            OrganizationState::Unknown => {
                let error = error.as_deref().unwrap_or("the run did not finish");
                format!("{organization}: unknown: {}", report::escape_line(error))
            }
        };
        if let (OrganizationState::Drifted, Some(error)) = (state, error) {
            line = format!("{line} ({})", report::escape_line(error));
        }
        if *state == OrganizationState::Unknown || error.is_some() {
            exit = Exit::Error;
        }
        if *unsaved {
            exit = Exit::Error;
            line += ", and the state could not be saved, so the next run may repeat notifications";
        }
        if !global.quiet {
            terminal::print(&(line + "\n"))?;
        }
    }
    Ok(exit)
}
