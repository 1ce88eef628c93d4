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
use super::global::Global;
use super::signals::Signals;
use super::{connect, store, terminal};
use crate::daemon::config::{
    Address, Class, Config, Form, Key, Target, Watched, host, webhook_url,
};
use crate::daemon::episodes::Rules;
use crate::daemon::schedule::Schedule;
use crate::daemon::status::{Organization, State, Status};
use crate::daemon::{Options, Pace, Source, Trouble, Usual, run as watch};
use crate::manifest::Problems;
use crate::report;

/// What a configuration says itself, for each organization.
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
    /// The manifest of the one organization that is watched
    #[arg(required_unless_present = "config", conflicts_with = "config")]
    path: Option<PathBuf>,
    /// Watch what this file says: several organizations, each as it likes
    #[arg(long, value_name = "FILE", conflicts_with_all = FLAGS)]
    config: Option<PathBuf>,
    /// When to look: a cron expression of five or six fields
    #[arg(long, value_name = "CRON", default_value = "*/5 * * * *")]
    schedule: String,
    /// The time zone of the schedule
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    /// Where the status page, the metrics and the probes listen
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// A name that they answer to.
    #[arg(
        long,
        value_name = "NAME",
        value_parser = host,
        requires = "listen",
        help = "They answer to this name too, besides localhost and addresses (may be repeated)"
    )]
    host: Vec<String>,
    /// Tell this webhook (https, or http to this machine)
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Sign what is sent to it with the key in this file
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_key_file: Option<PathBuf>,
    /// Tell the Slack-compatible webhook whose address is in this file
    #[arg(long, value_name = "FILE")]
    slack_url_file: Option<PathBuf>,
    /// Equal sightings in a row that open an episode
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    open_after: u32,
    /// Runs in a row without a sighting that close it
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    close_after: u32,
    /// What may be done without a person.
    #[arg(
        long,
        value_name = "CLASS",
        value_parser = Class::parse,
        help = "Do this by itself: raise_channel_limit, enable_account or update_account (may be repeated)"
    )]
    heal: Vec<Class>,
    /// Heal nothing while there is a file here
    #[arg(long, value_name = "FILE", requires = "heal")]
    freeze_file: Option<PathBuf>,
    /// Look once, tell what there is to tell, and end
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let source = match (&args.config, &args.path) {
        (Some(_), _) if global.state.is_some() || global.api_key_file.is_some() => {
            let error = anyhow::Error::msg("--config says itself where state files and keys are");
            return Err(Failure::new(error, "leave --state and --api-key-file out"));
        }
        (Some(file), _) => Source::File(file.clone()),
        (None, Some(path)) => Source::Flags(Box::new(flags(global, args, path.clone())?)),
        (None, None) => return Err(anyhow::Error::msg("there is nothing to watch").into()),
    };
    let pace = Pace { timeout: global.timeout, parallelism: usize::from(global.parallelism) };
    let stop = CancellationToken::new();
    // Neither of these signals ends the process any more.
    let mut signals = Signals::listen()?;
    let mut hangup = signal(SignalKind::hangup()).context("listening for signals")?;
    let (reload, reloads) = mpsc::channel(1);
    let usual = Usual { pace, base_url: connect::base_url(global)? };
    let options = Options { source, usual, once: args.once };
    let watching = watch(options, stop.clone(), reloads);
    tokio::pin!(watching);
    let mut interrupted = None;
    let status = loop {
        tokio::select! {
            status = &mut watching => break status,
            signal = signals.next() => {
                tracing::info!(?signal, "ending");
                interrupted.get_or_insert(signal);
                stop.cancel();
            }
            Some(()) = hangup.recv() => {
                // One that waits to be read is as good as two.
                let _ = reload.try_send(());
            }
        }
    };
    let status = status.map_err(failure)?;
    match interrupted {
        // What was not looked at is neither fine nor wrong.
        Some(signal) if args.once => Ok(Exit::Interrupted(signal)),
        Some(_) | None if args.once => ended(global, &status),
        // That is how watching ends.
        Some(_) | None => Ok(Exit::Fine),
    }
}

/// The configuration that the flags describe.
fn flags(global: &Global, args: &Args, manifest: PathBuf) -> Result<Config, Failure> {
    let schedule = Schedule::parse(&args.schedule, &args.timezone)
        .with_context(|| format!("--schedule {:?} in {:?}", args.schedule, args.timezone))?;
    let mut notify = Vec::new();
    if let Some(url) = &args.webhook {
        if let Err(why) = webhook_url(url) {
            // It is not shown: whoever knows it may be able to post there.
            return Err(anyhow::anyhow!("--webhook: {why}").into());
        }
        let url = Address::Given(SecretString::from(url.as_str()));
        let form = Form::Webhook(args.webhook_key_file.clone());
        notify.push(Target { name: "webhook".to_owned(), form, url });
    }
    if let Some(file) = &args.slack_url_file {
        let url = Address::File(file.clone());
        notify.push(Target { name: "slack".to_owned(), form: Form::Slack, url });
    }
    let key = match &global.api_key_file {
        Some(path) => Key::File(path.clone()),
        None => Key::Given(connect::key(global)?),
    };
    let watched = Watched {
        manifest,
        key,
        base_url: None,
        state: store::named(global)?,
        schedule,
        jitter: Duration::ZERO,
        rules: Rules { open_after: args.open_after, close_after: args.close_after },
        heal: args.heal.iter().copied().collect::<BTreeSet<_>>(),
        freeze_file: args.freeze_file.clone(),
        notify,
    };
    let hosts = args.host.iter().cloned().collect();
    Ok(Config { listen: args.listen, hosts, organizations: vec![watched] })
}

fn failure(troubles: Vec<Trouble>) -> Failure {
    let mut problems = Vec::new();
    let mut others = Vec::new();
    for trouble in troubles {
        match trouble {
            Trouble::Problems(Problems(more)) => problems.extend(more),
            Trouble::Other(why) => others.push(why),
        }
    }
    if problems.is_empty() {
        let error = anyhow::Error::msg(others.join("; "));
        return Failure::new(error, "nothing is watched until this is right");
    }
    for other in others {
        tracing::error!("{other}");
    }
    Problems(problems).into()
}

/// What `--once` has found, one line an organization.
fn ended(global: &Global, status: &Status) -> Result<Exit, Failure> {
    let mut exit = Exit::Fine;
    for Organization { organization, state, error, runs, unwritten, .. } in &status.organizations {
        let items = runs.last().map_or(0, |run| run.items);
        let mut line = match state {
            State::InSync => format!("{organization}: in sync"),
            State::Drifted => format!("{organization}: drifted, {items} differences"),
            State::Unknown => {
                exit = Exit::Error;
                let why = error.as_deref().unwrap_or("it was not looked at");
                format!("{organization}: unknown: {}", report::escape_line(why))
            }
        };
        if *unwritten {
            exit = Exit::Error;
            line += ", and the state could not be written: it is told again the next time";
        }
        if !global.quiet {
            terminal::print(&(line + "\n"))?;
        }
    }
    Ok(exit)
}
