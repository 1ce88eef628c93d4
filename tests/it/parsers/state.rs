//! States, changed under a check that fits; and in how many steps they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use trunkline::model::*;
use trunkline::state::{Error, Journal, Location, LockHolder, StateChange, StateRecord, Store};

use super::entry::state::{assert_only_nothing_is_none, state};
use super::entry::{path, wait};
use super::mutate::{cases, changes, cut, edited, law};
use super::tree::Tree;
use crate::state::{binding, id};

/// Few of them, so that they meet.
fn ids() -> impl Strategy<Value = AccountId> {
    select(&["a-1", "a-2", "a-3"][..]).prop_map(id)
}

fn emails() -> impl Strategy<Value = Email> {
    select(
        &["one@acme.example", "Two@Acme.example", "two@acme.example", "\u{202e}x@acme.example"][..],
    )
    .prop_map(Email::new)
}

fn watches() -> impl Strategy<Value = DaemonMemory> {
    let key = || {
        (select(&["account", "user"][..]), of(emails()), "[a-z]{1,3}").prop_map(
            |(kind, email, code)| DifferenceKey {
                kind: kind.to_owned(),
                email: email.map(|email| email.to_string()),
                code,
            },
        )
    };
    let details = || {
        (vec(("[a-z]{1,3}", "[0-9]", "[0-9]"), 0..2), any::<bool>()).prop_map(
            |(changes, destructive)| Details { changes, destructive, ..Details::default() },
        )
    };
    let notified =
        (details(), 0..4_000_000_000_u64).prop_map(|(details, at)| Notified { details, at });
    let difference = (0..4_000_000_000_u64, 1..9_u64, details(), 0..3_u32, of(notified)).prop_map(
        |(since, runs, details, clean_runs, notified)| Difference {
            since,
            runs,
            details,
            equal_runs: 1,
            clean_runs,
            notified,
        },
    );
    let notification =
        (select(&Event::ALL[..]), vec((key(), details()), 0..2), btree_set("[a-z]{1,3}", 1..3))
            .prop_map(|(event, items, targets)| Notification {
                id: "m-1".to_owned(),
                event,
                at: 1_790_000_000,
                reminder: false,
                total: 2,
                destructive: 1,
                items,
                error: String::new(),
                targets,
            });
    let times = || of(0..4_000_000_000_u64);
    let heals = (vec(0..4_000_000_000_u64, 0..3), times())
        .prop_map(|(at, suspended_until)| Heals { at, suspended_until });
    (
        btree_map(key(), difference, 0..3),
        times(),
        btree_map(key(), heals, 0..2),
        vec(notification, 0..2),
    )
        .prop_map(|(differences, notified_at, heals, outbox)| {
            let unknown = UnknownRuns { runs: 1, notified_at };
            DaemonMemory { differences, unknown, heals, outbox }
        })
}

fn steps() -> impl Strategy<Value = Vec<StateChange>> {
    let seen = (btree_map(ids(), emails(), 0..3), btree_set(emails(), 0..3));
    let change = prop_oneof![
        2 => vec(emails(), 0..3).prop_map(StateChange::Intend),
        3 => emails().prop_map(StateChange::Sending),
        2 => (emails(), ids()).prop_map(|(email, id)| StateChange::Acknowledged(email, id)),
        1 => (emails(), ids()).prop_map(|(email, id)| StateChange::Adopt(email, id)),
        1 => emails().prop_map(StateChange::Failed),
        1 => emails().prop_map(StateChange::Retry),
        1 => emails().prop_map(StateChange::Forget),
        2 => (ids(), 0..99_u64).prop_map(|(id, limit)| StateChange::Limit(id, limit)),
        1 => ids().prop_map(StateChange::LimitUnknown),
        1 => (btree_map(ids(), 0..99_u64, 0..3), of((-9..9_i64, btree_set(ids(), 0..3)).prop_map(|(channels, unrecorded)| Remainder { channels, unrecorded }))).prop_map(|(limits, remainder)| StateChange::Limits(limits, remainder)),
        1 => (-9..9_i64, btree_set(ids(), 0..3)).prop_map(|(channels, unrecorded)| StateChange::Remainder(Remainder { channels, unrecorded })),
        1 => seen.prop_map(|(accounts, wanted)| StateChange::Seen { accounts, wanted }),
        1 => ("sha256:[0-9]{2}", 3_000_000_000..8_000_000_000_u64).prop_map(|(seal, until)| StateChange::Used { seal, until }),
        1 => watches().prop_map(|watch| StateChange::Watched(Box::new(watch))),
    ];
    vec(change, 0..16)
}

/// Records changes, as many at once as `at_once` says again and again: what is kept then.
async fn recorded(steps: &[StateChange], at_once: &[usize]) -> StateRecord {
    let store = Store::new(&Location::Memory);
    let journal =
        Journal::open(store.clone(), &binding(), &LockHolder::this("apply"), Duration::ZERO)
            .await
            .unwrap();
    let mut rest = steps;
    let mut sizes = at_once.iter().cycle();
    while !rest.is_empty() {
        let (now, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        journal.record_all(now.to_vec()).await.unwrap();
        rest = later;
    }
    journal.close().await.unwrap();
    store.load(&binding()).await.unwrap()
}

/// Those of the changes that are not refused when they come one by one.
fn possible(steps: Vec<StateChange>) -> Vec<StateChange> {
    let mut state = State::default();
    let mut taken = Vec::new();
    for change in steps {
        match trunkline::state::apply(&mut state, change.clone(), 1_790_000_000) {
            Ok(()) => taken.push(change),
            Err(Error::SentBefore { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    taken
}

#[test]
fn any_state_is_read_whole_or_refused_with_what_to_do_whatever_its_check() {
    let documents = (steps(), changes()).prop_map(|(steps, (edits, end))| {
        let record = wait(async { recorded(&possible(steps), &[16]).await });
        cut(&edited(Tree::of(&record.to_json()), &edits).json_file(), &end)
    });
    law(cases(2.0, file!()), state, 8, documents);
    assert_only_nothing_is_none(&path("no-such-state.json"));
}

#[test]
fn changes_make_the_same_state_however_many_are_written_at_once() {
    let mut runner = proptest::test_runner::TestRunner::new(cases(1.0, file!()));
    let mut kinds = std::cell::RefCell::new(BTreeSet::new());
    let run = runner.run(&(steps(), vec(1..5_usize, 1..4)), |(steps, at_once)| {
        let (one, other) = wait(async {
            let steps = possible(steps);
            kinds
                .borrow_mut()
                .extend(steps.iter().map(|step| format!("{:?}", std::mem::discriminant(step))));
            (recorded(&steps, &[1]).await, recorded(&steps, &at_once).await)
        });
        // When something was sent is the clock's; who was is not.
        let timeless = |record: &StateRecord| {
            let sent: BTreeSet<Email> = record.state.sent_at.keys().cloned().collect();
            (
                record.binding.clone(),
                sent,
                State { sent_at: BTreeMap::default(), ..record.state.clone() },
            )
        };
        prop_assert_eq!(timeless(&one), timeless(&other));
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(kinds.get_mut().len(), 14, "not every change was recorded");
}
