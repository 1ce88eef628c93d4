//! Sample statuses.

use jiff::{SignedDuration, Timestamp};
use trunkline::daemon::status::{
    DaemonStatus, Organization, OrganizationState, Run, RunCounts, ShownDifference,
};
use trunkline::model::{Details, DifferenceKey};

/// The problems of a rejected configuration.
pub(super) const REFUSED: &str = "\
error: unknown key `shedule`, did you mean `schedule`?
 --> daemon.yaml:3:5
  |
3 |     shedule: \"*/10 * * * *\"
  |     ^^^^^^^";

/// The current time in these tests.
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
            let (state, differences) = match letter {
                b's' => (OrganizationState::InSync, 0),
                b'd' => (OrganizationState::Drifted, 3),
                _ => (OrganizationState::Unknown, 0),
            };
            let milliseconds = 900 + 137 * (place.unsigned_abs() % 5);
            Run { at: minutes_ago((all - place) * 10 - 7), milliseconds, state, differences }
        })
        .collect()
}

fn counts(runs: &[Run]) -> RunCounts {
    let of = |state| runs.iter().filter(|run| run.state == state).count() as u64;
    RunCounts {
        in_sync: of(OrganizationState::InSync),
        drifted: of(OrganizationState::Drifted),
        unknown: of(OrganizationState::Unknown),
        coalesced: 1,
        delivered: 2,
        delivery_failures: 0,
        dropped: 0,
        waiting: 0,
        healed: 0,
        requests: 7 * runs.len() as u64,
    }
}

pub(super) fn organization(
    name: &str,
    letters: &str,
    differences: Vec<ShownDifference>,
) -> Organization {
    let runs = runs(letters);
    let state = runs.last().map_or(OrganizationState::Unknown, |run| run.state);
    let last_success =
        runs.iter().rev().find(|run| run.state != OrganizationState::Unknown).map(|run| run.at);
    Organization {
        organization: name.to_owned(),
        leader: None,
        cut_off: None,
        state,
        error: None,
        last_success,
        next_run: Some(now() + SignedDuration::from_mins(7)),
        counts: counts(&runs),
        runs,
        differences,
        unsaved: false,
    }
}

pub(super) fn status(organizations: Vec<Organization>) -> DaemonStatus {
    DaemonStatus {
        started: minutes_ago(3 * 24 * 60 + 200),
        ticked: now() - SignedDuration::from_millis(400),
        loaded: minutes_ago(26 * 60),
        rejected: None,
        draining: false,
        replicas: 1,
        organizations,
    }
}

fn change(field: &str, have: &str, want: &str) -> (String, String, String) {
    (field.to_owned(), have.to_owned(), want.to_owned())
}

/// A field of an account that differs.
pub(super) fn field(email: &str, field: &str, have: &str, want: &str) -> ShownDifference {
    ShownDifference {
        key: key("managed_account", email, field),
        details: Details { changes: vec![change(field, have, want)], ..Details::default() },
        since: minutes_ago(215),
        runs: 22,
    }
}

fn key(kind: &str, email: &str, code: &str) -> DifferenceKey {
    let (kind, email) = (kind.to_owned(), Some(email.to_owned()));
    DifferenceKey { kind, email, code: code.to_owned() }
}

fn differences() -> Vec<ShownDifference> {
    let mut limit = field("support@bakery.example", "channel_limit", "40", "25");
    limit.details.destructive = true;
    limit.since = minutes_ago(45);
    limit.runs = 5;
    let disabled = field("support@bakery.example", "enabled", "false", "true");
    let pricing = field("orders@florist.example", "custom_pricing", "false", "true");
    let owner = ShownDifference {
        key: key("organization_user", "former.colleague@agency.example", "owner_unlisted"),
        details: Details {
            message: "an owner is not listed; owners are never removed".to_owned(),
            ..Details::default()
        },
        since: minutes_ago(233),
        runs: 24,
    };
    let removed = ShownDifference {
        key: key("organization_user", "temp@agency.example", "user_unlisted"),
        details: Details {
            reason: "until 2026-03-01 has passed".to_owned(),
            destructive: true,
            ..Details::default()
        },
        since: minutes_ago(20),
        runs: 2,
    };
    vec![disabled, limit, pricing, owner, removed]
}

/// One organization drifted, one in sync, one unknown: the picture in `docs/daemon.md`.
pub(super) fn usual() -> DaemonStatus {
    let drifted = organization(
        "Harbour Telecom",
        "ssssssssssssssssssssuussssssssssssssdddddddddddddddddddddddd",
        differences(),
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

/// Just started, without a finished run.
pub(super) fn new() -> DaemonStatus {
    let mut organization = organization("Harbour Telecom", "", Vec::new());
    organization.next_run = None;
    status(vec![organization])
}

/// Another daemon is the leader of the first organization.
pub(super) fn replica() -> DaemonStatus {
    let mut status = usual();
    stand_by(&mut status.organizations[0]);
    status
}

/// Puts an organization on standby.
pub(super) fn stand_by(organization: &mut Organization) {
    let other = "process 7 (daemon) on replica-b since 2026-03-01T08:00:00Z";
    organization.leader = Some(other.to_owned());
    organization.state = OrganizationState::Unknown;
    (organization.next_run, organization.differences) = (None, Vec::new());
}

/// One organization with open differences of one account each, a third of them destructive.
pub(super) fn many(differences: usize) -> DaemonStatus {
    let differences: Vec<_> = (0..differences)
        .map(|number| {
            let email = format!("account-{number:03}@customers.example");
            let mut difference = field(&email, "channel_limit", "40", "25");
            difference.details.destructive = number % 3 == 2;
            difference
        })
        .collect();
    let letters =
        if differences.is_empty() { "dddssssss" } else { "sssssssssssssdddddddddddddddddddddd" };
    status(vec![organization("Harbour Telecom", letters, differences)])
}

/// Hostile names, and names that are merely difficult.
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
pub(super) fn named(names: &[String]) -> DaemonStatus {
    let differences = names.iter().flat_map(|name| {
        let mut finding = field(name, name, name, name);
        name.clone_into(&mut finding.key.kind);
        name.clone_into(&mut finding.details.message);
        let mut action = field(name, name, name, name);
        name.clone_into(&mut action.details.reason);
        [finding, action]
    });
    let mut organizations: Vec<_> =
        names.iter().map(|name| organization(name, "sdu", Vec::new())).collect();
    organizations[0].differences = differences.collect();
    for (organization, name) in organizations.iter_mut().zip(names) {
        organization.error = Some(name.clone());
        organization.counts.waiting = 2;
    }
    if let Some(last) = organizations.last_mut() {
        last.leader = names.first().cloned();
    }
    let mut status = status(organizations);
    status.rejected = Some(names.join(" "));
    status
}

/// Every text is hostile.
pub(super) fn hostile() -> DaemonStatus {
    named(&hostile_names())
}
