//! The metrics in the text format of Prometheus. They are built from the status for each scrape, so that a removed
//! organization leaves no series behind.
//!
//! Labels name organizations, states and classes; never an account, a user or an email.

use jiff::Timestamp;
use metrics::{Gauge, counter, describe_counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

use super::json;
use crate::daemon::status::{
    DaemonStatus, Organization, OrganizationState, Run, RunCounts, ShownDifference,
};
use crate::model::Code;
use crate::report::escape_line;

/// Renders the metrics. Equal values give equal bytes.
pub(super) fn text(status: &DaemonStatus) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    with_local_recorder(&recorder, || {
        describe_gauges();
        describe_counters();
        record(status);
    });
    in_order(&recorder.handle().render())
}

/// Sorts the families and their samples: the exporter returns them in any order.
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
        ("trunkline_build_info", "The version as a label; always 1."),
        ("trunkline_start_time_seconds", "Start time of the daemon."),
        (
            "trunkline_loop_last_tick_timestamp_seconds",
            "Time of the last iteration of the main loop.",
        ),
        ("trunkline_draining", "1 while the daemon shuts down, 0 otherwise."),
        (
            "trunkline_config_last_reload_successful",
            "1 if the files on disk are in use, 0 if a newer configuration or manifest was rejected.",
        ),
        (
            "trunkline_config_last_reload_success_timestamp_seconds",
            "Time at which the current configuration was loaded.",
        ),
        (
            "trunkline_organization_leader",
            "1 if this daemon is the leader of the organization, 0 while it is on standby.",
        ),
        (
            "trunkline_organization_cut_off",
            "1 while the backend of the leadership lease cannot be reached, 0 otherwise.",
        ),
        ("trunkline_replicas", "Live replicas that share the organizations, with this one."),
        (
            "trunkline_organization_state",
            "State in the last run: 1 for that state, 0 for the others.",
        ),
        ("trunkline_last_success_timestamp_seconds", "Time of the last run that read everything."),
        ("trunkline_next_run_timestamp_seconds", "Time of the next run."),
        ("trunkline_last_run_timestamp_seconds", "Start time of the last run."),
        ("trunkline_last_run_duration_seconds", "Duration of the last run."),
        ("trunkline_last_run_differences", "Number of differences in the last run."),
        (
            "trunkline_open_differences",
            "Open differences by class: resolving them is destructive, they are findings for a person, or other changes.",
        ),
        (
            "trunkline_oldest_open_difference_timestamp_seconds",
            "Time at which the oldest open difference was first found.",
        ),
        (
            "trunkline_balance_below_minimum",
            "Accounts with an open low_balance or negative_balance.",
        ),
        ("trunkline_balance_negative", "Accounts with an open negative_balance."),
        ("trunkline_users_stale", "Users with an open user_stale."),
        ("trunkline_users_bypassing_sso", "Users with an open user_bypasses_sso."),
        ("trunkline_users_privileged", "Users with an open privileged_group."),
        ("trunkline_notifications_waiting", "Notifications in the outbox."),
    ] {
        describe_gauge!(name, help);
    }
}

fn describe_counters() {
    for (name, help) in [
        ("trunkline_runs_total", "Runs by state."),
        ("trunkline_ticks_coalesced_total", "Ticks during a run, which coalesced."),
        ("trunkline_notifications_total", "Delivered notifications."),
        ("trunkline_notification_failures_total", "Failed deliveries of notifications."),
        ("trunkline_notifications_dropped_total", "Notifications dropped from a full outbox."),
        ("trunkline_healed_actions_total", "Healed differences."),
        ("trunkline_api_requests_total", "Requests to Telnyx."),
    ] {
        describe_counter!(name, help);
    }
}

fn record(status: &DaemonStatus) {
    let DaemonStatus { started, ticked, loaded, rejected, draining, replicas, organizations } =
        status;
    gauge!("trunkline_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    at(&gauge!("trunkline_start_time_seconds"), *started);
    at(&gauge!("trunkline_loop_last_tick_timestamp_seconds"), *ticked);
    at(&gauge!("trunkline_config_last_reload_success_timestamp_seconds"), *loaded);
    gauge!("trunkline_config_last_reload_successful").set(f64::from(u8::from(rejected.is_none())));
    gauge!("trunkline_draining").set(f64::from(u8::from(*draining)));
    gauge!("trunkline_replicas").set(float(*replicas as u64));
    for organization in organizations {
        record_organization(organization);
    }
}

fn record_organization(organization: &Organization) {
    let Organization {
        organization,
        leader,
        cut_off,
        state,
        error: _,
        last_success,
        next_run,
        runs,
        differences,
        unsaved: _,
        counts,
    } = organization;
    let name = escape_line(organization);
    gauge!("trunkline_organization_leader", "organization" => name.clone())
        .set(f64::from(u8::from(leader.is_none())));
    gauge!("trunkline_organization_cut_off", "organization" => name.clone())
        .set(f64::from(u8::from(cut_off.is_some())));
    record_counts(&name, counts);
    // On standby the state is not known: the leader reports it.
    if leader.is_some() {
        return;
    }
    for each in [OrganizationState::InSync, OrganizationState::Drifted, OrganizationState::Unknown]
    {
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
    record_differences(&name, differences);
}

fn record_run(name: &str, run: &Run) {
    let Run { at: started, milliseconds, state: _, differences } = run;
    let name = || name.to_owned();
    at(&gauge!("trunkline_last_run_timestamp_seconds", "organization" => name()), *started);
    gauge!("trunkline_last_run_duration_seconds", "organization" => name())
        .set(float(*milliseconds) / 1000.0);
    gauge!("trunkline_last_run_differences", "organization" => name())
        .set(float(*differences as u64));
}

fn record_differences(name: &str, differences: &[ShownDifference]) {
    for each in ["change", "finding", "destructive"] {
        let open = differences.iter().filter(|difference| class(difference) == each).count();
        gauge!("trunkline_open_differences", "organization" => name.to_owned(), "class" => each)
            .set(float(open as u64));
    }
    let low = [Code::LowBalance, Code::NegativeBalance];
    for (gauge, codes) in [
        ("trunkline_balance_below_minimum", &low[..]),
        ("trunkline_balance_negative", &low[1..]),
        ("trunkline_users_stale", &[Code::UserStale]),
        ("trunkline_users_bypassing_sso", &[Code::UserBypassesSso]),
        ("trunkline_users_privileged", &[Code::PrivilegedGroup]),
    ] {
        let is_one = |one: &&ShownDifference| codes.iter().any(|code| code.name() == one.key.code);
        let open = differences.iter().filter(is_one).count();
        gauge!(gauge, "organization" => name.to_owned()).set(float(open as u64));
    }
    if let Some(oldest) = differences.iter().map(|difference| difference.since).min() {
        let labels = [("organization", name.to_owned())];
        at(&gauge!("trunkline_oldest_open_difference_timestamp_seconds", &labels), oldest);
    }
}

/// The class of a difference. Only a finding has a message.
fn class(difference: &ShownDifference) -> &'static str {
    match (difference.details.destructive, difference.details.message.is_empty()) {
        (true, _) => "destructive",
        (false, false) => "finding",
        (false, true) => "change",
    }
}

fn record_counts(name: &str, counts: &RunCounts) {
    let RunCounts {
        in_sync,
        drifted,
        unknown,
        coalesced,
        delivered,
        delivery_failures,
        dropped,
        waiting,
        healed,
        requests,
    } = *counts;
    for (state, runs) in [
        (OrganizationState::InSync, in_sync),
        (OrganizationState::Drifted, drifted),
        (OrganizationState::Unknown, unknown),
    ] {
        counter!("trunkline_runs_total", "organization" => name.to_owned(), "state" => json::state(state))
            .absolute(runs);
    }
    for (counter, count) in [
        ("trunkline_ticks_coalesced_total", coalesced),
        ("trunkline_notifications_total", delivered),
        ("trunkline_notification_failures_total", delivery_failures),
        ("trunkline_notifications_dropped_total", dropped),
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

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
