//! One organization, ready to be shown.

use jiff::Timestamp;

use super::episode::EpisodeView;
use super::moment::span;
use super::timeline::Timeline;
use super::{Moment, StateView, count, shown, shown_lines};
use crate::daemon::status::{Counts, Episode, Organization, Run, State};

/// How many episodes are open to the eye; the others unfold.
const UNFOLDED: usize = 25;

pub(super) struct OrganizationView {
    /// Its place on the page, which links point to.
    pub place: usize,
    pub name: String,
    pub state: StateView,
    /// Its state and for how long it is so; `since` ends the sentence.
    pub sentence: String,
    pub since: Option<Moment>,
    /// What to know about the open episodes, or that there are none.
    pub note: Option<&'static str>,
    pub error: Option<String>,
    pub last_success: Option<Moment>,
    pub next_run: Option<Moment>,
    pub timeline: Option<Timeline>,
    /// How many episodes are open.
    pub open: usize,
    /// How many of them take something away.
    pub destructive: usize,
    pub unfolded: Vec<EpisodeView>,
    pub folded: Vec<EpisodeView>,
    /// What to know about the notifications, if anything.
    pub notifications: Option<String>,
}

impl OrganizationView {
    pub(super) fn new(place: usize, whole: &Organization, now: Timestamp) -> Self {
        let Organization {
            organization,
            watched_by,
            state,
            error,
            last_success,
            next_run,
            runs,
            episodes,
            unwritten: _,
            counts,
        } = whole;
        // Losses first: none may be among the folded while something lesser is unfolded.
        let (destructive, others): (Vec<_>, Vec<_>) =
            episodes.iter().partition(|each| each.destructive);
        let mut unfolded: Vec<_> =
            destructive.iter().chain(&others).map(|each| EpisodeView::new(each, now)).collect();
        let folded = unfolded.split_off(UNFOLDED.min(unfolded.len()));
        let (sentence, since) = match watched_by {
            Some(other) => (format!("This daemon stands by for {}", shown(other)), None),
            None => sentence(*state, runs, now),
        };
        Self {
            place,
            name: shown(organization),
            state: StateView::of(whole),
            sentence,
            since: since.map(|since| Moment::new(since, now)),
            note: watched_by.is_none().then(|| note(*state, episodes)).flatten(),
            error: error.as_deref().map(shown_lines),
            last_success: last_success.map(|time| Moment::new(time, now)),
            next_run: next_run.map(|time| Moment::new(time, now)),
            timeline: Timeline::new(runs, now),
            open: episodes.len(),
            destructive: destructive.len(),
            unfolded,
            folded,
            notifications: notifications(counts),
        }
    }
}

/// The state, and how long it is so, as far back as the runs are known.
fn sentence(state: State, runs: &[Run], now: Timestamp) -> (String, Option<Timestamp>) {
    let same = runs.iter().rev().take_while(|run| run.state == state).count();
    let Some(since) = runs.get(runs.len() - same).map(|run| run.at) else {
        return ("No run has ended yet".to_owned(), None);
    };
    let least = if same == runs.len() { "at least " } else { "" };
    let word = StateView::from(state).word;
    (format!("{word} for {least}{}", span(now.duration_since(since))), Some(since))
}

fn note(state: State, episodes: &[Episode]) -> Option<&'static str> {
    match (state, episodes.is_empty()) {
        (State::InSync | State::Unknown, true) => Some("No open episodes."),
        (State::InSync, false) => {
            Some("The last run found nothing; some more like it close these.")
        }
        (State::Drifted, true) => {
            Some("No open episodes: what differs has not been seen often enough yet.")
        }
        (State::Drifted, false) => None,
        (State::Unknown, false) => Some("As last seen; nobody can say whether it is still so."),
    }
}

fn notifications(counts: &Counts) -> Option<String> {
    let waiting = usize::try_from(counts.waiting).unwrap_or(usize::MAX);
    (waiting > 0).then(|| {
        format!(
            "{} waiting to be delivered ({} failed since the start)",
            count(waiting, "notification"),
            count(usize::try_from(counts.notify_failures).unwrap_or(usize::MAX), "attempt")
        )
    })
}
