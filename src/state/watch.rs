//! The daemon's part of a state file: differences, recent heals and undelivered notifications.

use serde::{Deserialize, Serialize};

use super::document::{seconds, time};
use super::error::plain;
use crate::model::{
    DaemonMemory, Details, Difference, DifferenceKey, Event, Heals, Notification, Notified,
    UnknownRuns,
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchEntry {
    differences: Vec<DifferenceEntry>,
    unknown_runs: u32,
    unknown_notified_at: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    heals: Vec<HealsEntry>,
    outbox: Vec<NotificationEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DifferenceEntry {
    key: KeyEntry,
    since: String,
    runs: u64,
    equal_runs: u32,
    clean_runs: u32,
    details: DetailsEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    notified_at: Option<String>,
    /// Left out if equal to `details`.
    #[serde(skip_serializing_if = "Option::is_none")]
    notified: Option<DetailsEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    kind: String,
    email: Option<String>,
    code: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DetailsEntry {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<(String, String, String)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(default)]
    destructive: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HealsEntry {
    key: KeyEntry,
    at: Vec<String>,
    suspended_until: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NotificationEntry {
    id: String,
    event: String,
    at: String,
    reminder: bool,
    items: Vec<(KeyEntry, DetailsEntry)>,
    total: u64,
    destructive: u64,
    error: String,
    targets: Vec<String>,
}

/// Returns the part of a document for `watch`, or `None` if there is nothing to remember.
pub(super) fn entry(memory: &DaemonMemory) -> Option<WatchEntry> {
    if *memory == DaemonMemory::default() {
        return None;
    }
    let DaemonMemory { differences, unknown, heals, outbox } = memory;
    let UnknownRuns { runs, notified_at } = unknown;
    Some(WatchEntry {
        differences: differences.iter().map(|(key, one)| difference_entry(key, one)).collect(),
        unknown_runs: *runs,
        unknown_notified_at: notified_at.map(text),
        heals: heals.iter().map(|(key, heals)| heals_entry(key, heals)).collect(),
        outbox: outbox.iter().map(notification_entry).collect(),
    })
}

/// Returns the memory that a document's part describes.
pub(super) fn watch(entry: WatchEntry) -> Result<DaemonMemory, String> {
    let WatchEntry { differences, unknown_runs, unknown_notified_at, heals, outbox } = entry;
    let notified_at = unknown_notified_at.as_deref().map(seconds).transpose()?;
    let mut memory = DaemonMemory {
        unknown: UnknownRuns { runs: unknown_runs, notified_at },
        ..DaemonMemory::default()
    };
    for entry in differences {
        let (key, difference) = difference(entry)?;
        let twice = format!("duplicate difference {}", plain(&key.code));
        if memory.differences.insert(key, difference).is_some() {
            return Err(twice);
        }
    }
    for HealsEntry { key: named, at, suspended_until } in heals {
        let at = at.iter().map(|at| seconds(at)).collect::<Result<_, _>>()?;
        let suspended_until = suspended_until.as_deref().map(seconds).transpose()?;
        let twice = format!("duplicate heals of {}", plain(&named.code));
        if memory.heals.insert(key(named), Heals { at, suspended_until }).is_some() {
            return Err(twice);
        }
    }
    memory.outbox = outbox.into_iter().map(notification).collect::<Result<_, _>>()?;
    Ok(memory)
}

fn difference_entry(key: &DifferenceKey, difference: &Difference) -> DifferenceEntry {
    let Difference { since, runs, details, equal_runs, clean_runs, notified } = difference;
    let differs = notified.as_ref().filter(|notified| notified.details != *details);
    DifferenceEntry {
        key: key_entry(key),
        since: text(*since),
        runs: *runs,
        equal_runs: *equal_runs,
        clean_runs: *clean_runs,
        details: details_entry(details),
        notified_at: notified.as_ref().map(|notified| text(notified.at)),
        notified: differs.map(|notified| details_entry(&notified.details)),
    }
}

fn difference(entry: DifferenceEntry) -> Result<(DifferenceKey, Difference), String> {
    let DifferenceEntry {
        key: named,
        since,
        runs,
        equal_runs,
        clean_runs,
        details: current,
        notified_at,
        notified,
    } = entry;
    let current = details(current);
    let notified = match notified_at {
        Some(at) => Some(Notified {
            details: notified.map_or_else(|| current.clone(), details),
            at: seconds(&at)?,
        }),
        // Without the time the difference would be notified a second time.
        None if notified.is_some() => {
            return Err(format!("`notified` without `notified_at` for {}", plain(&named.code)));
        }
        None => None,
    };
    let since = seconds(&since)?;
    let difference = Difference { since, runs, details: current, equal_runs, clean_runs, notified };
    Ok((key(named), difference))
}

fn heals_entry(key: &DifferenceKey, heals: &Heals) -> HealsEntry {
    let Heals { at, suspended_until } = heals;
    HealsEntry {
        key: key_entry(key),
        at: at.iter().copied().map(text).collect(),
        suspended_until: suspended_until.map(text),
    }
}

fn notification_entry(notification: &Notification) -> NotificationEntry {
    let Notification { id, event, at, reminder, items, total, destructive, error, targets } =
        notification;
    let both = |(key, details): &(DifferenceKey, Details)| (key_entry(key), details_entry(details));
    NotificationEntry {
        id: id.clone(),
        event: event.name().to_owned(),
        at: text(*at),
        reminder: *reminder,
        items: items.iter().map(both).collect(),
        total: *total,
        destructive: *destructive,
        error: error.clone(),
        targets: targets.iter().cloned().collect(),
    }
}

fn notification(entry: NotificationEntry) -> Result<Notification, String> {
    let NotificationEntry { id, event, at, reminder, items, total, destructive, error, targets } =
        entry;
    let found = Event::ALL.into_iter().find(|known| known.name() == event);
    Ok(Notification {
        id,
        event: found.ok_or_else(|| format!("unknown event {:?}", plain(&event)))?,
        at: seconds(&at)?,
        reminder,
        items: items.into_iter().map(|(of, values)| (key(of), details(values))).collect(),
        total,
        destructive,
        error,
        targets: targets.into_iter().collect(),
    })
}

fn key_entry(key: &DifferenceKey) -> KeyEntry {
    let DifferenceKey { kind, email, code } = key.clone();
    KeyEntry { kind, email, code }
}

fn key(entry: KeyEntry) -> DifferenceKey {
    let KeyEntry { kind, email, code } = entry;
    DifferenceKey { kind, email, code }
}

fn details_entry(details: &Details) -> DetailsEntry {
    let Details { changes, message, reason, destructive } = details.clone();
    DetailsEntry { changes, message, reason, destructive }
}

fn details(entry: DetailsEntry) -> Details {
    let DetailsEntry { changes, message, reason, destructive } = entry;
    Details { changes, message, reason, destructive }
}

/// Formats a time as RFC 3339. A time outside the calendar becomes its start.
fn text(at: u64) -> String {
    time(at).unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::collection::{btree_map, btree_set, vec};
    use proptest::option::of;
    use proptest::prelude::*;

    use super::*;

    const LATEST: u64 = 4_000_000_000;

    /// Any memory of the daemon, with texts from `name`.
    pub(in crate::state) fn watches<S: Strategy<Value = String> + 'static>(
        name: fn() -> S,
    ) -> impl Strategy<Value = DaemonMemory> {
        let key = move || {
            (name(), of(name()), name()).prop_map(|(kind, email, code)| DifferenceKey {
                kind,
                email,
                code,
            })
        };
        let details = move || {
            (vec((name(), name(), name()), 0..2), name(), name(), any::<bool>()).prop_map(
                |(changes, message, reason, destructive)| Details {
                    changes,
                    message,
                    reason,
                    destructive,
                },
            )
        };
        let notified = (details(), 0..LATEST).prop_map(|(details, at)| Notified { details, at });
        let counts = any::<(u64, u32, u32)>();
        let difference = (0..LATEST, details(), counts, of(notified)).prop_map(
            |(since, details, (runs, equal_runs, clean_runs), notified)| Difference {
                since,
                runs,
                details,
                equal_runs,
                clean_runs,
                notified,
            },
        );
        let items = vec((key(), details()), 0..3);
        let event = proptest::sample::select(&Event::ALL[..]);
        let fixed = (any::<bool>(), any::<u64>(), any::<u64>(), 0..LATEST);
        let notification = (name(), event, fixed, items, name(), btree_set(name(), 0..3)).prop_map(
            |(id, event, (reminder, total, destructive, at), items, error, targets)| Notification {
                id,
                event,
                at,
                reminder,
                items,
                total,
                destructive,
                error,
                targets,
            },
        );
        let unknown = (any::<u32>(), of(0..LATEST))
            .prop_map(|(runs, notified_at)| UnknownRuns { runs, notified_at });
        let heals = (vec(0..LATEST, 0..4), of(0..LATEST))
            .prop_map(|(at, suspended_until)| Heals { at, suspended_until });
        (
            btree_map(key(), difference, 0..3),
            unknown,
            btree_map(key(), heals, 0..3),
            vec(notification, 0..3),
        )
            .prop_map(|(differences, unknown, heals, outbox)| DaemonMemory {
                differences,
                unknown,
                heals,
                outbox,
            })
    }
}
