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
use tokio_util::task::AbortOnDropHandle;

use super::apply::{Applied, apply};
use super::approval::{Decision, decide};
use super::check::{self, CheckError, Checked, Target, bounded};
use super::crd::{DEFAULT_SCHEDULE, GROUP, KIND, VERSION};
use super::events::{self, Transition};
use super::resource::{OrganizationSpec, ResourceId, api_resource, generation, spec};
use super::secret::{self, SecretWatch};
use super::status::{AppliedStatus, Moment, OrganizationStatus, Report};
use super::supervisor::{Connections, publish};
use crate::daemon::schedule::Schedule;
use crate::daemon::status::StatusChannel;
use crate::execute::Summary;
use crate::model::error_chain;
use crate::state::kubernetes::client::{RequestError, send};
use crate::state::{LeaderLease, Location, LockHolder, Store};

/// The name under which the status is applied.
const MANAGER: &str = "trunkline-operator";
/// The longest check.
const CHECK: Duration = Duration::from_secs(300);
/// The interval at which the lease and the schedule are looked at.
const TICK: Duration = Duration::from_secs(1);
/// The wait after an apply until its changes are visible in Telnyx.
const VISIBLE: Duration = Duration::from_secs(3);
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
        Self { context, id, resource, stop, status, forbidden, counts }
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
            let waiting = store.wait_for_leadership(&holder, &current);
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
    fn used(&mut self, spec: &OrganizationSpec) -> Option<String> {
        let used = self.status.applied.as_ref().map(|applied| applied.digest.clone());
        if used.is_some() && used != spec.approve {
            // Removed or replaced: the same digest may be approved again.
            self.status.applied = None;
            return None;
        }
        used
    }

    /// Applies the plan if it is approved. Returns the time of the next check, which follows an apply soon.
    async fn apply_approved(
        &mut self,
        target: &Target,
        spec: &OrganizationSpec,
        (_, decision): (Checked, Decision),
        lease: &LeaderLease,
        next: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, CheckError> {
        if decision != Decision::Granted {
            return Ok(next);
        }
        let used = self.used(spec);
        let (stopping, stop) = watch::channel(false);
        let withdrawn = withdrawn(self.resource.clone(), spec.approve.clone());
        let (stopped, session) = (self.stop.clone(), target.session.clone());
        let ending = async {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = lost(lease) => {}
                () = withdrawn => {}
            }
            stopping.send_replace(true);
            session.stop();
            std::future::pending::<()>().await;
        };
        let confirm = async |digest: String| {
            if *stop.borrow() {
                return Err(CheckError::Unknown(
                    "Interrupted",
                    "interrupted before the apply".to_owned(),
                ));
            }
            self.confirm(digest, spec).await
        };
        let applied = tokio::select! {
            applied = apply(target, spec, used.as_deref(), confirm, stop.clone()) => applied?,
            () = ending => return Ok(next),
        };
        match applied {
            Applied::NotApproved(planned) => {
                let (checked, decision) = *planned;
                self.report(&Report::Checked(&checked, &decision), next).await;
                Ok(next)
            }
            Applied::Sent(summary) => {
                self.sent(summary).await;
                Ok(Timestamp::now().checked_add(VISIBLE).ok())
            }
        }
    }

    /// Reads the resource again, and records that the approval is used: from here on it is never used again.
    async fn confirm(&mut self, digest: String, spec: &OrganizationSpec) -> Result<(), CheckError> {
        let failed = |error: &RequestError| {
            CheckError::Unknown(
                "ResourceUnavailable",
                bounded(&format!("reading the resource: {}", error.why())),
            )
        };
        let found =
            send(self.api().get_opt(&self.id.name)).await.map_err(|error| failed(&error))?;
        let same = found.as_ref().is_some_and(|found| {
            let approve = self::spec(found).ok().and_then(|spec| spec.approve);
            ResourceId::of(found).as_ref() == Some(&self.id) && approve == spec.approve
        });
        if !same {
            let message = "the resource was deleted or changed; nothing was sent".to_owned();
            return Err(CheckError::Unknown("ResourceChanged", message));
        }
        let applied = AppliedStatus { digest, time: now() };
        let status = OrganizationStatus { applied: Some(applied), ..self.status.clone() };
        self.write(&status).await.map_err(|error| {
            CheckError::Unknown(
                "StatusUnavailable",
                bounded(&format!("writing the status: {}", error.why())),
            )
        })?;
        self.status = status;
        Ok(())
    }

    /// Reports an apply as an event. The next check reports the rest.
    async fn sent(&mut self, summary: Summary) {
        let counts = summary.counts();
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = counts.map(|(count, name)| format!("{count} {name}")).collect();
        let Summary { done: _, satisfied: _, failed, stale, unknown, skipped } = summary;
        let warning = failed + stale + unknown + skipped > 0;
        let reason = if warning { "ApplyIncomplete" } else { "Applied" };
        let note = parts.join(", ");
        tracing::info!(resource = %self.id, outcomes = note, "applied");
        self.event(&Transition { warning, reason: reason.to_owned(), note }).await;
    }

    fn api(&self) -> Api<DynamicObject> {
        let client = self.context.client.clone();
        Api::namespaced_with(client, &self.id.namespace, &api_resource())
    }

    /// Writes the status after a report, and an event if it is a transition.
    async fn report(&mut self, report: &Report<'_>, next_run: Option<Timestamp>) {
        if let Report::Failed(
            CheckError::Invalid(reason, message) | CheckError::Unknown(reason, message),
        ) = report
        {
            tracing::warn!(resource = %self.id, reason, message, "check failed");
        }
        let moment =
            Moment { generation: generation(&self.resource.borrow()), now: now(), next_run };
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
            super::supervisor::publish_error(self, message);
        }
    }

    async fn event(&mut self, transition: &Transition) {
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
    async fn write(&self, status: &OrganizationStatus) -> Result<(), RequestError> {
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
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Returns once the lease is lost.
async fn lost(lease: &LeaderLease) {
    while lease.is_held() {
        sleep(TICK / 4).await;
    }
}

/// Returns once the resource no longer approves this digest.
async fn withdrawn(mut resource: watch::Receiver<Arc<DynamicObject>>, approve: Option<String>) {
    loop {
        let now = spec(&resource.borrow_and_update()).ok().and_then(|spec| spec.approve);
        if now != approve {
            return;
        }
        if resource.changed().await.is_err() {
            return;
        }
    }
}

/// The Secret of the spec, and its watch.
#[derive(Default)]
struct FollowedSecret {
    name: Option<String>,
    seen: Option<watch::Receiver<SecretWatch>>,
    /// The version that was used. The first one that a watch reports is no change.
    known: bool,
    _watch: Option<AbortOnDropHandle<()>>,
}

impl FollowedSecret {
    /// Watches the Secret that a spec names.
    fn follow(&mut self, client: &Client, namespace: &str, spec: &OrganizationSpec) {
        let name = &spec.api_key_secret_ref.name;
        if self.name.as_ref() == Some(name) {
            return;
        }
        let (sender, receiver) = watch::channel(SecretWatch::default());
        let follow = secret::follow(client.clone(), namespace.to_owned(), name.clone(), sender);
        *self = Self {
            name: Some(name.clone()),
            seen: Some(receiver),
            known: false,
            _watch: Some(AbortOnDropHandle::new(tokio::spawn(follow))),
        };
    }

    /// Returns once the Secret has changed.
    async fn changed(&mut self) {
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

    fn forbidden(&self) -> Option<String> {
        self.seen.as_ref().and_then(|seen| seen.borrow().forbidden.clone())
    }
}
