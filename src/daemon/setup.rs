//! From a configuration to everything that watching an organization needs: files read, keys loaded.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::config::{Address, Class, Form, Key, Target, Watched};
use super::connection::{Connection, Pace};
use super::episodes::Rules;
use super::notify::Recipient;
use super::schedule::Schedule;
use crate::manifest::{self, Problems};
use crate::model::{AccountId, Desired};
use crate::state::{Binding, Location};
use crate::telnyx::BaseUrl;

/// Everything that watching an organization needs.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    /// The file or folder that it was read from.
    pub manifest: PathBuf,
    pub desired: Arc<Desired>,
    pub connection: Connection,
    pub location: Location,
    pub schedule: Schedule,
    pub jitter: Duration,
    pub rules: Rules,
    pub recipients: Vec<Arc<Recipient>>,
    pub heal: BTreeSet<Class>,
    pub freeze_file: Option<PathBuf>,
}

/// What holds for each organization that does not say it itself.
#[derive(Clone, Debug)]
pub struct Usual {
    /// How requests are made.
    pub pace: Pace,
    /// Where the API is.
    pub base_url: BaseUrl,
}

/// Why an organization cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Something is wrong with a manifest or with the configuration.
    #[error("{0}")]
    Problems(Problems),
    /// Something else is.
    #[error("{0}")]
    Other(String),
}

impl Setup {
    /// Reads what a configuration names.
    pub(super) fn read(watched: &Watched, usual: &Usual) -> Result<Self, Trouble> {
        let Watched {
            manifest,
            key,
            base_url,
            state,
            schedule,
            jitter,
            rules,
            heal,
            freeze_file,
            notify,
        } = watched;
        let path = manifest.clone();
        let desired = manifest::load(manifest).map_err(Trouble::Problems)?;
        let key = match key {
            Key::Given(key) => key.clone(),
            Key::File(path) => key_file(path).map_err(Trouble::Other)?,
        };
        let Usual { pace, base_url: usual } = usual;
        let base_url = base_url.as_ref().unwrap_or(usual).clone();
        let connection = Connection::new(base_url, key, *pace, gap(schedule))
            .map_err(|error| Trouble::Other(format!("{}: {error}", desired.organization)))?;
        let recipients = notify.iter().map(|target| Recipient::new(target).map(Arc::new));
        let recipients = recipients.collect::<Result<_, _>>().map_err(Trouble::Other)?;
        let label = &desired.organization;
        let location = state.clone().map(|location| location.for_organization(label));
        let location = location.unwrap_or_else(|| Location::of(label));
        Ok(Self {
            manifest: path,
            desired: Arc::new(desired),
            connection,
            location,
            schedule: schedule.clone(),
            jitter: *jitter,
            rules: *rules,
            recipients,
            heal: heal.clone(),
            freeze_file: freeze_file.clone(),
        })
    }

    /// The label of the organization.
    pub(super) fn label(&self) -> &str {
        &self.desired.organization
    }

    /// What no other organization may have: its label, and its state.
    pub(super) fn claims(&self) -> (&str, &Location) {
        (self.label(), &self.location)
    }

    /// Whether what a run has found with the other one would be found with this one too.
    pub(super) fn sees_as(&self, other: &Self) -> bool {
        let same = self.desired == other.desired && self.location == other.location;
        same && self.connection.sees_as(&other.connection)
    }

    /// The names of who is told.
    pub(super) fn targets(&self) -> BTreeSet<String> {
        self.recipients.iter().map(|recipient| recipient.name.clone()).collect()
    }

    /// What the state has to belong to. `live`: the manager whose accounts were read, if that is known.
    pub(super) fn binding(&self, live: Option<&AccountId>) -> Binding {
        Binding {
            organization: self.desired.organization.clone(),
            manager: live.or(self.desired.manager.as_ref()).cloned(),
            base_url: self.connection.reader().base_url(),
        }
    }
}

/// From the next tick to the one after.
fn gap(schedule: &Schedule) -> Duration {
    let first = schedule.next(Timestamp::now());
    let second = first.and_then(|first| schedule.next(first));
    let gap =
        first.zip(second).and_then(|(first, second)| second.duration_since(first).try_into().ok());
    gap.unwrap_or(Duration::MAX)
}

fn key_file(path: &Path) -> Result<SecretString, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("reading the API key from {}: {error}", path.display()))?;
    match text.trim() {
        "" => Err(format!("the API key file {} is empty", path.display())),
        key => Ok(SecretString::from(key)),
    }
}

/// The files and folders that a configuration names: when one changes it is read again.
pub(super) fn files(watched: &Watched) -> Vec<PathBuf> {
    let mut files = vec![watched.manifest.clone()];
    if let Key::File(path) = &watched.key {
        files.push(path.clone());
    }
    for Target { name: _, form, url } in &watched.notify {
        if let Address::File(path) = url {
            files.push(path.clone());
        }
        if let Form::Webhook(Some(path)) = form {
            files.push(path.clone());
        }
    }
    files
}
