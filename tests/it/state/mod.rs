//! The state: its locations, locks and journal, and the damage that is refused.

#[cfg(feature = "object-store")]
mod batches;
#[cfg(feature = "object-store")]
mod bucket;
#[cfg(feature = "object-store")]
mod bucket_lock;
#[cfg(feature = "object-store")]
mod conditions;
mod conformance;
mod damage;
mod files;
mod journal;
mod killed;
#[cfg(feature = "leases")]
pub(crate) mod leases;

use std::path::Path;
use std::time::Duration;

use trunkline::model::{AccountId, Email, Remainder, State};
use trunkline::state::{Binding, Journal, Location, LockHolder, StateChange, Store, apply};

/// The time of every change in these tests.
pub(crate) const NOW: u64 = 1_790_000_000;

pub(crate) fn id(id: &str) -> AccountId {
    AccountId::new(id)
}

pub(crate) fn email(name: &str) -> Email {
    Email::new(format!("{name}@acme.example"))
}

pub(crate) fn binding() -> Binding {
    Binding {
        organization: "acme".to_owned(),
        manager: Some(id("manager-1")),
        base_url: "https://api.telnyx.com/v2".to_owned(),
    }
}

pub(crate) fn file(path: &Path) -> Store {
    Store::new(&Location::File(path.to_owned()))
}

/// A state with one of everything.
pub(crate) fn sample() -> State {
    let changes = [
        StateChange::Limit(id("a-1"), 30),
        StateChange::Limit(id("a-2"), 0),
        StateChange::Seen {
            accounts: [(id("a-1"), Email::new("Larry@CatFood.example")), (id("a-2"), email("two"))]
                .into(),
            wanted: [email("two")].into(),
        },
        StateChange::Intend(vec![email("intended"), email("sending"), email("new")]),
        StateChange::Sending(email("sending")),
        StateChange::Acknowledged(email("new"), id("a-3")),
        StateChange::Limit(id("a-3"), u64::MAX),
        StateChange::Remainder(Remainder {
            channels: -40,
            unrecorded: [id("a-4"), id("a-5")].into(),
        }),
    ];
    let mut state = State::default();
    for change in changes {
        apply(&mut state, change, NOW).unwrap();
    }
    state
}

/// Writes a state into a store.
pub(crate) async fn keep(store: &Store, binding: &Binding, state: State) {
    let hold = store.lock(&LockHolder::this("test"), Duration::ZERO).await.unwrap();
    let mut record = store.load(binding).await.unwrap();
    record.state = state;
    store.save(&hold, &mut record).await.unwrap();
    hold.release().await;
}

async fn journal(store: &Store) -> Journal {
    Journal::open(store.clone(), &binding(), &LockHolder::this("apply"), Duration::ZERO)
        .await
        .unwrap()
}
