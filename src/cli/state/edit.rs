//! `trunkline state resolve` and `trunkline state forget`: all changes are checked, then recorded in one write.

use std::collections::BTreeSet;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::terminal;
use crate::model::{AccountId, Create, Email, State, shell_word};
use crate::report::escape_line;
use crate::state::{Journal, LockHolder, StateChange, Store};

#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("how").required(true))]
#[command(
    override_usage = "trunkline state resolve <EMAIL...|--all> <--adopt ID|--retry|--forget>"
)]
pub(super) struct Resolve {
    /// The emails of the accounts
    #[arg(value_name = "EMAIL", required_unless_present = "all", conflicts_with = "all")]
    emails: Vec<String>,
    /// All creates whose outcome is unknown
    #[arg(long)]
    all: bool,
    /// The account exists and has this id (with one EMAIL)
    #[arg(long, value_name = "ID", group = "how", conflicts_with = "all")]
    adopt: Option<String>,
    /// The account does not exist: let the next apply create it
    #[arg(long, group = "how")]
    retry: bool,
    /// The account does not exist: remove the create from the state
    #[arg(long, group = "how")]
    forget: bool,
}

pub(super) async fn resolve(
    global: &Global,
    store: Store,
    args: &Resolve,
) -> Result<Exit, Failure> {
    let place = store.clone();
    let journal = open(global, store, "state resolve").await?;
    let resolved = match resolution(&place, &journal.state(), args) {
        Ok(Some(edit)) => edit.record(&journal).await,
        Ok(None) => terminal::print("No create has an unknown outcome.\n").map(|()| Exit::Fine),
        Err(refused) => Err(refused),
    };
    close(journal, resolved).await
}

/// Changes that are recorded together.
struct Edit {
    changes: Vec<StateChange>,
    emails: BTreeSet<Email>,
    message: &'static str,
}

/// The changes that settle creates. `None` if no create has an unknown outcome.
fn resolution(store: &Store, state: &State, args: &Resolve) -> Result<Option<Edit>, Failure> {
    let Resolve { emails, all, adopt, retry, forget: _ } = args;
    let emails = if *all { unknown(state) } else { named(emails) };
    if emails.is_empty() {
        return Ok(None);
    }
    if let Some(other) = emails.iter().find(|email| !is_unknown(state, email)) {
        return Err(not_unknown(store, state, other));
    }
    let (changes, message) = match adopt {
        Some(id) => {
            let change = adoption(state, &emails, id)?;
            (
                vec![change],
                "recorded as created with this id; the next plans use the account once a list shows it",
            )
        }
        None if *retry => (
            emails.iter().cloned().map(StateChange::Retry).collect(),
            "recorded as not sent; the next apply looks the email up again, then creates the account",
        ),
        None => (
            emails.iter().cloned().map(StateChange::Failed).collect(),
            "removed; the next plan compares the manifest with the lists",
        ),
    };
    Ok(Some(Edit { changes, emails, message }))
}

pub(super) async fn forget(
    global: &Global,
    store: Store,
    emails: &[String],
) -> Result<Exit, Failure> {
    let place = store.clone();
    let journal = open(global, store, "state forget").await?;
    let forgotten = match removal(&place, &journal.state(), emails) {
        Ok(edit) => edit.record(&journal).await,
        Err(refused) => Err(refused),
    };
    close(journal, forgotten).await
}

/// The changes that remove accounts from the state, unless one must be settled first.
fn removal(store: &Store, state: &State, emails: &[String]) -> Result<Edit, Failure> {
    let emails = named(emails);
    for email in &emails {
        let shown = escape_line(email.as_str());
        match state.creates.get(email) {
            Some(Create::Sending) => {
                let error = anyhow::anyhow!("the outcome of the create of {shown} is unknown");
                let resolve =
                    super::command(store, &format!("resolve {} --forget", shell_word(&shown)));
                let hint =
                    format!("Check the portal. If the account does not exist, run {resolve}");
                return Err(Failure::new(error, hint));
            }
            Some(Create::Intended | Create::Acknowledged(_)) => {}
            None if state.emails.values().any(|known| known == email) => {}
            None => {
                let error = anyhow::anyhow!("the state does not contain {shown}");
                let hint = format!("To list its accounts, run {}", super::command(store, "show"));
                return Err(Failure::new(error, hint));
            }
        }
    }
    let changes = emails.iter().cloned().map(StateChange::Forget).collect();
    Ok(Edit {
        changes,
        emails,
        message: "removed; the next apply sets its declared channel limit again",
    })
}

/// Locks and reads the state.
async fn open(global: &Global, store: Store, command: &str) -> Result<Journal, Failure> {
    let none = super::missing(&store);
    Journal::open_any(store, &LockHolder::this(command), global.lock_timeout).await?.ok_or(none)
}

/// Releases the lock whatever the result: the lock of a bucket would stay until it expires.
async fn close(journal: Journal, result: Result<Exit, Failure>) -> Result<Exit, Failure> {
    let closed = journal.close().await;
    let exit = result?;
    closed?;
    Ok(exit)
}

impl Edit {
    async fn record(self, journal: &Journal) -> Result<Exit, Failure> {
        let Self { changes, emails, message } = self;
        journal.record_all(changes).await?;
        for email in emails {
            terminal::print(&format!("{}: {message}\n", escape_line(email.as_str())))?;
        }
        Ok(Exit::Fine)
    }
}

fn named(emails: &[String]) -> BTreeSet<Email> {
    emails.iter().map(|email| Email::new(email.trim())).collect()
}

fn unknown(state: &State) -> BTreeSet<Email> {
    state.creates.keys().filter(|email| is_unknown(state, email)).cloned().collect()
}

/// Returns true for a create that may have been sent. We hold the lock, so no process is still sending it.
fn is_unknown(state: &State, email: &Email) -> bool {
    match state.creates.get(email) {
        Some(Create::Sending) => true,
        Some(Create::Intended | Create::Acknowledged(_)) | None => false,
    }
}

fn not_unknown(store: &Store, state: &State, email: &Email) -> Failure {
    let email = escape_line(email.as_str());
    let error = anyhow::anyhow!("{email} has no create whose outcome is unknown");
    let there: Vec<_> = unknown(state).iter().map(|email| escape_line(email.as_str())).collect();
    Failure::new(
        error,
        if there.is_empty() {
            format!(
                "No create has an unknown outcome. To remove an account from the state, run {}",
                super::command(store, &format!("forget {}", shell_word(&email)))
            )
        } else {
            format!("The outcome is unknown for {}.", there.join(", "))
        },
    )
}

/// The change that adopts an account, unless the state knows that id under another email.
fn adoption(state: &State, emails: &BTreeSet<Email>, id: &str) -> Result<StateChange, Failure> {
    let id = AccountId::new(id.trim());
    let mut emails = emails.iter();
    let (Some(email), None) = (emails.next(), emails.next()) else {
        let error = anyhow::Error::msg("--adopt takes one EMAIL: an id belongs to one account");
        return Err(Failure::new(error, "Settle one create at a time."));
    };
    if id.as_str().is_empty() {
        let error = anyhow::Error::msg("the id of --adopt is empty");
        return Err(Failure::new(error, "To list the ids, run `trunkline get accounts`."));
    }
    let acknowledged = state.creates.iter().find_map(|(email, create)| match create {
        Create::Acknowledged(known) if *known == id => Some(email),
        Create::Acknowledged(_) | Create::Intended | Create::Sending => None,
    });
    match state.emails.get(&id).or(acknowledged) {
        Some(other) if other != email => {
            let (id, other) = (escape_line(id.as_str()), escape_line(other.as_str()));
            let error = anyhow::anyhow!("account {id} is known as {other}");
            Err(Failure::new(error, "To check the id, run `trunkline get accounts`."))
        }
        Some(_) | None => Ok(StateChange::Adopt(email.clone(), id)),
    }
}
