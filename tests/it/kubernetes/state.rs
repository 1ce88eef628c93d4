//! The state in a Secret: its form, its limits and its errors.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;
use trunkline::model::{AccountId, Email, State};
use trunkline::state::{Error, Journal, LockHolder, StateChange};

use crate::state::{binding, email, id, keep, sample};
use crate::support::kube::{ApiServer, server, store};

async fn secrets(server: &ApiServer, namespace: &str) -> Api<Secret> {
    Api::namespaced(server.client().await, namespace)
}

/// A state of this many accounts, with random ids as Telnyx has them.
fn large(accounts: usize) -> State {
    let mut state = State::default();
    for number in 0..accounts {
        let id = AccountId::new(uuid::Uuid::new_v4().to_string());
        state.emails.insert(id.clone(), Email::new(format!("shop-{number}@acme.example")));
        state.limits.insert(id, 10);
    }
    state
}

#[tokio::test]
async fn a_state_is_a_gzipped_secret_that_keeps_the_labels_of_others() {
    let Some(server) = server() else { return };
    let namespace = server.new_namespace();
    let (store, secrets) = (server.store_in(&namespace), secrets(server, &namespace).await);
    assert_eq!(store.place(), format!("kubernetes://{namespace}/trunkline-acme"));
    keep(&store, &binding(), sample()).await;
    let label = json!({ "metadata": { "labels": { "team": "voice" } } });
    let merge = Patch::Merge(&label);
    secrets.patch("trunkline-acme", &PatchParams::default(), &merge).await.unwrap();
    // Another program has changed the Secret, though not the state.
    keep(&store, &binding(), sample()).await;
    let secret = secrets.get("trunkline-acme").await.unwrap();
    assert_eq!(secret.type_.as_deref(), Some("trunkline.dev/state"));
    let labels = secret.metadata.labels.unwrap();
    assert_eq!((labels["team"].as_str(), labels.len()), ("voice", 2));
    let data = secret.data.unwrap();
    assert_eq!(data.keys().collect::<Vec<_>>(), ["state.json.gz"]);
    assert_eq!(data["state.json.gz"].0[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn a_secret_that_is_cut_or_holds_no_state_is_damaged_and_not_empty() {
    let Some(server) = server() else { return };
    let namespace = server.new_namespace();
    let (store, secrets) = (server.store_in(&namespace), secrets(server, &namespace).await);
    keep(&store, &binding(), sample()).await;
    let whole = secrets.get("trunkline-acme").await.unwrap();
    let bytes = whole.data.unwrap()["state.json.gz"].0.clone();
    let contents = [
        BTreeMap::new(),
        BTreeMap::from([("state.json", bytes.clone())]),
        BTreeMap::from([("state.json.gz", Vec::new())]),
        BTreeMap::from([("state.json.gz", bytes[..bytes.len() / 2].to_vec())]),
        BTreeMap::from([("state.json.gz", b"{}".to_vec())]),
    ];
    for content in contents {
        let data: BTreeMap<_, _> =
            content.into_iter().map(|(key, value)| (key, ByteString(value))).collect();
        secrets.delete("trunkline-acme", &DeleteParams::default()).await.unwrap();
        let secret: Secret = serde_json::from_value(
            json!({ "metadata": { "name": "trunkline-acme" }, "data": data }),
        )
        .unwrap();
        secrets.create(&kube::api::PostParams::default(), &secret).await.unwrap();
        let read = store.load(&binding()).await;
        assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
    }
}

#[tokio::test]
async fn a_secret_that_is_removed_while_it_is_in_use_is_a_conflict() {
    let Some(server) = server() else { return };
    let namespace = server.new_namespace();
    let (store, secrets) = (server.store_in(&namespace), secrets(server, &namespace).await);
    keep(&store, &binding(), sample()).await;
    let hold = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    let mut record = store.load(&binding()).await.unwrap();
    secrets.delete("trunkline-acme", &DeleteParams::default()).await.unwrap();
    let refused = store.save(&hold, &mut record).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    hold.release().await;
}

#[tokio::test]
async fn thirty_thousand_accounts_fit_and_a_larger_state_is_a_clear_error() {
    let Some(server) = server() else { return };
    for (accounts, longest) in [(5_000, 5), (30_000, 15)] {
        let (store, state) = (server.store(), large(accounts));
        let begun = Instant::now();
        keep(&store, &binding(), state.clone()).await;
        assert_eq!(store.load(&binding()).await.unwrap().state, state);
        assert!(begun.elapsed() < Duration::from_secs(longest), "{:?}", begun.elapsed());
    }
    let store = server.store();
    let hold = store.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap();
    let mut record = store.load(&binding()).await.unwrap();
    record.state = large(40_000);
    let error = store.save(&hold, &mut record).await.unwrap_err();
    let (message, hint) = (error.to_string(), error.hint().unwrap());
    let parts = ["writing kubernetes://", " bytes, but a Secret holds at most 1048576"];
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    assert!(hint.contains("--state s3://"), "{hint}");
    assert_eq!(store.read().await.unwrap(), None, "nothing was written");
    hold.release().await;
}

#[tokio::test]
async fn creates_whose_answers_would_not_fit_are_refused_before_any_is_sent() {
    let Some(server) = server() else { return };
    let store = server.store();
    let holder = LockHolder::this("apply");
    let journal = Journal::open(store.clone(), &binding(), &holder, Duration::ZERO).await.unwrap();
    let creates = (0..20_000).map(|number| email(&number.to_string())).collect();
    let refused = journal.record(StateChange::Intend(creates)).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("a Secret holds at most"), "{error}");
    assert!(journal.record(StateChange::Sending(email("1"))).await.is_err());
    drop(journal);
    assert_eq!(store.read().await.unwrap(), None);
}

#[tokio::test]
async fn each_error_names_the_place_the_cause_and_the_fix() {
    let Some(server) = server() else { return };
    let namespace = server.new_namespace();
    let nowhere = server.store_in("no-such-namespace");
    let missing = nowhere.lock(&LockHolder::this("apply"), Duration::ZERO).await.unwrap_err();
    let unknown = store(&server.kubeconfig_of("an-unknown-token"), &namespace);
    let unknown = unknown.load(&binding()).await.unwrap_err();
    let file = tempfile::tempdir().unwrap();
    let no_file = store(&file.path().join("kubeconfig"), &namespace);
    let no_file = no_file.load(&binding()).await.unwrap_err();
    for (error, parts) in [
        (
            missing,
            [
                "writing kubernetes://no-such-namespace/trunkline-acme.lock: ",
                "(HTTP 404)",
                "Create the namespace",
            ],
        ),
        (
            unknown,
            ["reading kubernetes://", "were not accepted (HTTP 401)", "Check that the credentials"],
        ),
        (
            no_file,
            [
                "preparing the connection to kubernetes://",
                "the kubeconfig cannot be read",
                "set KUBECONFIG",
            ],
        ),
    ] {
        let message = format!("{error} | {}", error.hint().unwrap());
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert!(!message.contains("an-unknown-token"), "{message}");
    }
}

#[tokio::test]
async fn a_limit_that_was_recorded_survives_another_process() {
    let Some(server) = server() else { return };
    let namespace = server.new_namespace();
    let journal = |command| {
        let store = server.store_in(&namespace);
        async move {
            let holder = LockHolder::this(command);
            Journal::open(store, &binding(), &holder, Duration::ZERO).await.unwrap()
        }
    };
    let first = journal("apply").await;
    first.record(StateChange::Limit(id("a-1"), 30)).await.unwrap();
    first.close().await.unwrap();
    let second = journal("apply").await;
    assert_eq!(second.state().limits[&id("a-1")], 30);
    second.close().await.unwrap();
}
