//! `trunkline apply PATH` and `trunkline apply [PATH] --plan FILE`: prepare, approve, send, verify, report.

mod approve;
mod files;
mod prepare;
mod report;
mod saved;
mod send;
mod snapshot;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use super::exit::{Exit, Failure};
use super::global::{Global, digest, duration};
use super::plan::{self, Only, Since, Targets};
use super::reports::{Files, PlanSource, Reports, one_of};
use super::signals::Signals;
use super::{connect, store, terminal};
use crate::report::{ReportContent, ReportFormat, StateInfo};
use crate::state::Journal;
use crate::telnyx::Session;

pub(super) use approve::Approval;
use prepare::Order;
use send::Outputs;
use snapshot::SnapshotFile;

/// The time that an interrupted apply has to close the state. Together with the time limits of the executor, it
/// stays within the promised seven seconds.
const CLOSING: Duration = Duration::from_millis(800);

/// The formats of `--format`.
const FORMS: [ReportFormat; 4] =
    [ReportFormat::Text, ReportFormat::Json, ReportFormat::Markdown, ReportFormat::Github];

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Manifest: a file or a folder
    path: Option<PathBuf>,
    /// Apply a saved plan; PATH, if given, must be the manifest it was made from
    #[arg(long, value_name = "FILE", conflicts_with_all = ["emails", "base"])]
    plan: Option<PathBuf>,
    /// Refuse any plan other than the one with this digest
    #[arg(long, value_name = "sha256:…", value_parser = digest)]
    expect: Option<String>,
    #[command(flatten)]
    approval: Approval,
    #[command(flatten)]
    since: Since,
    /// With --base, send only the actions of this-change; safety limits still
    /// apply to the whole plan
    #[arg(long, value_name = "WHICH", requires = "base", value_parser = Only::this_change(), hide_possible_values = true)]
    only: Option<Only>,
    #[command(flatten)]
    targets: Targets,
    /// Append the credentials of created accounts to FILE (mode 0600) as JSON
    /// lines; without it they are not saved
    #[arg(long, value_name = "FILE")]
    new_credentials: Option<PathBuf>,
    /// Append one JSON line per outcome to FILE, as it happens
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,
    /// Write the manifest of what is live to FILE, a new file, before the first
    /// change: apply it to go back. Written even if there is nothing to send
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Time to look for an account after the answer to its create was lost
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    create_grace: Duration,
    /// Read again after sending, for up to 15 s, until every change is visible
    #[arg(long)]
    verify: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(FORMS))]
    format: ReportFormat,
    #[command(flatten)]
    reports: Reports,
}

impl Args {
    /// The manifest, if it was named.
    pub(super) fn manifest(&self) -> Option<String> {
        self.path.as_ref()?.to_str().map(str::to_owned)
    }

    /// The options that select a part of the plan.
    pub(super) fn selection(&self) -> Vec<String> {
        plan::selection(self.only, &self.since, &self.targets)
    }

    /// The command that goes on after an interrupt, without the options for files and formats.
    fn again(&self, state: &StateInfo) -> String {
        let path = |path: &PathBuf| path.display().to_string();
        let only = self.only.map(|_| ["--only".to_owned(), "this-change".to_owned()]);
        let plan = self.plan.as_ref().map(|file| ["--plan".to_owned(), path(file)]);
        let keys = self.new_credentials.as_ref();
        let keys = keys.map(|file| ["--new-credentials".to_owned(), path(file)]);
        let options = [plan, self.since.option(), only, keys].into_iter().flatten().flatten();
        let words: Vec<String> = ["apply".to_owned()]
            .into_iter()
            .chain(self.path.as_ref().map(path))
            .chain(options)
            .chain(self.targets.options())
            .collect();
        state.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let mut reports = args.reports.open()?;
    let snapshot = args.snapshot.as_deref().map(|path| SnapshotFile::probe(path, args));
    let snapshot = snapshot.transpose()?;
    let (order, source) = Order::read(args, &mut reports)?;
    let session = connect::session(global)?;
    let reader = session.reader();
    order.check_base_url(&reader)?;
    let store = order.store(global, args)?;
    let binding = store::binding(order.desired(), &reader, order.manager().as_ref());
    let place = store.place();
    // The lock is held from the first read to the last record, so no other apply changes what is planned for.
    let journal = store::write(global, store, &binding, "apply").await?;
    let mut signals = Signals::listen()?;
    let state = store::info(global, place, &journal.record_now());
    let state = StateInfo { manifest: args.manifest(), selection: args.selection(), ..state };
    let again = args.again(&state);
    let work = (order, source, reports, snapshot, state);
    let ended = under_lock(global, args, &session, work, &journal, &mut signals).await;
    let closed = close(journal, &mut signals).await;
    let exit = ended.map_err(|failure| failure.or_go_on(&again))?;
    closed?;
    if matches!(exit, Exit::Interrupted(_)) {
        terminal::note(global, &format!("To go on: {again}"));
    }
    Ok(exit)
}

/// The input of an apply, its files and its state.
type Work = (Order, PlanSource, Files, Option<SnapshotFile>, StateInfo);

async fn under_lock(
    global: &Global,
    args: &Args,
    session: &Session,
    (order, source, mut reports, snapshot, state): Work,
    journal: &Journal,
    signals: &mut Signals,
) -> Result<Exit, Failure> {
    let reader = session.reader();
    // Boxed: the read is large, and every future that awaits it would carry it.
    let preparing = Box::pin(order.prepare(global, args, &reader, (journal, state)));
    let prepared = signals.unless(preparing).await??;
    let context = prepared.planned.context(&source);
    if args.format == ReportFormat::Text {
        reports.print(ReportFormat::Text, ReportContent::Plan(context), terminal::style(global))?;
    }
    if let Some(line) = prepared.unsent() {
        terminal::note(global, &line);
    }
    if let Err(refused) = args.approval.check(&prepared.planned.plan) {
        reports.write(ReportContent::Plan(context))?;
        return Err(refused);
    }
    let outputs = Outputs::open(args, &prepared)?;
    let snapshot = snapshot.map(|file| file.fill(&prepared, journal)).transpose()?;
    if args.format != ReportFormat::Text && args.approval.asks(&prepared) {
        reports.show(ReportContent::Plan(context));
    }
    args.approval.obtain(&prepared, signals).await?;
    let back = snapshot.map(|snapshot| snapshot.write(global)).transpose()?;
    let mut sent = send::send(global, args, session, &prepared, journal, outputs, signals).await?;
    if args.verify && sent.signal.is_none() {
        let verifying = verify::verify(&reader, &prepared.planned, &sent.outcomes, journal);
        match signals.or_signal(verifying).await {
            Ok(verified) => sent.unverified = verified,
            Err(signal) => sent.signal = Some(signal),
        }
    }
    let back = back.filter(|_| snapshot::sent_something(&sent));
    let reported = report::report(global, args.format, &prepared, context, &mut reports, sent);
    if let Some(command) = back {
        terminal::note(global, &format!("To go back: {command}"));
    }
    reported
}

/// Closes the state. An interrupted apply waits briefly, and a second signal ends the wait.
async fn close(journal: Journal, signals: &mut Signals) -> Result<(), Failure> {
    let patience = if signals.received() { CLOSING } else { Duration::MAX };
    let closed = tokio::time::timeout(patience, journal.close());
    if let Ok(Ok(closed)) = signals.unless(closed).await {
        return Ok(closed?);
    }
    terminal::say(
        "warning: the state could not be closed in time; the next plan reports what is missing in it as unknown",
    );
    Ok(())
}
