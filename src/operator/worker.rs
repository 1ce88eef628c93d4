//! The worker of one resource: it waits for leadership, then checks on schedule and after changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::{Api, Client};
use serde::Deserialize as _;
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::approval::{Decision, decide};
use super::check::{self, CheckError, Checked, Target, bounded};
use super::crd::{DEFAULT_SCHEDULE, GROUP, KIND, VERSION};
use super::events::{self, Transition};
use super::page::{publish, publish_error};
use super::resource::{OrganizationSpec, ResourceId, api_resource, generation, spec};
use super::secret::{self, FollowedSecret};
use super::status::{Moment, OrganizationStatus, Report};
use super::supervisor::Connections;
use crate::daemon::schedule::Schedule;
use crate::daemon::status::StatusChannel;
use crate::model::error_chain;
use crate::state::kubernetes::client::{RequestError, send};
use crate::state::{LeaderLease, LeadershipRequest, Location, LockHolder, Store};

/// The name under which the status is applied.
const MANAGER: &str = "trunkline-operator";
/// The longest check.
const CHECK: Duration = Duration::from_secs(300);
/// The interval at which the lease and the schedule are looked at.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// The wait before something is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Shared by all workers.
pub(super) struct Context {
    pub client: Client,
    pub connections: Connections,
    /// The name of this replica.
    pub instance: String,
    /// The checks in progress at once.
    pub slots: Semaphore,
    pub status: StatusChannel,
}

/// The worker of one resource.
pub(super) struct Worker {
    pub context: Arc<Context>,
    pub id: ResourceId,
    pub resource: watch::Receiver<Arc<DynamicObject>>,
    pub stop: CancellationToken,
    /// The status that was read or written last.
    pub(super) status: OrganizationStatus,
    /// The generation that the next report describes: that of the check, whatever has changed meanwhile.
    generation: i64,
    /// The permissions that are missing.
    forbidden: BTreeMap<&'static str, String>,
    pub(super) counts: crate::daemon::status::RunCounts,
}

/// The reason why a leader stops.
enum End {
    Stopped,
    LeaseLost,
}

impl Worker {
    pub(super) fn new(
        context: Arc<Context>,
        id: ResourceId,
        resource: watch::Receiver<Arc<DynamicObject>>,
        stop: CancellationToken,
    ) -> Self {
        let (status, forbidden) = (OrganizationStatus::default(), BTreeMap::new());
        let counts = crate::daemon::status::RunCounts::default();
        Self { context, id, resource, stop, status, generation: 0, forbidden, counts }
    }

    /// Runs until it is stopped. Without leadership it does nothing.
    pub(super) async fn run(mut self) {
        let holder = LockHolder::this("operator");
        let location =
            format!("kubernetes://{}/telnyxorganization-{}", self.id.namespace, self.id.name);
        let Ok(location) = Location::parse(&location) else { return };
        let store = Store::new(&location);
        while !self.stop.is_cancelled() {
            let (current, mut leader) = watch::channel(None::<LockHolder>);
            let stop = self.stop.clone();
            let request = LeadershipRequest::always(current);
            let waiting = store.wait_for_leadership(&holder, &request);
            tokio::pin!(waiting);
            let acquired = loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    acquired = &mut waiting => break acquired,
                    Ok(()) = leader.changed() => {
                        let leader = leader.borrow_and_update().as_ref().map(ToString::to_string);
                        publish(&self, leader, None);
                    }
                }
            };
            match acquired {
                Ok(lease) => {
                    let end = self.lead(&lease).await;
                    lease.release().await;
                    if let End::LeaseLost = end {
                        tracing::warn!(resource = %self.id, "lost leadership; requesting it again");
                    }
                }
                Err(error) => {
                    tracing::warn!(resource = %self.id, error = error_chain(&error), "cannot determine the leader; doing nothing");
                    let error = check::state_error(&error);
                    let (CheckError::Invalid(_, message) | CheckError::Unknown(_, message)) = error;
                    self.resume();
                    let failed = CheckError::Unknown("LeadershipUnknown", message);
                    self.report(&Report::Failed(&failed), None).await;
                    tokio::select! { () = stop.cancelled() => return, () = sleep(RETRY) => {} }
                }
            }
        }
    }

    /// Takes over the status that the resource has.
    fn resume(&mut self) {
        let resource = Arc::clone(&self.resource.borrow());
        self.generation = generation(&resource);
        let status = OrganizationStatus::deserialize(&resource.data["status"]);
        self.status = status.unwrap_or_default();
    }

    /// Checks while the lease is held.
    async fn lead(&mut self, lease: &LeaderLease) -> End {
        self.resume();
        let mut secret = FollowedSecret::default();
        // A check of a former leader that is not due yet is not repeated.
        let current = self.status.observed_generation == Some(generation(&self.resource.borrow()));
        let mut due = if current { self.status.next_run } else { Some(Timestamp::now()) };
        let mut checked = current.then(|| generation(&self.resource.borrow()));
        loop {
            let resource = Arc::clone(&self.resource.borrow_and_update());
            let is_due = due.is_some_and(|due| due <= Timestamp::now());
            if is_due || checked != Some(generation(&resource)) {
                due = self.reconcile(&resource, lease, &mut secret).await;
                checked = Some(generation(&resource));
            } else if let Ok(spec) = spec(&resource) {
                secret.follow(&self.context.client, &self.id.namespace, &spec);
            }
            tokio::select! {
                () = self.stop.cancelled() => return End::Stopped,
                changed = self.resource.changed() => {
                    if changed.is_err() {
                        return End::Stopped;
                    }
                }
                () = secret.changed() => {
                    self.note("watch", secret.forbidden());
                    checked = None;
                }
                () = sleep(TICK) => {}
            }
            if !lease.is_held() {
                return End::LeaseLost;
            }
        }
    }

    /// Checks once, applies an approved plan, and returns the time of the next check.
    async fn reconcile(
        &mut self,
        resource: &DynamicObject,
        lease: &LeaderLease,
        secret: &mut FollowedSecret,
    ) -> Option<Timestamp> {
        let context = Arc::clone(&self.context);
        let Ok(_slot) = context.slots.acquire().await else { return None };
        self.generation = generation(resource);
        let now = Timestamp::now();
        let spec = match spec(resource) {
            Ok(spec) => spec,
            Err(error) => {
                let error = CheckError::Invalid("SpecInvalid", bounded(&error));
                self.report(&Report::Failed(&error), None).await;
                return None;
            }
        };
        secret.follow(&context.client, &self.id.namespace, &spec);
        if spec.suspend {
            self.report(&Report::Suspended, None).await;
            return None;
        }
        let schedule = spec.schedule.as_deref().unwrap_or(DEFAULT_SCHEDULE);
        let schedule = match Schedule::parse(schedule, "UTC") {
            Ok(schedule) => schedule,
            Err(error) => {
                let message = bounded(&format!("spec.schedule: {error}"));
                let error = CheckError::Invalid("ScheduleInvalid", message);
                self.report(&Report::Failed(&error), None).await;
                return None;
            }
        };
        let next = schedule.next(now);
        let target = match self.target(&spec).await {
            Ok(target) => target,
            Err(error) => {
                self.report(&Report::Failed(&error), next).await;
                return next;
            }
        };
        let result = self.check(&target, &spec, next).await;
        let result = match result {
            Ok(checked) => self.apply_approved(&target, &spec, checked, lease, next).await,
            Err(error) => Err(error),
        };
        self.counts.requests += target.session.progress().answered;
        match result {
            Ok(after) => after,
            Err(error) => {
                self.report(&Report::Failed(&error), next).await;
                next
            }
        }
    }

    /// Reads what a spec names, and opens a session.
    async fn target(&self, spec: &OrganizationSpec) -> Result<Target, CheckError> {
        let desired = check::manifest(spec)?;
        let Self { context, id, .. } = self;
        let key = secret::read(&context.client, &id.namespace, &spec.api_key_secret_ref).await?;
        let session = context.connections.session(spec.base_url.as_deref(), key)?;
        let store = check::store(&id.namespace, &desired.organization)?;
        Ok(Target { desired, session, store })
    }

    async fn check(
        &mut self,
        target: &Target,
        spec: &OrganizationSpec,
        next: Option<Timestamp>,
    ) -> Result<(Checked, Decision), CheckError> {
        let checked = timeout(CHECK, target.check()).await.map_err(|_| {
            CheckError::Unknown("ReadFailed", format!("reading took longer than {CHECK:.0?}"))
        })??;
        let used = self.used(spec);
        let decision = decide(&checked.plan, &checked.digest, spec, used.as_deref());
        self.report(&Report::Checked(&checked, &decision), next).await;
        publish(self, None, Some((target, &checked)));
        Ok((checked, decision))
    }

    /// The approval that was used, as long as the resource still names it.
    pub(super) fn used(&mut self, spec: &OrganizationSpec) -> Option<String> {
        let used = self.status.applied.as_ref().map(|applied| applied.digest.clone());
        if used.is_some() && used != spec.approve {
            // Removed or replaced: the same digest may be approved again.
            self.status.applied = None;
            return None;
        }
        used
    }

    pub(super) fn api(&self) -> Api<DynamicObject> {
        let client = self.context.client.clone();
        Api::namespaced_with(client, &self.id.namespace, &api_resource())
    }

    /// Writes the status after a report, and an event if it is a transition.
    pub(super) async fn report(&mut self, report: &Report<'_>, next_run: Option<Timestamp>) {
        if let Report::Failed(
            CheckError::Invalid(reason, message) | CheckError::Unknown(reason, message),
        ) = report
        {
            tracing::warn!(resource = %self.id, reason, message, "check failed");
        }
        let moment = Moment { generation: self.generation, now: now(), next_run };
        let status = self.status.after(report, moment, &self.forbidden);
        if let Some(transition) = status.transition(&self.status) {
            tracing::info!(resource = %self.id, reason = transition.reason, note = transition.note, "transition");
            self.event(&transition).await;
        }
        let status = self.status.after(report, moment, &self.forbidden);
        if let Err(error) = self.write(&status).await {
            tracing::warn!(resource = %self.id, error = error.why(), "cannot write the status");
        }
        self.status = status;
        if let Report::Failed(CheckError::Invalid(_, message) | CheckError::Unknown(_, message)) =
            report
        {
            publish_error(self, message);
        }
    }

    pub(super) async fn event(&mut self, transition: &Transition) {
        let Context { client, instance, .. } = &*self.context;
        match events::report(client, &self.id, instance, transition).await {
            Ok(()) => self.note("events", None),
            Err(error) => {
                let why = format!("creating events: {}", error.why());
                tracing::warn!(resource = %self.id, error = why, "cannot report an event");
                let forbidden = (error.code() == Some(403)).then_some(why);
                self.note("events", forbidden);
            }
        }
    }

    /// Notes a missing permission, or that it is there.
    fn note(&mut self, name: &'static str, missing: Option<String>) {
        match missing {
            Some(why) => self.forbidden.insert(name, why),
            None => self.forbidden.remove(name),
        };
    }

    /// Applies the status. Never creates the resource, and never writes to another one of the same name.
    pub(super) async fn write(&self, status: &OrganizationStatus) -> Result<(), RequestError> {
        let patch = json!({
            "apiVersion": format!("{GROUP}/{VERSION}"),
            "kind": KIND,
            "metadata": { "name": self.id.name, "uid": self.id.uid },
            "status": status,
        });
        let params = PatchParams::apply(MANAGER).force();
        let api = self.api();
        send(api.patch_status(&self.id.name, &params, &Patch::Apply(&patch))).await.map(drop)
    }
}

/// The current time in whole seconds, as Kubernetes writes times.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
