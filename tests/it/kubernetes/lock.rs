//! The lock and the leadership as Leases: expiry, renewal, takeover and force-release.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use trunkline::state::{Error, LeadershipRequest, LockHolder, StateLock, Store};

use crate::state::binding;
use crate::support::kube::{own_server, server, store};

async fn hold(store: &Store) -> StateLock {
    store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap()
}

#[tokio::test]
async fn a_lock_is_a_lease_that_is_renewed_and_counts_its_holders() {
    let Some(server) = server() else { return };
    let namespace = server.new_namespace();
    let store = server.store_in(&namespace).leased_for(Duration::from_secs(2));
    let leases: Api<Lease> = Api::namespaced(server.client().await, &namespace);
    let held = hold(&store).await;
    let spec = leases.get("trunkline-acme.lock").await.unwrap().spec.unwrap();
    assert_eq!((spec.lease_duration_seconds, spec.lease_transitions), (Some(2), Some(1)));
    let first = spec.renew_time.unwrap();
    let Err(Error::Locked { holder: Some(holder), .. }) =
        store.lock(&LockHolder::this("apply"), Duration::from_secs(5)).await
    else {
        panic!("the lock was taken over")
    };
    let lease = holder.lease.clone().unwrap();
    assert_eq!((holder.pid, holder.command.as_str()), (std::process::id(), "apply"));
    let identity = spec.holder_identity.unwrap();
    assert!(identity.ends_with(&format!("_{}_{}", std::process::id(), lease.id)), "{identity}");
    let spec = leases.get("trunkline-acme.lock").await.unwrap().spec.unwrap();
    assert!(spec.renew_time.unwrap() > first);
    held.release().await;
    let spec = leases.get("trunkline-acme.lock").await.unwrap().spec.unwrap();
    assert_eq!((spec.holder_identity, spec.lease_transitions), (None, Some(1)));
    hold(&store).await.release().await;
    let spec = leases.get("trunkline-acme.lock").await.unwrap().spec.unwrap();
    assert_eq!(spec.lease_transitions, Some(2));
}

#[tokio::test]
async fn a_lock_whose_holder_is_gone_is_taken_over_after_its_lease_even_without_a_timeout() {
    let Some(server) = server() else { return };
    let (namespace, lease) = (server.new_namespace(), Duration::from_secs(2));
    // The runtime ends, so the lock is neither renewed nor released, as after a kill.
    let (kubeconfig, gone) = (server.kubeconfig(), namespace.clone());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let held =
            runtime.block_on(async { hold(&store(&kubeconfig, &gone).leased_for(lease)).await });
        runtime.shutdown_background();
        drop(held);
    })
    .join()
    .unwrap();
    let store = server.store_in(&namespace);
    let early = store.lock(&LockHolder::this("apply"), Duration::from_millis(300)).await;
    assert!(matches!(early, Err(Error::Locked { .. })), "{early:?}");
    // The lease looks expired by now, which alone proves nothing.
    tokio::time::sleep(lease * 2).await;
    let begun = Instant::now();
    let held = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    assert!(begun.elapsed() >= lease, "{:?}", begun.elapsed());
    held.release().await;
}

#[tokio::test]
async fn a_lock_is_force_released_only_by_its_id_and_its_holder_notices() {
    let Some(server) = server() else { return };
    let store = server.store().leased_for(Duration::from_millis(1500));
    let none = store.unlock("x").await;
    assert!(matches!(none, Err(Error::NotLocked { .. })), "{none:?}");
    let held = hold(&store).await;
    let Err(Error::OtherLock { holder, .. }) = store.unlock("x").await else { panic!() };
    store.unlock(&holder.lease.unwrap().id).await.unwrap();
    let next = hold(&store).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut record = store.load(&binding()).await.unwrap();
    let refused = store.save(&held, &mut record).await;
    assert!(matches!(refused, Err(Error::LockLost { .. })), "{refused:?}");
    // A release by the old holder does not release the lock of the new one.
    held.release().await;
    assert!(store.unlocked().await.is_err());
    store.save(&next, &mut record).await.unwrap();
    next.release().await;
}

#[tokio::test]
async fn leadership_has_one_holder_and_does_not_lock_the_state() {
    let Some(server) = server() else { return };
    let store = server.store().leased_for(Duration::from_secs(1));
    let holder = LockHolder::this(LockHolder::DAEMON);
    let (leader, seen) = tokio::sync::watch::channel(None);
    let request = LeadershipRequest::always(leader);
    let first = store.wait_for_leadership(&holder, &request).await.unwrap();
    let waiting = store.wait_for_leadership(&holder, &request);
    let early = tokio::time::timeout(Duration::from_secs(3), waiting).await;
    assert!(early.is_err() && first.is_held(), "the leadership is renewed");
    assert_eq!(seen.borrow().as_ref().unwrap().command, "daemon");
    hold(&store).await.release().await;
    first.release().await;
    store.wait_for_leadership(&holder, &request).await.unwrap().release().await;
}

#[tokio::test]
async fn the_last_leader_acquires_its_own_lease_at_once_and_no_other() {
    let Some(server) = server() else { return };
    let store = server.store().leased_for(Duration::from_secs(60));
    let holder = LockHolder::this(LockHolder::DAEMON);
    let of = |wanted, former| LeadershipRequest {
        wanted: tokio::sync::watch::channel(wanted).1,
        former,
        leader: tokio::sync::watch::channel(None).0,
    };
    let lost = store.wait_for_leadership(&holder, &of(true, None)).await.unwrap();
    let former = lost.id();
    assert!(former.is_some());
    let again = of(false, former.clone());
    let waiting = store.wait_for_leadership(&holder, &again);
    let back = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    let back = back.expect("the former leader does not wait").unwrap();
    assert!(back.is_held() && back.id() != former);
    // By now another lease is there.
    let late = of(true, former);
    let waiting = store.wait_for_leadership(&holder, &late);
    assert!(tokio::time::timeout(Duration::from_secs(1), waiting).await.is_err());
    back.release().await;
}

#[tokio::test]
async fn the_list_of_replicas_is_one_in_a_namespace_and_replaced_only_as_it_was_read() {
    let Some(server) = server() else { return };
    let namespace = server.new_namespace();
    let list = || server.store_in(&namespace).replicas().unwrap().unwrap();
    let (ours, theirs) = (list(), list());
    assert_eq!(ours.place(), format!("kubernetes://{namespace}/trunkline.replicas"));
    let (one, other) = (ours.read().await.unwrap(), theirs.read().await.unwrap());
    assert_eq!(one.text, None);
    assert!(ours.replace(&one, b"one").await.unwrap());
    assert!(!theirs.replace(&other, b"other").await.unwrap());
    let other = theirs.read().await.unwrap();
    assert_eq!(other.text.as_deref(), Some(&b"one"[..]));
    assert!(theirs.replace(&other, b"other").await.unwrap());
    assert_eq!(ours.read().await.unwrap().text.as_deref(), Some(&b"other"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_expires_while_the_api_server_is_away_and_one_that_is_back_is_used_again() {
    let Some(mut server) = own_server() else { return };
    let store = server.store().leased_for(Duration::from_secs(3));
    let held = hold(&store).await;
    let mut record = store.load(&binding()).await.unwrap();
    store.save(&held, &mut record).await.unwrap();
    server.stop();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let refused = store.save(&held, &mut record).await;
    assert!(matches!(refused, Err(Error::LockLost { .. })), "{refused:?}");
    server.start_again();
    let next = hold(&store).await;
    store.save(&next, &mut record).await.unwrap();
    assert_eq!(store.load(&binding()).await.unwrap().serial, 2);
    next.release().await;
}
