//! The lifecycle of a difference: a pure function of the memory, the result of a run, and the time.
//!
//! A difference opens after it was found in a number of runs in a row, whatever its values, and closes after it was
//! not found in a number of runs in a row. New values are reported once they have been stable for as many runs as
//! opening takes, so flapping is not reported.

mod heals;
mod observe;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    DaemonMemory, Details, Difference, DifferenceKey, Event, Half, Notified, UnknownRuns,
};

pub use heals::{MAX_HEALS, WINDOW, allow, record};
pub use observe::{half, key, observe};

/// The interval in seconds at which an open difference is reported again.
pub const REPEAT_AFTER: u64 = 24 * 60 * 60;
/// The number of failed runs in a row after which the state is reported as unknown.
pub const UNKNOWN_AFTER: u32 = 3;

/// The numbers of runs that open and close a difference. Both are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// The number of runs in a row that open a difference, or confirm other values.
    pub open_after: u32,
    /// The number of runs in a row without the difference that close it.
    pub close_after: u32,
}

/// The kind and email of an account or user; with a code only that difference, without one all of them.
pub type Undetermined = (String, Option<String>, Option<String>);

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunResult {
    /// At least one half of the organization was read completely.
    Read {
        /// Everything that differs.
        differences: BTreeMap<DifferenceKey, Details>,
        /// Differences that this run cannot confirm or rule out. They stay as they are.
        undetermined: BTreeSet<Undetermined>,
        /// The half that could not be read completely, with the reason. Nothing in it opens or closes.
        incomplete: Option<(Half, String)>,
    },
    /// The organization could not be read, with the reason. Nothing opens or closes.
    Unknown(String),
}

/// An event to report about one difference, or about the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The event.
    pub event: Event,
    /// True if this repeats an earlier report.
    pub reminder: bool,
    /// The difference. `None` for the organization itself.
    pub about: Option<(DifferenceKey, Details)>,
    /// The reason of an unknown state. Empty otherwise.
    pub error: String,
}

/// Returns the memory after a run, and the events to report. `now` is in seconds since 1970. The outbox is left alone.
#[must_use]
pub fn advance(
    memory: DaemonMemory,
    result: &RunResult,
    now: u64,
    thresholds: Thresholds,
) -> (DaemonMemory, Vec<Transition>) {
    let DaemonMemory { differences, unknown, heals, outbox } = memory;
    match result {
        RunResult::Read { differences: found, undetermined, incomplete } => {
            let incomplete_half = incomplete.as_ref().map(|(half, _)| *half);
            let is_undetermined = |key: &DifferenceKey| {
                Some(half(key)) == incomplete_half || is_undetermined(key, undetermined)
            };
            let (differences, mut transitions) =
                read(differences, found, is_undetermined, now, thresholds);
            let (unknown, transition) = match incomplete {
                Some((_, reason)) => failed(unknown, reason, now),
                None => (UnknownRuns::default(), readable(unknown)),
            };
            transitions.extend(transition);
            (DaemonMemory { differences, unknown, heals, outbox }, transitions)
        }
        RunResult::Unknown(error) => {
            let (unknown, transition) = failed(unknown, error, now);
            (DaemonMemory { differences, unknown, heals, outbox }, transition.into_iter().collect())
        }
    }
}

/// Returns the event of an organization that was reported as unknown and can be read again.
fn readable(before: UnknownRuns) -> Option<Transition> {
    before.notified_at?;
    let details = Details { message: "it can be read again".to_owned(), ..Details::default() };
    Some(Transition::of(Event::Closed, &DifferenceKey::unreadable(), &details))
}

fn failed(unknown: UnknownRuns, error: &str, now: u64) -> (UnknownRuns, Option<Transition>) {
    let UnknownRuns { runs, notified_at } = unknown;
    let runs = runs.saturating_add(1);
    let due = match notified_at {
        None => runs >= UNKNOWN_AFTER,
        Some(at) => is_due(at, now),
    };
    let transition = Transition {
        event: Event::Unknown,
        reminder: notified_at.is_some(),
        about: None,
        error: error.to_owned(),
    };
    let notified_at = if due { Some(now) } else { notified_at };
    (UnknownRuns { runs, notified_at }, due.then_some(transition))
}

fn read(
    before: BTreeMap<DifferenceKey, Difference>,
    found: &BTreeMap<DifferenceKey, Details>,
    is_undetermined: impl Fn(&DifferenceKey) -> bool,
    now: u64,
    thresholds: Thresholds,
) -> (BTreeMap<DifferenceKey, Difference>, Vec<Transition>) {
    let mut next = BTreeMap::new();
    let mut transitions = Vec::new();
    for (key, difference) in before {
        if found.contains_key(&key) || is_undetermined(&key) {
            next.insert(key, difference);
            continue;
        }
        // A difference that never opened is dropped without a notification.
        let Some(notified) = &difference.notified else { continue };
        let clean_runs = difference.clean_runs.saturating_add(1);
        if clean_runs >= thresholds.close_after {
            transitions.push(Transition::of(Event::Closed, &key, &notified.details));
        } else {
            next.insert(key, Difference { clean_runs, equal_runs: 0, ..difference });
        }
    }
    for (key, details) in found {
        let difference = observed(next.remove(key), details, now);
        let (difference, event) = notify(difference, now, thresholds.open_after);
        transitions.extend(event.map(|(event, reminder)| Transition {
            reminder,
            ..Transition::of(event, key, details)
        }));
        next.insert(key.clone(), difference);
    }
    transitions.sort_by(|a, b| (a.event, &a.about).cmp(&(b.event, &b.about)));
    (next, transitions)
}

fn is_undetermined(key: &DifferenceKey, undetermined: &BTreeSet<Undetermined>) -> bool {
    let DifferenceKey { kind, email, code } = key.clone();
    undetermined.contains(&(kind.clone(), email.clone(), None))
        || undetermined.contains(&(kind, email, Some(code)))
}

/// Returns a difference after one more run that found it.
fn observed(before: Option<Difference>, details: &Details, now: u64) -> Difference {
    let details = details.clone();
    let Some(before) = before else {
        let (runs, equal_runs, clean_runs) = (1, 1, 0);
        return Difference { since: now, runs, details, equal_runs, clean_runs, notified: None };
    };
    let equal = before.details == details;
    Difference {
        since: before.since,
        runs: before.runs.saturating_add(1),
        equal_runs: if equal { before.equal_runs.saturating_add(1) } else { 1 },
        details,
        clean_runs: 0,
        notified: before.notified,
    }
}

/// Decides the event of a difference that was just found, and whether it is a reminder.
fn notify(
    difference: Difference,
    now: u64,
    open_after: u32,
) -> (Difference, Option<(Event, bool)>) {
    let event = match &difference.notified {
        // A difference that is not open is dropped when a run misses it, so its runs are in a row.
        None if difference.runs >= u64::from(open_after) => (Event::Opened, false),
        Some(notified)
            if notified.details != difference.details && difference.equal_runs >= open_after =>
        {
            (Event::Changed, false)
        }
        Some(notified) if is_due(notified.at, now) => (Event::Opened, true),
        None | Some(_) => return (difference, None),
    };
    let notified = Some(Notified { details: difference.details.clone(), at: now });
    (Difference { notified, ..difference }, Some(event))
}

/// Returns true if a reminder is due. A clock that was set back never makes one due.
fn is_due(at: u64, now: u64) -> bool {
    now.saturating_sub(at) >= REPEAT_AFTER
}

impl Transition {
    /// An event of one difference.
    #[must_use]
    pub fn of(event: Event, key: &DifferenceKey, details: &Details) -> Self {
        let about = Some((key.clone(), details.clone()));
        Self { event, reminder: false, about, error: String::new() }
    }
}

#[cfg(test)]
mod tests;
