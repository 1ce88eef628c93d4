//! The lock and the leadership as Leases: expiry, renewal, takeover and force-release.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use trunkline::state::{Error, LockHolder};

use crate::state::leases::hold;
use crate::state::{binding, leases};
use crate::support::kube::{own_server, server, store};

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
    let (kubeconfig, namespace) = (server.kubeconfig(), server.new_namespace());
    leases::is_taken_over(move || store(&kubeconfig, &namespace)).await;
}

#[tokio::test]
async fn a_lock_is_force_released_only_by_its_id_and_its_holder_notices() {
    let Some(server) = server() else { return };
    leases::is_force_released(server.store()).await;
}

#[tokio::test]
async fn leadership_has_one_holder_and_does_not_lock_the_state() {
    let Some(server) = server() else { return };
    leases::has_one_leader(server.store()).await;
}

#[tokio::test]
async fn the_last_leader_acquires_its_own_lease_at_once_and_no_other() {
    let Some(server) = server() else { return };
    leases::is_led_again(server.store()).await;
}

#[tokio::test]
async fn the_list_of_replicas_is_one_in_a_namespace_and_replaced_only_as_it_was_read() {
    let Some(server) = server() else { return };
    let namespace = server.new_namespace();
    let list = || server.store_in(&namespace).replicas().unwrap().unwrap();
    assert_eq!(list().place(), format!("kubernetes://{namespace}/trunkline.replicas"));
    leases::is_replaced_as_read(list(), list()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_expires_while_the_api_server_is_away_and_one_that_is_back_is_used_again() {
    let Some(server) = own_server() else { return };
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
