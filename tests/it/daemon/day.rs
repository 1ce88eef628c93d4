//! A day in virtual time: no run is lost or repeated, and the memory stays bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use trunkline::daemon::drift::{RunResult, Thresholds, advance};
use trunkline::daemon::notify::outbox;
use trunkline::daemon::schedule::Schedule;
use trunkline::daemon::schedule::timetable::Timetable;
use trunkline::model::{DaemonMemory, Details, DifferenceKey};

const THRESHOLDS: Thresholds = Thresholds { open_after: 2, close_after: 2 };
/// The number of differences in a run.
const DIFFERENCES: u64 = 50;

/// The result of a run. Each difference lasts for three runs.
fn result(run: u64) -> RunResult {
    let key = |number: u64| DifferenceKey {
        kind: "managed_account".to_owned(),
        email: Some(format!("a{}@shop.example", run / 3 * DIFFERENCES + number)),
        code: "enabled".to_owned(),
    };
    let differences: BTreeMap<_, _> =
        (0..DIFFERENCES).map(|number| (key(number), Details::default())).collect();
    RunResult::Read { differences, undetermined: BTreeSet::new(), incomplete: None }
}

#[test]
fn each_tick_of_a_day_is_one_run_and_the_memory_is_bounded() {
    let start: Timestamp = "2027-03-27T12:00:00Z".parse().unwrap();
    let schedule = Schedule::parse("*/10 * * * * *", "Europe/Berlin").unwrap();
    let mut table = Timetable::new(schedule, Duration::ZERO, start, 0.0);
    let targets: BTreeSet<String> = ["gone".to_owned()].into();
    let (mut watch, mut runs, mut most, mut dropped) = (DaemonMemory::default(), 0_u64, (0, 0), 0);
    for second in 1..=24 * 60 * 60_i64 {
        let now = Timestamp::from_second(start.as_second() + second).unwrap();
        if !table.tick(now, 0.5) {
            continue;
        }
        assert_eq!(second % 10, 0);
        let at = u64::try_from(now.as_second()).unwrap();
        let (next, transitions) = advance(watch, &result(runs), at, THRESHOLDS);
        watch = next;
        // No notification is ever delivered.
        let notifications = outbox::notifications(&transitions, at, &targets, || runs.to_string());
        dropped += outbox::put(&mut watch.outbox, notifications);
        runs += 1;
        most = (most.0.max(watch.differences.len()), most.1.max(watch.outbox.len()));
    }
    assert_eq!(runs, 8_640, "the clocks change in between");
    let (differences, waiting) = most;
    // Those of the last run, and those that are not closed yet.
    assert!(differences <= 2 * usize::try_from(DIFFERENCES).unwrap(), "{differences}");
    assert!(waiting > 50 && waiting <= outbox::MAX_NOTIFICATIONS, "{waiting}");
    assert!(dropped > 1_000, "{dropped}");
}
