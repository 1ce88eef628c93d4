//! `trunkline state`: shows and edits the state, without a key and without a request to Telnyx.

mod edit;
mod show;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::global::{Global, manifest_path};
use super::{store, terminal};
use crate::model::shell_word;
use crate::report::escape_line;
use crate::state::{Error, Location, Store};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    command: StateCommand,
}

#[derive(Debug, Subcommand)]
enum StateCommand {
    /// Show the state
    Show {
        /// Output format: text or json
        #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
        format: show::StateFormat,
    },
    /// Settle creates whose outcome is unknown
    ///
    /// The answer to such a create was lost, and no list has shown the account since: it may or may not exist.
    /// No further create is sent for it until a list shows it or you settle it here. Check the portal first.
    ///
    /// --retry records the create as planned but not sent. --forget removes it from the state. In both cases apply
    /// looks the email up again before it sends a create.
    Resolve(edit::Resolve),
    /// Remove accounts from the state
    ///
    /// Removes the channel limit, the id, and a create that Telnyx has acknowledged or that was planned but not sent.
    /// A create whose outcome is unknown must be settled with `resolve`.
    Forget {
        /// The emails of the accounts
        #[arg(value_name = "EMAIL", required = true)]
        emails: Vec<String>,
    },
    /// Show the holder of the lock, or force-release the lock
    ///
    /// Without ID, show the holder of the lock. Exits with 0 if the lock is free, otherwise with 1.
    ///
    /// The operating system holds the lock of a file and releases it when the process ends. The lock of a bucket has
    /// an ID and expires unless its holder renews it. With that ID, the lock is force-released now. First make sure
    /// that the process has ended: a running one can no longer record changes, but may still send them.
    Unlock {
        /// The id of the lock to release; the lock of a file has none
        id: Option<String>,
    },
}

/// The hint for a state that is not found.
const BESIDE: &str = "By default the state is in .trunkline beside the manifest, created by the first apply. Run this command in that folder, or name the state with --state.";

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let store = store(global)?;
    match &args.command {
        StateCommand::Show { format } => show::run(&store, *format).await,
        StateCommand::Resolve(resolve) => edit::resolve(global, store, resolve).await,
        StateCommand::Forget { emails } => edit::forget(global, store, emails).await,
        StateCommand::Unlock { id } => unlock(&store, id.as_deref()).await,
    }
}

async fn unlock(store: &Store, id: Option<&str>) -> Result<Exit, Failure> {
    if let Some(id) = id {
        let holder = store.unlock(id).await?;
        let text =
            format!("The lock of {} was released. It was held by {holder}.\n", store.place());
        terminal::print(&text)?;
        return Ok(Exit::Fine);
    }
    match store.unlocked().await {
        Ok(()) => {
            terminal::print(&format!("{} is not locked.\n", store.place()))?;
            Ok(Exit::Fine)
        }
        Err(Error::Locked { place, holder }) => {
            let lease = holder.as_ref().and_then(|holder| holder.lease.as_ref());
            let hint = match lease {
                Some(lease) => format!(
                    "The lock expires unless it is renewed. If that process has ended, run {}",
                    command(store, &format!("unlock {}", escape_line(&lease.id)))
                ),
                None => "The system releases the lock when that process ends.".to_owned(),
            };
            Err(Failure::new(Error::Locked { place, holder }, hint))
        }
        Err(error) => Err(error.into()),
    }
}

/// A command for this state that can be copied.
fn command(store: &Store, arguments: &str) -> String {
    format!("trunkline state {arguments} --state {}", shell_word(&store.place()))
}

/// The state that the options name, or the only one beside the default manifest.
fn store(global: &Global) -> Result<Store, Failure> {
    let location = match store::named(global)? {
        Some(location) => location,
        None => Location::File(only()?),
    };
    if matches!(location, Location::None | Location::Memory) {
        let error = anyhow::Error::msg("--state none and memory: keep nothing between runs");
        return Err(Failure::new(error, "Name a file or a bucket with --state."));
    }
    Ok(Store::new(&location))
}

/// The only state beside the default manifest, or else in the working directory.
fn only() -> Result<PathBuf, Failure> {
    let folder = Location::folder_beside(&manifest_path(None).unwrap_or_default());
    let mut found =
        state_files(&folder).with_context(|| format!("reading {}", folder.display()))?;
    found.sort();
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let error = anyhow::anyhow!("{} contains no state", folder.display());
            Err(Failure::new(error, BESIDE))
        }
        several => {
            let names: Vec<_> =
                several.iter().map(|path| escape_line(&path.display().to_string())).collect();
            let error = anyhow::anyhow!("several states exist: {}", names.join(", "));
            Err(Failure::new(
                error,
                format!("Name one, for example --state {}", shell_word(&names[0])),
            ))
        }
    }
}

fn state_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    Ok(found)
}

/// The error for a state that does not exist.
fn missing(store: &Store) -> Failure {
    Failure::new(anyhow::anyhow!("the state {} does not exist", store.place()), BESIDE)
}
