//! Lists and watches the resources, and starts a worker for each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, pin_mut};
use jiff::Timestamp;
use kube::api::{DynamicObject, ListParams, WatchEvent, WatchParams};
use kube::{Api, Client, ResourceExt as _};
use reqwest::Client as HttpClient;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::check::{CheckError, bounded};
use super::owner::owners;
use super::resource::{ObservedResource, ResourceId, api_resource};
use super::worker::{Context, Worker};
use crate::daemon::RequestLimits;
use crate::daemon::leadership::Spread;
use crate::daemon::status::StatusChannel;
use crate::daemon::web::{self, Hosts, Site};
use crate::report::escape_line;
use crate::state;
use crate::state::kubernetes::client::{RequestError, connect, send};
use crate::telnyx::{BaseUrl, ConfigError, Session, SessionConfig, api_client};

/// The checks in progress at once.
const CHECKS_AT_ONCE: usize = 32;
/// The largest number of resources in one answer.
const PAGE: u32 = 200;
/// The time limit of a watch, in seconds. The API server ends one after five minutes in any case.
const WATCH: u32 = 290;
/// The wait before the resources are listed again after an error.
const RETRY: Duration = Duration::from_secs(2);
/// The time that workers get to finish.
const DRAIN: Duration = Duration::from_secs(20);

/// The options of the operator.
#[derive(Clone, Debug)]
pub struct Options {
    /// The namespaces to watch. None: all of them.
    pub namespaces: Vec<String>,
    /// The base URL of resources that name none. A resource may name this one or Telnyx's own.
    pub base_url: BaseUrl,
    /// The pace of requests.
    pub pace: RequestLimits,
    /// The address of the status page, metrics and probes.
    pub listen: Option<SocketAddr>,
    /// The host names that the web server answers to.
    pub hosts: BTreeSet<String>,
    /// The name of this replica in events.
    pub instance: String,
    /// The lease time of leadership.
    pub lease: Duration,
}

/// An operator that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The API server cannot be used.
    #[error(transparent)]
    Kubernetes(#[from] state::Error),
    /// Telnyx cannot be used.
    #[error(transparent)]
    Telnyx(#[from] ConfigError),
    /// The web server cannot listen.
    #[error("listening on {0}")]
    Listen(SocketAddr, #[source] std::io::Error),
}

/// A change of the resources.
enum Change {
    /// All resources of a namespace, or of all.
    All(Vec<DynamicObject>),
    One(Box<DynamicObject>),
    Deleted(Box<DynamicObject>),
}

/// The connections to Telnyx, one for each base URL that a resource may name.
#[derive(Debug)]
pub(super) struct Connections {
    default: BaseUrl,
    allowed: Vec<(BaseUrl, HttpClient)>,
    pace: RequestLimits,
}

impl Connections {
    fn new(default: &BaseUrl, pace: RequestLimits) -> Result<Self, ConfigError> {
        let mut urls = vec![default.clone()];
        urls.extend(BaseUrl::parse(BaseUrl::TELNYX).ok().filter(|telnyx| telnyx != default));
        let client = |url: BaseUrl| Ok((url.clone(), api_client(&url, pace.timeout)?));
        let allowed = urls.into_iter().map(client).collect::<Result<_, ConfigError>>()?;
        Ok(Self { default: default.clone(), allowed, pace })
    }

    /// Opens a session. A resource cannot send a key to any other address.
    pub(super) fn session(
        &self,
        base_url: Option<&str>,
        key: SecretString,
    ) -> Result<Session, CheckError> {
        let refused = |why: String| CheckError::Invalid("BaseUrlRefused", bounded(&why));
        let url = match base_url {
            None => self.default.clone(),
            Some(text) => {
                BaseUrl::parse(text).map_err(|error| refused(format!("spec.baseUrl: {error}")))?
            }
        };
        let client = self.allowed.iter().find(|(allowed, _)| *allowed == url);
        let (_, client) = client.ok_or_else(|| {
            refused(format!("spec.baseUrl: only {} or --base-url is allowed", BaseUrl::TELNYX))
        })?;
        let RequestLimits { timeout, parallelism } = self.pace;
        let config = SessionConfig::new(url, key);
        let config = SessionConfig { timeout, parallelism, client: Some(client.clone()), ..config };
        Session::new(config)
            .map_err(|error| CheckError::Invalid("KeyInvalid", bounded(&error.to_string())))
    }
}

/// Runs until `stop`.
///
/// # Errors
///
/// If it cannot start.
pub async fn run(options: Options, stop: CancellationToken) -> Result<(), StartError> {
    let Options { namespaces, base_url, pace, listen, hosts, instance, lease } = options;
    let client = connect(&BTreeMap::new(), "the API server").await?;
    let connections = Connections::new(&base_url, pace)?;
    let status = StatusChannel::new();
    let drained = CancellationToken::new();
    let web = match listen {
        Some(address) => {
            let failed = |error| StartError::Listen(address, error);
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            tracing::info!(%address, "status page at http://{address}/");
            let hosts = Hosts::new(hosts.iter().map(String::as_str));
            let site = Site { status: status.subscribe(), hosts, now: Arc::new(Timestamp::now) };
            let drained = drained.clone();
            Some(tokio::spawn(web::serve(listener, site, async move { drained.cancelled().await })))
        }
        None => None,
    };
    let context = Context {
        client: client.clone(),
        connections,
        instance,
        slots: Semaphore::new(CHECKS_AT_ONCE),
        status,
        lease,
        spread: Spread::new(),
    };
    let mut supervisor = Supervisor {
        context: Arc::new(context),
        tracker: TaskTracker::new(),
        stop: stop.clone(),
        workers: BTreeMap::new(),
        starting: Vec::new(),
    };
    // The presence of this replica outlives its workers, which release their leases first.
    let gone = CancellationToken::new();
    let presence = tokio::spawn(supervisor.context.spread.clone().run(gone.clone()));
    supervisor.watch(client, namespaces).await;
    supervisor.drain().await;
    gone.cancel();
    // It ends by itself.
    let _ = presence.await;
    drained.cancel();
    if let Some(Ok(Err(error))) = match web {
        Some(web) => Some(web.await),
        None => None,
    } {
        tracing::warn!(%error, "the web server failed");
    }
    Ok(())
}

struct Supervisor {
    context: Arc<Context>,
    tracker: TaskTracker,
    stop: CancellationToken,
    workers: BTreeMap<ResourceId, (watch::Sender<ObservedResource>, CancellationToken)>,
    /// The new workers, which start once the owners of their organizations are known.
    starting: Vec<Worker>,
}

impl Supervisor {
    /// Follows the resources until the operator is stopped.
    async fn watch(&mut self, client: Client, namespaces: Vec<String>) {
        let (sender, mut changes) = mpsc::channel(256);
        let resource = api_resource();
        let places: Vec<Option<String>> = match &namespaces[..] {
            [] => vec![None],
            [..] => namespaces.into_iter().map(Some).collect(),
        };
        let mut followers = Vec::new();
        for place in places {
            let api = match &place {
                None => Api::all_with(client.clone(), &resource),
                Some(name) => Api::namespaced_with(client.clone(), name, &resource),
            };
            let follow = follow(api, place, sender.clone());
            followers.push(AbortOnDropHandle::new(tokio::spawn(follow)));
        }
        let mut ticks = interval(Duration::from_secs(1));
        let mut replicas = self.context.spread.replicas();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                Some((place, change)) = changes.recv() => self.change(place.as_deref(), change),
                Ok(()) = replicas.changed() => {
                    let replicas = *replicas.borrow_and_update();
                    self.context.status.change(|status| status.replicas = replicas);
                }
                _ = ticks.tick() => {
                    self.context.status.change(|status| status.ticked = Timestamp::now());
                }
            }
        }
    }

    fn change(&mut self, place: Option<&str>, change: Change) {
        match change {
            Change::All(resources) => {
                let ids: BTreeSet<ResourceId> =
                    resources.iter().filter_map(ResourceId::of).collect();
                self.retain(|id| {
                    ids.contains(id) || place.is_some_and(|place| id.namespace != place)
                });
                for resource in resources {
                    self.put(resource);
                }
            }
            Change::One(resource) => self.put(*resource),
            Change::Deleted(resource) => {
                let uid = resource.uid();
                self.retain(|id| Some(&id.uid) != uid.as_ref());
            }
        }
        self.assign_owners();
        for worker in self.starting.drain(..) {
            self.tracker.spawn(worker.run());
        }
    }

    /// Passes each worker the older resource that owns its organization, if there is one.
    fn assign_owners(&self) {
        let seen: Vec<_> = self
            .workers
            .iter()
            .map(|(id, (sender, _))| (id, Arc::clone(&sender.borrow().object)))
            .collect();
        let owners = owners(seen.iter().map(|(id, object)| (*id, &**object)));
        for (id, (sender, _)) in &self.workers {
            let owner = owners.get(id).map(|owner| (*owner).to_owned());
            sender.send_if_modified(|seen| {
                let changed = seen.owner != owner;
                seen.owner = owner;
                changed
            });
        }
    }

    /// Passes a resource to its worker, or starts one. A resource that is being deleted has none.
    fn put(&mut self, resource: DynamicObject) {
        let Some(id) = ResourceId::of(&resource) else {
            let uid = resource.uid();
            return self.retain(|id| Some(&id.uid) != uid.as_ref());
        };
        let object = Arc::new(resource);
        if let Some((sender, _)) = self.workers.get(&id) {
            sender.send_modify(|seen| seen.object = object);
            return;
        }
        // A resource that was deleted and created again is another one.
        self.retain(|other| (&other.namespace, &other.name) != (&id.namespace, &id.name));
        let (sender, receiver) = watch::channel(ObservedResource { object, owner: None });
        let stop = self.stop.child_token();
        let context = Arc::clone(&self.context);
        self.starting.push(Worker::new(context, id.clone(), receiver, stop.clone()));
        self.workers.insert(id, (sender, stop));
    }

    /// Stops the workers of all other resources. They send nothing more.
    fn retain(&mut self, stays: impl Fn(&ResourceId) -> bool) {
        let status = &self.context.status;
        self.workers.retain(|id, (_, stop)| {
            let stays = stays(id);
            if !stays {
                stop.cancel();
                status.remove(&id.to_string());
                tracing::info!(resource = %id, "the resource was deleted; nothing is sent for it");
            }
            stays
        });
    }

    async fn drain(&self) {
        self.context.status.change(|status| status.draining = true);
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(DRAIN, self.tracker.wait()).await.is_err() {
            tracing::error!("not all workers finished in time");
        }
    }
}

/// Lists the resources, then follows their changes. After an error, or when the version is too old (410), it lists them
/// again.
async fn follow(
    api: Api<DynamicObject>,
    place: Option<String>,
    sender: mpsc::Sender<(Option<String>, Change)>,
) {
    let pass = |change| sender.send((place.clone(), change));
    loop {
        let (resources, mut version) = match list(&api).await {
            Ok(listed) => listed,
            // The definition was deleted, and every resource with it.
            Err(error) if error.code() == Some(404) => (Vec::new(), String::new()),
            Err(error) => {
                tracing::warn!(error = error.why(), "cannot list the resources; retrying");
                sleep(RETRY).await;
                continue;
            }
        };
        if pass(Change::All(resources)).await.is_err() {
            return;
        }
        let params = WatchParams::default().timeout(WATCH);
        'watch: while !version.is_empty() {
            let changes = match api.watch(&params, &version).await {
                Ok(changes) => changes,
                Err(error) => {
                    let error = RequestError::from(error);
                    tracing::warn!(error = error.why(), "cannot watch the resources; retrying");
                    break 'watch;
                }
            };
            pin_mut!(changes);
            while let Some(change) = changes.next().await {
                let change = match change {
                    Ok(WatchEvent::Bookmark(bookmark)) => {
                        version = bookmark.metadata.resource_version;
                        continue;
                    }
                    Ok(WatchEvent::Added(one) | WatchEvent::Modified(one)) => {
                        version = one.resource_version().unwrap_or_default();
                        Change::One(Box::new(one))
                    }
                    Ok(WatchEvent::Deleted(one)) => {
                        version = one.resource_version().unwrap_or_default();
                        Change::Deleted(Box::new(one))
                    }
                    Ok(WatchEvent::Error(status)) => {
                        let (code, why) = (status.code, escape_line(&status.message));
                        tracing::info!(
                            code,
                            why,
                            "the watch has ended; listing the resources again"
                        );
                        break 'watch;
                    }
                    Err(_) => break 'watch,
                };
                if pass(change).await.is_err() {
                    return;
                }
            }
        }
        sleep(RETRY).await;
    }
}

/// Lists the resources page by page, with the version to watch from.
async fn list(api: &Api<DynamicObject>) -> Result<(Vec<DynamicObject>, String), RequestError> {
    let (mut resources, mut params) = (Vec::new(), ListParams::default().limit(PAGE));
    loop {
        let page = send(api.list(&params)).await?;
        resources.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = ListParams::default().limit(PAGE).continue_token(&token),
            None => return Ok((resources, page.metadata.resource_version.unwrap_or_default())),
        }
    }
}
