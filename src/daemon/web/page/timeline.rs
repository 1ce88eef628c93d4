//! The last runs as a row of bars: their height and outline say what each has found, colour only helps.

use jiff::Timestamp;

use super::{Moment, StateView, count};
use crate::daemon::status::{Run, State};

/// How many runs are shown: what fits on a phone.
const RUNS: usize = 60;
const STEP: usize = 6;

/// The last runs, ready to be drawn.
pub(super) struct Timeline {
    pub width: usize,
    pub bars: Vec<Bar>,
    /// What the bars say, in words.
    pub words: String,
    /// When the first of them began.
    pub from: Moment,
    /// When the last of them began.
    pub to: Moment,
}

/// One run.
pub(super) struct Bar {
    pub x: usize,
    pub y: &'static str,
    pub height: &'static str,
    pub class: &'static str,
    /// What is said of it when pointed at.
    pub title: String,
}

impl Timeline {
    /// `None`: there was no run.
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
        let Run { at, milliseconds, state, items } = run;
        let (y, height) = match state {
            State::InSync => ("16", "8"),
            State::Drifted => ("2", "22"),
            State::Unknown => ("9", "15"),
        };
        let StateView { class, sign: _, word } = (*state).into();
        let differences = if *items == 0 { String::new() } else { format!(" ({items})") };
        let when = Moment::new(*at, now).absolute;
        let (seconds, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100);
        let title = format!("{when}: {word}{differences}, took {seconds}.{tenths} s");
        Self { x: place * STEP, y, height, class, title }
    }
}

/// `48 runs: 40 in sync, 6 drifted, 2 unknown`.
fn words(runs: &[Run]) -> String {
    let found = [State::InSync, State::Drifted, State::Unknown].map(|state| {
        let number = runs.iter().filter(|run| run.state == state).count();
        (number, StateView::from(state).word.to_lowercase())
    });
    let found: Vec<_> = found
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    format!("{}: {}", count(runs.len(), "run"), found.join(", "))
}
