//! The view of one organization.

use jiff::Timestamp;

use super::moment::span;
use super::row::{RowView, rows};
use super::timeline::Timeline;
use super::{Moment, StateView, shown, shown_lines};
use crate::daemon::status::{Organization, OrganizationState, Run, RunCounts};
use crate::daemon::words::count;

/// The number of rows that are not folded.
const UNFOLDED: usize = 25;

pub(super) struct OrganizationView {
    /// The position on the page, for links.
    pub place: usize,
    pub name: String,
    pub state: StateView,
    /// The state and its duration; `since` follows.
    pub sentence: String,
    pub since: Option<Moment>,
    /// A remark about the open differences.
    pub note: Option<&'static str>,
    /// A remark while the backend of the leadership lease cannot be reached.
    pub cut_off: Option<String>,
    /// True if nothing is known: no difference then does not mean in sync.
    pub unknown: bool,
    pub error: Option<String>,
    pub last_success: Option<Moment>,
    pub next_run: Option<Moment>,
    /// `Next run in 4 min`, or when it was due.
    pub next_run_text: String,
    pub timeline: Option<Timeline>,
    /// The number of open differences.
    pub open: usize,
    /// `3 open differences; resolving 1 of them is destructive`.
    pub heading: String,
    pub destructive: usize,
    pub unfolded: Vec<RowView>,
    pub folded: Vec<RowView>,
    /// Undelivered or dropped notifications, if there are any.
    pub notifications: Option<String>,
}

impl OrganizationView {
    pub(super) fn new(place: usize, whole: &Organization, now: Timestamp) -> Self {
        let Organization {
            organization,
            leader,
            cut_off,
            state,
            error,
            last_success,
            next_run,
            runs,
            differences,
            unsaved: _,
            counts,
        } = whole;
        let destructive = differences.iter().filter(|one| one.details.destructive).count();
        let mut unfolded = rows(differences, now);
        let folded = unfolded.split_off(UNFOLDED.min(unfolded.len()));
        let (sentence, since) = match leader {
            Some(leader) => (format!("On standby; the leader is {}", shown(leader)), None),
            None => sentence(*state, runs, now),
        };
        Self {
            place,
            name: shown(organization),
            state: StateView::of(whole),
            sentence,
            since: since.map(|since| Moment::new(since, now)),
            note: leader.is_none().then(|| note(*state, differences.is_empty())).flatten(),
            cut_off: cut_off.map(|cut_off| cut_off_text(leader.is_some(), cut_off.since, now)),
            unknown: *state == OrganizationState::Unknown,
            error: error.as_deref().map(shown_lines),
            last_success: last_success.map(|time| Moment::new(time, now)),
            next_run: next_run.map(|time| Moment::new(time, now)),
            next_run_text: next_run.map(|time| next_run_text(time, now)).unwrap_or_default(),
            timeline: Timeline::new(runs, now),
            open: differences.len(),
            heading: heading(differences.len(), destructive),
            destructive,
            unfolded,
            folded,
            notifications: notifications(counts),
        }
    }
}

fn cut_off_text(standby: bool, since: Timestamp, now: Timestamp) -> String {
    let relative = Moment::new(since, now).relative;
    let consequence = if standby {
        "This daemon stays on standby."
    } else {
        "This daemon goes on checking and notifying, and heals nothing."
    };
    format!("The leadership lease cannot be reached since {relative}. {consequence}")
}

fn next_run_text(time: Timestamp, now: Timestamp) -> String {
    let relative = Moment::new(time, now).relative;
    if time < now { format!("Next run was due {relative}") } else { format!("Next run {relative}") }
}

fn heading(open: usize, destructive: usize) -> String {
    let open = count(open as u64, "open difference");
    match destructive {
        0 => open,
        _ => format!("{open}; resolving {destructive} of them is destructive"),
    }
}

/// The state and its duration, as far back as the runs are known.
fn sentence(state: OrganizationState, runs: &[Run], now: Timestamp) -> (String, Option<Timestamp>) {
    let same = runs.iter().rev().take_while(|run| run.state == state).count();
    let Some(since) = runs.get(runs.len() - same).map(|run| run.at) else {
        return ("No run has finished yet".to_owned(), None);
    };
    let least = if same == runs.len() { "at least " } else { "" };
    let word = StateView::from(state).word;
    (format!("{word} for {least}{}", span(now.duration_since(since))), Some(since))
}

fn note(state: OrganizationState, none_open: bool) -> Option<&'static str> {
    match (state, none_open) {
        (OrganizationState::InSync, true) => Some("No open differences."),
        (OrganizationState::Unknown, true) => {
            Some("It is not known whether anything differs: Telnyx could not be read completely.")
        }
        (OrganizationState::InSync, false) => {
            Some("The last run found none of these. More such runs will close them.")
        }
        (OrganizationState::Drifted, true) => {
            Some("Not open yet: differences open after several runs in a row.")
        }
        (OrganizationState::Drifted, false) => None,
        (OrganizationState::Unknown, false) => {
            Some("As of the last successful run. It is not known whether they still exist.")
        }
    }
}

fn notifications(counts: &RunCounts) -> Option<String> {
    let RunCounts { waiting, dropped, delivery_failures, .. } = *counts;
    let failures = count(delivery_failures, "failed attempt");
    let waits = (waiting > 0).then(|| {
        format!("{} not delivered yet ({failures} since the start)", count(waiting, "notification"))
    });
    let drops = (dropped > 0).then(|| format!("{} dropped", count(dropped, "notification")));
    let both: Vec<_> = waits.into_iter().chain(drops).collect();
    (!both.is_empty()).then(|| both.join("; "))
}
