//! The part of a state file's text that is about watching: what differs, and what is still to be told.

use serde::{Deserialize, Serialize};

use super::document::{seconds, time};
use super::error::plain;
use crate::model::{Difference, Episode, Event, Item, Message, Told, Unknown, Watch};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchEntry {
    episodes: Vec<EpisodeEntry>,
    unknown_runs: u32,
    unknown_told_at: Option<String>,
    outbox: Vec<MessageEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EpisodeEntry {
    item: ItemEntry,
    since: String,
    sightings: u64,
    equal: u32,
    clean: u32,
    seen: DifferenceEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    told_at: Option<String>,
    /// Not there when it is what was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<DifferenceEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemEntry {
    kind: String,
    email: Option<String>,
    what: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DifferenceEntry {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<(String, String, String)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    message: String,
    #[serde(default)]
    destructive: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MessageEntry {
    id: String,
    event: String,
    at: String,
    reminder: bool,
    items: Vec<(ItemEntry, DifferenceEntry)>,
    total: u64,
    reason: String,
    targets: Vec<String>,
}

/// What is written of it. `None`: there is nothing to remember.
pub(super) fn entry(watch: &Watch) -> Option<WatchEntry> {
    if *watch == Watch::default() {
        return None;
    }
    let Watch { episodes, unknown, outbox } = watch;
    let Unknown { runs, told } = unknown;
    Some(WatchEntry {
        episodes: episodes.iter().map(|(item, episode)| episode_entry(item, episode)).collect(),
        unknown_runs: *runs,
        unknown_told_at: told.map(text),
        outbox: outbox.iter().map(message_entry).collect(),
    })
}

/// What was written of it.
pub(super) fn watch(entry: WatchEntry) -> Result<Watch, String> {
    let WatchEntry { episodes, unknown_runs, unknown_told_at, outbox } = entry;
    let told = unknown_told_at.as_deref().map(seconds).transpose()?;
    let mut watch = Watch { unknown: Unknown { runs: unknown_runs, told }, ..Watch::default() };
    for entry in episodes {
        let (item, episode) = episode(entry)?;
        let twice = format!("the episode of {} is there twice", plain(&item.what));
        if watch.episodes.insert(item, episode).is_some() {
            return Err(twice);
        }
    }
    watch.outbox = outbox.into_iter().map(message).collect::<Result<_, _>>()?;
    Ok(watch)
}

fn episode_entry(item: &Item, episode: &Episode) -> EpisodeEntry {
    let Episode { since, sightings, seen, equal, clean, told } = episode;
    let differs = told.as_ref().filter(|told| told.difference != *seen);
    EpisodeEntry {
        item: item_entry(item),
        since: text(*since),
        sightings: *sightings,
        equal: *equal,
        clean: *clean,
        seen: difference_entry(seen),
        told_at: told.as_ref().map(|told| text(told.at)),
        told: differs.map(|told| difference_entry(&told.difference)),
    }
}

fn episode(entry: EpisodeEntry) -> Result<(Item, Episode), String> {
    let EpisodeEntry { item: named, since, sightings, equal, clean, seen, told_at, told } = entry;
    let seen = difference(seen);
    let told = match told_at {
        Some(at) => Some(Told {
            difference: told.map_or_else(|| seen.clone(), difference),
            at: seconds(&at)?,
        }),
        // Taken for untold, it would be told a second time.
        None if told.is_some() => {
            return Err(format!("of {} was told, and not when", plain(&named.what)));
        }
        None => None,
    };
    let since = seconds(&since)?;
    Ok((item(named), Episode { since, sightings, seen, equal, clean, told }))
}

fn message_entry(message: &Message) -> MessageEntry {
    let Message { id, event, at, reminder, items, total, reason, targets } = message;
    let both =
        |(item, difference): &(Item, Difference)| (item_entry(item), difference_entry(difference));
    MessageEntry {
        id: id.clone(),
        event: event.name().to_owned(),
        at: text(*at),
        reminder: *reminder,
        items: items.iter().map(both).collect(),
        total: *total,
        reason: reason.clone(),
        targets: targets.iter().cloned().collect(),
    }
}

fn message(entry: MessageEntry) -> Result<Message, String> {
    let MessageEntry { id, event, at, reminder, items, total, reason, targets } = entry;
    let found = Event::ALL.into_iter().find(|known| known.name() == event);
    Ok(Message {
        id,
        event: found.ok_or_else(|| format!("{:?} is no event", plain(&event)))?,
        at: seconds(&at)?,
        reminder,
        items: items.into_iter().map(|(of, what)| (item(of), difference(what))).collect(),
        total,
        reason,
        targets: targets.into_iter().collect(),
    })
}

fn item_entry(item: &Item) -> ItemEntry {
    let Item { kind, email, what } = item.clone();
    ItemEntry { kind, email, what }
}

fn item(entry: ItemEntry) -> Item {
    let ItemEntry { kind, email, what } = entry;
    Item { kind, email, what }
}

fn difference_entry(difference: &Difference) -> DifferenceEntry {
    let Difference { changes, message, destructive } = difference.clone();
    DifferenceEntry { changes, message, destructive }
}

fn difference(entry: DifferenceEntry) -> Difference {
    let DifferenceEntry { changes, message, destructive } = entry;
    Difference { changes, message, destructive }
}

/// A time of RFC 3339; one that no calendar has is the beginning of it.
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

    /// Anything that may have to be remembered, in texts of this kind.
    pub(in crate::state) fn watches<S: Strategy<Value = String> + 'static>(
        name: fn() -> S,
    ) -> impl Strategy<Value = Watch> {
        let item = move || {
            (name(), of(name()), name()).prop_map(|(kind, email, what)| Item { kind, email, what })
        };
        let difference = move || {
            (vec((name(), name(), name()), 0..2), name(), any::<bool>()).prop_map(
                |(changes, message, destructive)| Difference { changes, message, destructive },
            )
        };
        let told = (difference(), 0..LATEST).prop_map(|(difference, at)| Told { difference, at });
        let episode = (0..LATEST, any::<u64>(), difference(), any::<(u32, u32)>(), of(told))
            .prop_map(|(since, sightings, seen, (equal, clean), told)| Episode {
                since,
                sightings,
                seen,
                equal,
                clean,
                told,
            });
        let items = vec((item(), difference()), 0..3);
        let event = proptest::sample::select(&Event::ALL[..]);
        let fixed = (any::<bool>(), any::<u64>(), 0..LATEST);
        let message = (name(), event, fixed, items, name(), btree_set(name(), 0..3)).prop_map(
            |(id, event, (reminder, total, at), items, reason, targets)| Message {
                id,
                event,
                at,
                reminder,
                items,
                total,
                reason,
                targets,
            },
        );
        let unknown = (any::<u32>(), of(0..LATEST)).prop_map(|(runs, told)| Unknown { runs, told });
        (btree_map(item(), episode, 0..3), unknown, vec(message, 0..3))
            .prop_map(|(episodes, unknown, outbox)| Watch { episodes, unknown, outbox })
    }
}
