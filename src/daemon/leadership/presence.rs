//! The presence of replicas: what each publishes in the list of its folder, and which of them are live.
//!
//! A replica is live while its entry changes: if it stays the same for a whole lease by our own monotonic clock, the
//! replica is gone. The clocks of other machines are not trusted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::state::{Error, ReplicaList};

/// The version of the format.
const VERSION: u64 = 1;
/// The attempts to write the list while other replicas write it too.
const ATTEMPTS: u32 = 8;
/// The longest lease that is respected.
const LONGEST: Duration = Duration::from_secs(3600);

/// The list of replicas.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListDocument {
    format_version: u64,
    /// The replicas by their id, which is random for each process.
    replicas: BTreeMap<String, Presence>,
}

/// The presence of one replica.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Presence {
    /// The number of writes, which makes each entry unique.
    pub renewed: u64,
    pub lease_ms: u64,
    /// The organizations that it could lead: those whose lease it can read.
    pub candidate: BTreeSet<String>,
    /// The organizations that it leads.
    pub leads: BTreeSet<String>,
    /// Those that it cannot release now, as what it remembers of them cannot be saved.
    pub bound: BTreeSet<String>,
}

/// The observations of one list.
#[derive(Debug, Default)]
pub(super) struct Observer {
    /// The last entry of each replica, and the time at which it was first seen.
    seen: BTreeMap<String, (Presence, Instant)>,
    renewed: u64,
}

impl Observer {
    /// Publishes the presence of this replica, and returns all live ones with it.
    ///
    /// After an error nothing proves that a replica is gone: it may have failed to renew for the same reason.
    pub(super) async fn publish(
        &mut self,
        list: &ReplicaList,
        id: &str,
        own: &Presence,
    ) -> Result<BTreeMap<String, Presence>, Error> {
        let published = self.try_publish(list, id, own).await;
        if published.is_err() {
            self.seen.clear();
        }
        published
    }

    async fn try_publish(
        &mut self,
        list: &ReplicaList,
        id: &str,
        own: &Presence,
    ) -> Result<BTreeMap<String, Presence>, Error> {
        for _ in 0..ATTEMPTS {
            let asked = Instant::now();
            let read = list.read().await?;
            let mut replicas =
                self.live(read.text.as_deref().map(parse).unwrap_or_default(), asked);
            self.renewed += 1;
            replicas.insert(id.to_owned(), Presence { renewed: self.renewed, ..own.clone() });
            if list.replace(&read, text(&replicas).as_bytes()).await? {
                return Ok(replicas);
            }
        }
        Err(Error::Conflict { place: list.place() })
    }

    /// The live replicas among those of a list that was requested at `asked`.
    fn live(
        &mut self,
        found: BTreeMap<String, Presence>,
        asked: Instant,
    ) -> BTreeMap<String, Presence> {
        self.seen.retain(|id, _| found.contains_key(id));
        for (id, presence) in &found {
            let known = self.seen.get(id).is_some_and(|(seen, _)| seen == presence);
            if !known {
                self.seen.insert(id.clone(), (presence.clone(), Instant::now()));
            }
        }
        let is_live = |id: &String, presence: &Presence| {
            self.seen.get(id).is_none_or(|(_, since)| asked < *since + presence.lease())
        };
        found.into_iter().filter(|(id, presence)| is_live(id, presence)).collect()
    }
}

/// Removes a replica from the list.
pub(super) async fn withdraw(list: &ReplicaList, id: &str) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let read = list.read().await?;
        let mut replicas = read.text.as_deref().map(parse).unwrap_or_default();
        if replicas.remove(id).is_none() || list.replace(&read, text(&replicas).as_bytes()).await? {
            return Ok(());
        }
    }
    Err(Error::Conflict { place: list.place() })
}

impl Presence {
    pub(super) fn new(lease: Duration) -> Self {
        let lease_ms = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        Self { lease_ms, ..Self::default() }
    }

    fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms).min(LONGEST)
    }
}

/// The replicas in a list. One that cannot be read is replaced: it only spreads organizations.
fn parse(text: &[u8]) -> BTreeMap<String, Presence> {
    let list = serde_json::from_slice::<ListDocument>(text).ok();
    list.filter(|list| list.format_version == VERSION).map(|list| list.replicas).unwrap_or_default()
}

fn text(replicas: &BTreeMap<String, Presence>) -> String {
    let document = ListDocument { format_version: VERSION, replicas: replicas.clone() };
    // Strings and numbers always serialize.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence(renewed: u64) -> Presence {
        Presence { renewed, ..Presence::new(Duration::from_secs(30)) }
    }

    #[test]
    fn a_replica_is_live_while_its_entry_changes() {
        let mut observer = Observer::default();
        let begun = Instant::now();
        let mut live = |renewed, seconds| {
            let found = [("a".to_owned(), presence(renewed))].into();
            observer.live(found, begun + Duration::from_secs(seconds)).len()
        };
        assert_eq!(live(1, 0), 1);
        assert_eq!(live(1, 29), 1);
        assert_eq!(live(1, 31), 0, "the same for a whole lease");
        // Seen by now, as the clock of the observer did not advance.
        assert_eq!(live(2, 29), 1, "renewed");
        assert_eq!(live(2, 31), 0);
    }

    #[test]
    fn a_list_of_another_version_is_replaced() {
        let replicas: BTreeMap<_, _> = [("a".to_owned(), presence(1))].into();
        assert_eq!(parse(text(&replicas).as_bytes()), replicas);
        assert_eq!(parse(b"{"), BTreeMap::new());
        let other = text(&replicas).replace("\"format_version\": 1", "\"format_version\": 2");
        assert_eq!(parse(other.as_bytes()), BTreeMap::new());
    }
}
