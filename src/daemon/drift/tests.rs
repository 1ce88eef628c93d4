use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

const THRESHOLDS: Thresholds = Thresholds { open_after: 2, close_after: 2 };
/// From one run to the next.
const RUN: u64 = 300;

fn key(name: &str) -> DifferenceKey {
    DifferenceKey {
        kind: "managed_account".to_owned(),
        email: Some(format!("{name}@shop.example")),
        code: "enabled".to_owned(),
    }
}

fn details(message: &str) -> Details {
    Details { message: message.to_owned(), ..Details::default() }
}

/// A run that found these differences, each written as `name` or `name=value`.
fn found(differences: &[&str]) -> RunResult {
    let one = |text: &&str| {
        let (name, message) = text.split_once('=').unwrap_or((text, ""));
        (key(name), details(message))
    };
    let differences = differences.iter().map(one).collect();
    RunResult::Read { differences, undetermined: BTreeSet::new(), incomplete: None }
}

fn unknown() -> RunResult {
    RunResult::Unknown("no answer".to_owned())
}

/// The events of each run, counted from 1.
fn events(results: &[RunResult]) -> Vec<(usize, &'static str, String)> {
    let mut memory = DaemonMemory::default();
    let mut all = Vec::new();
    for (run, result) in results.iter().enumerate() {
        let (next, transitions) = advance(memory, result, run as u64 * RUN, THRESHOLDS);
        memory = next;
        all.extend(transitions.into_iter().map(|transition| {
            let about = transition.about.and_then(|(key, _)| key.email).unwrap_or_default();
            let name = about.split('@').next().unwrap_or_default().to_owned();
            (run + 1, transition.event.name(), name)
        }));
    }
    all
}

fn event(run: usize, event: &'static str, name: &str) -> (usize, &'static str, String) {
    (run, event, name.to_owned())
}

#[test]
fn drift_is_notified_when_it_opens_and_when_it_closes() {
    let runs = [found(&["a"]), found(&["a"]), found(&["a"]), found(&[]), found(&[]), found(&[])];
    assert_eq!(events(&runs), [event(2, "drift_opened", "a"), event(5, "drift_closed", "a")]);
}

#[test]
fn flapping_is_not_notified() {
    let flapping: Vec<_> =
        (0..40).map(|run| if run % 2 == 0 { found(&["a"]) } else { found(&[]) }).collect();
    assert_eq!(events(&flapping), []);
    // A gap does not close an open difference either.
    let open: Vec<_> = [found(&["a"])].into_iter().chain(flapping).collect();
    assert_eq!(events(&open), [event(2, "drift_opened", "a")]);
}

#[test]
fn drift_with_another_value_in_every_run_is_notified_once_as_opened() {
    let runs: Vec<_> = (0..100).map(|run| found(&[&format!("a={run}")])).collect();
    assert_eq!(events(&runs), [event(2, "drift_opened", "a")]);
}

#[test]
fn another_value_is_notified_once_it_is_confirmed() {
    let runs = |values: &[&str]| values.iter().map(|value| found(&[value])).collect::<Vec<_>>();
    let changed = runs(&["a=1", "a=1", "a=2", "a=2", "a=2"]);
    assert_eq!(events(&changed), [event(2, "drift_opened", "a"), event(4, "drift_changed", "a")]);
    let back = runs(&["a=1", "a=1", "a=2", "a=1", "a=1"]);
    assert_eq!(events(&back), [event(2, "drift_opened", "a")]);
}

#[test]
fn unknown_neither_opens_nor_closes_and_is_notified_after_three_runs() {
    let (a, none) = (|| found(&["a"]), || found(&[]));
    let runs = [a(), unknown(), a(), none(), unknown(), unknown(), a()];
    assert_eq!(events(&runs), [event(3, "drift_opened", "a")]);
    let down: Vec<_> = (0..20).map(|_| unknown()).collect();
    assert_eq!(events(&down), [event(3, "unknown", "")]);
    let apart = [unknown(), unknown(), none(), unknown(), unknown()];
    assert_eq!(events(&apart), []);
}

#[test]
fn the_end_of_a_notified_unknown_state_is_notified_once() {
    let (down, up) = (unknown, || found(&[]));
    let runs = [down(), down(), down(), down(), up(), up(), down(), down(), up(), up()];
    assert_eq!(events(&runs), [event(3, "unknown", ""), event(5, "drift_closed", "")]);
    let unknown = UnknownRuns { runs: 3, notified_at: Some(1) };
    let before = DaemonMemory { unknown, ..DaemonMemory::default() };
    let (_, transitions) = advance(before, &up(), 2, THRESHOLDS);
    let [Transition { about: Some((key, details)), .. }] = &transitions[..] else {
        panic!("{transitions:?}")
    };
    assert_eq!(key, &DifferenceKey::unreadable());
    assert_eq!(details.message, "it can be read again");
}

#[test]
fn an_undetermined_difference_neither_opens_nor_closes() {
    for code in [None, Some("enabled".to_owned())] {
        let doubt = RunResult::Read {
            differences: BTreeMap::new(),
            undetermined: [("managed_account".to_owned(), key("a").email, code)].into(),
            incomplete: None,
        };
        let both = || found(&["a", "b"]);
        let runs = [both(), both(), doubt.clone(), doubt.clone(), doubt, found(&[])];
        let opened = [event(2, "drift_opened", "a"), event(2, "drift_opened", "b")];
        assert_eq!(events(&runs), [&opened[..], &[event(4, "drift_closed", "b")]].concat());
    }
}

#[test]
fn an_incomplete_half_neither_opens_nor_closes_and_is_reported_as_unknown() {
    let incomplete = |half, differences| {
        let RunResult::Read { differences, undetermined, .. } = found(differences) else {
            panic!("not read")
        };
        let incomplete = Some((half, "page 2 is empty".to_owned()));
        RunResult::Read { differences, undetermined, incomplete }
    };
    let accounts = || incomplete(Half::Accounts, &[]);
    let runs =
        [found(&["a"]), found(&["a"]), accounts(), accounts(), accounts(), found(&[]), found(&[])];
    let expected = [
        event(2, "drift_opened", "a"),
        event(5, "unknown", ""),
        event(6, "drift_closed", ""),
        event(7, "drift_closed", "a"),
    ];
    assert_eq!(events(&runs), expected);
    let users = |differences| incomplete(Half::Users, differences);
    let runs = [users(&["a"]), users(&["a"]), users(&[]), users(&[])];
    let expected =
        [event(2, "drift_opened", "a"), event(3, "unknown", ""), event(4, "drift_closed", "a")];
    assert_eq!(events(&runs), expected);
}

#[test]
fn an_open_difference_is_notified_again_after_a_day() {
    let day = usize::try_from(REPEAT_AFTER / RUN).unwrap();
    let runs: Vec<_> = (0..2 * day).map(|_| found(&["a"])).collect();
    let again = [event(2, "drift_opened", "a"), event(2 + day, "drift_opened", "a")];
    assert_eq!(events(&runs), again);
    let mut memory = DaemonMemory::default();
    let mut reminders = 0;
    for run in 0..2 * day as u64 {
        let (next, transitions) = advance(memory, &found(&["a"]), run * RUN, THRESHOLDS);
        memory = next;
        reminders += transitions.iter().filter(|transition| transition.reminder).count();
    }
    assert_eq!(reminders, 1);
}

fn results() -> impl Strategy<Value = Vec<RunResult>> {
    let name = prop::sample::select(&["a", "b", "c"][..]).prop_map(key);
    let differences = btree_map(name, "[12]".prop_map(|text| details(&text)), 0..3);
    let read = differences.prop_map(|differences| RunResult::Read {
        differences,
        undetermined: BTreeSet::new(),
        incomplete: None,
    });
    vec(prop_oneof![5 => read, 1 => Just(unknown())], 0..60)
}

proptest! {
    /// A difference opens, then changes or is repeated, then closes, and opens again only after that.
    #[test]
    fn the_events_of_a_difference_alternate(
        results in results(), open_after in 1_u32..4, close_after in 1_u32..4,
    ) {
        let thresholds = Thresholds { open_after, close_after };
        let mut memory = DaemonMemory::default();
        let (mut open, mut unreadable) = (BTreeSet::new(), false);
        for (run, result) in results.iter().enumerate() {
            let before = memory.clone();
            let (next, transitions) = advance(memory, result, run as u64 * RUN, thresholds);
            let mut about = BTreeSet::new();
            for Transition { event, about: key, .. } in transitions {
                let Some((key, _)) = key else {
                    prop_assert!(matches!(result, RunResult::Unknown(_)));
                    unreadable = true;
                    continue;
                };
                if key == DifferenceKey::unreadable() {
                    prop_assert!(event == Event::Closed && std::mem::take(&mut unreadable));
                    continue;
                }
                prop_assert!(about.insert(key.clone()), "one event per difference and run");
                match event {
                    Event::Opened => prop_assert!(open.insert(key)),
                    Event::Changed => prop_assert!(open.contains(&key)),
                    Event::Closed => prop_assert!(open.remove(&key)),
                    Event::Unknown | Event::HealSuspended => prop_assert!(false, "{:?}", event),
                }
            }
            if matches!(result, RunResult::Unknown(_)) {
                prop_assert_eq!(&next.differences, &before.differences);
            }
            let notified: BTreeSet<_> = next.differences.iter()
                .filter(|(_, difference)| difference.notified.is_some())
                .map(|(key, _)| key.clone())
                .collect();
            prop_assert_eq!(&notified, &open);
            memory = next;
        }
        // After enough clean runs nothing is left to remember.
        for run in 0..u64::from(close_after) {
            memory = advance(memory, &found(&[]), 100_000 + run, thresholds).0;
        }
        prop_assert_eq!(memory, DaemonMemory::default());
    }

    #[test]
    fn with_thresholds_of_one_every_change_is_notified_at_once(results in results()) {
        let thresholds = Thresholds { open_after: 1, close_after: 1 };
        let mut memory = DaemonMemory::default();
        let mut before: BTreeMap<DifferenceKey, Details> = BTreeMap::new();
        for (run, result) in results.iter().enumerate() {
            let readable_again = memory.unknown.notified_at.is_some();
            let (next, transitions) = advance(memory, result, run as u64, thresholds);
            memory = next;
            let RunResult::Read { differences, .. } = result else { continue };
            let mut expected = usize::from(readable_again);
            for key in differences.keys().chain(before.keys()).collect::<BTreeSet<_>>() {
                expected += usize::from(differences.get(key) != before.get(key));
            }
            prop_assert_eq!(transitions.len(), expected);
            before.clone_from(differences);
        }
    }
}
