//! `trunkline state …`: the state, without a network and without a key.

mod edit;
mod show;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::{store, terminal};
use crate::report::escape_line;
use crate::state::{Error, Location, Store};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what is recorded
    Show {
        /// Form of the result: text or json
        #[arg(long, value_name = "FORM", default_value = "text", hide_possible_values = true)]
        format: show::Format,
    },
    /// Settle creates whose outcome is unknown
    ///
    /// The answer to such a create was lost, and no list has shown the account since: it may exist or not.
    /// Nothing more is sent for it until a list shows it or a person says what is so. Look into the portal first.
    ///
    /// With --retry the create is intended, as if it was planned and never sent. With --forget nothing is known
    /// of it any more. Either way an apply looks the email up once more before it sends anything.
    Resolve(edit::Resolve),
    /// Forget what is recorded of accounts
    ///
    /// That is the limit of channels, the id, and a create that Telnyx has acknowledged or that was only
    /// intended. One of unknown outcome is for `resolve`.
    Forget {
        /// Their emails
        #[arg(value_name = "EMAIL", required = true)]
        emails: Vec<String>,
    },
    /// Say who holds the lock, or break it
    ///
    /// Without ID it says who holds the lock, and exits with 0 when nobody does, otherwise with 1.
    ///
    /// The lock of a file is held by the operating system, which lets it go when the process ends, however it
    /// ends. So there is nothing to break. That of a bucket is leased: it names its holder, an ID, and when it
    /// expires unless the holder renews it. With that ID it is broken at once. Make sure first that the process
    /// is gone: one that is not records nothing any more, but may still be sending.
    Unlock {
        /// The id of the lock that is to be broken; that of a file has none
        id: Option<String>,
    },
}

pub(super) async fn run(global: &Global, args: &Args) -> Result<Exit, Failure> {
    let store = store(global)?;
    match &args.what {
        What::Show { format } => show::run(&store, *format).await,
        What::Resolve(resolve) => edit::resolve(global, store, resolve).await,
        What::Forget { emails } => edit::forget(global, store, emails).await,
        What::Unlock { id } => unlock(&store, id.as_deref()).await,
    }
}

async fn unlock(store: &Store, id: Option<&str>) -> Result<Exit, Failure> {
    if let Some(id) = id {
        let holder = store.unlock(id).await?;
        let text = format!("The lock of {} is broken. It was held by {holder}.\n", store.place());
        terminal::print(&text)?;
        return Ok(Exit::Fine);
    }
    match store.unlocked().await {
        Ok(()) => {
            terminal::print(&format!("Nobody holds the lock of {}.\n", store.place()))?;
            Ok(Exit::Fine)
        }
        Err(Error::Locked { place, holder }) => {
            let leased = holder.as_ref().is_some_and(|holder| holder.lease.is_some());
            Err(Failure::new(Error::Locked { place, holder }, how_it_ends(leased)))
        }
        Err(error) => Err(error.into()),
    }
}

/// How a lock ends that is not let go.
fn how_it_ends(leased: bool) -> &'static str {
    if leased {
        "it expires unless it is renewed; if that process is gone, trunkline state unlock ID breaks it now"
    } else {
        "the operating system holds this lock until that process ends; there is nothing to break"
    }
}

/// The state that is named, or the only one there is.
fn store(global: &Global) -> Result<Store, Failure> {
    let location = match store::named(global)? {
        Some(location) => location,
        None => Location::File(only()?),
    };
    match &location {
        Location::File(_) | Location::Bucket(_) => Ok(Store::new(&location)),
        Location::None | Location::Memory => {
            let error = anyhow::Error::msg("nothing of that state is kept after a run");
            Err(Failure::new(error, "name a file or a bucket with --state"))
        }
    }
}

/// The only state in our folder.
fn only() -> Result<PathBuf, Failure> {
    let folder = Path::new(Location::FOLDER);
    let mut found = state_files(folder).with_context(|| format!("reading {}", folder.display()))?;
    found.sort();
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => {
            let error = anyhow::anyhow!("there is no state in {}", folder.display());
            Err(Failure::new(error, "name one with --state; the first apply makes it"))
        }
        several => {
            let names: Vec<_> =
                several.iter().map(|path| escape_line(&path.display().to_string())).collect();
            let error = anyhow::anyhow!("there are several state files: {}", names.join(", "));
            Err(Failure::new(error, "name one with --state"))
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

/// There is no state where one was named.
fn nothing(store: &Store) -> Failure {
    let error = anyhow::anyhow!("there is no state at {}", store.place());
    Failure::new(error, "name one with --state; the first apply makes it")
}
