//! The channel through which workers publish the status.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{DaemonStatus, Organization};

/// The sender of the status. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct StatusChannel(watch::Sender<Arc<DaemonStatus>>);

impl StatusChannel {
    pub(crate) fn new() -> Self {
        let now = Timestamp::now();
        Self(watch::Sender::new(Arc::new(DaemonStatus {
            started: now,
            ticked: now,
            loaded: now,
            rejected: None,
            draining: false,
            replicas: 1,
            organizations: Vec::new(),
        })))
    }

    /// Returns a receiver of the status.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<DaemonStatus>> {
        self.0.subscribe()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut DaemonStatus)) {
        self.0.send_modify(|status| change(Arc::make_mut(status)));
    }

    /// Publishes the status of one organization, unless its worker was stopped.
    pub(crate) fn put(&self, organization: Organization, stop: &CancellationToken) {
        self.change(|status| {
            if stop.is_cancelled() {
                return;
            }
            let organizations = &mut status.organizations;
            let label = &organization.organization;
            match organizations.binary_search_by(|other| other.organization.cmp(label)) {
                Ok(place) => organizations[place] = organization,
                Err(place) => organizations.insert(place, organization),
            }
        });
    }

    /// Removes an organization that is no longer configured.
    pub(crate) fn remove(&self, label: &str) {
        self.change(|status| status.organizations.retain(|other| other.organization != label));
    }
}
