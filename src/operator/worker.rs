//! The worker of one resource: while it leads (`leading`), it checks on schedule and after changes.

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
use super::resource::{
    ObservedResource, OrganizationSpec, ResourceId, api_resource, generation, spec,
};
use super::secret::{self, FollowedSecret};
use super::status::{Moment, ORGANIZATION_TAKEN, OrganizationStatus, Report};
use super::supervisor::Connections;
use crate::daemon::leadership::Spread;
use crate::daemon::schedule::Schedule;
use crate::daemon::status::{CutOff, StatusChannel};
use crate::state::kubernetes::client::{RequestError, send};
use crate::state::{LeaderLease, Location, Store};

/// The name under which the status is applied.
const MANAGER: &str = "trunkline-operator";
/// The longest check.
const CHECK: Duration = Duration::from_secs(300);
/// The interval at which the lease and the schedule are looked at.
pub(super) const TICK: Duration = Duration::from_secs(1);
/// The wait before something is tried again.
pub(super) const RETRY: Duration = Duration::from_secs(5);
/// The longest wait after a check whose failure may go away by itself.
const RETRY_CHECK: Duration = Duration::from_secs(60);

/// Shared by all workers.
pub(super) struct Context {
    pub client: Client,
    pub connections: Connections,
    /// The name of this replica.
    pub instance: String,
    /// The checks in progress at once.
    pub slots: Semaphore,
    pub status: StatusChannel,
    /// The lease time of leadership.
    pub lease: Duration,
    /// Spreads the resources of a namespace over the replicas.
    pub spread: Spread,
}

/// The worker of one resource.
pub(super) struct Worker {
    pub context: Arc<Context>,
    pub id: ResourceId,
    pub resource: watch::Receiver<ObservedResource>,
    pub stop: CancellationToken,
    /// The status that was read or written last.
    pub(super) status: OrganizationStatus,
    /// The generation that the next report describes: that of the check, whatever has changed meanwhile.
    generation: i64,
    /// The permissions that are missing.
    forbidden: BTreeMap<&'static str, String>,
    /// True if the status could not be written and should be written again.
    unwritten: bool,
    /// True once the lease was reached.
    pub(super) was_reached: bool,
    /// Set while the lease cannot be reached.
    pub(super) cut_off: Option<CutOff>,
    pub(super) counts: crate::daemon::status::RunCounts,
}

/// The reason why a leader stops.
#[derive(Debug)]
pub(super) enum End {
    Stopped,
    LeaseLost,
    /// Another replica should lead.
    Surplus,
}

impl Worker {
    pub(super) fn new(
        context: Arc<Context>,
        id: ResourceId,
        resource: watch::Receiver<ObservedResource>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            context,
            id,
            resource,
            stop,
            status: OrganizationStatus::default(),
            generation: 0,
            forbidden: BTreeMap::new(),
            unwritten: false,
            was_reached: false,
            cut_off: None,
            counts: crate::daemon::status::RunCounts::default(),
        }
    }

    /// Runs until it is stopped. Without leadership it does nothing.
    pub(super) async fn run(mut self) {
        let location =
            format!("kubernetes://{}/telnyxorganization-{}", self.id.namespace, self.id.name);
        let Ok(location) = Location::parse(&location) else { return };
        let store = Store::new(&location).leased_for(self.context.lease);
        let spread = self.context.spread.clone();
        let wanted = spread.join(&self.id.uid, &store);
        Box::pin(self.request_leadership(&store, &wanted)).await;
        spread.leave(&self.id.uid);
    }

    /// Takes over the status that the resource has.
    pub(super) fn resume(&mut self) {
        let object = Arc::clone(&self.resource.borrow().object);
        self.generation = generation(&object);
        let status = OrganizationStatus::deserialize(&object.data["status"]);
        self.status = status.unwrap_or_default();
    }

    /// Checks while the lease is held.
    pub(super) async fn lead(
        &mut self,
        lease: &LeaderLease,
        mut wanted: watch::Receiver<bool>,
    ) -> End {
        self.resume();
        let mut secret = FollowedSecret::default();
        // A check of a former leader that is not due yet is not repeated, unless an apply may have been interrupted.
        let first = self.resource.borrow().clone();
        let current = self.status.is_finished(self.generation)
            && self.status.is_taken() == first.owner.is_some();
        let mut due = if current { self.status.next_run } else { Some(Timestamp::now()) };
        let mut checked = current.then(|| first.version());
        loop {
            let resource = self.resource.borrow_and_update().clone();
            let is_due = due.is_some_and(|due| due <= Timestamp::now());
            if is_due || checked != Some(resource.version()) {
                due = self.reconcile(&resource, lease, &mut secret).await;
                checked = Some(resource.version());
            } else if let Ok(spec) = spec(&resource.object) {
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
                Ok(()) = wanted.changed() => {}
                () = sleep(TICK) => {}
            }
            if !lease.is_held() {
                return End::LeaseLost;
            }
            if !*wanted.borrow_and_update() {
                return End::Surplus;
            }
            if self.unwritten {
                self.write_status().await;
            }
        }
    }

    /// Checks once, applies an approved plan, and returns the time of the next check.
    async fn reconcile(
        &mut self,
        resource: &ObservedResource,
        lease: &LeaderLease,
        secret: &mut FollowedSecret,
    ) -> Option<Timestamp> {
        let context = Arc::clone(&self.context);
        let Ok(_slot) = context.slots.acquire().await else { return None };
        self.generation = generation(&resource.object);
        let now = Timestamp::now();
        if let Some(owner) = &resource.owner {
            self.report(&Report::Failed(&taken(owner)), None).await;
            return None;
        }
        let spec = match spec(&resource.object) {
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
        // An approved plan does not wait for the schedule after a failure that may go away by itself.
        let again = |error: &CheckError| match error {
            CheckError::Invalid(..) => next,
            CheckError::Unknown(..) => next.min(now.checked_add(RETRY_CHECK).ok()),
        };
        let target = match self.target(&spec).await {
            Ok(target) => target,
            Err(error) => {
                self.report(&Report::Failed(&error), again(&error)).await;
                return again(&error);
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
                self.report(&Report::Failed(&error), again(&error)).await;
                again(&error)
            }
        }
    }

    /// Reads what a spec names, and opens a session.
    async fn target(&self, spec: &OrganizationSpec) -> Result<Target, CheckError> {
        let desired = check::manifest(spec)?;
        let Self { context, id, .. } = self;
        let key = secret::read(&context.client, &id.namespace, &spec.api_key_secret_ref).await?;
        let session = context.connections.session(spec.base_url.as_deref(), key)?;
        let store = check::store(&id.namespace, &desired.organization)?.leased_for(context.lease);
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
        let (changes, destructive) = (checked.plan.actions.len(), checked.plan.destructive());
        tracing::info!(resource = %self.id, changes, destructive, "checked");
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
        self.status = self.status.after(report, moment, &self.forbidden);
        self.write_status().await;
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

    /// Writes the status. A leader repeats it after an error that may go away.
    pub(super) async fn write_status(&mut self) {
        let before = std::mem::take(&mut self.unwritten);
        if let Err(error) = self.write(&self.status).await {
            if !before {
                tracing::warn!(resource = %self.id, error = error.why(), "cannot write the status");
            }
            self.unwritten = !error.is_final();
        }
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

/// The failure of a resource whose organization an older one has.
fn taken(owner: &str) -> CheckError {
    let message = format!(
        "the older resource {owner} has the same spec.manifest.organization, so this one is neither checked nor applied; delete one of them, or name another organization"
    );
    CheckError::Invalid(ORGANIZATION_TAKEN, bounded(&message))
}

/// The current time in whole seconds, as Kubernetes writes times.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
