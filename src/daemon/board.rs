//! Where everybody puts how things stand, and whoever shows it reads it.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::status::{Organization, Status};

/// The board. Clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Board(watch::Sender<Arc<Status>>);

impl Board {
    pub(super) fn new() -> Self {
        let now = Timestamp::now();
        Self(watch::Sender::new(Arc::new(Status {
            started: now,
            turned: now,
            loaded: now,
            refused: None,
            draining: false,
            organizations: Vec::new(),
        })))
    }

    /// For whoever shows it.
    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<Status>> {
        self.0.subscribe()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Status)) {
        self.0.send_modify(|status| change(Arc::make_mut(status)));
    }

    /// Puts up how one organization stands, in the order of the labels; not any more once it is `over`.
    pub(super) fn put(&self, organization: Organization, over: &CancellationToken) {
        self.change(|status| {
            if over.is_cancelled() {
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

    /// Takes down an organization that is not watched any more.
    pub(super) fn remove(&self, label: &str) {
        self.change(|status| status.organizations.retain(|other| other.organization != label));
    }
}
