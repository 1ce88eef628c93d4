//! `trunkline state resolve` and `trunkline state forget`: everything is checked, then all of it is recorded
//! in one write, or none of it.

use std::collections::BTreeSet;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::terminal;
use crate::model::{AccountId, Create, Email, State};
use crate::report::escape_line;
use crate::state::{Change, Holder, Journal, Store};

#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("how").required(true))]
#[command(
    override_usage = "trunkline state resolve <EMAIL...|--all> <--adopt ID|--retry|--forget>"
)]
pub(super) struct Resolve {
    /// The emails of the accounts
    #[arg(value_name = "EMAIL", required_unless_present = "all", conflicts_with = "all")]
    emails: Vec<String>,
    /// All creates of unknown outcome
    #[arg(long)]
    all: bool,
    /// It exists, and this is its id (one EMAIL)
    #[arg(long, value_name = "ID", group = "how", conflicts_with = "all")]
    adopt: Option<String>,
    /// It does not exist: the next apply is to create it
    #[arg(long, group = "how")]
    retry: bool,
    /// It does not exist: remember nothing of it
    #[arg(long, group = "how")]
    forget: bool,
}

pub(super) async fn resolve(
    global: &Global,
    store: Store,
    args: &Resolve,
) -> Result<Exit, Failure> {
    let journal = open(global, store, "state resolve").await?;
    let settled = match settlement(&journal.state(), args) {
        Ok(Some(settlement)) => settlement.record(&journal).await,
        Ok(None) => terminal::print("No create is of unknown outcome.\n").map(|()| Exit::Fine),
        Err(refused) => Err(refused),
    };
    close(journal, settled).await
}

/// What is to be recorded, all of it or nothing.
struct Settlement {
    changes: Vec<Change>,
    emails: BTreeSet<Email>,
    said: &'static str,
}

/// How creates of unknown outcome are to be settled. `None`: there are none.
fn settlement(state: &State, args: &Resolve) -> Result<Option<Settlement>, Failure> {
    let Resolve { emails, all, adopt, retry, forget: _ } = args;
    let emails = if *all { unknown(state) } else { named(emails) };
    if emails.is_empty() {
        return Ok(None);
    }
    if let Some(other) = emails.iter().find(|email| !is_unknown(state, email)) {
        return Err(not_unknown(state, other));
    }
    let (changes, said) = match adopt {
        Some(id) => {
            let change = adoption(state, &emails, id)?;
            (
                vec![change],
                "taken to be created with this id; the next plan goes on with it once a list shows it, and says so until then",
            )
        }
        None if *retry => (
            emails.iter().cloned().map(Change::Retry).collect(),
            "intended again; the next apply looks for it once more, then sends it",
        ),
        None => (
            emails.iter().cloned().map(Change::Failed).collect(),
            "forgotten; the next plan goes by the manifest and the lists",
        ),
    };
    Ok(Some(Settlement { changes, emails, said }))
}

pub(super) async fn forget(
    global: &Global,
    store: Store,
    emails: &[String],
) -> Result<Exit, Failure> {
    let journal = open(global, store, "state forget").await?;
    let settled = match forgotten(&journal.state(), emails) {
        Ok(settlement) => settlement.record(&journal).await,
        Err(refused) => Err(refused),
    };
    close(journal, settled).await
}

/// What is to be forgotten, if all of it may be.
fn forgotten(state: &State, emails: &[String]) -> Result<Settlement, Failure> {
    let emails = named(emails);
    for email in &emails {
        let shown = escape_line(email.as_str());
        match state.creates.get(email) {
            Some(Create::Sending) => {
                let error = anyhow::anyhow!("nobody knows what became of the create of {shown}");
                return Err(Failure::new(error, "settle it first, with trunkline state resolve"));
            }
            Some(Create::Intended | Create::Acknowledged(_)) => {}
            None if state.emails.values().any(|known| known == email) => {}
            None => {
                let error = anyhow::anyhow!("nothing is recorded of {shown}");
                return Err(Failure::new(error, "trunkline state show tells what is"));
            }
        }
    }
    let changes = emails.iter().cloned().map(Change::Forget).collect();
    Ok(Settlement { changes, emails, said: "forgotten; a limit in the manifest is set anew" })
}

/// The state, held for a change.
async fn open(global: &Global, store: Store, command: &str) -> Result<Journal, Failure> {
    let none = super::nothing(&store);
    Journal::open_any(store, &Holder::this(command), global.lock_timeout).await?.ok_or(none)
}

/// Lets the lock go, whatever was settled: one of a bucket would stay until it expires.
async fn close(journal: Journal, settled: Result<Exit, Failure>) -> Result<Exit, Failure> {
    let closed = journal.close().await;
    let exit = settled?;
    closed?;
    Ok(exit)
}

impl Settlement {
    async fn record(self, journal: &Journal) -> Result<Exit, Failure> {
        let Self { changes, emails, said } = self;
        journal.record_all(changes).await?;
        for email in emails {
            terminal::print(&format!("{}: {said}\n", escape_line(email.as_str())))?;
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

/// Nobody else holds the lock, so what is being sent is being sent by nobody.
fn is_unknown(state: &State, email: &Email) -> bool {
    match state.creates.get(email) {
        Some(Create::Sending) => true,
        Some(Create::Intended | Create::Acknowledged(_)) | None => false,
    }
}

fn not_unknown(state: &State, email: &Email) -> Failure {
    let email = escape_line(email.as_str());
    let error = anyhow::anyhow!("there is no create of unknown outcome for {email}");
    let there: Vec<_> = unknown(state).iter().map(|email| escape_line(email.as_str())).collect();
    Failure::new(
        error,
        if there.is_empty() {
            "no create is of unknown outcome; trunkline state forget drops the rest".to_owned()
        } else {
            format!("of unknown outcome: {}", there.join(", "))
        },
    )
}

/// A person's word that an account is the one that was created, unless the state knows better.
fn adoption(state: &State, emails: &BTreeSet<Email>, id: &str) -> Result<Change, Failure> {
    let id = AccountId::new(id.trim());
    let mut emails = emails.iter();
    let (Some(email), None) = (emails.next(), emails.next()) else {
        let error = anyhow::Error::msg("--adopt takes one EMAIL: an id belongs to one account");
        return Err(Failure::new(error, "settle them one after the other"));
    };
    if id.as_str().is_empty() {
        let error = anyhow::Error::msg("--adopt was given no id");
        return Err(Failure::new(error, "trunkline get accounts shows the ids"));
    }
    let acknowledged = state.creates.iter().find_map(|(email, create)| match create {
        Create::Acknowledged(known) if *known == id => Some(email),
        Create::Acknowledged(_) | Create::Intended | Create::Sending => None,
    });
    match state.emails.get(&id).or(acknowledged) {
        Some(other) if other != email => {
            let (id, other) = (escape_line(id.as_str()), escape_line(other.as_str()));
            let error = anyhow::anyhow!("account {id} is known as {other}");
            Err(Failure::new(error, "look for the id once more: trunkline get accounts"))
        }
        Some(_) | None => Ok(Change::Adopt(email.clone(), id)),
    }
}
