//! One organization, ready to be shown.

use jiff::Timestamp;

use super::episode::EpisodeView;
use super::timeline::Timeline;
use super::{Moment, StateView, count, shown};
use crate::daemon::status::{Counts, Episode, Organization, Run, State};

/// How many episodes are open to the eye; the others unfold.
const UNFOLDED: usize = 25;

pub(super) struct OrganizationView {
    /// Its place on the page, which links point to.
    pub place: usize,
    pub name: String,
    pub state: StateView,
    /// What its state means, in a sentence that `since` ends.
    pub sentence: String,
    pub since: Option<Moment>,
    pub error: Option<String>,
    pub last_success: Option<Moment>,
    pub next_run: Option<Moment>,
    pub timeline: Option<Timeline>,
    /// How many episodes are open.
    pub open: usize,
    /// How many of them take something away.
    pub losses: usize,
    pub unfolded: Vec<EpisodeView>,
    pub folded: Vec<EpisodeView>,
    /// What to know about the notifications, if anything.
    pub notifications: Option<String>,
}

impl OrganizationView {
    pub(super) fn new(place: usize, organization: &Organization, now: Timestamp) -> Self {
        let Organization {
            organization,
            state,
            error,
            last_success,
            next_run,
            runs,
            episodes,
            counts,
        } = organization;
        // Losses first: none may be among the folded while something lesser is unfolded.
        let (losses, others): (Vec<_>, Vec<_>) = episodes.iter().partition(|each| each.loss);
        let mut unfolded: Vec<_> =
            losses.iter().chain(&others).map(|each| EpisodeView::new(each, now)).collect();
        let folded = unfolded.split_off(UNFOLDED.min(unfolded.len()));
        let (sentence, since) = sentence(*state, runs, episodes);
        Self {
            place,
            name: shown(organization),
            state: (*state).into(),
            sentence,
            since: since.map(|since| Moment::new(since, now)),
            error: error.as_deref().map(shown),
            last_success: last_success.map(|time| Moment::new(time, now)),
            next_run: next_run.map(|time| Moment::new(time, now)),
            timeline: Timeline::new(runs, now),
            open: episodes.len(),
            losses: losses.len(),
            unfolded,
            folded,
            notifications: notifications(counts),
        }
    }
}

/// What the state means, and since when it is so, as far back as the runs are known.
fn sentence(state: State, runs: &[Run], episodes: &[Episode]) -> (String, Option<Timestamp>) {
    let same = runs.iter().rev().take_while(|run| run.state == state).count();
    let since = runs.get(runs.len() - same).map(|run| run.at);
    let least = if same == runs.len() { "at least since" } else { "since" };
    let sentence = match state {
        State::Unknown if runs.is_empty() => return ("No run has ended yet".to_owned(), None),
        State::Unknown => format!("Nobody can say {least}"),
        State::InSync if episodes.is_empty() => format!("As the manifest says {least}"),
        State::InSync => {
            "The last run found nothing; what is open closes after some more like it".to_owned()
        }
        State::Drifted => format!("Differs from the manifest {least}"),
    };
    (sentence, since.filter(|_| state != State::InSync || episodes.is_empty()))
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
