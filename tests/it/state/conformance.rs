//! The behavior that all stores share.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use trunkline::model::State;
use trunkline::state::{Binding, Error, Location, LockHolder, Mismatch, Store};

use super::{binding, file, id, keep, sample};

/// New stores of each kind, and the folder of the file.
fn stores() -> (TempDir, Vec<Store>) {
    let folder = TempDir::new().unwrap();
    let mut stores = vec![file(&folder.path().join("acme.json")), Store::new(&Location::Memory)];
    #[cfg(feature = "object-store")]
    stores.extend(crate::support::moto::moto().map(crate::support::moto::Moto::store));
    #[cfg(feature = "kubernetes")]
    stores.extend(crate::support::kube::server().map(crate::support::kube::ApiServer::store));
    stores.extend([]);
    (folder, stores)
}

#[tokio::test]
async fn a_missing_state_is_empty_and_a_written_one_reads_back() {
    let (_folder, stores) = stores();
    for store in stores {
        assert!(store.remembers());
        assert_eq!(store.read().await.unwrap(), None);
        let empty = store.load(&binding()).await.unwrap();
        assert_eq!((empty.serial, empty.state), (0, State::default()));
        keep(&store, &binding(), sample()).await;
        let read = store.load(&binding()).await.unwrap();
        assert_eq!((read.serial, &read.state, &read.binding), (1, &sample(), &binding()));
        // The spelling of an email is kept, though it is not compared.
        assert_eq!(read.state.emails[&id("a-1")].as_str(), "Larry@CatFood.example");
        keep(&store, &binding(), State::default()).await;
        let read = store.clone().read().await.unwrap().unwrap();
        assert_eq!((read.serial, read.state), (2, State::default()));
    }
}

#[tokio::test]
async fn only_the_version_that_was_read_is_replaced() {
    let (_folder, stores) = stores();
    for store in stores {
        let hold = store.lock(&LockHolder::this("test"), Duration::ZERO).await.unwrap();
        let mut none = store.load(&binding()).await.unwrap();
        let mut first = none.clone();
        store.save(&hold, &mut first).await.unwrap();
        let mut second = first.clone();
        store.save(&hold, &mut second).await.unwrap();
        for old in [&mut none, &mut first] {
            let before = old.clone();
            let refused = store.save(&hold, old).await;
            assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
            assert_eq!(*old, before);
        }
        store.save(&hold, &mut second).await.unwrap();
        assert_eq!(store.read().await.unwrap(), Some(second));
    }
}

#[tokio::test]
async fn the_lock_excludes_others_names_its_holder_and_does_not_stop_readers() {
    let (_folder, stores) = stores();
    for store in stores {
        keep(&store, &binding(), sample()).await;
        let holder = LockHolder::this("apply");
        let hold = store.lock(&holder, Duration::ZERO).await.unwrap();
        let other = store.lock(&LockHolder::this("state forget"), Duration::ZERO).await;
        let Err(error @ Error::Locked { .. }) = other else { panic!("{other:?}") };
        let message = error.to_string();
        for part in [
            format!(
                "the state {} is locked by process {} (apply)",
                store.place(),
                std::process::id()
            ),
            format!(" since {}", holder.since),
        ] {
            assert!(message.contains(&part), "{message}");
        }
        assert_eq!(store.unlocked().await.unwrap_err().to_string(), message);
        assert_eq!(store.load(&binding()).await.unwrap().state, sample());
        hold.release().await;
        store.unlocked().await.unwrap();
        store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap().release().await;
    }
}

#[tokio::test]
async fn other_commands_wait_for_the_lock_of_the_daemon_but_daemons_do_not() {
    let (_folder, stores) = stores();
    for store in stores {
        let hold = store.lock(&LockHolder::this(LockHolder::DAEMON), Duration::ZERO).await.unwrap();
        assert!(store.lock(&LockHolder::this(LockHolder::DAEMON), Duration::ZERO).await.is_err());
        let waiting = {
            let store = store.clone();
            tokio::spawn(async move {
                store.lock(&LockHolder::this("apply"), Duration::ZERO).await.map(drop)
            })
        };
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!waiting.is_finished());
        hold.release().await;
        waiting.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn lock_waits_for_the_given_time() {
    let (_folder, stores) = stores();
    for store in stores {
        let hold = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
        let begun = Instant::now();
        let wait = Duration::from_millis(300);
        assert!(store.lock(&LockHolder::this("apply"), wait).await.is_err());
        assert!(begun.elapsed() >= wait);
        let waiting = {
            let store = store.clone();
            tokio::spawn(async move {
                store.lock(&LockHolder::this("apply"), Duration::from_secs(60)).await.map(drop)
            })
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        hold.release().await;
        waiting.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_foreign_state_is_refused() {
    let (_folder, stores) = stores();
    for store in stores {
        keep(&store, &binding(), sample()).await;
        let others = [
            (Mismatch::Organization, Binding { organization: "other".to_owned(), ..binding() }),
            (Mismatch::Manager, Binding { manager: Some(id("manager-2")), ..binding() }),
            (
                Mismatch::BaseUrl,
                Binding { base_url: "http://127.0.0.1:8484/v2".to_owned(), ..binding() },
            ),
        ];
        for (wanted, other) in others {
            let refused = store.load(&other).await;
            assert!(
                matches!(&refused, Err(Error::Foreign { what, .. }) if *what == wanted),
                "{refused:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_manager_is_bound_once_it_is_known_and_stays_bound() {
    let (_folder, stores) = stores();
    let unknown = Binding { manager: None, ..binding() };
    for store in stores {
        keep(&store, &unknown, sample()).await;
        assert_eq!(store.read().await.unwrap().unwrap().binding, unknown);
        keep(&store, &binding(), sample()).await;
        assert_eq!(store.read().await.unwrap().unwrap().binding, binding());
        // A run without accounts knows no manager and keeps the bound one.
        keep(&store, &unknown, sample()).await;
        assert_eq!(store.read().await.unwrap().unwrap().binding, binding());
    }
}

#[tokio::test]
async fn none_remembers_nothing_and_excludes_no_process() {
    let store = Store::new(&Location::None);
    assert!(!store.remembers());
    let _first = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    keep(&store, &binding(), sample()).await;
    assert_eq!(store.read().await.unwrap(), None);
    assert_eq!(store.load(&binding()).await.unwrap().state, State::default());
}
