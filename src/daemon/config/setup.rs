//! From the configuration of an organization to a setup that is ready to run: files read, keys loaded.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Address, HealClass, KeySource, NotificationTarget, OrganizationConfig, TargetFormat};
use crate::daemon::drift::Thresholds;
use crate::daemon::notify::Recipient;
use crate::daemon::run::{Clients, Connection, RequestLimits};
use crate::daemon::schedule::Schedule;
use crate::manifest::{self, Problems};
use crate::model::{AccountId, Desired};
use crate::report::StateInfo;
use crate::state::{Binding, Location, Store};
use crate::telnyx::BaseUrl;
use crate::telnyx::secret_file;

/// An organization that is ready to run.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct Setup {
    /// The file or folder of the manifest.
    pub manifest: PathBuf,
    pub desired: Arc<Desired>,
    pub connection: Connection,
    pub location: Location,
    /// The lease time of leadership.
    pub lease: Duration,
    pub schedule: Schedule,
    pub jitter: Duration,
    pub thresholds: Thresholds,
    pub recipients: Vec<Arc<Recipient>>,
    pub heal: BTreeSet<HealClass>,
    pub freeze_file: Option<PathBuf>,
}

/// Defaults for organizations that do not set their own.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// The pace of requests.
    pub pace: RequestLimits,
    /// The base URL of the API.
    pub base_url: BaseUrl,
    /// The lease time of leadership.
    pub lease: Duration,
}

/// An organization that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Problems of a manifest or of the configuration.
    #[error("{0}")]
    Problems(Problems),
    /// Another error.
    #[error("{0}")]
    Other(String),
}

impl Setup {
    /// Reads the files that a configuration names.
    pub(in crate::daemon) fn read(
        config: &OrganizationConfig,
        defaults: &Defaults,
        clients: &Clients,
    ) -> Result<Self, SetupError> {
        let OrganizationConfig {
            manifest,
            key,
            base_url,
            state,
            schedule,
            jitter,
            thresholds,
            heal,
            freeze_file,
            notify,
        } = config;
        let path = manifest.clone();
        let desired = manifest::load(manifest).map_err(SetupError::Problems)?;
        let key = match key {
            KeySource::Given(key) => key.clone(),
            KeySource::File(path) => key_file(path).map_err(SetupError::Other)?,
        };
        let Defaults { pace, base_url: default, lease } = defaults;
        let base_url = base_url.as_ref().unwrap_or(default).clone();
        let connection = Connection::new(clients, base_url, key, *pace, interval(schedule))
            .map_err(|error| SetupError::Other(format!("{}: {error}", desired.organization)))?;
        let recipients = notify.iter().map(|target| Recipient::new(target).map(Arc::new));
        let recipients = recipients.collect::<Result<_, _>>().map_err(SetupError::Other)?;
        let label = &desired.organization;
        let location = state.clone().map(|location| location.for_organization(label));
        let location = match location {
            Some(location) => location,
            None => default_location(&path, label)?,
        };
        Ok(Self {
            manifest: path,
            desired: Arc::new(desired),
            connection,
            location,
            lease: *lease,
            schedule: schedule.clone(),
            jitter: *jitter,
            thresholds: *thresholds,
            recipients,
            heal: heal.clone(),
            freeze_file: freeze_file.clone(),
        })
    }

    /// Warns about settings without an effect.
    pub(in crate::daemon) fn warn(&self, once: bool) {
        let organization = self.label();
        let open_after = self.thresholds.open_after;
        let forgets = matches!(self.location, Location::None | Location::Memory);
        if once && forgets && open_after > 1 && !self.recipients.is_empty() {
            tracing::warn!(
                organization,
                "this run never notifies: open_after is {open_after}, and no state remembers earlier runs; set open_after to 1, or name a state"
            );
        }
        let Some(file) = &self.freeze_file else { return };
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.exists()) {
            let file = crate::report::escape_line(&file.display().to_string());
            tracing::warn!(organization, file, "the folder of the freeze file does not exist");
        }
    }

    /// The label of the organization.
    pub(in crate::daemon) fn label(&self) -> &str {
        &self.desired.organization
    }

    /// The label and the state, which no other organization may share.
    pub(in crate::daemon) fn claims(&self) -> (&str, &Location) {
        (self.label(), &self.location)
    }

    /// Returns true if a run with either has the same result.
    pub(in crate::daemon) fn is_equivalent(&self, other: &Self) -> bool {
        let same = self.desired == other.desired && self.location == other.location;
        same && self.connection.is_equivalent(&other.connection)
    }

    /// The names of the notification targets.
    pub(in crate::daemon) fn targets(&self) -> BTreeSet<String> {
        self.recipients.iter().map(|recipient| recipient.name.clone()).collect()
    }

    /// The state, for the commands in findings. Whoever reads them is in another working directory.
    pub(in crate::daemon) fn state_info(&self) -> StateInfo {
        let location = Store::new(&self.location).place();
        StateInfo { option: Some(location.clone()), location, ..StateInfo::default() }
    }

    /// The binding of the state. `live` is the manager of the accounts that were read, if known.
    pub(in crate::daemon) fn binding(&self, live: Option<&AccountId>) -> Binding {
        Binding {
            organization: self.desired.organization.clone(),
            manager: live.or(self.desired.manager.as_ref()).cloned(),
            base_url: self.connection.reader().base_url(),
        }
    }
}

/// The default location of the state, unless it cannot be written.
fn default_location(manifest: &Path, label: &str) -> Result<Location, SetupError> {
    let location = Location::beside(manifest, label);
    let store = Store::new(&location);
    if store.is_writable() {
        return Ok(location);
    }
    let place = store.place();
    Err(SetupError::Other(format!(
        "{label}: the default state {place} cannot be written; name a writable location with --state, or `state` in the configuration"
    )))
}

/// The time between the next two ticks.
fn interval(schedule: &Schedule) -> Duration {
    let first = schedule.next(Timestamp::now());
    let second = first.and_then(|first| schedule.next(first));
    let interval =
        first.zip(second).and_then(|(first, second)| second.duration_since(first).try_into().ok());
    interval.unwrap_or(Duration::MAX)
}

fn key_file(path: &Path) -> Result<SecretString, String> {
    let text = secret_file(path)
        .map_err(|error| format!("reading the API key from {}: {error}", path.display()))?;
    match text.expose_secret().trim() {
        "" => Err(format!("the API key file {} is empty", path.display())),
        key => Ok(SecretString::from(key)),
    }
}

/// The files and folders that a configuration names. A change of any of them reloads it.
pub(in crate::daemon) fn named_files(config: &OrganizationConfig) -> Vec<PathBuf> {
    let mut files = vec![config.manifest.clone()];
    if let KeySource::File(path) = &config.key {
        files.push(path.clone());
    }
    for NotificationTarget { name: _, form, url } in &config.notify {
        if let Address::File(path) = url {
            files.push(path.clone());
        }
        if let TargetFormat::Webhook(Some(path)) = form {
            files.push(path.clone());
        }
    }
    files
}
