//! What every store that remembers has to do.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use trunkline::model::State;
use trunkline::state::{Binding, Error, Location, LockHolder, Mismatch, Store};

use super::{binding, file, id, keep, sample};

/// The stores that remember, each new. The folder lives as long as they do.
fn stores() -> (TempDir, Vec<Store>) {
    let folder = TempDir::new().unwrap();
    let mut stores = vec![file(&folder.path().join("acme.json")), Store::new(&Location::Memory)];
    #[cfg(feature = "object-store")]
    stores.extend(crate::support::moto::moto().map(crate::support::moto::Moto::store));
    #[cfg(not(feature = "object-store"))]
    stores.extend([]);
    (folder, stores)
}

#[tokio::test]
async fn what_is_not_there_yet_is_empty_and_what_was_written_comes_back() {
    let (_folder, stores) = stores();
    for store in stores {
        assert!(store.remembers());
        assert_eq!(store.read().await.unwrap(), None);
        let empty = store.load(&binding()).await.unwrap();
        assert_eq!((empty.serial, empty.state), (0, State::default()));
        keep(&store, &binding(), sample()).await;
        let read = store.load(&binding()).await.unwrap();
        assert_eq!((read.serial, &read.state, &read.binding), (1, &sample(), &binding()));
        // How an email was written comes back too, though it is not compared.
        assert_eq!(read.state.emails[&id("a-1")].as_str(), "Larry@CatFood.example");
        keep(&store, &binding(), State::default()).await;
        let read = store.clone().read().await.unwrap().unwrap();
        assert_eq!((read.serial, read.state), (2, State::default()));
    }
}

#[tokio::test]
async fn nothing_is_written_over_what_was_not_read() {
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
async fn one_holds_the_lock_the_other_is_told_who_and_readers_do_not_care() {
    let (_folder, stores) = stores();
    for store in stores {
        keep(&store, &binding(), sample()).await;
        let holder = LockHolder::this("apply");
        let hold = store.lock(&holder, Duration::ZERO).await.unwrap();
        let other = store.lock(&LockHolder::this("state forget"), Duration::ZERO).await;
        let Err(error @ Error::Locked { .. }) = other else { panic!("{other:?}") };
        let told = error.to_string();
        for part in [
            format!(
                "the state {} is locked by process {} (apply)",
                store.place(),
                std::process::id()
            ),
            format!(" since {}", holder.since),
        ] {
            assert!(told.contains(&part), "{told}");
        }
        assert_eq!(store.unlocked().await.unwrap_err().to_string(), told);
        assert_eq!(store.load(&binding()).await.unwrap().state, sample());
        hold.release().await;
        store.unlocked().await.unwrap();
        store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap().release().await;
    }
}

#[tokio::test]
async fn the_daemon_holds_it_for_a_moment_which_is_waited_for_but_not_by_itself() {
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
async fn a_lock_is_waited_for_as_long_as_was_said() {
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
async fn a_state_of_something_else_is_refused() {
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
async fn the_manager_is_bound_once_it_is_known_and_not_forgotten() {
    let (_folder, stores) = stores();
    let unknown = Binding { manager: None, ..binding() };
    for store in stores {
        keep(&store, &unknown, sample()).await;
        assert_eq!(store.read().await.unwrap().unwrap().binding, unknown);
        keep(&store, &binding(), sample()).await;
        assert_eq!(store.read().await.unwrap().unwrap().binding, binding());
        // A run that sees no account knows no manager, and changes nothing about it.
        keep(&store, &unknown, sample()).await;
        assert_eq!(store.read().await.unwrap().unwrap().binding, binding());
    }
}

#[tokio::test]
async fn none_remembers_nothing_and_stops_nobody() {
    let store = Store::new(&Location::None);
    assert!(!store.remembers());
    let _first = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    keep(&store, &binding(), sample()).await;
    assert_eq!(store.read().await.unwrap(), None);
    assert_eq!(store.load(&binding()).await.unwrap().state, State::default());
}
