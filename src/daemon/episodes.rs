//! When a difference is announced and when it is over: a function of what is remembered, what was seen and now.
//!
//! An item is announced once it was seen so many times in a row, each time with the same difference, and is
//! over once it was not seen so many times in a row. What comes and goes in between is not worth a
//! message. No clock, no IO.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Difference, Episode, Event, Item, Told, Unknown, Watch};

/// After so many seconds what still differs is told again.
pub const REPEAT_AFTER: u64 = 24 * 60 * 60;
/// After so many runs in a row that could not tell, that is told.
pub const UNKNOWN_AFTER: u32 = 3;

/// How many sightings it takes. Both are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// So many equal sightings in a row open an episode, or change what was told of it.
    pub open_after: u32,
    /// So many runs in a row without a sighting close it.
    pub close_after: u32,
}

/// What a run has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// Everything could be read.
    Clear {
        /// What differs.
        items: BTreeMap<Item, Difference>,
        /// The kinds and emails of which nobody could say: what is known of them stays as it is.
        unsure: BTreeSet<(String, Option<String>)>,
    },
    /// Nobody can say. Nothing opens and nothing closes. Why.
    Unknown(String),
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// What has happened.
    pub event: Event,
    /// Whether it was told before, and still is so.
    pub reminder: bool,
    /// To what. `None`: to the organization, of which nobody can say how it is.
    pub about: Option<(Item, Difference)>,
    /// Why nobody can say it.
    pub reason: String,
}

/// What is remembered after a run, and what is to be told. `now`: seconds since 1970. The outbox stays as it is.
#[must_use]
pub fn step(watch: Watch, sighting: &Sighting, now: u64, rules: Rules) -> (Watch, Vec<News>) {
    let Watch { episodes, unknown, outbox } = watch;
    match sighting {
        Sighting::Clear { items, unsure } => {
            let (episodes, mut news) = clear(episodes, items, unsure, now, rules);
            if unknown.told.is_some() {
                let message = "it can be read again".to_owned();
                let difference = Difference { message, ..Difference::default() };
                // Before all that can be seen again.
                news.insert(0, News::of(Event::Closed, &Item::unreadable(), &difference));
            }
            (Watch { episodes, unknown: Unknown::default(), outbox }, news)
        }
        Sighting::Unknown(why) => {
            let (unknown, news) = unclear(unknown, why, now);
            (Watch { episodes, unknown, outbox }, news.into_iter().collect())
        }
    }
}

fn unclear(unknown: Unknown, why: &str, now: u64) -> (Unknown, Option<News>) {
    let Unknown { runs, told } = unknown;
    let runs = runs.saturating_add(1);
    let due = match told {
        None => runs >= UNKNOWN_AFTER,
        Some(at) => is_due(at, now),
    };
    let news = News {
        event: Event::Unknown,
        reminder: told.is_some(),
        about: None,
        reason: why.to_owned(),
    };
    (Unknown { runs, told: if due { Some(now) } else { told } }, due.then_some(news))
}

fn clear(
    episodes: BTreeMap<Item, Episode>,
    items: &BTreeMap<Item, Difference>,
    unsure: &BTreeSet<(String, Option<String>)>,
    now: u64,
    rules: Rules,
) -> (BTreeMap<Item, Episode>, Vec<News>) {
    let mut next = BTreeMap::new();
    let mut news = Vec::new();
    for (item, episode) in episodes {
        if items.contains_key(&item) || unsure.contains(&(item.kind.clone(), item.email.clone())) {
            next.insert(item, episode);
            continue;
        }
        // What was never announced has nothing to be over.
        let Some(told) = &episode.told else { continue };
        let clean = episode.clean.saturating_add(1);
        if clean >= rules.close_after {
            news.push(News::of(Event::Closed, &item, &told.difference));
        } else {
            next.insert(item, Episode { clean, equal: 0, ..episode });
        }
    }
    for (item, difference) in items {
        let episode = seen(next.remove(item), difference, now);
        let (episode, said) = announce(episode, now, rules);
        news.extend(
            said.map(|(event, reminder)| News { reminder, ..News::of(event, item, difference) }),
        );
        next.insert(item.clone(), episode);
    }
    news.sort_by(|a, b| (a.event, &a.about).cmp(&(b.event, &b.about)));
    (next, news)
}

/// An episode after one more sighting.
fn seen(before: Option<Episode>, difference: &Difference, now: u64) -> Episode {
    let Some(Episode { since, sightings, seen, equal, clean: _, told }) = before else {
        let seen = difference.clone();
        return Episode { since: now, sightings: 1, seen, equal: 1, clean: 0, told: None };
    };
    let equal = if seen == *difference { equal.saturating_add(1) } else { 1 };
    let sightings = sightings.saturating_add(1);
    Episode { since, sightings, seen: difference.clone(), equal, clean: 0, told }
}

/// What is to be told of an episode that was just seen, and whether it is a reminder.
fn announce(episode: Episode, now: u64, rules: Rules) -> (Episode, Option<(Event, bool)>) {
    let sure = episode.equal >= rules.open_after;
    let said = match &episode.told {
        None if sure => (Event::Opened, false),
        Some(told) if sure && told.difference != episode.seen => (Event::Changed, false),
        Some(told) if told.difference == episode.seen && is_due(told.at, now) => {
            (Event::Opened, true)
        }
        None | Some(_) => return (episode, None),
    };
    let told = Some(Told { difference: episode.seen.clone(), at: now });
    (Episode { told, ..episode }, Some(said))
}

/// Whether what was told at `at` is to be told again. A clock that was set back says no.
fn is_due(at: u64, now: u64) -> bool {
    now.saturating_sub(at) >= REPEAT_AFTER
}

impl News {
    fn of(event: Event, item: &Item, difference: &Difference) -> Self {
        let about = Some((item.clone(), difference.clone()));
        Self { event, reminder: false, about, reason: String::new() }
    }
}

#[cfg(test)]
mod tests;
