//! Statuses made by hand.

use jiff::{SignedDuration, Timestamp};
use trunkline::daemon::status::{Counts, Episode, Organization, Run, State, Status};

/// Why a configuration is not taken, over several lines.
pub(super) const REFUSED: &str = "\
error: unknown key `shedule`, did you mean `schedule`?
 --> daemon.yaml:3:5
  |
3 |     shedule: \"*/10 * * * *\"
  |     ^^^^^^^";

/// What time it is in these tests.
pub(super) fn now() -> Timestamp {
    "2026-03-14T09:26:53Z".parse().unwrap()
}

pub(super) fn minutes_ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

/// Runs every ten minutes, the last of them three minutes ago; a letter each: `s`ync, `d`rifted, `u`nknown.
fn runs(letters: &str) -> Vec<Run> {
    let all = i64::try_from(letters.len()).unwrap();
    letters
        .bytes()
        .zip(0_i64..)
        .map(|(letter, place)| {
            let (state, items) = match letter {
                b's' => (State::InSync, 0),
                b'd' => (State::Drifted, 3),
                _ => (State::Unknown, 0),
            };
            let milliseconds = 900 + 137 * (place.unsigned_abs() % 5);
            Run { at: minutes_ago((all - place) * 10 - 7), milliseconds, state, items }
        })
        .collect()
}

fn counts(runs: &[Run]) -> Counts {
    let of = |state| runs.iter().filter(|run| run.state == state).count() as u64;
    Counts {
        in_sync: of(State::InSync),
        drifted: of(State::Drifted),
        unknown: of(State::Unknown),
        coalesced: 1,
        notified: 2,
        notify_failures: 0,
        waiting: 0,
        healed: 0,
        requests: 7 * runs.len() as u64,
    }
}

pub(super) fn organization(name: &str, letters: &str, episodes: Vec<Episode>) -> Organization {
    let runs = runs(letters);
    let state = runs.last().map_or(State::Unknown, |run| run.state);
    let last_success = runs.iter().rev().find(|run| run.state != State::Unknown).map(|run| run.at);
    Organization {
        organization: name.to_owned(),
        watched_by: None,
        state,
        error: None,
        last_success,
        next_run: Some(now() + SignedDuration::from_mins(7)),
        counts: counts(&runs),
        runs,
        episodes,
        unwritten: false,
    }
}

pub(super) fn status(organizations: Vec<Organization>) -> Status {
    Status {
        started: minutes_ago(3 * 24 * 60 + 200),
        turned: now() - SignedDuration::from_millis(400),
        loaded: minutes_ago(26 * 60),
        refused: None,
        draining: false,
        organizations,
    }
}

fn change(field: &str, have: &str, want: &str) -> (String, String, String) {
    (field.to_owned(), have.to_owned(), want.to_owned())
}

/// An action on an account that would end it.
pub(super) fn action(email: &str, what: &str, field: (&str, &str, &str)) -> Episode {
    Episode {
        kind: "managed_account".to_owned(),
        email: Some(email.to_owned()),
        what: what.to_owned(),
        changes: vec![change(field.0, field.1, field.2)],
        message: String::new(),
        destructive: false,
        since: minutes_ago(215),
        sightings: 22,
    }
}

fn episodes() -> Vec<Episode> {
    let mut limit =
        action("support@bakery.example", "set_channel_limit", ("channel_limit", "40", "25"));
    limit.destructive = true;
    limit.since = minutes_ago(45);
    limit.sightings = 5;
    let mut renamed =
        action("orders@florist.example", "update_account", ("name", "Florist", "Florist & Sons"));
    renamed.changes.push(change("custom_pricing", "false", "true"));
    let owner = Episode {
        kind: "organization_user".to_owned(),
        email: Some("former.colleague@agency.example".to_owned()),
        what: "unlisted_owner".to_owned(),
        changes: Vec::new(),
        message: "an owner who is not in the manifest; owners are never removed, so a person has to decide"
            .to_owned(),
        destructive: false,
        since: minutes_ago(233),
        sightings: 24,
    };
    vec![renamed, owner, limit]
}

/// One drifted, one in sync, one unknown: the picture in the README.
pub(super) fn usual() -> Status {
    let drifted = organization(
        "Harbour Telecom",
        "ssssssssssssssssssssuussssssssssssssdddddddddddddddddddddddd",
        episodes(),
    );
    let steady = organization("Lakeside Voice", &"s".repeat(60), Vec::new());
    let mut silent = organization(
        "Northern Lights",
        "ssssssssssssssssssssssssssssssssssssssssssssssssssssssssuuuu",
        Vec::new(),
    );
    silent.error =
        Some("listing managed accounts: 503 Service Unavailable, after 4 attempts".to_owned());
    status(vec![drifted, steady, silent])
}

/// Just started: no run has ended.
pub(super) fn new() -> Status {
    let mut organization = organization("Harbour Telecom", "", Vec::new());
    organization.next_run = None;
    status(vec![organization])
}

/// The first of them is watched by another daemon.
pub(super) fn replica() -> Status {
    let mut status = usual();
    stand_by(&mut status.organizations[0]);
    status
}

/// Another daemon watches it.
pub(super) fn stand_by(organization: &mut Organization) {
    let other = "process 7 (daemon) on replica-b since 2026-03-01T08:00:00Z";
    organization.watched_by = Some(other.to_owned());
    organization.state = State::Unknown;
    (organization.next_run, organization.episodes) = (None, Vec::new());
}

/// One organization, with so many open episodes; a third of them are losses.
pub(super) fn many(episodes: usize) -> Status {
    let episodes: Vec<_> = (0..episodes)
        .map(|number| {
            let mut episode = action(
                &format!("account-{number:03}@customers.example"),
                "set_channel_limit",
                ("channel_limit", "40", "25"),
            );
            episode.destructive = number % 3 == 2;
            episode
        })
        .collect();
    let letters =
        if episodes.is_empty() { "dddssssss" } else { "sssssssssssssdddddddddddddddddddddd" };
    status(vec![organization("Harbour Telecom", letters, episodes)])
}

/// Names that mean harm, and names that are merely difficult.
pub(super) fn hostile_names() -> Vec<String> {
    let ran = "document.title='ran'";
    let mut names = vec![
        format!("<script>{ran}</script>"),
        format!("</title></style></time></bdi></code></table><script>{ran}</script>"),
        format!("<img src=x onerror=\"{ran}\">"),
        format!("\" onmouseover=\"{ran}\" autofocus onfocus=\"{ran}\" x=\""),
        format!("' onload='{ran}' '"),
        format!(
            "<svg><script>{ran}</script><foreignObject><iframe srcdoc=\"<script>parent.{ran}</script>\">"
        ),
        "<!-- <![CDATA[ --> {{ 7*7 }} {% include \"/etc/passwd\" %} &lt;b&gt; &amp;".to_owned(),
        "javascript:alert(1)@x.example".to_owned(),
        "a\u{202e}elpmaxe.live@nimda\u{2066}b".to_owned(),
        "\u{1b}[2J\u{1b}]8;;https://evil.example\u{7}click\r\n\r\nHTTP/1.1 200 OK\u{0}\u{85}"
            .to_owned(),
        "\u{202b}שלום עולם, مرحبا بالعالم".to_owned(),
        "\n# HELP evil\nevil_total{a=\"b\\\"} 1\n".to_owned(),
        "Z\u{300}\u{301}\u{302}".repeat(40),
        "W".repeat(5_000),
    ];
    names.push("長い名前".repeat(60));
    names
}

/// Every text that comes from outside is one of these names.
pub(super) fn named(names: &[String]) -> Status {
    let episodes = names.iter().map(|name| {
        let mut episode = action(name, name, (name, name, name));
        name.clone_into(&mut episode.kind);
        name.clone_into(&mut episode.message);
        episode
    });
    let mut organizations: Vec<_> =
        names.iter().map(|name| organization(name, "sdu", Vec::new())).collect();
    organizations[0].episodes = episodes.collect();
    for (organization, name) in organizations.iter_mut().zip(names) {
        organization.error = Some(name.clone());
        organization.counts.waiting = 2;
    }
    if let Some(last) = organizations.last_mut() {
        last.watched_by = names.first().cloned();
    }
    let mut status = status(organizations);
    status.refused = Some(names.join(" "));
    status
}

/// All of it is hostile.
pub(super) fn hostile() -> Status {
    named(&hostile_names())
}
