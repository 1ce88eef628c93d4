//! `trunkline apply PATH`, and `trunkline apply [PATH] --plan FILE`

mod files;
mod passwords;
mod prepare;
mod saved;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use tokio::sync::watch;

use super::exit::{Exit, Failure, Signal};
use super::global::{Global, duration};
use super::plan::{Planned, Since, Targets};
use super::progress::Progress;
use super::reports::{Files, Reports, Source, one_of};
use super::signals::Signals;
use super::{connect, store, terminal};
use crate::execute::{Ending, Outcome, Summary, Work, execute, remember};
use crate::model::Code;
use crate::plan::{Action, Finding};
use crate::report::{self, Form, Matter};
use crate::state::Journal;
use crate::telnyx::Session;

use files::{AuditLog, Vault};
use prepare::{Order, Prepared};

/// How long the state may take to be let go once everything was told to end: with what executing is given then,
/// that is within the promised seven seconds.
const CLOSING: Duration = Duration::from_millis(800);

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The manifest: a file or a folder
    path: Option<PathBuf>,
    /// Apply a saved plan; with PATH only if it was made for it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["emails", "base"])]
    plan: Option<PathBuf>,
    /// Refuse every plan but the one with this digest
    #[arg(long, value_name = "sha256:…", value_parser = sha256)]
    expect: Option<String>,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// Lift the budgets for a plan of exactly N losses
    #[arg(long, value_name = "N")]
    approve_destructive: Option<usize>,
    #[command(flatten)]
    since: Since,
    /// Send only these actions: this-change, of those that --base tells apart; guards
    /// still see everything
    #[arg(long, value_name = "WHICH", requires = "base", hide_possible_values = true)]
    only: Option<Only>,
    #[command(flatten)]
    targets: Targets,
    /// Keep the secrets of created accounts in this file (mode 0600), one JSON
    /// object a line; without it they are dropped
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    new_credentials: Option<PathBuf>,
    /// Append one JSON line per outcome, as it happens
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,
    /// How long to look for an account whose create got no answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    create_grace: Duration,
    /// Form of the outcomes
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = one_of(FORMS))]
    format: Form,
    #[command(flatten)]
    reports: Reports,
}

/// The forms of outcomes on stdout.
const FORMS: [Form; 4] = [Form::Text, Form::Json, Form::Markdown, Form::Github];

/// A digest as a plan prints it.
fn sha256(text: &str) -> Result<String, String> {
    let hexadecimal = |digits: &str| {
        digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match text.strip_prefix("sha256:") {
        Some(digits) if hexadecimal(digits) => Ok(text.to_owned()),
        Some(_) | None => Err("a digest is sha256: and 64 hexadecimal digits".to_owned()),
    }
}

/// Which actions are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Those that are there because of the change since the base.
    ThisChange,
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let mut reports = args.reports.open()?;
    let (order, source) = Order::read(args, &mut reports)?;
    let session = connect::session(global)?;
    let reader = session.reader();
    order.fits(&reader)?;
    let store = store::store(global, &order.desired().organization)?;
    let binding = store::binding(order.desired(), &reader, order.manager().as_ref());
    // From here to the end nobody else applies: what is planned is what is there.
    let journal = store::write(global, store, &binding, "apply").await?;
    let mut signals = Signals::listen()?;
    let what = (order, source);
    let ended = under_lock(global, args, &session, what, &journal, reports, &mut signals).await;
    let closed = close(journal, &mut signals).await;
    let exit = ended?;
    closed?;
    Ok(exit)
}

/// Lets the state go. Who was told to end waits only a little for that, and who is told to end now not at all.
async fn close(journal: Journal, signals: &mut Signals) -> Result<(), Failure> {
    let patience = if signals.heard() { CLOSING } else { Duration::MAX };
    let closed = tokio::time::timeout(patience, journal.close());
    if let Ok(Ok(closed)) = signals.unless(closed).await {
        return Ok(closed?);
    }
    terminal::say(
        "warning: the state could not be let go in time; what it lacks the next plan shows as unknown",
    );
    Ok(())
}

async fn under_lock(
    global: &Global,
    args: &Args,
    session: &Session,
    (order, source): (Order, Source),
    journal: &Journal,
    mut reports: Files,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let reader = session.reader();
    // On the heap, as the read in it.
    let preparing = Box::pin(order.prepare(global, args, &reader, journal));
    let prepared = signals.unless(preparing).await??;
    let Prepared { planned, todo, settled, used } = &prepared;
    let scene = planned.scene(&source);
    if args.format == Form::Text {
        reports.print(Form::Text, Matter::Plan(scene), terminal::style(global))?;
    }
    if let Some(unsent) = prepared.unsent() {
        terminal::say(&unsent);
    }
    if let Err(refused) = guard(planned, args.approve_destructive) {
        reports.write(Matter::Plan(scene))?;
        return Err(refused);
    }
    let passwords = passwords::read(todo)?;
    let vault = args.new_credentials.as_deref().map(Vault::open).transpose()?;
    let audit = args.audit_log.as_deref().map(|path| AuditLog::open(path, planned)).transpose()?;
    if !todo.actions.is_empty() {
        approve(&prepared, args, (&reports, &source), signals).await?;
    }
    signals.unless(remember(journal, &planned.desired, &planned.live, todo)).await??;

    let progress = Progress::of_actions(global, planned.plan.actions.len());
    let keep = |email: &_, id: &_, secrets: &_| {
        vault.as_ref().map_or(Ok(()), |vault| vault.keep(email, id, secrets))
    };
    let told = |outcome: &Outcome| {
        let words = report::outcome_text(outcome, report::Style::default());
        tracing::info!(outcome = words, "outcome");
        progress.step();
        if let Some(audit) = &audit {
            audit.append(outcome);
        }
    };
    settled.values().for_each(&told);
    let work = Work {
        plan: todo,
        live: &planned.live,
        reader: &reader,
        writer: &session.writer(),
        journal,
        passwords: &passwords,
        parallelism: usize::from(global.parallelism),
        create_grace: args.create_grace,
        on_created: if vault.is_some() { Some(&keep) } else { None },
        on_outcome: &told,
    };
    let (sent, signal) = perform(&work, session, signals).await?;
    let outcomes = prepared.outcomes(sent);
    progress.finish();
    let used = used.clone().filter(|_| outcomes.iter().all(|outcome| outcome.ending.is_good()));
    let recorded = match used {
        Some(used) => journal.record(used).await,
        None => Ok(()),
    };
    // What was done was done: how it is told changes nothing of that.
    let audited = audit.map_or(Ok(()), AuditLog::finish);
    let matter = Matter::Outcomes(scene, &outcomes);
    for written in [audited, reports.write(matter)] {
        if let Err(error) = written {
            terminal::say(&error.warning());
        }
    }
    let shown = if outcomes.is_empty() && args.format == Form::Text {
        Ok(())
    } else {
        show(global, args, &reports, matter)
    };
    recorded?;
    match (exit(&prepared, &outcomes, signal), shown) {
        (Exit::Fine, Err(error)) => Err(error),
        (exit, Err(error)) => {
            terminal::say(&error.warning());
            Ok(exit)
        }
        (exit, Ok(())) => Ok(exit),
    }
}

fn show(global: &Global, args: &Args, reports: &Files, matter: Matter<'_>) -> Result<(), Failure> {
    if args.format == Form::Text {
        // The plan stands above.
        terminal::print("\n")?;
    }
    reports.print(args.format, matter, terminal::style(global))
}

/// Guards look at the whole plan before the first request.
fn guard(planned: &Planned, approved: Option<usize>) -> Result<(), Failure> {
    let plan = &planned.plan;
    let destructive = plan.destructive();
    if let Some(approved) = approved {
        if approved == destructive {
            return Ok(());
        }
        let why = format!(
            "--approve-destructive {approved} was given, and the plan has {destructive} destructive"
        );
        return Err(Failure::refused(why, "look at the plan again, and approve what it says"));
    }
    let refused = plan.guards.iter().filter(|guard| guard.refused()).count();
    if refused == 0 {
        return Ok(());
    }
    let why = format!("{refused} of the plan's guards refuse it; nothing was sent");
    let hint = match destructive {
        0 => "if the plan is meant as it is, say --approve-destructive 0".to_owned(),
        destructive => format!(
            "if all {destructive} destructive are meant, say --approve-destructive {destructive}"
        ),
    };
    Err(Failure::refused(why, hint))
}

async fn approve(
    prepared: &Prepared,
    args: &Args,
    (reports, source): (&Files, &Source),
    signals: &mut Signals,
) -> Result<(), Failure> {
    if args.auto_approve {
        return Ok(());
    }
    if !terminal::can_ask() {
        let error = anyhow::Error::msg("nobody is there to approve the plan; nothing was sent");
        return Err(Failure::new(error, "say --auto-approve where there is no terminal"));
    }
    if args.format != Form::Text {
        // Nobody approves what was not shown.
        reports.tell(Matter::Plan(prepared.planned.scene(source)));
    }
    let (actions, destructive) = (prepared.todo.actions.len(), prepared.todo.destructive());
    let organization = &prepared.planned.desired.organization;
    let question = format!("Send {actions} actions ({destructive} destructive) to {organization}?");
    let answered = signals.unless(terminal::ask(question)).await;
    if answered.is_err() {
        // What follows stands on a line of its own.
        terminal::say("");
    }
    if answered?? {
        return Ok(());
    }
    Err(anyhow::Error::msg("not approved; nothing was sent").into())
}

/// Executes the plan. A signal ends it in an orderly way, a second one at once.
async fn perform(
    work: &Work<'_>,
    session: &Session,
    signals: &mut Signals,
) -> Result<(Vec<Outcome>, Option<Signal>), Failure> {
    let (stop, stopped) = watch::channel(false);
    let execution = execute(work, stopped);
    tokio::pin!(execution);
    let signal = tokio::select! {
        outcomes = &mut execution => return Ok((outcomes, None)),
        signal = signals.next() => signal,
    };
    terminal::say("interrupted: nothing new is sent, what is under way is finished");
    stop.send_replace(true);
    session.stop();
    tokio::select! {
        outcomes = execution => Ok((outcomes, Some(signal))),
        again = signals.next() => Err(Failure::interrupted(again)),
    }
}

/// Several things may have gone wrong: what needs a person most is what counts.
fn exit(prepared: &Prepared, outcomes: &[Outcome], signal: Option<Signal>) -> Exit {
    let plan = &prepared.planned.plan;
    let Summary { done: _, satisfied: _, failed, stale, unknown, skipped } = Summary::of(outcomes);
    let create_unknown = outcomes.iter().any(|outcome| {
        matches!((&outcome.action, &outcome.ending), (Action::CreateAccount(_), Ending::Unknown(_)))
    });
    // One of an earlier run still needs a person.
    let unresolved = |finding: &Finding| finding.code() == Code::UnresolvedCreate;
    let unresolved = plan.findings.iter().any(unresolved);
    match signal {
        Some(signal) if skipped + unknown > 0 => Exit::Interrupted(signal),
        _ if create_unknown || unresolved => Exit::Unknown,
        _ if failed + unknown > 0 => Exit::Failed,
        _ if stale > 0 || prepared.holds_back() => Exit::Stale,
        _ if !plan.inventory.complete => Exit::Incomplete,
        _ => Exit::Fine,
    }
}
