//! A day in virtual time: no tick is lost or doubled, and what is remembered does not grow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use trunkline::daemon::episodes::{Rules, Sighting, step};
use trunkline::daemon::outbox;
use trunkline::daemon::schedule::Schedule;
use trunkline::daemon::timetable::Timetable;
use trunkline::model::{Difference, Item, Watch};

const RULES: Rules = Rules { open_after: 2, close_after: 2 };
/// So many things differ at a time.
const ITEMS: u64 = 50;

/// What differs at a time: each thing for three runs, and then others.
fn sighting(run: u64) -> Sighting {
    let item = |number: u64| Item {
        kind: "managed_account".to_owned(),
        email: Some(format!("a{}@shop.example", run / 3 * ITEMS + number)),
        what: "enable_account".to_owned(),
    };
    let items: BTreeMap<_, _> =
        (0..ITEMS).map(|number| (item(number), Difference::default())).collect();
    Sighting::Clear { items, unsure: BTreeSet::new() }
}

#[test]
fn in_a_day_of_beats_each_tick_is_one_run_and_what_is_remembered_is_bounded() {
    let start: Timestamp = "2027-03-27T12:00:00Z".parse().unwrap();
    let schedule = Schedule::parse("*/10 * * * * *", "Europe/Berlin").unwrap();
    let mut table = Timetable::new(schedule, Duration::ZERO, start, 0.0);
    let targets: BTreeSet<String> = ["gone".to_owned()].into();
    let (mut watch, mut runs, mut most, mut lost) = (Watch::default(), 0_u64, (0, 0), 0);
    for second in 1..=24 * 60 * 60_i64 {
        let now = Timestamp::from_second(start.as_second() + second).unwrap();
        if !table.beat(now, 0.5) {
            continue;
        }
        assert_eq!(second % 10, 0);
        let at = u64::try_from(now.as_second()).unwrap();
        let (next, news) = step(watch, &sighting(runs), at, RULES);
        watch = next;
        // Nobody ever takes what is told.
        let messages = outbox::messages(&news, at, &targets, || runs.to_string());
        lost += outbox::put(&mut watch.outbox, messages);
        runs += 1;
        most = (most.0.max(watch.episodes.len()), most.1.max(watch.outbox.len()));
    }
    assert_eq!(runs, 8_640, "the clocks change in between");
    let (episodes, waiting) = most;
    // Those that differ now, and those that are not over yet.
    assert!(episodes <= 2 * usize::try_from(ITEMS).unwrap(), "{episodes}");
    assert_eq!(waiting, outbox::LARGEST);
    assert!(lost > 1_000, "{lost}");
}
