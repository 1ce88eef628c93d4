//! The Secret with the API key: read by name for each check, and watched without its content.

use futures_util::{StreamExt as _, pin_mut};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{WatchEvent, WatchParams};
use kube::{Api, Client, ResourceExt as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio::time::{Duration, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::check::{CheckError, bounded, key};
use super::resource::{OrganizationSpec, SecretRef};
use crate::state::kubernetes::client::{RequestError, send};

/// The time limit of a watch, in seconds. The API server ends one after five minutes in any case.
const WATCH: u32 = 290;
/// The wait before a watch that has failed starts again.
const RETRY: Duration = Duration::from_secs(5);

/// Reads the key.
pub(super) async fn read(
    client: &Client,
    namespace: &str,
    reference: &SecretRef,
) -> Result<SecretString, CheckError> {
    let SecretRef { name, key: field } = reference;
    let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
    let secret = send(secrets.get_opt(name)).await.map_err(|error| {
        let message = bounded(&format!("reading the Secret {name}: {}", error.why()));
        match error {
            RequestError::Rejected(status) if status.code == 403 => {
                CheckError::Invalid("SecretForbidden", message)
            }
            _ => CheckError::Unknown("SecretUnavailable", message),
        }
    })?;
    let missing = |what: String| CheckError::Invalid("SecretMissing", bounded(&what));
    let secret = secret.ok_or_else(|| missing(format!("the Secret {name} does not exist")))?;
    let bytes = secret.data.and_then(|mut data| data.remove(field));
    let bytes = bytes.ok_or_else(|| missing(format!("the Secret {name} has no key {field}")))?;
    let text = String::from_utf8(bytes.0).map(SecretString::from).ok();
    let found = text.and_then(|text| key(text.expose_secret()));
    found.ok_or_else(|| {
        missing(format!("the key {field} of the Secret {name} is empty or not text"))
    })
}

/// A Secret as its watch sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct SecretWatch {
    /// The version. `None` if it does not exist.
    version: Option<String>,
    /// The reason why it cannot be watched.
    forbidden: Option<String>,
}

/// Watches a Secret, and sends what changes. Runs until it is dropped.
async fn follow(client: Client, namespace: String, name: String, seen: watch::Sender<SecretWatch>) {
    let secrets: Api<Secret> = Api::namespaced(client, &namespace);
    let params = WatchParams::default().fields(&format!("metadata.name={name}")).timeout(WATCH);
    loop {
        // Without a version the watch begins with the Secret as it is.
        match secrets.watch_metadata(&params, "").await {
            Ok(changes) => {
                pin_mut!(changes);
                while let Some(Ok(change)) = changes.next().await {
                    let version = match change {
                        WatchEvent::Added(secret) | WatchEvent::Modified(secret) => {
                            secret.resource_version()
                        }
                        WatchEvent::Deleted(_) => None,
                        WatchEvent::Bookmark(_) => continue,
                        WatchEvent::Error(_) => break,
                    };
                    note(&seen, SecretWatch { version, forbidden: None });
                }
            }
            Err(error) => {
                let error = RequestError::from(error);
                if error.code() == Some(403) {
                    let version = seen.borrow().version.clone();
                    let forbidden = Some(format!("watching Secrets: {}", error.why()));
                    note(&seen, SecretWatch { version, forbidden });
                }
            }
        }
        sleep(RETRY).await;
    }
}

fn note(seen: &watch::Sender<SecretWatch>, now: SecretWatch) {
    seen.send_if_modified(|before| {
        let changed = *before != now;
        *before = now;
        changed
    });
}

/// The Secret of the spec, and its watch.
#[derive(Default)]
pub(super) struct FollowedSecret {
    name: Option<String>,
    seen: Option<watch::Receiver<SecretWatch>>,
    /// The version that was used. The first one that a watch reports does not count as a change.
    known: bool,
    _watch: Option<AbortOnDropHandle<()>>,
}

impl FollowedSecret {
    /// Watches the Secret that a spec names.
    pub(super) fn follow(&mut self, client: &Client, namespace: &str, spec: &OrganizationSpec) {
        let name = &spec.api_key_secret_ref.name;
        if self.name.as_ref() == Some(name) {
            return;
        }
        let (sender, receiver) = watch::channel(SecretWatch::default());
        let follow = follow(client.clone(), namespace.to_owned(), name.clone(), sender);
        *self = Self {
            name: Some(name.clone()),
            seen: Some(receiver),
            known: false,
            _watch: Some(AbortOnDropHandle::new(tokio::spawn(follow))),
        };
    }

    /// Returns once the Secret has changed.
    pub(super) async fn changed(&mut self) {
        loop {
            let Some(seen) = &mut self.seen else { return std::future::pending().await };
            if seen.changed().await.is_err() {
                self.seen = None;
                continue;
            }
            let first = !std::mem::replace(&mut self.known, true);
            let plain = seen.borrow_and_update().forbidden.is_none();
            if !(first && plain) {
                return;
            }
        }
    }

    pub(super) fn forbidden(&self) -> Option<String> {
        self.seen.as_ref().and_then(|seen| seen.borrow().forbidden.clone())
    }
}
