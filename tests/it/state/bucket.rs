//! Failures of buckets: lost answers, damaged objects, conflicting writes and errors. The bucket is moto.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use trunkline::model::State;
use trunkline::state::{Error, Journal, Location, LockHolder, Store};

use super::leases::hold;
use super::{binding, id, keep};
use crate::support::moto::{BUCKET, Moto, moto, store};
use crate::support::proxy::{Fault, Proxy};

/// A proxy to the bucket that injects faults.
pub(super) async fn through(
    moto: &Moto,
    faults: impl Fn(&str, &str, &str) -> Fault + Send + Sync + 'static,
) -> (Proxy, String) {
    let proxy = Proxy::start(&moto.origin, faults).await;
    let origin = proxy.url.trim_end_matches("/v2").to_owned();
    (proxy, origin)
}

/// Injects a fault into the n-th write of a state, counted from 0.
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
async fn an_object_cut_at_any_byte_is_refused() {
    let Some(moto) = moto() else { return };
    let whole = moto.store();
    // A small state, as each cut takes a request or two. The tests of the file cut a large one.
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
    // A damaged state is not overwritten.
    let store = moto.store();
    moto.put(&moto.url(&store), &bytes[..100]).await;
    let holder = LockHolder::this("apply");
    let opened = Journal::open(store.clone(), &binding(), &holder, Duration::ZERO).await;
    assert!(matches!(opened, Err(Error::Damaged { .. })), "{opened:?}");
    assert_eq!(moto.get(&store).await, bytes[..100]);
}

#[tokio::test]
async fn a_missing_bucket_is_an_error_and_not_an_empty_state() {
    let Some(moto) = moto() else { return };
    let store = store(&moto.origin, "nowhere/acme.json");
    for error in [
        store.read().await.unwrap_err(),
        store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap_err(),
    ] {
        let message = format!("{error} | {}", error.hint().unwrap());
        assert!(
            message.contains(
                "the bucket does not exist (HTTP 404, NoSuchBucket) | Create the bucket first"
            ),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_folder_has_one_state_for_each_organization() {
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
async fn a_write_whose_answer_was_lost_succeeds_once() {
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
async fn a_write_of_another_process_is_a_conflict_even_with_equal_content() {
    let Some(moto) = moto() else { return };
    let key = Moto::new_key();
    let (ours, theirs) = (store(&moto.origin, &key), store(&moto.origin, &key));
    let hold = hold(&ours).await;
    let mut first = ours.load(&binding()).await.unwrap();
    let mut second = theirs.load(&binding()).await.unwrap();
    ours.save(&hold, &mut first).await.unwrap();
    let refused = theirs.save(&hold, &mut second).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    // With equal texts, only the metadata distinguishes the writes.
    let mut again = ours.load(&binding()).await.unwrap();
    let mut theirs_again = theirs.load(&binding()).await.unwrap();
    assert_eq!(again, theirs_again);
    let (one, other) =
        tokio::join!(ours.save(&hold, &mut again), theirs.save(&hold, &mut theirs_again));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    hold.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writes_without_a_lock_lose_no_update() {
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
async fn errors_contain_no_key_and_no_text_of_the_server() {
    let Some(moto) = moto() else { return };
    for status in [400, 401, 403, 500] {
        let (_proxy, origin) = through(moto, move |_, _, _| Fault::Refused(status)).await;
        let store = store(&origin, &Moto::new_key());
        let begun = Instant::now();
        let error = store.read().await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        let message = format!("{error} {error:?} {store:?} {}", error.hint().unwrap());
        for secret in ["AKIAOFTHETESTS", "secret_of_the_tests", "The test said so"] {
            assert!(!message.contains(secret), "{message}");
        }
    }
    // An invalid setting is reported before any request.
    let plain = Location::parse("s3://states/acme.json").unwrap();
    let store = Store::new(&plain)
        .with_settings([("AWS_ENDPOINT_URL".to_owned(), "http://127.0.0.1:1".into())]);
    let error = store.read().await.unwrap_err();
    assert!(error.to_string().ends_with("AWS_ENDPOINT_URL is plain http"), "{error}");
}

#[tokio::test]
async fn a_removed_state_is_written_again_only_by_a_process_that_has_read_that() {
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
