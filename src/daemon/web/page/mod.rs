//! The status page. It has no script, and requests nothing but its own stylesheet.
//!
//! Every text from outside passes [`shown`] into these views and is HTML-escaped by the template. None becomes a class, an
//! id or an address.

mod moment;
mod organization;
mod row;
mod timeline;

use askama::Template;
use jiff::Timestamp;

use super::health;
use crate::daemon::status::{DaemonStatus, Organization, OrganizationState};
use crate::daemon::words::count;
use crate::report::escape_line;
use moment::{Moment, span};
use organization::OrganizationView;

/// The stylesheet.
pub(super) const STYLE: &str = include_str!("style.css");
/// The number of characters of a line that are shown.
const SHOWN: usize = 400;
/// The number of lines of a text that are shown.
const LINES: usize = 30;

#[derive(Template)]
#[template(path = "page.html", config = "src/daemon/web/askama.toml")]
struct StatusPage {
    /// The title of the tab, with the verdict first.
    title: String,
    /// The state of all organizations in a sentence.
    verdict: String,
    /// The worst state.
    worst: StateView,
    /// The share of this replica, if there are others.
    share: Option<String>,
    notices: Vec<Notice>,
    organizations: Vec<OrganizationView>,
    version: &'static str,
    now: Moment,
    started: Moment,
    loaded: Moment,
    /// True if the page reloads itself.
    refreshing: bool,
}

/// A notice about the daemon itself.
struct Notice {
    heading: &'static str,
    text: String,
    /// Output to quote, line by line.
    output: Option<String>,
}

/// The view of a state: never by colour alone.
#[derive(Clone, Copy)]
struct StateView {
    class: &'static str,
    sign: &'static str,
    word: &'static str,
}

impl StateView {
    /// The view while another daemon is the leader.
    const STANDBY: Self = Self { class: "standby", sign: "·", word: "Standby" };

    fn of(organization: &Organization) -> Self {
        match organization.leader {
            Some(_) => Self::STANDBY,
            None => organization.state.into(),
        }
    }
}

impl From<OrganizationState> for StateView {
    fn from(state: OrganizationState) -> Self {
        let (class, sign, word) = match state {
            OrganizationState::InSync => ("in-sync", "=", "In sync"),
            OrganizationState::Drifted => ("drifted", "≠", "Drifted"),
            OrganizationState::Unknown => ("unknown", "?", "Unknown"),
        };
        Self { class, sign, word }
    }
}

/// Renders the page.
///
/// # Errors
/// If the template fails, which writing to memory never does.
pub(super) fn page(
    status: &DaemonStatus,
    now: Timestamp,
    refreshing: bool,
) -> Result<String, askama::Error> {
    let DaemonStatus {
        started,
        ticked: _,
        loaded,
        rejected: _,
        draining: _,
        replicas: _,
        organizations,
    } = status;
    let (verdict, worst) = verdict(status);
    let page = StatusPage {
        title: format!("{} {verdict} · Trunkline", worst.sign),
        verdict,
        worst,
        share: share(status),
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

/// The verdict on all organizations that this daemon leads, and the worst state. Drift comes before unknown.
fn verdict(status: &DaemonStatus) -> (String, StateView) {
    let led = || status.organizations.iter().filter(|each| each.leader.is_none());
    let of = |state| led().filter(|each| each.state == state).count();
    let (drifted, unknown, all) =
        (of(OrganizationState::Drifted), of(OrganizationState::Unknown), led().count());
    match (drifted, unknown, all) {
        (_, _, 0) if status.organizations.is_empty() => {
            ("No organization is configured".to_owned(), OrganizationState::Unknown.into())
        }
        (_, _, 0) => ("On standby".to_owned(), StateView::STANDBY),
        (0, 0, _) => ("Everything is in sync".to_owned(), OrganizationState::InSync.into()),
        (0, _, 1) => ("Unknown".to_owned(), OrganizationState::Unknown.into()),
        (0, _, _) => (format!("{unknown} of {all} unknown"), OrganizationState::Unknown.into()),
        (_, _, 1) => ("Drifted".to_owned(), OrganizationState::Drifted.into()),
        (_, 0, _) => (format!("{drifted} of {all} drifted"), OrganizationState::Drifted.into()),
        (_, _, _) => (
            format!("{drifted} of {all} drifted, {unknown} unknown"),
            OrganizationState::Drifted.into(),
        ),
    }
}

/// `Leads 10 of 30 organizations; 3 replicas are live`, if there are others.
fn share(status: &DaemonStatus) -> Option<String> {
    let DaemonStatus { replicas, organizations, .. } = status;
    let led = organizations.iter().filter(|organization| organization.leader.is_none()).count();
    let all = count(organizations.len() as u64, "organization");
    (*replicas > 1)
        .then(|| format!("This replica leads {led} of {all}; {replicas} replicas are live."))
}

fn notices(status: &DaemonStatus, now: Timestamp) -> Vec<Notice> {
    let rejected = status.rejected.as_ref().map(|problems| Notice {
        heading: "Configuration rejected",
        text: "The previous configuration stays in use.".to_owned(),
        output: Some(shown_lines(problems)),
    });
    let stuck = health::stuck(status, now).map(|stuck| Notice {
        heading: "The daemon is stuck",
        text: format!("It has done nothing for {}. This page may be outdated.", span(stuck)),
        output: None,
    });
    let draining = status.draining.then(|| Notice {
        heading: "Shutting down",
        text: "Runs in progress will finish. No new ones will start.".to_owned(),
        output: None,
    });
    [stuck, rejected, draining].into_iter().flatten().collect()
}

/// Escapes and shortens a text of several lines.
fn shown_lines(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().take(LINES).map(shown).collect();
    match text.lines().count().saturating_sub(LINES) {
        0 => {}
        rest => lines.push(format!("… ({rest} more lines)")),
    }
    lines.join("\n")
}

/// Escapes and shortens a text from outside.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => escape_line(text),
        Some((end, _)) => {
            let rest = text[end..].chars().count();
            format!("{}… ({rest} more characters)", escape_line(&text[..end]))
        }
    }
}
