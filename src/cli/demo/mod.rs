//! `trunkline demo`

mod verify;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use secrecy::SecretString;
use tokio::sync::watch;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::plan::{self, Planned, Targets};
use super::{store, terminal};
use crate::execute::{Ending, Execution, execute, remember};
use crate::manifest;
use crate::plan::Action;
use crate::report::{self, Style};
use crate::sandbox::{self, Seed};
use crate::state::{Binding, Journal, Location, LockHolder, Store};
use crate::telnyx::{BaseUrl, Session, SessionConfig};

const MANIFEST: &str = include_str!("../../../manifests/example.yaml");
const KEY: &str = "KEY_demo";

#[derive(clap::Args, Debug)]
pub(super) struct Args {}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let Args {} = args;
    let style = terminal::style(global);
    let config = sandbox::SandboxConfig::new(SecretString::from(KEY), Seed::small());
    let sandbox = sandbox::start(config).await;
    let sandbox = sandbox.context("starting the sandbox")?;
    let base_url = BaseUrl::parse(&sandbox.url()).context("reaching the sandbox")?;
    let config = SessionConfig::new(base_url, SecretString::from(KEY));
    let session = Session::new(config).context("reaching the sandbox")?;

    let binding = Binding {
        organization: "acme".to_owned(),
        manager: None,
        base_url: session.reader().base_url(),
    };
    let store = Store::new(&Location::Memory);
    let journal = Journal::open(store, &binding, &LockHolder::this("demo"), Duration::ZERO).await?;

    step(&format!("a sandbox of the account API listens on {}", sandbox.url()))?;
    step("plan: manifests/example.yaml against it")?;
    let planned = plan_now(global, &session, &journal).await?;
    terminal::print(&report::plan_text(planned.report(), style))?;
    every_kind(&planned)?;

    step("apply: what was planned")?;
    apply(&session, &planned, &journal, style).await?;

    step("plan again")?;
    let again = plan_now(global, &session, &journal).await?;
    terminal::print(&report::plan_text(again.report(), style))?;
    if again.plan.has_drift() {
        return Err(anyhow::Error::msg("the demo did not end in sync").into());
    }

    let checked = verify::verify(&sandbox.url(), KEY, &again.desired).await?;
    sandbox.stop().await;
    step(&format!("checked by plain requests: {checked}"))?;
    Ok(Exit::Fine)
}

fn step(text: &str) -> Result<(), Failure> {
    terminal::print(&format!("\n# {text}\n"))
}

async fn plan_now(
    global: &Global,
    session: &Session,
    journal: &Journal,
) -> Result<Planned, Failure> {
    let desired = manifest::parse(Path::new("manifests/example.yaml"), MANIFEST)?;
    let reader = session.reader();
    let known = async |_| Ok(journal.state());
    let observation = plan::observe(global, None, &reader, &desired, known).await?;
    let location = Store::new(&Location::Memory).place();
    let state = store::info(global, location, &journal.record_now());
    let digest = report::desired_digest(&desired);
    Planned::make(&reader, (desired, digest), None, observation, state, &Targets::default())
}

async fn apply(
    session: &Session,
    planned: &Planned,
    journal: &Journal,
    style: Style,
) -> Result<(), Failure> {
    let refused = planned.plan.guards.iter().any(crate::plan::Guard::refused);
    if refused {
        return Err(anyhow::Error::msg("a safety limit refuses the plan of the demo").into());
    }
    let (_stop, stopped) = watch::channel(false);
    remember(journal, &planned.desired, &planned.live, &planned.plan).await?;
    let work = Execution {
        create_grace: PATIENCE,
        ..Execution::new(&planned.plan, &planned.live, session, journal)
    };
    let outcomes = execute(&work, stopped).await;
    terminal::print(&report::outcomes_text(&outcomes, &planned.state, style))?;
    if outcomes.iter().all(|outcome| matches!(outcome.ending, Ending::Done)) {
        return Ok(());
    }
    Err(anyhow::Error::msg("not everything that was planned was done").into())
}

/// Fails unless the plan has every kind of action: the demo is meant to show all of them.
fn every_kind(planned: &Planned) -> anyhow::Result<()> {
    let has = |kind: fn(&Action) -> bool| planned.plan.requested().any(kind);
    ensure!(has(|action| matches!(action, Action::RemoveUser { .. })), "no user is removed");
    ensure!(has(|action| matches!(action, Action::DisableAccount { .. })), "none is disabled");
    ensure!(has(|action| matches!(action, Action::SetChannelLimit { .. })), "no limit is set");
    ensure!(has(|action| matches!(action, Action::UpdateAccount { .. })), "none is updated");
    ensure!(has(|action| matches!(action, Action::EnableAccount { .. })), "none is enabled");
    ensure!(has(|action| matches!(action, Action::CreateAccount(_))), "none is created");
    Ok(())
}

/// The time limit of one plain request.
const PATIENCE: Duration = Duration::from_secs(10);
