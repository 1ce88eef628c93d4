//! The page for people: one look says what is so. No script, no request to anywhere but its own stylesheet.
//!
//! Every text that came from outside goes through [`shown`] on its way into these views, and through the
//! escaping of HTML in the template; none is written into a name of a class, an id or an address.

mod episode;
mod moment;
mod organization;
mod timeline;

use askama::Template;
use jiff::Timestamp;

use super::health;
use crate::daemon::status::{Organization, State, Status};
use crate::report::escape_line;
use moment::{Moment, span};
use organization::OrganizationView;

/// The stylesheet.
pub(super) const STYLE: &str = include_str!("style.css");
/// How much of a line is shown, in characters: what comes from outside has any length.
const SHOWN: usize = 400;
/// How many lines of a text are shown.
const LINES: usize = 30;

#[derive(Template)]
#[template(path = "page.html", config = "src/daemon/web/askama.toml")]
struct Page {
    /// Of the tab: how it stands comes first.
    title: String,
    /// How all of it stands, in a sentence.
    verdict: String,
    /// The worst of the states.
    worst: StateView,
    notices: Vec<Notice>,
    organizations: Vec<OrganizationView>,
    version: &'static str,
    now: Moment,
    started: Moment,
    loaded: Moment,
    /// Whether it reloads itself.
    refreshing: bool,
}

/// Something about the daemon itself that a reader must know.
struct Notice {
    heading: &'static str,
    text: String,
    /// What a program has said about it, line by line.
    said: Option<String>,
}

/// How a state is shown: never by its colour alone.
#[derive(Clone, Copy)]
struct StateView {
    class: &'static str,
    sign: &'static str,
    word: &'static str,
}

impl StateView {
    /// While another daemon watches.
    const STANDS_BY: Self = Self { class: "stands-by", sign: "·", word: "Stands by" };

    fn of(organization: &Organization) -> Self {
        match organization.watched_by {
            Some(_) => Self::STANDS_BY,
            None => organization.state.into(),
        }
    }
}

impl From<State> for StateView {
    fn from(state: State) -> Self {
        let (class, sign, word) = match state {
            State::InSync => ("in-sync", "=", "In sync"),
            State::Drifted => ("drifted", "≠", "Drifted"),
            State::Unknown => ("unknown", "?", "Unknown"),
        };
        Self { class, sign, word }
    }
}

/// The page, as HTML.
///
/// # Errors
/// None that is known: writing to memory doesn't fail.
pub(super) fn page(
    status: &Status,
    now: Timestamp,
    refreshing: bool,
) -> Result<String, askama::Error> {
    let Status { started, turned: _, loaded, refused: _, draining: _, organizations } = status;
    let (verdict, worst) = verdict(status);
    let page = Page {
        title: format!("{} {verdict} · Trunkline", worst.sign),
        verdict,
        worst,
        notices: notices(status, now),
        organizations: organizations
            .iter()
            .enumerate()
            .map(|(place, organization)| OrganizationView::new(place + 1, organization, now))
            .collect(),
        version: env!("CARGO_PKG_VERSION"),
        now: Moment::new(now, now),
        started: Moment::new(*started, now),
        loaded: Moment::new(*loaded, now),
        refreshing,
    };
    page.render()
}

/// How all that is watched here stands, in a sentence, and the worst of the states: drift is known, so it comes first.
fn verdict(status: &Status) -> (String, StateView) {
    let watched = || status.organizations.iter().filter(|each| each.watched_by.is_none());
    let of = |state| watched().filter(|each| each.state == state).count();
    let (drifted, unknown, all) = (of(State::Drifted), of(State::Unknown), watched().count());
    match (drifted, unknown, all) {
        (_, _, 0) if status.organizations.is_empty() => {
            ("No organization is configured".to_owned(), State::Unknown.into())
        }
        (_, _, 0) => ("Standing by".to_owned(), StateView::STANDS_BY),
        (0, 0, _) => ("Everything is in sync".to_owned(), State::InSync.into()),
        (0, _, 1) => ("Unknown".to_owned(), State::Unknown.into()),
        (0, _, _) => (format!("{unknown} of {all} unknown"), State::Unknown.into()),
        (_, _, 1) => ("Drifted".to_owned(), State::Drifted.into()),
        (_, 0, _) => (format!("{drifted} of {all} drifted"), State::Drifted.into()),
        (_, _, _) => {
            (format!("{drifted} of {all} drifted, {unknown} unknown"), State::Drifted.into())
        }
    }
}

fn notices(status: &Status, now: Timestamp) -> Vec<Notice> {
    let refused = status.refused.as_ref().map(|why| Notice {
        heading: "A newer configuration was refused",
        text: "What was read before stays in use.".to_owned(),
        said: Some(shown_lines(why)),
    });
    let stuck = health::stuck(status, now).map(|still| Notice {
        heading: "The loop is stuck",
        text: format!("It has not turned for {}. What is below may be old.", span(still)),
        said: None,
    });
    let draining = status.draining.then(|| Notice {
        heading: "Draining",
        text: "The daemon has been told to end. What runs is finished, nothing new begins."
            .to_owned(),
        said: None,
    });
    [stuck, refused, draining].into_iter().flatten().collect()
}

/// A text of several lines, each as [`shown`].
fn shown_lines(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().take(LINES).map(shown).collect();
    match text.lines().count().saturating_sub(LINES) {
        0 => {}
        rest => lines.push(format!("… ({rest} more lines)")),
    }
    lines.join("\n")
}

/// A text from outside as it is shown: harmless, and not without end.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => escape_line(text),
        Some((end, _)) => {
            let rest = text[end..].chars().count();
            format!("{}… ({rest} more characters)", escape_line(&text[..end]))
        }
    }
}

/// A number of things: `1 run`, `2 runs`.
fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
