//! The journal: recorded changes are in the store, and many share a write.

use std::fs;

use futures_util::future::{join, join_all};
use tempfile::TempDir;
use trunkline::model::{Create, State};
use trunkline::state::{Binding, Error, Journal, Location, LockHolder, StateChange, Store};

use super::{binding, email, file, id, journal};

async fn on_disk(store: &Store) -> (u64, State) {
    let record = store.read().await.unwrap().unwrap();
    (record.serial, record.state)
}

#[tokio::test]
async fn a_record_is_on_disk_when_it_returns() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("acme.json"));
    let journal = journal(&store).await;
    journal.record(StateChange::Intend(vec![email("a")])).await.unwrap();
    assert_eq!(on_disk(&store).await.1.creates[&email("a")], Create::Intended);
    journal.record(StateChange::Sending(email("a"))).await.unwrap();
    let (serial, state) = on_disk(&store).await;
    assert_eq!((serial, &state.creates[&email("a")]), (2, &Create::Sending));
    assert_eq!(journal.state(), state);
    assert!(journal.sent_at()[&email("a")].elapsed().unwrap().as_secs() < 60);
    journal.record(StateChange::Acknowledged(email("a"), id("1"))).await.unwrap();
    assert_eq!(on_disk(&store).await.1.creates[&email("a")], Create::Acknowledged(id("1")));
}

// On one thread the order is fixed: all changes are queued before the writer sees the first.
#[tokio::test]
async fn concurrent_records_share_one_write() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("acme.json"));
    let journal = journal(&store).await;
    let records =
        (0..200).map(|number| journal.record(StateChange::Limit(id(&number.to_string()), 1)));
    for recorded in join_all(records).await {
        recorded.unwrap();
    }
    let (serial, state) = on_disk(&store).await;
    assert_eq!((serial, state.limits.len()), (1, 200));
}

#[tokio::test]
async fn records_that_come_during_a_write_go_together_in_the_next() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("acme.json"));
    let journal = journal(&store).await;
    let first = journal.record(StateChange::Limit(id("first"), 1));
    let others = async {
        // The writer has received the first by now.
        tokio::task::yield_now().await;
        join_all(
            (0..50).map(|number| journal.record(StateChange::Limit(id(&number.to_string()), 1))),
        )
        .await
    };
    let (first, others) = join(first, others).await;
    first.unwrap();
    for recorded in others {
        recorded.unwrap();
    }
    let (serial, state) = on_disk(&store).await;
    assert_eq!((serial, state.limits.len()), (2, 51));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_records_of_many_tasks_share_writes() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("acme.json"));
    let journal = journal(&store).await;
    let tasks = (0..16).map(|task| {
        let journal = journal.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                let email = email(&format!("{task}-{number}"));
                journal.record(StateChange::Sending(email.clone())).await.unwrap();
                assert_eq!(journal.state().creates[&email], Create::Sending);
                let id = id(&format!("{task}-{number}"));
                journal.record(StateChange::Acknowledged(email, id)).await.unwrap();
            }
        })
    });
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
    let (serial, state) = on_disk(&store).await;
    assert_eq!(state.creates.len(), 320);
    assert!(serial < 640 / 2, "{serial} writes for 640 records");
}

#[tokio::test]
async fn only_one_of_two_callers_may_send_the_same_create() {
    let store = Store::new(&Location::Memory);
    let journal = journal(&store).await;
    let sending = || journal.record(StateChange::Sending(email("a")));
    let (one, other) = join(sending(), sending()).await;
    one.unwrap();
    assert!(matches!(other, Err(Error::SentBefore { .. })), "{other:?}");
    journal.record(StateChange::Sending(email("b"))).await.unwrap();
}

#[tokio::test]
async fn changes_are_recorded_together_or_not_at_all() {
    let store = Store::new(&Location::Memory);
    let journal = journal(&store).await;
    journal.record(StateChange::Sending(email("a"))).await.unwrap();
    let before = on_disk(&store).await;
    let changes = vec![StateChange::Limit(id("1"), 1), StateChange::Sending(email("a"))];
    assert!(journal.record_all(changes).await.is_err());
    assert_eq!(on_disk(&store).await, before);
    let changes = vec![StateChange::Limit(id("1"), 1), StateChange::Sending(email("b"))];
    journal.record_all(changes).await.unwrap();
    assert_eq!(on_disk(&store).await.0, before.0 + 1);
}

#[tokio::test]
async fn a_noted_change_is_on_disk_before_the_next_recorded_one() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("acme.json"));
    let journal = journal(&store).await;
    journal.record(StateChange::Sending(email("a"))).await.unwrap();
    journal.note(StateChange::Acknowledged(email("a"), id("1"))).unwrap();
    journal.record(StateChange::Sending(email("b"))).await.unwrap();
    assert_eq!(on_disk(&store).await.1.creates[&email("a")], Create::Acknowledged(id("1")));
    journal.note(StateChange::Acknowledged(email("b"), id("2"))).unwrap();
    journal.flush().await.unwrap();
    assert_eq!(journal.state().creates[&email("b")], Create::Acknowledged(id("2")));
    assert_eq!(on_disk(&store).await.1, journal.state());
    journal.note(StateChange::Limit(id("1"), 1)).unwrap();
    journal.clone().close().await.unwrap();
    assert_eq!(on_disk(&store).await.1.limits[&id("1")], 1, "close writes noted changes");
    assert!(matches!(journal.note(StateChange::Limit(id("1"), 2)), Err(Error::Closed { .. })));
}

#[tokio::test]
async fn a_noted_change_that_cannot_be_written_fails_all_later_calls() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    let journal = journal(&file(&path)).await;
    journal.record(StateChange::Sending(email("a"))).await.unwrap();
    fs::remove_file(&path).unwrap();
    journal.note(StateChange::Acknowledged(email("a"), id("1"))).unwrap();
    assert!(matches!(journal.flush().await, Err(Error::Conflict { .. })));
    assert!(matches!(journal.is_sound(), Err(Error::Conflict { .. })));
    assert!(matches!(journal.note(StateChange::Limit(id("1"), 1)), Err(Error::Conflict { .. })));
    assert_eq!(journal.state().creates[&email("a")], Create::Sending);
    assert!(journal.close().await.is_err());
}

#[tokio::test]
async fn a_change_without_effect_is_not_written() {
    let store = Store::new(&Location::Memory);
    let journal = journal(&store).await;
    journal.record(StateChange::Limit(id("1"), 1)).await.unwrap();
    journal.record(StateChange::Limit(id("1"), 1)).await.unwrap();
    assert_eq!(on_disk(&store).await.0, 1);
}

#[tokio::test]
async fn the_manager_is_written_with_the_next_change() {
    let store = Store::new(&Location::Memory);
    let unknown = Binding { manager: None, ..binding() };
    let holder = LockHolder::this("apply");
    let open = || Journal::open(store.clone(), &unknown, &holder, std::time::Duration::ZERO);
    let journal = open().await.unwrap();
    journal.record(StateChange::Limit(id("1"), 1)).await.unwrap();
    assert_eq!(store.read().await.unwrap().unwrap().binding.manager, None);
    journal.bind(&id("manager-1")).await.unwrap();
    journal.record(StateChange::Limit(id("1"), 2)).await.unwrap();
    assert_eq!(store.read().await.unwrap().unwrap().binding, binding());
    let foreign = journal.bind(&id("manager-2")).await;
    assert!(matches!(foreign, Err(Error::Foreign { .. })), "{foreign:?}");
    journal.close().await.unwrap();
    let foreign = open().await.unwrap().bind(&id("manager-2")).await;
    assert!(matches!(foreign, Err(Error::Foreign { .. })), "{foreign:?}");
}

#[tokio::test]
async fn a_state_that_another_process_removes_or_changes_ends_the_journal() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("acme.json");
    let store = file(&path);
    let journal = journal(&store).await;
    journal.record(StateChange::Limit(id("1"), 1)).await.unwrap();
    let written = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let lost = journal.record(StateChange::Sending(email("a"))).await;
    assert!(matches!(lost, Err(Error::Conflict { .. })), "{lost:?}");
    assert!(!path.exists(), "a removed state is not created again");
    // Even if the file is back: the outcome of the failed write is unknown.
    fs::write(&path, &written).unwrap();
    let later = journal.record(StateChange::Limit(id("1"), 2)).await;
    assert!(matches!(later, Err(Error::Conflict { .. })), "{later:?}");
    assert_eq!(fs::read(&path).unwrap(), written);
    assert!(journal.close().await.is_err());
}

#[tokio::test]
async fn a_failed_write_fails_all_waiting_calls_and_is_the_last() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("acme.json"));
    let one = journal(&store).await;
    one.record(StateChange::Limit(id("1"), 1)).await.unwrap();
    // A folder in place of the temporary file.
    let in_the_way = folder.path().join(".acme.json.new");
    fs::create_dir(&in_the_way).unwrap();
    let sending = |name| one.record(StateChange::Sending(email(name)));
    let (a, b) = join(sending("a"), sending("b")).await;
    for failed in [a, b] {
        assert!(matches!(failed, Err(Error::Io { .. })), "{failed:?}");
    }
    fs::remove_dir(&in_the_way).unwrap();
    assert!(matches!(sending("c").await, Err(Error::Io { .. })));
    assert_eq!(one.state().creates.len(), 0, "an unwritten change is not visible");
    assert!(one.close().await.is_err());
    let next = journal(&store).await;
    assert_eq!((next.state().creates.len(), next.state().limits.len()), (0, 1));
    next.record(StateChange::Sending(email("a"))).await.unwrap();
}

#[tokio::test]
async fn a_journal_holds_the_lock_until_it_is_closed_and_records_nothing_afterwards() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("acme.json"));
    let one = journal(&store).await;
    let clone = one.clone();
    assert!(store.unlocked().await.is_err());
    let (recorded, closed) = join(clone.record(StateChange::Limit(id("1"), 1)), one.close()).await;
    recorded.unwrap();
    closed.unwrap();
    store.unlocked().await.unwrap();
    let late = clone.record(StateChange::Limit(id("1"), 2)).await;
    assert!(matches!(late, Err(Error::Closed { .. })), "{late:?}");
    assert_eq!(journal(&store).await.state().limits[&id("1")], 1);
}

#[tokio::test]
async fn a_dropped_caller_leaves_no_change_half_recorded() {
    let folder = TempDir::new().unwrap();
    let store = file(&folder.path().join("acme.json"));
    let journal = journal(&store).await;
    for number in 0..20 {
        let record = journal.record(StateChange::Limit(id("1"), number));
        tokio::select! {
            biased;
            _ = record => {}
            () = tokio::task::yield_now() => {}
        }
    }
    journal.record(StateChange::Limit(id("2"), 1)).await.unwrap();
    assert_eq!(on_disk(&store).await.1.limits, [(id("1"), 19), (id("2"), 1)].into());
}
