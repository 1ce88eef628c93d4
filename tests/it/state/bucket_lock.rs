//! Locks and leadership in a bucket: expiry, renewal, takeover and force-release. The bucket is moto.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use trunkline::state::{Error, Journal, LockHolder, StateChange, Store};

use super::bucket::through;
use super::leases::{self, hold, lead, request};
use super::{binding, email, id};
use crate::support::moto::{Moto, moto, store};
use crate::support::proxy::Fault;

const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_damaged_lock_is_not_free() {
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
async fn a_renewed_lock_is_not_taken_over_and_names_holder_expiry_and_id() {
    let Some(moto) = moto() else { return };
    let store = moto.store().leased_for(Duration::from_secs(4));
    let held = hold(&store).await;
    let Err(Error::Locked { holder: Some(holder), .. }) =
        store.lock(&LockHolder::this("apply"), Duration::from_secs(9)).await
    else {
        panic!("the lock was taken over")
    };
    assert_eq!((holder.pid, holder.command.as_str()), (std::process::id(), "apply"));
    let lease = holder.lease.clone().unwrap();
    assert_eq!((lease.epoch, lease.id.len()), (1, 32));
    let message = holder.to_string();
    for part in [" on ", ", lease expires at 2", &format!("; lock id {}", lease.id)] {
        assert!(message.contains(part), "{message}");
    }
    let mut record = store.load(&binding()).await.unwrap();
    store.save(&held, &mut record).await.unwrap();
    held.release().await;
    hold(&store).await.release().await;
}

#[tokio::test]
async fn a_lock_whose_holder_is_gone_is_taken_over_after_its_lease_even_without_a_timeout() {
    let Some(moto) = moto() else { return };
    let (origin, key) = (moto.origin.clone(), Moto::new_key());
    leases::is_taken_over(move || store(&origin, &key)).await;
}

#[tokio::test]
async fn a_lock_that_cannot_be_renewed_expires_before_it_is_taken_over() {
    let Some(moto) = moto() else { return };
    let key = Moto::new_key();
    let locks = AtomicUsize::new(0);
    let (_proxy, origin) = through(moto, move |method, path, _| {
        let is_lock = method == "PUT" && path.ends_with("/acme.lock");
        // Acquiring it and proving conditions succeeds; renewing fails.
        if is_lock && locks.fetch_add(1, Ordering::Relaxed) > 2 {
            Fault::RequestLost
        } else {
            Fault::None
        }
    })
    .await;
    let lease = Duration::from_secs(4);
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
async fn a_lock_is_force_released_only_by_its_id_and_its_holder_notices() {
    let Some(moto) = moto() else { return };
    leases::is_force_released(moto.store()).await;
}

#[tokio::test]
async fn a_journal_without_its_lock_is_unsound() {
    let Some(moto) = moto() else { return };
    let store = moto.store().leased_for(Duration::from_millis(4500));
    let holder = LockHolder::this("apply");
    let journal = Journal::open(store.clone(), &binding(), &holder, Duration::ZERO).await.unwrap();
    journal.is_sound().unwrap();
    let Err(Error::OtherLock { holder, .. }) = store.unlock("?").await else { panic!() };
    store.unlock(&holder.lease.unwrap().id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
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
async fn the_second_write_of_an_old_and_a_new_holder_is_a_conflict() {
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
    // The old process does not know yet that its lock was released, and writes first.
    asleep.record(StateChange::Sending(email("a"))).await.unwrap();
    let refused = awake.record(StateChange::Sending(email("a"))).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    let _ = (asleep.close().await, awake.close().await);
}

#[tokio::test]
async fn leadership_has_one_holder_and_does_not_lock_the_state() {
    let Some(moto) = moto() else { return };
    leases::has_one_leader(moto.store()).await;
}

#[tokio::test]
async fn leadership_that_cannot_be_renewed_expires_before_it_is_taken_over() {
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
    let lease = Duration::from_secs(4);
    let (request, _wish, _) = request(true, None);
    let cut_off = store(&origin, &key).leased_for(lease);
    let first = lead(&cut_off, &request).await.unwrap();
    let check = first.check();
    assert!(first.is_held() && check.outlasts_a_write());
    let (binding, healing) = (binding(), LockHolder::this("heal"));
    let journal = Journal::open(cut_off, &binding, &healing, Duration::ZERO).await.unwrap();
    let journal = journal.led_by(check.clone());
    journal.is_sound().unwrap();
    // It writes nothing more while it still holds the lease, which is longer than a write.
    while check.outlasts_a_write() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(first.is_held());
    let refused = journal.is_sound();
    assert!(matches!(refused, Err(Error::LockLost { .. })), "{refused:?}");
    let second = lead(&store(&moto.origin, &key), &request).await.unwrap();
    assert!(!first.is_held() && second.is_held());
    second.release().await;
}

#[tokio::test]
async fn leadership_that_is_not_wanted_is_acquired_only_after_two_free_lease_times() {
    let Some(moto) = moto() else { return };
    let lease = Duration::from_millis(900);
    let store = moto.store().leased_for(lease);
    let begun = Instant::now();
    let (unwanted, wish, _) = request(false, None);
    let neglected = lead(&store, &unwanted).await.unwrap();
    assert!(begun.elapsed() >= lease * 2, "{:?}", begun.elapsed());
    neglected.release().await;
    // A wish takes effect at once.
    let lease = Duration::from_secs(10);
    let store = moto.store().leased_for(lease);
    let begun = Instant::now();
    let waiting = lead(&store, &unwanted);
    let wishing = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        wish.send_replace(true);
    };
    let (wanted, ()) = tokio::join!(waiting, wishing);
    assert!(begun.elapsed() < lease * 2, "{:?}", begun.elapsed());
    wanted.unwrap().release().await;
}

#[tokio::test]
async fn the_last_leader_acquires_its_own_lease_at_once_and_no_other() {
    let Some(moto) = moto() else { return };
    leases::is_led_again(moto.store()).await;
}

#[tokio::test]
async fn the_list_of_replicas_is_replaced_only_as_it_was_read() {
    let Some(moto) = moto() else { return };
    let list = moto.store().replicas().unwrap().unwrap();
    assert!(list.place().ends_with("/trunkline.replicas"), "{}", list.place());
    leases::is_replaced_as_read(list.clone(), list).await;
    let file = Store::new(&trunkline::state::Location::File("acme.json".into()));
    assert!(file.replicas().unwrap().is_none() && file.leader_lease().is_none());
}
