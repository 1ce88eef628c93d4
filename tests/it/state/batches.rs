//! The number of writes of a state in a bucket, and the creates that a kill at any time would leave unknown.
//!
//! Creates take the steps of `execute`: look up, record as sending, send, note the answer. A request takes 20 to 50 ms.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use trunkline::model::{Create, Email};
use trunkline::state::{Journal, LockHolder, StateChange, Store};

use super::{binding, email, id};
use crate::support::moto::{Moto, moto, store};
use crate::support::proxy::{Fault, Proxy};

/// The default of `--parallelism`.
const AT_ONCE: usize = 16;

async fn request() {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(20..50))).await;
}

/// The handling of an answer.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// Recorded, waiting until it is on disk.
    Recorded,
    /// Noted, followed by a limit that is set and noted.
    Noted,
}

async fn create(journal: &Journal, email: Email, answer: Answer) {
    request().await;
    journal.record(StateChange::Sending(email.clone())).await.unwrap();
    request().await;
    let account = id(email.as_str());
    let known = StateChange::Acknowledged(email, account.clone());
    match answer {
        Answer::Recorded => journal.record(known).await.unwrap(),
        Answer::Noted => {
            journal.note(known).unwrap();
            request().await;
            journal.note(StateChange::Limit(account, 10)).unwrap();
        }
    }
}

/// Creates accounts, and returns the time that took.
async fn creates(store: &Store, count: usize, answer: Answer) -> Duration {
    let holder = LockHolder::this("apply");
    let journal = Journal::open(store.clone(), &binding(), &holder, Duration::ZERO).await.unwrap();
    let emails: Vec<_> = (0..count).map(|number| email(&number.to_string())).collect();
    journal.record(StateChange::Intend(emails.clone())).await.unwrap();
    let begun = Instant::now();
    let chains = emails.into_iter().map(|email| create(&journal, email, answer));
    stream::iter(chains).buffer_unordered(AT_ONCE).collect::<()>().await;
    journal.flush().await.unwrap();
    let took = begun.elapsed();
    let state = journal.state();
    assert!(state.creates.values().all(|create| matches!(create, Create::Acknowledged(_))));
    assert_eq!(state.creates.len(), count);
    journal.close().await.unwrap();
    took
}

/// A proxy to the bucket that counts the writes of the state, and the largest number of unknown creates in one.
async fn observed(moto: &Moto) -> (Store, Arc<AtomicUsize>, Arc<Mutex<usize>>) {
    let (writes, worst) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<usize>>::default());
    let (count, most) = (Arc::clone(&writes), Arc::clone(&worst));
    let proxy = Proxy::start(&moto.origin, move |method, path, body| {
        if method == "PUT" && path.ends_with("/acme.json") {
            count.fetch_add(1, Ordering::Relaxed);
            let mut most = most.lock().unwrap();
            *most = (*most).max(body.matches("\"state\": \"sending\"").count());
        }
        Fault::None
    })
    .await;
    (store(proxy.url.trim_end_matches("/v2"), &Moto::new_key()), writes, worst)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_creates_cost_fewer_than_150_writes_and_a_kill_leaves_no_more_unknown_than_are_under_way()
 {
    let Some(moto) = moto() else { return };
    for answer in [Answer::Noted, Answer::Recorded] {
        let (store, writes, worst) = observed(moto).await;
        let took = creates(&store, 1000, answer).await;
        let (writes, worst) = (writes.load(Ordering::Relaxed), *worst.lock().unwrap());
        assert!((60..150).contains(&writes), "{answer:?}: {writes} writes in {took:?}");
        assert!((2..=AT_ONCE).contains(&worst), "{answer:?}: {worst} unknown at once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn few_creates_barely_wait_for_each_other() {
    let Some(moto) = moto() else { return };
    for (count, most) in [(1, 3), (5, 8)] {
        let store = moto.store();
        let took = creates(&store, count, Answer::Noted).await;
        let writes = moto.writes(&store);
        assert!(writes <= most, "{count} creates: {writes} writes");
        // Three requests and three writes; the rest allows for a busy machine.
        assert!(took < Duration::from_secs(3), "{count} creates took {took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_share_writes() {
    let Some(moto) = moto() else { return };
    let store = moto.store();
    let holder = LockHolder::this("apply");
    let journal = Journal::open(store.clone(), &binding(), &holder, Duration::ZERO).await.unwrap();
    let limit = |number: usize| {
        let journal = &journal;
        async move {
            request().await;
            journal.note(StateChange::Limit(id(&number.to_string()), 10)).unwrap();
        }
    };
    stream::iter((0..1000).map(limit)).buffer_unordered(AT_ONCE).collect::<()>().await;
    journal.flush().await.unwrap();
    assert_eq!(journal.state().limits.len(), 1000);
    journal.close().await.unwrap();
    let writes = moto.writes(&store);
    assert!(writes < 10, "{writes} writes");
}
