//! The rules of locks and leadership that are leases, wherever they are stored. The tests of a bucket and of Kubernetes call
//! them.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;
use trunkline::state::{
    Error, LeaderLease, LeadershipRequest, LockHolder, ReplicaList, StateLock, Store,
};

use super::binding;

pub(crate) async fn hold(store: &Store) -> StateLock {
    store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap()
}

/// A lock whose holder is gone is taken over after its lease, even without a timeout. `open` opens the same state anew.
pub(crate) async fn is_taken_over(open: impl Fn() -> Store + Clone + Send + 'static) {
    // Long enough that it does not look expired yet after the early attempt, whatever else the machine does.
    let lease = Duration::from_secs(4);
    // The runtime ends, so the lock is neither renewed nor released, as after a kill.
    let gone = open.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let held = runtime.block_on(async { hold(&gone().leased_for(lease)).await });
        runtime.shutdown_background();
        drop(held);
    })
    .join()
    .unwrap();
    let store = open();
    let early = store.lock(&LockHolder::this("apply"), Duration::from_millis(300)).await;
    assert!(matches!(early, Err(Error::Locked { .. })), "{early:?}");
    // The lease looks expired by now, which alone proves nothing.
    tokio::time::sleep(lease * 2).await;
    let begun = Instant::now();
    let held = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    assert!(begun.elapsed() >= lease, "{:?}", begun.elapsed());
    let Err(Error::Locked { holder: Some(holder), .. }) = store.unlocked().await else {
        panic!("the lock is free")
    };
    assert_eq!(holder.lease.unwrap().epoch, 2);
    held.release().await;
}

/// A lock is force-released only by its id, and its holder notices.
pub(crate) async fn is_force_released(store: Store) {
    let store = store.leased_for(Duration::from_millis(4500));
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
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut record = store.load(&binding()).await.unwrap();
    let refused = store.save(&held, &mut record).await;
    assert!(matches!(refused, Err(Error::LockLost { .. })), "{refused:?}");
    // A release by the old holder does not release the lock of the new one.
    held.release().await;
    assert!(store.unlocked().await.is_err());
    store.save(&next, &mut record).await.unwrap();
    next.release().await;
}

/// A request for leadership under this former id, with the wish that steers it and the leader that it reports.
pub(crate) fn request(
    wanted: bool,
    former: Option<String>,
) -> (LeadershipRequest, watch::Sender<bool>, watch::Receiver<Option<LockHolder>>) {
    let (wish, wanted) = watch::channel(wanted);
    let (leader, seen) = watch::channel(None);
    (LeadershipRequest { wanted, former, leader }, wish, seen)
}

pub(crate) async fn lead(store: &Store, request: &LeadershipRequest) -> Result<LeaderLease, Error> {
    store.wait_for_leadership(&LockHolder::this(LockHolder::DAEMON), request).await
}

/// Leadership has one holder, and does not lock the state.
pub(crate) async fn has_one_leader(store: Store) {
    let store = store.leased_for(Duration::from_secs(4));
    let (request, _wish, seen) = request(true, None);
    let first = lead(&store, &request).await.unwrap();
    assert!(first.is_held() && seen.borrow().is_none());
    let early = timeout(Duration::from_secs(9), lead(&store, &request)).await;
    assert!(early.is_err(), "the leadership is renewed");
    assert_eq!(seen.borrow().as_ref().unwrap().command, "daemon");
    store.unlocked().await.unwrap();
    hold(&store).await.release().await;
    assert!(first.is_held());
    first.release().await;
    let second = lead(&store, &request).await.unwrap();
    assert!(second.is_held());
    second.release().await;
}

/// The last leader acquires its own lease at once, and no other.
pub(crate) async fn is_led_again(store: Store) {
    let store = store.leased_for(Duration::from_secs(60));
    let (first, _wish, _) = request(true, None);
    let lost = lead(&store, &first).await.unwrap();
    let former = lost.id();
    assert!(former.is_some());
    let (again, _wish, _) = request(false, former.clone());
    let back = timeout(Duration::from_secs(10), lead(&store, &again)).await;
    let back = back.expect("the former leader does not wait").unwrap();
    assert!(back.is_held() && back.id() != former);
    // By now another lease is there.
    let (late, _wish, _) = request(true, former);
    assert!(timeout(Duration::from_secs(1), lead(&store, &late)).await.is_err());
    back.release().await;
}

/// The list of replicas is replaced only as it was read.
pub(crate) async fn is_replaced_as_read(ours: ReplicaList, theirs: ReplicaList) {
    let (one, other) = (ours.read().await.unwrap(), theirs.read().await.unwrap());
    assert_eq!(one.text, None);
    assert!(ours.replace(&one, b"one").await.unwrap());
    assert!(!theirs.replace(&other, b"other").await.unwrap());
    let other = theirs.read().await.unwrap();
    assert_eq!(other.text.as_deref(), Some(&b"one"[..]));
    assert!(theirs.replace(&other, b"other").await.unwrap());
    assert_eq!(ours.read().await.unwrap().text.as_deref(), Some(&b"other"[..]));
}
