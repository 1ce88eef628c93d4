//! What only a bucket can get wrong: answers that are lost, locks that expire, objects that are cut, and
//! processes on several machines. The bucket is moto.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use trunkline::model::State;
use trunkline::state::{Error, Journal, Location, LockHolder, StateChange, StateLock, Store};

use super::{binding, email, id, keep};
use crate::support::moto::{BUCKET, Moto, moto, store};
use crate::support::proxy::{Fault, Proxy};

const SOON: Duration = Duration::from_secs(60);

async fn hold(store: &Store) -> StateLock {
    store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap()
}

/// A way to the bucket on which requests get lost.
async fn through(
    moto: &Moto,
    faults: impl Fn(&str, &str, &str) -> Fault + Send + Sync + 'static,
) -> (Proxy, String) {
    let proxy = Proxy::start(&moto.origin, faults).await;
    let origin = proxy.url.trim_end_matches("/v2").to_owned();
    (proxy, origin)
}

/// What becomes of the n-th write of a state file, counted from 0.
fn on_write(number: usize, fault: Fault) -> impl Fn(&str, &str, &str) -> Fault + Send + Sync {
    let writes = AtomicUsize::new(0);
    move |method, path, _| {
        let is_write = method == "PUT" && path.ends_with("/acme.json");
        if is_write && writes.fetch_add(1, Ordering::Relaxed) == number {
            fault
        } else {
            Fault::None
        }
    }
}

#[tokio::test]
async fn an_object_that_was_cut_at_any_byte_is_refused() {
    let Some(moto) = moto() else { return };
    let whole = moto.store();
    // A small one: each cut is a request or two. The suite of the file cuts a large one.
    keep(&whole, &binding(), State { limits: [(id("a-1"), 30)].into(), ..State::default() }).await;
    let bytes = moto.get(&whole).await;
    let cut = |length: usize| {
        let bytes = &bytes[..length];
        async move {
            let store = moto.store();
            moto.put(&moto.url(&store), bytes).await;
            let read = store.load(&binding()).await;
            assert!(matches!(read, Err(Error::Damaged { .. })), "{length}: {read:?}");
        }
    };
    stream::iter((0..bytes.len()).map(cut)).buffer_unordered(8).collect::<()>().await;
    // And it is not written over.
    let store = moto.store();
    moto.put(&moto.url(&store), &bytes[..100]).await;
    let holder = LockHolder::this("apply");
    let opened = Journal::open(store.clone(), &binding(), &holder, Duration::ZERO).await;
    assert!(matches!(opened, Err(Error::Damaged { .. })), "{opened:?}");
    assert_eq!(moto.get(&store).await, bytes[..100]);
}

#[tokio::test]
async fn a_lock_that_is_damaged_is_not_taken_for_free() {
    let Some(moto) = moto() else { return };
    let ours = moto.store();
    hold(&ours).await.release().await;
    let lock = moto.url(&ours).replace(".json", ".lock");
    for text in ["", "{", "{}", "{ \"format_version\": 2, \"epoch\": 1, \"held\": null }"] {
        moto.put(&lock, text.as_bytes()).await;
        let refused = ours.lock(&LockHolder::this("apply"), SOON).await;
        assert!(matches!(refused, Err(Error::LockDamaged { .. })), "{text}: {refused:?}");
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_no_empty_state() {
    let Some(moto) = moto() else { return };
    let store = store(&moto.origin, "nowhere/acme.json");
    for error in [
        store.read().await.unwrap_err(),
        store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap_err(),
    ] {
        let told = format!("{error} | {}", error.hint().unwrap());
        assert!(
            told.contains("the bucket does not exist (NoSuchBucket) | Create it first"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_folder_of_state_files_has_one_for_each_organization() {
    let folder = Location::parse(&format!("s3://{BUCKET}/folder")).unwrap();
    let unnamed = Store::new(&folder).read().await;
    assert!(matches!(unnamed, Err(Error::NoObject { .. })), "{unnamed:?}");
    let of = |organization: &str| Store::new(&folder.clone().for_organization(organization));
    assert_eq!(of("acme").place(), format!("s3://{BUCKET}/folder/acme.json"));
    let named = Location::parse(&format!("s3://{BUCKET}/x.json")).unwrap();
    assert_eq!(
        Store::new(&named.for_organization("acme")).place(),
        format!("s3://{BUCKET}/x.json")
    );
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_neither_taken_for_failed_nor_done_twice() {
    let Some(moto) = moto() else { return };
    for fault in [Fault::AnswerLost, Fault::RequestLost, Fault::Refused(409), Fault::Refused(412)] {
        for number in [0, 1] {
            let key = Moto::new_key();
            let (_proxy, origin) = through(moto, on_write(number, fault)).await;
            let store = store(&origin, &key);
            let hold = hold(&store).await;
            let mut record = store.load(&binding()).await.unwrap();
            for serial in 1..=3 {
                record.state.limits.insert(id("a-1"), serial);
                store.save(&hold, &mut record).await.unwrap();
                assert_eq!(store.read().await.unwrap().as_ref(), Some(&record), "{fault:?}");
                assert_eq!(record.serial, serial);
            }
            hold.release().await;
        }
    }
}

#[tokio::test]
async fn what_somebody_else_has_written_is_a_conflict_even_if_it_is_the_same() {
    let Some(moto) = moto() else { return };
    let key = Moto::new_key();
    let (ours, theirs) = (store(&moto.origin, &key), store(&moto.origin, &key));
    let hold = hold(&ours).await;
    let mut first = ours.load(&binding()).await.unwrap();
    let mut second = theirs.load(&binding()).await.unwrap();
    ours.save(&hold, &mut first).await.unwrap();
    let refused = theirs.save(&hold, &mut second).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    // The same text twice: only what is beside it tells whose it is.
    let mut again = ours.load(&binding()).await.unwrap();
    let mut theirs_again = theirs.load(&binding()).await.unwrap();
    assert_eq!(again, theirs_again);
    let (one, other) =
        tokio::join!(ours.save(&hold, &mut again), theirs.save(&hold, &mut theirs_again));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    hold.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_write_at_once_without_a_lock_between_them_none_loses_anything() {
    let Some(moto) = moto() else { return };
    let key = Moto::new_key();
    let hold = hold(&store(&moto.origin, &key)).await;
    let writers = (0..6).map(|_| async {
        let store = store(&moto.origin, &key);
        let mut written = 0;
        while written < 5 {
            let mut record = store.load(&binding()).await.unwrap();
            *record.state.limits.entry(id("a-1")).or_default() += 1;
            match store.save(&hold, &mut record).await {
                Ok(()) => written += 1,
                Err(Error::Conflict { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    join_all(writers).await;
    let record = store(&moto.origin, &key).read().await.unwrap().unwrap();
    assert_eq!((record.serial, record.state.limits[&id("a-1")]), (30, 30));
    hold.release().await;
}

#[tokio::test]
async fn a_lock_that_is_renewed_is_not_taken_over_and_tells_who_until_when_and_which() {
    let Some(moto) = moto() else { return };
    let store = moto.store().leased_for(Duration::from_millis(1200));
    let held = hold(&store).await;
    let Err(Error::Locked { holder: Some(holder), .. }) =
        store.lock(&LockHolder::this("apply"), Duration::from_secs(4)).await
    else {
        panic!("it was taken over")
    };
    assert_eq!((holder.pid, holder.command.as_str()), (std::process::id(), "apply"));
    let lease = holder.lease.clone().unwrap();
    assert_eq!((lease.epoch, lease.id.len()), (1, 32));
    let told = holder.to_string();
    for part in [" on ", ", lease expires at 2", &format!("; lock id {}", lease.id)] {
        assert!(told.contains(part), "{told}");
    }
    let mut record = store.load(&binding()).await.unwrap();
    store.save(&held, &mut record).await.unwrap();
    held.release().await;
    hold(&store).await.release().await;
}

#[tokio::test]
async fn a_lock_whose_holder_is_gone_is_taken_over_after_its_lease_even_by_who_did_not_want_to_wait()
 {
    let Some(moto) = moto() else { return };
    let key = Moto::new_key();
    let lease = Duration::from_millis(1500);
    // Its runtime ends, so nobody renews the lock or lets it go: as if the process was killed.
    let (origin, gone) = (moto.origin.clone(), key.clone());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let held = runtime.block_on(async { hold(&store(&origin, &gone).leased_for(lease)).await });
        runtime.shutdown_background();
        drop(held);
    })
    .join()
    .unwrap();
    let store = store(&moto.origin, &key);
    let early = store.lock(&LockHolder::this("apply"), Duration::from_millis(300)).await;
    assert!(matches!(early, Err(Error::Locked { .. })), "{early:?}");
    // By now the clocks say that it is over; that alone is no proof.
    tokio::time::sleep(lease * 2).await;
    let begun = Instant::now();
    let held = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    assert!(begun.elapsed() >= lease, "{:?}", begun.elapsed());
    let Err(Error::Locked { holder: Some(holder), .. }) = store.unlocked().await else {
        panic!("nobody holds it")
    };
    assert_eq!(holder.lease.unwrap().epoch, 2);
    held.release().await;
}

#[tokio::test]
async fn who_cannot_renew_stops_writing_before_somebody_else_could_begin() {
    let Some(moto) = moto() else { return };
    let key = Moto::new_key();
    let locks = AtomicUsize::new(0);
    let (_proxy, origin) = through(moto, move |method, path, _| {
        let is_lock = method == "PUT" && path.ends_with("/acme.lock");
        // Taking it and proving that conditions hold is fine, renewing is not.
        if is_lock && locks.fetch_add(1, Ordering::Relaxed) > 2 {
            Fault::RequestLost
        } else {
            Fault::None
        }
    })
    .await;
    let lease = Duration::from_secs(2);
    let cut_off = store(&origin, &key).leased_for(lease);
    let held = hold(&cut_off).await;
    let mut record = cut_off.load(&binding()).await.unwrap();
    cut_off.save(&held, &mut record).await.unwrap();
    let next = store(&moto.origin, &key);
    let taken = next.lock(&LockHolder::this("apply"), SOON).await.unwrap();
    let refused = cut_off.save(&held, &mut record).await;
    assert!(matches!(refused, Err(Error::LockLost { .. })), "{refused:?}");
    assert_eq!(next.load(&binding()).await.unwrap().serial, 1);
    taken.release().await;
}

#[tokio::test]
async fn a_lock_is_broken_by_its_id_and_by_no_other_and_its_holder_notices() {
    let Some(moto) = moto() else { return };
    let store = moto.store().leased_for(Duration::from_millis(1500));
    let none = store.unlock("x").await;
    assert!(matches!(none, Err(Error::NotLocked { .. })), "{none:?}");
    let held = hold(&store).await;
    let Err(Error::OtherLock { holder, .. }) = store.unlock("x").await else { panic!() };
    let id = holder.lease.unwrap().id;
    assert_eq!(store.unlock(&id).await.unwrap().pid, std::process::id());
    store.unlocked().await.unwrap();
    let next = hold(&store).await;
    let old = store.unlock(&id).await;
    assert!(matches!(old, Err(Error::OtherLock { .. })), "{old:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut record = store.load(&binding()).await.unwrap();
    let refused = store.save(&held, &mut record).await;
    assert!(matches!(refused, Err(Error::LockLost { .. })), "{refused:?}");
    // That the old one lets go what it no longer holds takes nothing from the new one.
    held.release().await;
    assert!(store.unlocked().await.is_err());
    store.save(&next, &mut record).await.unwrap();
    next.release().await;
}

#[tokio::test]
async fn who_has_lost_the_lock_knows_that_somebody_else_may_apply() {
    let Some(moto) = moto() else { return };
    let store = moto.store().leased_for(Duration::from_millis(900));
    let holder = LockHolder::this("apply");
    let journal = Journal::open(store.clone(), &binding(), &holder, Duration::ZERO).await.unwrap();
    journal.is_sound().unwrap();
    let Err(Error::OtherLock { holder, .. }) = store.unlock("?").await else { panic!() };
    store.unlock(&holder.lease.unwrap().id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let lost = journal.is_sound();
    assert!(matches!(lost, Err(Error::LockLost { .. })), "{lost:?}");
    journal.note(StateChange::Limit(id("1"), 1)).unwrap();
    let lost = journal.flush().await;
    assert!(matches!(lost, Err(Error::LockLost { .. })), "{lost:?}");
    let lost = journal.note(StateChange::Limit(id("1"), 1));
    assert!(matches!(lost, Err(Error::LockLost { .. })), "{lost:?}");
    assert!(journal.close().await.is_err());
    assert_eq!(store.read().await.unwrap(), None);
}

#[tokio::test]
async fn of_the_old_holder_and_the_new_one_whoever_writes_second_is_told_of_a_conflict() {
    let Some(moto) = moto() else { return };
    let key = Moto::new_key();
    let (old, new) = (store(&moto.origin, &key), store(&moto.origin, &key));
    let open = |store: &Store| {
        let store = store.clone();
        async move {
            Journal::open(store, &binding(), &LockHolder::this("apply"), Duration::ZERO)
                .await
                .unwrap()
        }
    };
    let asleep = open(&old).await;
    asleep.record(StateChange::Intend(vec![email("a")])).await.unwrap();
    let Err(Error::OtherLock { holder, .. }) = new.unlock("?").await else { panic!() };
    new.unlock(&holder.lease.unwrap().id).await.unwrap();
    let awake = open(&new).await;
    // The old one does not know yet that its lock was broken, and is quicker.
    asleep.record(StateChange::Sending(email("a"))).await.unwrap();
    let refused = awake.record(StateChange::Sending(email("a"))).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    let _ = (asleep.close().await, awake.close().await);
}

#[tokio::test]
async fn no_key_and_no_word_of_the_other_side_is_in_an_error() {
    let Some(moto) = moto() else { return };
    for status in [400, 401, 403, 500] {
        let (_proxy, origin) = through(moto, move |_, _, _| Fault::Refused(status)).await;
        let store = store(&origin, &Moto::new_key());
        let begun = Instant::now();
        let error = store.read().await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        let told = format!("{error} {error:?} {store:?} {}", error.hint().unwrap());
        for secret in ["AKIAOFTHETESTS", "secret_of_the_tests", "The test said so"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
    // What is set wrong is said before anything is sent.
    let plain = Location::parse("s3://states/acme.json").unwrap();
    let store = Store::new(&plain)
        .with_settings([("AWS_ENDPOINT_URL".to_owned(), "http://127.0.0.1:1".into())]);
    let error = store.read().await.unwrap_err();
    assert!(error.to_string().ends_with("AWS_ENDPOINT_URL is plain http"), "{error}");
}

#[tokio::test]
async fn an_empty_state_can_be_written_where_one_was_removed_only_by_who_has_seen_that() {
    let Some(moto) = moto() else { return };
    let store = moto.store();
    let hold = hold(&store).await;
    let mut record = store.load(&binding()).await.unwrap();
    store.save(&hold, &mut record).await.unwrap();
    moto.delete(&moto.url(&store)).await;
    let refused = store.save(&hold, &mut record).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    assert_eq!(store.read().await.unwrap(), None);
    assert_eq!(store.load(&binding()).await.unwrap().state, State::default());
    hold.release().await;
}

#[tokio::test]
async fn the_turn_to_watch_is_of_one_until_it_is_gone_and_no_lock_of_the_state() {
    let Some(moto) = moto() else { return };
    let store = moto.store().leased_for(Duration::from_millis(900));
    let holder = LockHolder::this(LockHolder::DAEMON);
    let (told, seen) = tokio::sync::watch::channel(None);
    let first = store.wait_for_leadership(&holder, &told).await.unwrap();
    assert!(first.is_held() && seen.borrow().is_none());
    let early =
        tokio::time::timeout(Duration::from_secs(2), store.wait_for_leadership(&holder, &told))
            .await;
    assert!(early.is_err(), "it is renewed");
    assert_eq!(seen.borrow().as_ref().unwrap().command, "daemon");
    store.unlocked().await.unwrap();
    hold(&store).await.release().await;
    assert!(first.is_held());
    first.release().await;
    let second = store.wait_for_leadership(&holder, &told).await.unwrap();
    assert!(second.is_held());
    second.release().await;
}

#[tokio::test]
async fn a_turn_that_cannot_be_renewed_ends_before_another_one_begins() {
    let Some(moto) = moto() else { return };
    let key = Moto::new_key();
    let leases = AtomicUsize::new(0);
    let (_proxy, origin) = through(moto, move |method, path, _| {
        let is_lease = method == "PUT" && path.ends_with("/acme.lease");
        if is_lease && leases.fetch_add(1, Ordering::Relaxed) > 2 {
            Fault::RequestLost
        } else {
            Fault::None
        }
    })
    .await;
    let lease = Duration::from_secs(2);
    let (told, _) = tokio::sync::watch::channel(None);
    let holder = LockHolder::this(LockHolder::DAEMON);
    let cut_off = store(&origin, &key).leased_for(lease);
    let first = cut_off.wait_for_leadership(&holder, &told).await.unwrap();
    assert!(first.is_held());
    let second = store(&moto.origin, &key).wait_for_leadership(&holder, &told).await.unwrap();
    assert!(!first.is_held() && second.is_held());
    second.release().await;
}
