//! Loading of the configuration and the files that it names, at the start and after changes.
//!
//! An organization with a problem keeps its previous setup; the others take their new one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{ConfigSource, Supervisor};
use crate::daemon::config::{
    self, DaemonConfig, Defaults, OrganizationConfig, Setup, SetupError, Snapshot, conflict,
    named_files,
};
use crate::daemon::run::Clients;

/// The wait before a rejected configuration is loaded again: a missing file may exist by then.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// The cause of a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A file has changed, or a signal requested it.
    Requested,
    /// The previous attempt was rejected.
    Retry,
}

/// A loaded configuration.
pub(super) struct Loaded {
    pub config: DaemonConfig,
    /// The files that it consists of.
    pub files: Vec<PathBuf>,
    /// Their snapshot before loading, so that a change meanwhile is detected later.
    pub snapshot: Snapshot,
    /// The organizations, each with the path of its manifest.
    pub setups: Vec<(PathBuf, Result<Setup, SetupError>)>,
}

impl Supervisor {
    /// Reloads everything. What has a problem keeps its previous setup.
    pub(super) async fn reload(&mut self, cause: Cause) {
        let before = snapshot(self.files.clone()).await;
        let loaded = match load(&self.source, &self.defaults, &self.clients).await {
            Ok(loaded) => loaded,
            Err(error) => {
                self.snapshot = before;
                return self.reject(error.to_string());
            }
        };
        let Loaded { config, files, snapshot, setups } = loaded;
        (self.files, self.snapshot) = (files, snapshot);
        let (mut good, mut bad, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for (manifest, setup) in setups {
            match setup {
                Ok(setup) => good.push(setup),
                Err(error) => {
                    bad.push(manifest);
                    problems.push(error.to_string());
                }
            }
        }
        let current = self.workers.setups();
        let kept = kept(&current, &good, &bad);
        let all = good.iter().chain(kept.iter().copied());
        if let Some(conflict) = conflict(all.clone().map(Setup::claims)) {
            problems.push(conflict);
            return self.reject(problems.join("\n"));
        }
        if (config.listen, config.hosts) != self.web_config {
            problems.push("a change of `listen` or `hosts` needs a restart".to_owned());
        }
        let problems = Some(problems.join("\n")).filter(|problems| !problems.is_empty());
        if cause == Cause::Retry && problems.is_some() && self.rejected() == problems {
            self.retry_at = Some(Instant::now() + RETRY_AFTER);
            return;
        }
        let labels: BTreeSet<&str> = all.map(Setup::label).collect();
        self.workers.retain(&labels);
        self.workers.configure(good);
        self.workers.status.change(|status| status.loaded = Timestamp::now());
        if let Some(problems) = problems {
            self.reject(problems);
        } else {
            tracing::info!("configuration reloaded");
            self.retry_at = None;
            self.workers.status.change(|status| status.rejected = None);
        }
    }

    fn rejected(&self) -> Option<String> {
        self.workers.status.subscribe().borrow().rejected.clone()
    }

    fn reject(&mut self, problems: String) {
        self.retry_at = Some(Instant::now() + RETRY_AFTER);
        if self.rejected().as_ref() == Some(&problems) {
            return;
        }
        tracing::error!(problems, "configuration rejected; keeping the previous one");
        self.workers.status.change(|status| status.rejected = Some(problems));
    }
}

/// Returns the setups that stay because their manifests cannot be loaded now.
fn kept<'a>(current: &'a [Arc<Setup>], good: &[Setup], bad: &[PathBuf]) -> Vec<&'a Setup> {
    let others = current.iter().map(Arc::as_ref);
    let others = others.filter(|old| good.iter().all(|new| new.label() != old.label()));
    // A bad manifest at a new path may belong to any of them: then all stay.
    let known = bad.iter().all(|path| current.iter().any(|old| old.manifest == *path));
    others.filter(|old| !known || bad.contains(&old.manifest)).collect()
}

/// Loads the configuration and the files that it names.
pub(super) async fn load(
    source: &ConfigSource,
    defaults: &Defaults,
    clients: &Clients,
) -> Result<Loaded, SetupError> {
    let (source, defaults, clients) = (source.clone(), defaults.clone(), clients.clone());
    let loading = tokio::task::spawn_blocking(move || {
        let (own, config) = match source {
            ConfigSource::File(path) => {
                let own = config::snapshot(std::slice::from_ref(&path));
                (own, config::load(&path).map_err(SetupError::Problems)?)
            }
            ConfigSource::Flags(config) => (Snapshot::new(), *config),
        };
        let named = config.organizations.iter().flat_map(named_files);
        let files: Vec<PathBuf> = own.keys().cloned().chain(named).collect();
        let mut snapshot = config::snapshot(&files);
        snapshot.extend(own);
        let setup = |organization: &OrganizationConfig| {
            let setup = Setup::read(organization, &defaults, &clients);
            (organization.manifest.clone(), setup)
        };
        let setups = config.organizations.iter().map(setup).collect();
        Ok(Loaded { config, files, snapshot, setups })
    });
    let panicked = |error: tokio::task::JoinError| SetupError::Other(error.to_string());
    loading.await.map_err(panicked)?
}

pub(super) async fn snapshot(files: Vec<PathBuf>) -> Snapshot {
    // An error means that the runtime is shutting down.
    tokio::task::spawn_blocking(move || config::snapshot(&files)).await.unwrap_or_default()
}
