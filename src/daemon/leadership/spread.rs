//! The spreading of organizations over the live replicas.
//!
//! Each replica publishes in the list of each folder of states which organizations it could lead and which it leads.
//! From all these lists it computes which organizations it should lead ([`assign`]), and its workers request or release
//! their leadership accordingly.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::assign::{Candidates, assign};
use super::presence::{Observer, Presence, withdraw};
use crate::model::error_chain;
use crate::state::{Error, ReplicaList, Store};

/// The number of renewals of the presence in one lease. A replica that is gone is noticed when its leases expire.
const RENEWALS: u32 = 6;
/// The pause in which several changes share a write.
const LINGER: Duration = Duration::from_millis(100);
/// The time limit for a withdrawal at the end. The entry expires anyway.
const WITHDRAW: Duration = Duration::from_secs(5);

/// The organizations of this process and their replicas. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Spread(Arc<SpreadShared>);

#[derive(Debug)]
struct SpreadShared {
    /// The id of this replica.
    id: String,
    members: Mutex<BTreeMap<String, Member>>,
    changed: Notify,
    /// The number of live replicas, with this one.
    replicas: watch::Sender<usize>,
}

/// An organization of this process.
#[derive(Debug)]
struct Member {
    list: ReplicaList,
    lease: Duration,
    part: Part,
    wanted: watch::Sender<bool>,
}

/// The part of this replica in an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// True if its lease can be read, so that it could lead.
    pub candidate: bool,
    pub leads: bool,
    /// True if it cannot release the organization now.
    pub bound: bool,
}

/// The replicas of each list, as this replica sees them.
type Views = BTreeMap<String, View>;

struct View {
    list: ReplicaList,
    observer: Observer,
    /// The live replicas. `None` if the list could not be read yet.
    live: Option<BTreeMap<String, Presence>>,
}

impl Spread {
    pub(crate) fn new() -> Self {
        Self(Arc::new(SpreadShared {
            id: uuid::Uuid::new_v4().simple().to_string(),
            members: Mutex::default(),
            changed: Notify::new(),
            replicas: watch::Sender::new(1),
        }))
    }

    /// The number of live replicas, with this one.
    pub(crate) fn replicas(&self) -> watch::Receiver<usize> {
        self.0.replicas.subscribe()
    }

    /// Adds an organization, and returns the wish to lead it, which is constant where no other replica can exist.
    pub(crate) fn join(&self, label: &str, store: &Store) -> watch::Receiver<bool> {
        let list = store.replicas().ok().flatten();
        let Some((list, lease)) = list.zip(store.leader_lease()) else {
            self.leave(label);
            return watch::channel(true).1;
        };
        // Nothing is wanted before the other replicas are known.
        let (wanted, receiver) = watch::channel(false);
        let part = Part { candidate: true, leads: false, bound: false };
        let member = Member { list, lease, part, wanted };
        self.members().insert(label.to_owned(), member);
        self.0.changed.notify_one();
        receiver
    }

    /// Removes an organization.
    pub(crate) fn leave(&self, label: &str) {
        self.members().remove(label);
    }

    /// Publishes the part of this replica in an organization.
    pub(crate) fn report(&self, label: &str, part: Part) {
        if let Some(member) = self.members().get_mut(label)
            && member.part != part
        {
            member.part = part;
            self.0.changed.notify_one();
        }
    }

    /// Renews the presence of this replica until `stop`, then withdraws it.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut views = Views::new();
        let mut error = None;
        loop {
            let renewal = self.lease().map_or(Duration::MAX, |lease| lease / RENEWALS);
            tokio::select! {
                () = stop.cancelled() => break,
                () = sleep(renewal) => {}
                () = self.0.changed.notified() => sleep(LINGER).await,
            }
            tokio::select! {
                () = stop.cancelled() => break,
                failed = self.renew(&mut views) => log(&mut error, failed.as_ref()),
            }
        }
        let withdrawals = views.values().map(|view| withdraw(&view.list, &self.0.id));
        // A presence that cannot be withdrawn expires.
        let _ = timeout(WITHDRAW, join_all(withdrawals)).await;
    }

    /// Renews the presence in each list, and decides what to lead. Returns an error of a list.
    async fn renew(&self, views: &mut Views) -> Option<Error> {
        let mut error = None;
        let lists = self.lists();
        views.retain(|place, _| lists.contains_key(place));
        let renewals = lists.into_iter().map(|(place, (list, own))| {
            let known = views.remove(&place);
            async move {
                let new = || View { list, observer: Observer::default(), live: None };
                let mut view = known.unwrap_or_else(new);
                let seen = view.observer.publish(&view.list, &self.0.id, &own).await;
                (place, view, seen)
            }
        });
        for (place, mut view, seen) in join_all(renewals).await {
            match seen {
                Ok(live) => view.live = Some(live),
                Err(failed) => error = Some(failed),
            }
            views.insert(place, view);
        }
        self.decide(views);
        error
    }

    /// Decides which organizations this replica should lead.
    fn decide(&self, views: &Views) {
        let mut organizations: BTreeMap<(&str, &str), Candidates<&str>> = BTreeMap::new();
        let mut replicas: Vec<&str> = vec![&self.0.id];
        for (place, view) in views {
            for (id, presence) in view.live.iter().flatten() {
                replicas.push(id);
                for label in &presence.candidate {
                    let candidates = organizations.entry((place, label)).or_default();
                    candidates.replicas.insert(id);
                    if presence.leads.contains(label) {
                        candidates.leader.get_or_insert(id);
                        candidates.bound |= presence.bound.contains(label);
                    }
                }
            }
        }
        replicas.sort_unstable();
        replicas.dedup();
        self.0.replicas.send_replace(replicas.len());
        let assigned = assign(&organizations);
        for (label, member) in self.members().iter() {
            let place = member.list.place();
            let assigned = match views.get(&place).map(|view| &view.live) {
                // Without a list, the first to come leads.
                None | Some(None) => true,
                Some(Some(_)) => {
                    assigned.get(&(place.as_str(), label.as_str())) == Some(&self.0.id.as_str())
                }
            };
            member
                .wanted
                .send_if_modified(|wanted| std::mem::replace(wanted, assigned) != assigned);
        }
    }

    /// The lists of all organizations, each with the presence of this replica.
    fn lists(&self) -> BTreeMap<String, (ReplicaList, Presence)> {
        let mut lists = BTreeMap::new();
        for (label, Member { list, lease, part, wanted: _ }) in self.members().iter() {
            let new = || (list.clone(), Presence::new(*lease));
            let (_, presence) = lists.entry(list.place()).or_insert_with(new);
            let Part { candidate, leads, bound } = *part;
            let sets = [
                (candidate, &mut presence.candidate),
                (leads, &mut presence.leads),
                (bound, &mut presence.bound),
            ];
            for (_, set) in sets.into_iter().filter(|(is_in, _)| *is_in) {
                set.insert(label.clone());
            }
        }
        lists
    }

    /// The shortest lease time.
    fn lease(&self) -> Option<Duration> {
        self.members().values().map(|member| member.lease).min()
    }

    fn members(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Member>> {
        self.0.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs a new error once, and its end.
fn log(before: &mut Option<String>, now: Option<&Error>) {
    let now = now.map(|error| error_chain(error));
    match &now {
        Some(error) if before.as_ref() != Some(error) => {
            tracing::warn!(error, "cannot renew the presence of this replica; retrying");
        }
        None if before.is_some() => tracing::info!("renewed the presence of this replica again"),
        Some(_) | None => {}
    }
    *before = now;
}
