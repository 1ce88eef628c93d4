//! The metrics, in the text format of Prometheus. Made anew from the status for each scrape, so that an organization
//! that is no longer configured leaves nothing behind.
//!
//! Labels name organizations, states and classes; never an account, a user or an email.

use jiff::Timestamp;
use metrics::{Gauge, counter, describe_counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::json;
use crate::daemon::status::{Counts, Episode, Organization, Run, State, Status};
use crate::report::escape_line;

/// The metrics as text: the same bytes for the same status.
pub(super) fn text(status: &Status) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    with_local_recorder(&recorder, || {
        describe_gauges();
        describe_counters();
        record(status);
    });
    in_order(&recorder.handle().render())
}

/// Families by name, and the samples of each: the exporter gives them in no order.
fn in_order(text: &str) -> String {
    let mut families: Vec<Vec<&str>> = text
        .split("\n\n")
        .map(|family| {
            let (head, mut samples): (Vec<_>, Vec<_>) =
                family.lines().partition(|line| line.starts_with('#'));
            samples.sort_unstable();
            head.into_iter().chain(samples).collect()
        })
        .filter(|family: &Vec<_>| !family.is_empty())
        .collect();
    families.sort_unstable();
    families.iter().flatten().flat_map(|line| [line, "\n"]).collect()
}

fn describe_gauges() {
    for (name, help) in [
        ("trunkline_build_info", "The version that runs, as a label; always 1."),
        ("trunkline_start_time_seconds", "When the daemon was started, in seconds since 1970."),
        ("trunkline_loop_last_turn_timestamp_seconds", "When the loop last turned."),
        ("trunkline_draining", "Whether the daemon has been told to end: 1 or 0."),
        (
            "trunkline_config_last_reload_successful",
            "Whether what is on disk is in use: 0 when a newer configuration or manifest was refused.",
        ),
        (
            "trunkline_config_last_reload_success_timestamp_seconds",
            "When the configuration in use was read.",
        ),
        (
            "trunkline_organization_watched",
            "Whether this daemon watches the organization: 0 while it stands by for another one.",
        ),
        (
            "trunkline_organization_state",
            "What the last run has found: 1 for that state, 0 for others.",
        ),
        ("trunkline_last_success_timestamp_seconds", "When a run last read everything."),
        ("trunkline_next_run_timestamp_seconds", "When the next run is due."),
        ("trunkline_last_run_timestamp_seconds", "When the last run began."),
        ("trunkline_last_run_duration_seconds", "How long the last run took."),
        ("trunkline_last_run_differences", "How many things differed in the last run."),
        (
            "trunkline_open_episodes",
            "Differences that last and were announced: destructive takes something away, finding needs a person, change is the rest.",
        ),
        (
            "trunkline_oldest_open_episode_timestamp_seconds",
            "When the oldest of the open episodes was first seen.",
        ),
        ("trunkline_notifications_waiting", "Notifications that wait to be delivered."),
    ] {
        describe_gauge!(name, help);
    }
}

fn describe_counters() {
    for (name, help) in [
        ("trunkline_runs_total", "Runs, by what they have found."),
        (
            "trunkline_ticks_coalesced_total",
            "Ticks that came while a run was under way, and were taken together.",
        ),
        ("trunkline_notifications_total", "Notifications that were delivered."),
        (
            "trunkline_notification_failures_total",
            "Attempts to deliver a notification that failed.",
        ),
        ("trunkline_healed_actions_total", "Actions that healing has done."),
        ("trunkline_api_requests_total", "Requests to Telnyx."),
    ] {
        describe_counter!(name, help);
    }
}

fn record(status: &Status) {
    let Status { started, turned, loaded, refused, draining, organizations } = status;
    gauge!("trunkline_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    at(&gauge!("trunkline_start_time_seconds"), *started);
    at(&gauge!("trunkline_loop_last_turn_timestamp_seconds"), *turned);
    at(&gauge!("trunkline_config_last_reload_success_timestamp_seconds"), *loaded);
    gauge!("trunkline_config_last_reload_successful").set(f64::from(u8::from(refused.is_none())));
    gauge!("trunkline_draining").set(f64::from(u8::from(*draining)));
    for organization in organizations {
        record_organization(organization);
    }
}

fn record_organization(organization: &Organization) {
    let Organization {
        organization,
        watched_by,
        state,
        error: _,
        last_success,
        next_run,
        runs,
        episodes,
        unwritten: _,
        counts,
    } = organization;
    let name = escape_line(organization);
    gauge!("trunkline_organization_watched", "organization" => name.clone())
        .set(f64::from(u8::from(watched_by.is_none())));
    record_counts(&name, counts);
    // Who stands by knows nothing of how it stands now: whoever watches says so.
    if watched_by.is_some() {
        return;
    }
    for each in [State::InSync, State::Drifted, State::Unknown] {
        gauge!("trunkline_organization_state", "organization" => name.clone(), "state" => json::state(each))
            .set(f64::from(u8::from(each == *state)));
    }
    if let Some(last_success) = last_success {
        let gauge =
            gauge!("trunkline_last_success_timestamp_seconds", "organization" => name.clone());
        at(&gauge, *last_success);
    }
    if let Some(next_run) = next_run {
        let gauge = gauge!("trunkline_next_run_timestamp_seconds", "organization" => name.clone());
        at(&gauge, *next_run);
    }
    if let Some(run) = runs.last() {
        record_run(&name, run);
    }
    record_episodes(&name, episodes);
}

fn record_run(name: &str, run: &Run) {
    let Run { at: began, milliseconds, state: _, items } = run;
    let name = || name.to_owned();
    at(&gauge!("trunkline_last_run_timestamp_seconds", "organization" => name()), *began);
    gauge!("trunkline_last_run_duration_seconds", "organization" => name())
        .set(float(*milliseconds) / 1000.0);
    gauge!("trunkline_last_run_differences", "organization" => name()).set(float(*items as u64));
}

fn record_episodes(name: &str, episodes: &[Episode]) {
    for each in ["change", "finding", "destructive"] {
        let open = episodes.iter().filter(|episode| class(episode) == each).count();
        gauge!("trunkline_open_episodes", "organization" => name.to_owned(), "class" => each)
            .set(float(open as u64));
    }
    if let Some(oldest) = episodes.iter().map(|episode| episode.since).min() {
        let labels = [("organization", name.to_owned())];
        at(&gauge!("trunkline_oldest_open_episode_timestamp_seconds", &labels), oldest);
    }
}

/// A finding has a message where an action has none.
fn class(episode: &Episode) -> &'static str {
    match (episode.destructive, episode.message.is_empty()) {
        (true, _) => "destructive",
        (false, false) => "finding",
        (false, true) => "change",
    }
}

fn record_counts(name: &str, counts: &Counts) {
    let Counts {
        in_sync,
        drifted,
        unknown,
        coalesced,
        notified,
        notify_failures,
        waiting,
        healed,
        requests,
    } = *counts;
    for (state, runs) in
        [(State::InSync, in_sync), (State::Drifted, drifted), (State::Unknown, unknown)]
    {
        counter!("trunkline_runs_total", "organization" => name.to_owned(), "state" => json::state(state))
            .absolute(runs);
    }
    for (counter, count) in [
        ("trunkline_ticks_coalesced_total", coalesced),
        ("trunkline_notifications_total", notified),
        ("trunkline_notification_failures_total", notify_failures),
        ("trunkline_healed_actions_total", healed),
        ("trunkline_api_requests_total", requests),
    ] {
        counter!(counter, "organization" => name.to_owned()).absolute(count);
    }
    gauge!("trunkline_notifications_waiting", "organization" => name.to_owned())
        .set(float(waiting));
}

fn at(gauge: &Gauge, time: Timestamp) {
    gauge.set(time.as_duration().as_secs_f64());
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53, and nobody counts that far")]
fn float(count: u64) -> f64 {
    count as f64
}
