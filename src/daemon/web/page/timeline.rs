//! Recent runs as a row of bars. Height and outline show the state; colour only helps.

use jiff::Timestamp;

use super::{Moment, StateView};
use crate::daemon::status::{OrganizationState, Run};
use crate::daemon::words::count;

/// The number of runs, which fits on a phone.
const RUNS: usize = 60;
const STEP: usize = 6;

/// The view of recent runs.
pub(super) struct Timeline {
    pub width: usize,
    pub bars: Vec<Bar>,
    /// The content of the bars as text.
    pub words: String,
    /// The start of the first run.
    pub from: Moment,
    /// The start of the last run.
    pub to: Moment,
}

/// One run.
pub(super) struct Bar {
    pub x: usize,
    pub y: &'static str,
    pub height: &'static str,
    pub class: &'static str,
    /// The tooltip.
    pub title: String,
}

impl Timeline {
    /// Returns `None` if there was no run.
    pub(super) fn new(runs: &[Run], now: Timestamp) -> Option<Self> {
        let runs = &runs[runs.len().saturating_sub(RUNS)..];
        let (first, last) = (runs.first()?, runs.last()?);
        Some(Self {
            width: runs.len() * STEP,
            bars: runs.iter().enumerate().map(|(place, run)| Bar::new(place, run, now)).collect(),
            words: words(runs),
            from: Moment::new(first.at, now),
            to: Moment::new(last.at, now),
        })
    }
}

impl Bar {
    fn new(place: usize, run: &Run, now: Timestamp) -> Self {
        let Run { at, milliseconds, state, differences } = run;
        let (y, height) = match state {
            OrganizationState::InSync => ("16", "8"),
            OrganizationState::Drifted => ("2", "22"),
            OrganizationState::Unknown => ("9", "15"),
        };
        let StateView { class, sign: _, word } = (*state).into();
        let number = if *differences == 0 { String::new() } else { format!(" ({differences})") };
        let when = Moment::new(*at, now).absolute;
        let (seconds, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100);
        let title = format!("{when}: {word}{number}, took {seconds}.{tenths} s");
        Self { x: place * STEP, y, height, class, title }
    }
}

/// `48 runs: 40 in sync, 6 drifted, 2 unknown`.
fn words(runs: &[Run]) -> String {
    let found = [OrganizationState::InSync, OrganizationState::Drifted, OrganizationState::Unknown]
        .map(|state| {
            let number = runs.iter().filter(|run| run.state == state).count();
            (number, StateView::from(state).word.to_lowercase())
        });
    let found: Vec<_> = found
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    format!("{}: {}", count(runs.len() as u64, "run"), found.join(", "))
}
