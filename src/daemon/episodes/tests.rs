use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

const RULES: Rules = Rules { open_after: 2, close_after: 2 };
/// From one run to the next.
const RUN: u64 = 300;

fn item(name: &str) -> Item {
    Item {
        kind: "managed_account".to_owned(),
        email: Some(format!("{name}@shop.example")),
        what: "enable_account".to_owned(),
    }
}

fn differs(message: &str) -> Difference {
    Difference { message: message.to_owned(), ..Difference::default() }
}

/// A sighting of items, written as `name` or `name=what differs`.
fn saw(items: &[&str]) -> Sighting {
    let one = |text: &&str| {
        let (name, message) = text.split_once('=').unwrap_or((text, ""));
        (item(name), differs(message))
    };
    Sighting::Clear { items: items.iter().map(one).collect(), unsure: BTreeSet::new() }
}

fn unknown() -> Sighting {
    Sighting::Unknown("no answer".to_owned())
}

/// What is told at which run, from 1.
fn told(sightings: &[Sighting]) -> Vec<(usize, &'static str, String)> {
    let mut watch = Watch::default();
    let mut all = Vec::new();
    for (run, sighting) in sightings.iter().enumerate() {
        let (next, news) = step(watch, sighting, run as u64 * RUN, RULES);
        watch = next;
        all.extend(news.into_iter().map(|news| {
            let about = news.about.and_then(|(item, _)| item.email).unwrap_or_default();
            let name = about.split('@').next().unwrap_or_default().to_owned();
            (run + 1, news.event.name(), name)
        }));
    }
    all
}

fn said(run: usize, event: &'static str, name: &str) -> (usize, &'static str, String) {
    (run, event, name.to_owned())
}

#[test]
fn drift_is_told_once_when_it_lasts_and_once_when_it_is_over() {
    let runs = [saw(&["a"]), saw(&["a"]), saw(&["a"]), saw(&[]), saw(&[]), saw(&[])];
    assert_eq!(told(&runs), [said(2, "drift_opened", "a"), said(5, "drift_closed", "a")]);
}

#[test]
fn what_comes_and_goes_is_not_told() {
    let flapping: Vec<_> =
        (0..40).map(|run| if run % 2 == 0 { saw(&["a"]) } else { saw(&[]) }).collect();
    assert_eq!(told(&flapping), []);
    // Once it is open, a gap does not close it either.
    let open: Vec<_> = [saw(&["a"])].into_iter().chain(flapping).collect();
    assert_eq!(told(&open), [said(2, "drift_opened", "a")]);
}

#[test]
fn another_difference_counts_anew_and_is_told_when_it_lasts() {
    let restless = [saw(&["a=1"]), saw(&["a=2"]), saw(&["a=3"])];
    assert_eq!(told(&restless), []);
    let changed = [saw(&["a=1"]), saw(&["a=1"]), saw(&["a=2"]), saw(&["a=2"]), saw(&["a=2"])];
    assert_eq!(told(&changed), [said(2, "drift_opened", "a"), said(4, "drift_changed", "a")]);
    let back = [saw(&["a=1"]), saw(&["a=1"]), saw(&["a=2"]), saw(&["a=1"]), saw(&["a=1"])];
    assert_eq!(told(&back), [said(2, "drift_opened", "a")]);
}

#[test]
fn unknown_neither_opens_nor_closes_and_is_told_after_three_runs() {
    let runs = [saw(&["a"]), unknown(), saw(&["a"]), saw(&[]), unknown(), unknown(), saw(&["a"])];
    assert_eq!(told(&runs), [said(3, "drift_opened", "a")]);
    let down: Vec<_> = (0..20).map(|_| unknown()).collect();
    assert_eq!(told(&down), [said(3, "unknown", "")]);
    let apart = [unknown(), unknown(), saw(&[]), unknown(), unknown()];
    assert_eq!(told(&apart), []);
}

#[test]
fn that_nobody_could_say_is_over_is_told_once_if_it_was_told() {
    let (down, up) = (unknown, || saw(&[]));
    let runs = [down(), down(), down(), down(), up(), up(), down(), down(), up(), up()];
    assert_eq!(told(&runs), [said(3, "unknown", ""), said(5, "drift_closed", "")]);
    let before = Watch { unknown: Unknown { runs: 3, told: Some(1) }, ..Watch::default() };
    let (_, news) = step(before, &up(), 2, RULES);
    let [News { about: Some((item, difference)), .. }] = &news[..] else { panic!("{news:?}") };
    assert_eq!((item.kind.as_str(), item.what.as_str()), ("organization", "unknown"));
    assert_eq!((&item.email, difference.message.as_str()), (&None, "it can be read again"));
}

#[test]
fn of_whom_nobody_can_say_is_neither_seen_nor_gone() {
    let doubt = Sighting::Clear {
        items: BTreeMap::new(),
        unsure: [("managed_account".to_owned(), item("a").email)].into(),
    };
    let runs = [saw(&["a", "b"]), saw(&["a", "b"]), doubt.clone(), doubt.clone(), doubt, saw(&[])];
    let both = [said(2, "drift_opened", "a"), said(2, "drift_opened", "b")];
    assert_eq!(told(&runs), [&both[..], &[said(4, "drift_closed", "b")]].concat());
}

#[test]
fn what_lasts_is_told_again_after_a_day_and_not_earlier() {
    let day = usize::try_from(REPEAT_AFTER / RUN).unwrap();
    let runs: Vec<_> = (0..2 * day).map(|_| saw(&["a"])).collect();
    let again = [said(2, "drift_opened", "a"), said(2 + day, "drift_opened", "a")];
    assert_eq!(told(&runs), again);
    let mut watch = Watch::default();
    let mut reminders = 0;
    for run in 0..2 * day as u64 {
        let (next, news) = step(watch, &saw(&["a"]), run * RUN, RULES);
        watch = next;
        reminders += news.iter().filter(|news| news.reminder).count();
    }
    assert_eq!(reminders, 1);
}

fn sightings() -> impl Strategy<Value = Vec<Sighting>> {
    let name = prop::sample::select(&["a", "b", "c"][..]).prop_map(item);
    let items = btree_map(name, "[12]".prop_map(|text| differs(&text)), 0..3);
    let clear = items.prop_map(|items| Sighting::Clear { items, unsure: BTreeSet::new() });
    vec(prop_oneof![5 => clear, 1 => Just(unknown())], 0..60)
}

proptest! {
    /// Of each item: opened, then changed or told again, then closed, and opened again only after that.
    #[test]
    fn events_of_an_item_alternate(
        sightings in sightings(), open_after in 1_u32..4, close_after in 1_u32..4,
    ) {
        let rules = Rules { open_after, close_after };
        let mut watch = Watch::default();
        let (mut open, mut unreadable) = (BTreeSet::new(), false);
        for (run, sighting) in sightings.iter().enumerate() {
            let before = watch.clone();
            let (next, news) = step(watch, sighting, run as u64 * RUN, rules);
            let mut about = BTreeSet::new();
            for news in news {
                let Some((item, _)) = news.about else {
                    prop_assert!(matches!(sighting, Sighting::Unknown(_)));
                    // It is over once somebody can say.
                    unreadable = true;
                    continue;
                };
                if item == Item::unreadable() {
                    prop_assert!(news.event == Event::Closed && std::mem::take(&mut unreadable));
                    continue;
                }
                prop_assert!(about.insert(item.clone()), "one event an item and run");
                match news.event {
                    Event::Opened => prop_assert!(open.insert(item)),
                    Event::Changed => prop_assert!(open.contains(&item)),
                    Event::Closed => prop_assert!(open.remove(&item)),
                    Event::Unknown => prop_assert!(false, "it is about no item"),
                }
            }
            if matches!(sighting, Sighting::Unknown(_)) {
                prop_assert_eq!(&next.episodes, &before.episodes);
            }
            let announced: BTreeSet<_> = next.episodes.iter()
                .filter(|(_, episode)| episode.told.is_some())
                .map(|(item, _)| item.clone())
                .collect();
            prop_assert_eq!(&announced, &open);
            watch = next;
        }
        // Once everything is in sync for long enough nothing is left to remember.
        for run in 0..u64::from(close_after) {
            watch = step(watch, &saw(&[]), 100_000 + run, rules).0;
        }
        prop_assert_eq!(watch, Watch::default());
    }

    #[test]
    fn with_one_sighting_each_every_change_is_told_at_once(sightings in sightings()) {
        let rules = Rules { open_after: 1, close_after: 1 };
        let mut watch = Watch::default();
        let mut there: BTreeMap<Item, Difference> = BTreeMap::new();
        for (run, sighting) in sightings.iter().enumerate() {
            let again = watch.unknown.told.is_some();
            let (next, news) = step(watch, sighting, run as u64, rules);
            watch = next;
            let Sighting::Clear { items, unsure: _ } = sighting else { continue };
            let mut expected = usize::from(again);
            for item in items.keys().chain(there.keys()).collect::<BTreeSet<_>>() {
                expected += usize::from(items.get(item) != there.get(item));
            }
            prop_assert_eq!(news.len(), expected);
            there.clone_from(items);
        }
    }
}
