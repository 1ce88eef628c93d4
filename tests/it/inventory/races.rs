//! Laws: whatever comes and goes while it is read, an inventory is incomplete or it is right.
//!
//! Totals see every change of one direction. What they cannot see is two changes that cancel out
//! between the same two pages or lists, so the strict law is about changes of one kind; under any
//! changes at all, nothing is invented.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use trunkline::model::{self, Live};

use super::fake::{Detected, List, Organization, Status, detect, email};
use super::manifest;

/// Something that happens just before or just after a request is answered.
#[derive(Clone, Copy, Debug)]
struct Event {
    /// The number of the request, from 0.
    request: usize,
    after: bool,
    change: Change,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Create,
    /// One of those that are enabled.
    Cancel(usize),
    /// One of those that are not cancelled.
    Set(usize, Status),
}

fn happen(all: &mut Organization, change: Change) {
    let nth = |wanted: &dyn Fn(Status) -> bool, number: usize| {
        let fit: Vec<u32> =
            all.live().into_iter().filter(|(_, is)| wanted(*is)).map(|(id, _)| id).collect();
        (!fit.is_empty()).then(|| fit[number % fit.len()])
    };
    match change {
        Change::Create => all.create(Status::Enabled),
        Change::Cancel(number) => {
            if let Some(account) = nth(&|status| status == Status::Enabled, number) {
                all.set(account, Status::Cancelled);
            }
        }
        Change::Set(number, status) => {
            if let Some(account) = nth(&|_| true, number) {
                all.set(account, status);
            }
        }
    }
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        6 => Just(Status::Enabled),
        2 => Just(Status::Disabled),
        1 => Just(Status::Blocked),
        1 => Just(Status::Cancelled),
    ]
}

fn events(
    change: impl Strategy<Value = Change> + 'static,
    most: usize,
) -> BoxedStrategy<Vec<Event>> {
    let event = (0..24_usize, any::<bool>(), change).prop_map(|(request, after, change)| Event {
        request,
        after,
        change,
    });
    prop::collection::vec(event, 0..=most).boxed()
}

fn set() -> impl Strategy<Value = Change> {
    (0..20_usize, status()).prop_map(|(account, status)| Change::Set(account, status))
}

fn cancel() -> impl Strategy<Value = Change> {
    (0..20_usize).prop_map(Change::Cancel)
}

/// Reads an organization to which these things happen.
fn read(statuses: Vec<Status>, events: Vec<Event>) -> Detected {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let desired = manifest(&[&email(0), "missing@shop.example"], true);
    runtime.block_on(detect(Organization::new(statuses), &desired, {
        let request = AtomicUsize::new(0);
        move |ask, all| {
            let request = request.fetch_add(1, Ordering::SeqCst);
            let now = |after| {
                let now = move |event: &&Event| event.request == request && event.after == after;
                events.iter().filter(now).map(|event| event.change).collect::<Vec<_>>()
            };
            for change in now(false) {
                happen(all, change);
            }
            let reply = all.answer(ask);
            for change in now(true) {
                happen(all, change);
            }
            reply
        }
    }))
}

fn number(id: &model::AccountId) -> u32 {
    id.as_str()[1..].parse().unwrap()
}

fn same(said: model::Status, is: Status) -> bool {
    match said {
        model::Status::Enabled => is == Status::Enabled,
        model::Status::Disabled => is == Status::Disabled,
        model::Status::Blocked => is == Status::Blocked,
    }
}

/// Checks what holds in every case.
fn nothing_is_invented(detected: &Detected) -> Result<(), TestCaseError> {
    let Live { accounts, cancelled, gaps, .. } = detected.result.as_ref().unwrap();
    for account in accounts {
        let number = number(&account.id);
        prop_assert!(detected.moments.iter().any(|moment| moment.contains_key(&number)));
    }
    for account in cancelled {
        prop_assert!(detected.cancelled.contains(&number(&account.id)), "{}", account.id);
    }
    let different: BTreeSet<_> = accounts.iter().map(|account| &account.id).collect();
    prop_assert_eq!(different.len(), accounts.len());
    for (list, reads) in &detected.reads {
        prop_assert!(*reads <= 6, "{:?} was read {} times", list, reads);
    }
    prop_assert!(gaps.len() <= 2);
    Ok(())
}

/// Checks what holds for changes of one kind: the accounts are all that were there at one moment, and each
/// status is one that the account had while it was read.
fn complete_is_right(detected: &Detected) -> Result<(), TestCaseError> {
    let live = detected.result.as_ref().unwrap();
    if !live.gaps.is_empty() {
        return Ok(());
    }
    let read: BTreeSet<u32> = live.accounts.iter().map(|account| number(&account.id)).collect();
    let is_there =
        |moment: &&BTreeMap<u32, Status>| moment.keys().copied().collect::<BTreeSet<_>>() == read;
    prop_assert!(
        detected.moments.iter().any(|moment| is_there(&moment)),
        "never were there {:?}",
        read
    );
    for account in &live.accounts {
        let number = number(&account.id);
        let had = |said| {
            detected
                .moments
                .iter()
                .filter_map(|moment| moment.get(&number))
                .any(|is| same(said, *is))
        };
        prop_assert!(account.status.is_none_or(had), "{:?} is wrong", account);
    }
    Ok(())
}

fn organization() -> impl Strategy<Value = Vec<Status>> {
    prop::collection::vec(status(), 0..14)
}

fn runner() -> TestRunner {
    TestRunner::new(Cases { failure_persistence: None, ..Cases::with_cases(100) })
}

#[test]
fn under_changes_of_one_kind_an_inventory_is_incomplete_or_a_state_that_really_was() {
    let schedules =
        prop_oneof![events(Just(Change::Create), 4), events(cancel(), 4), events(set(), 1),];
    let (complete, moved, unknown) =
        (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    runner()
        .run(&(organization(), schedules), |(statuses, events)| {
            let detected = read(statuses, events);
            let live = detected.result.as_ref().unwrap();
            let again = detected.reads[&List::All] > 1;
            complete.fetch_add(usize::from(live.gaps.is_empty()), Ordering::SeqCst);
            moved.fetch_add(usize::from(live.gaps.is_empty() && again), Ordering::SeqCst);
            let guess = live.accounts.iter().any(|account| account.status.is_none());
            unknown.fetch_add(usize::from(guess), Ordering::SeqCst);
            nothing_is_invented(&detected)?;
            complete_is_right(&detected)
        })
        .unwrap();
    let reached = [complete, moved, unknown].map(AtomicUsize::into_inner);
    assert!(reached[0] > 50 && reached[1] > 5, "{reached:?}");
}

#[test]
fn under_any_changes_nothing_is_invented_and_the_reading_ends() {
    let change = prop_oneof![Just(Change::Create), cancel(), set()];
    runner()
        .run(&(organization(), events(change, 8)), |(statuses, events)| {
            nothing_is_invented(&read(statuses, events))
        })
        .unwrap();
}
