//! Executes an approved plan, and writes what has to be on disk while it runs.

use std::collections::BTreeMap;

use secrecy::SecretString;
use tokio::sync::watch;

use super::Args;
use super::files::{AuditLog, CredentialsFile};
use super::prepare::Prepared;
use crate::cli::exit::{Failure, Signal};
use crate::cli::global::Global;
use crate::cli::progress::Progress;
use crate::cli::signals::Signals;
use crate::cli::terminal;
use crate::execute::{Execution, Outcome, execute, passwords, remember};
use crate::model::Email;
use crate::report::{self, Style};
use crate::state::Journal;
use crate::telnyx::Session;

const NO_PASSWORD: &str =
    "Nothing was sent. Correct password_from of this account, or set what it names.";

/// The files and passwords of an apply, opened and read before the first request.
pub(super) struct Outputs {
    passwords: BTreeMap<Email, SecretString>,
    credentials: Option<CredentialsFile>,
    audit: Option<AuditLog>,
}

/// The result of an apply.
pub(super) struct Sent {
    /// One outcome per action of the whole plan, in its order.
    pub outcomes: Vec<Outcome>,
    /// The signal that ended it early.
    pub signal: Option<Signal>,
    /// The result of `--verify`, if it did not see every change.
    pub unverified: Option<String>,
    /// The audit log's error, if it is not complete.
    pub audited: Result<(), Failure>,
}

impl Outputs {
    /// Opens every file and reads every password, so that what fails does so before the first request.
    pub(super) fn open(args: &Args, prepared: &Prepared) -> Result<Self, Failure> {
        let Prepared { planned, todo, .. } = prepared;
        let audit = |path| AuditLog::open(path, planned);
        Ok(Self {
            passwords: passwords(todo).map_err(|error| Failure::new(error, NO_PASSWORD))?,
            credentials: args.new_credentials.as_deref().map(CredentialsFile::open).transpose()?,
            audit: args.audit_log.as_deref().map(audit).transpose()?,
        })
    }
}

/// Sends what is left to send of a plan.
pub(super) async fn send(
    global: &Global,
    args: &Args,
    session: &Session,
    prepared: &Prepared,
    journal: &Journal,
    outputs: Outputs,
    signals: &mut Signals,
) -> Result<Sent, Failure> {
    let Prepared { planned, todo, settled, used } = prepared;
    let Outputs { passwords, credentials, audit } = outputs;
    signals.unless(remember(journal, &planned.desired, &planned.live, todo)).await??;
    let reader = session.reader();
    let progress = Progress::of_actions(global, planned.plan.actions.len());
    let keep = |email: &_, id: &_, secrets: &_| {
        credentials.as_ref().map_or(Ok(()), |file| file.append(email, id, secrets))
    };
    let record = |outcome: &Outcome| {
        tracing::info!(
            outcome = report::outcome_text(outcome, &planned.state, Style::default()),
            "outcome"
        );
        progress.step();
        if let Some(audit) = &audit {
            audit.append(outcome);
        }
    };
    settled.values().for_each(&record);
    let work = Execution {
        passwords: &passwords,
        parallelism: usize::from(global.parallelism),
        create_grace: args.create_grace,
        on_created: if credentials.is_some() { Some(&keep) } else { None },
        on_outcome: &record,
        ..Execution::new(todo, &planned.live, session, journal)
    };
    let performing = perform(&work, session, signals);
    let (sent, signal) = progress.during(&reader, |_| String::new(), performing).await?;
    let outcomes = prepared.outcomes(sent);
    progress.finish();
    if let Some(used) = used
        && outcomes.iter().all(|outcome| outcome.ending.is_good())
    {
        journal.record(used.clone()).await?;
    }
    let audited = audit.map_or(Ok(()), AuditLog::finish);
    Ok(Sent { outcomes, signal, unverified: None, audited })
}

/// Executes the plan. The first signal stops it in an orderly way, a second one at once.
async fn perform(
    work: &Execution<'_>,
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
    terminal::say("interrupted: no new requests are sent; waiting for those in flight");
    stop.send_replace(true);
    session.stop();
    tokio::select! {
        outcomes = execution => Ok((outcomes, Some(signal))),
        again = signals.next() => Err(Failure::interrupted_twice(again)),
    }
}
