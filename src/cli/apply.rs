//! `trunkline apply PATH`

use std::path::PathBuf;

use tokio::sync::watch;

use super::exit::{Exit, Failure, Signal};
use super::global::Global;
use super::plan::{Format, Planned, Targets};
use super::{connect, plan, signals, terminal};
use crate::execute::{Ending, Outcome, Summary, execute};
use crate::manifest;
use crate::plan::Action;
use crate::report;
use crate::telnyx::Session;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The manifest
    path: PathBuf,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// Lift the budgets for a plan of exactly N losses
    #[arg(long, value_name = "N")]
    approve_losses: Option<usize>,
    #[command(flatten)]
    targets: Targets,
    /// Form of the outcomes
    #[arg(long, value_name = "FORM", default_value = "text")]
    format: Format,
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let desired = manifest::load(&args.path)?;
    let session = connect::session(global)?;
    let planned = plan::make(&session.reader(), desired, &args.targets).await?;
    if args.format == Format::Text {
        terminal::print(&planned.show(global, Format::Text))?;
    }
    guard(&planned, args.approve_losses)?;
    if !planned.plan.actions.is_empty() {
        approve(&planned, args)?;
    }
    let (outcomes, signal) = perform(global, &session, &planned).await?;
    match args.format {
        Format::Text if outcomes.is_empty() => {}
        Format::Text => {
            let shown = report::outcomes_text(&outcomes, terminal::style(global));
            terminal::print(&format!("\n{shown}"))?;
        }
        Format::Json => terminal::print(&report::outcomes_json(planned.report(), &outcomes))?,
    }
    Ok(exit(&planned, &outcomes, signal))
}

/// Guards look at the whole plan before the first request.
fn guard(planned: &Planned, approved: Option<usize>) -> Result<(), Failure> {
    let plan = &planned.plan;
    let losses = plan.losses();
    if let Some(approved) = approved {
        if approved == losses {
            return Ok(());
        }
        let why =
            format!("--approve-losses {approved} was given, and the plan has {losses} losses");
        return Err(Failure::refused(why, "look at the plan again, and approve what it says"));
    }
    let refused = plan.guards.iter().filter(|guard| guard.refused()).count();
    if refused == 0 {
        return Ok(());
    }
    let why = format!("{refused} of the plan's guards refuse it; nothing was sent");
    let hint = format!("if all {losses} losses are meant, say --approve-losses {losses}");
    Err(Failure::refused(why, hint))
}

fn approve(planned: &Planned, args: &Args) -> Result<(), Failure> {
    if args.auto_approve {
        return Ok(());
    }
    if !terminal::can_ask() {
        let error = anyhow::Error::msg("nobody is there to approve the plan; nothing was sent");
        return Err(Failure::new(error, "say --auto-approve where there is no terminal"));
    }
    let (actions, losses) = (planned.plan.actions.len(), planned.plan.losses());
    let organization = &planned.desired.organization;
    let question = format!("Send {actions} actions ({losses} losses) to {organization}?");
    if terminal::ask(&question)? {
        return Ok(());
    }
    Err(anyhow::Error::msg("not approved; nothing was sent").into())
}

/// Executes the plan; a signal ends it in an orderly way.
async fn perform(
    global: &Global,
    session: &Session,
    planned: &Planned,
) -> Result<(Vec<Outcome>, Option<Signal>), Failure> {
    let (stop, stopped) = watch::channel(false);
    let (reader, writer) = (session.reader(), session.writer());
    let parallelism = usize::from(global.parallelism);
    let log = |outcome: &Outcome| {
        let words = report::outcome_text(outcome, report::Style::default());
        tracing::info!(outcome = words, "outcome");
    };
    let execution = execute(&planned.plan, &reader, &writer, parallelism, stopped, &log);
    tokio::pin!(execution);
    let signal = tokio::select! {
        outcomes = &mut execution => return Ok((outcomes, None)),
        signal = signals::wait() => signal?,
    };
    terminal::say("interrupted: nothing new is sent, what is under way is finished");
    // The receiver lives as long as the execution, so this always reaches it.
    let _ = stop.send(true);
    tokio::select! {
        outcomes = execution => Ok((outcomes, Some(signal))),
        again = signals::wait() => Err(Failure::interrupted(again?)),
    }
}

/// Several things may have gone wrong: what needs a person most is what counts.
fn exit(planned: &Planned, outcomes: &[Outcome], signal: Option<Signal>) -> Exit {
    let Summary { done: _, satisfied: _, failed, stale, unknown, skipped } = Summary::of(outcomes);
    let create_unknown = outcomes.iter().any(|outcome| {
        matches!((&outcome.action, &outcome.ending), (Action::CreateAccount(_), Ending::Unknown(_)))
    });
    match signal {
        Some(signal) if skipped > 0 => Exit::Interrupted(signal),
        _ if create_unknown => Exit::Unknown,
        _ if failed + unknown > 0 => Exit::Failed,
        _ if stale > 0 => Exit::Stale,
        _ if !planned.plan.inventory.complete => Exit::Incomplete,
        _ => Exit::Fine,
    }
}
