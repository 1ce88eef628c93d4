//! Buckets that ignore conditional writes: their locks exclude no other process, so they are refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use trunkline::state::{Error, LockHolder};

use crate::support::moto::{BUCKET, store};

/// The conditions that a bucket ignores.
#[derive(Clone, Copy)]
struct Ignored {
    if_none_match: bool,
    if_match: bool,
}

type Objects = Arc<Mutex<HashMap<String, (Bytes, String, String)>>>;

async fn object(
    State((ignored, objects)): State<(Ignored, Objects)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let key = uri.path().to_owned();
    let mut objects = objects.lock().unwrap();
    let there = objects.get(&key).cloned();
    if method == Method::PUT {
        let etag = there.as_ref().map(|(_, etag, _)| etag.clone());
        let exists = text("if-none-match").is_some() && etag.is_some();
        let differs = text("if-match").is_some_and(|wanted| Some(wanted) != etag);
        if exists && !ignored.if_none_match || differs && !ignored.if_match {
            return StatusCode::PRECONDITION_FAILED.into_response();
        }
        let etag = format!("\"{}\"", fastrand::u64(..));
        let write = text("x-amz-meta-trunklinewrite").unwrap_or_default();
        objects.insert(key, (body, etag.clone(), write));
        return [("etag", etag)].into_response();
    }
    match there {
        Some((bytes, etag, write)) => {
            let headers = [
                ("etag", etag),
                ("last-modified", "Sat, 28 Nov 2026 00:00:00 GMT".to_owned()),
                ("x-amz-meta-trunklinewrite", write),
            ];
            (headers, bytes).into_response()
        }
        None => (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response(),
    }
}

async fn bucket(ignored: Ignored) -> String {
    let router = Router::new().fallback(object).with_state((ignored, Objects::default()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    origin
}

#[tokio::test]
async fn bucket_that_ignores_a_condition_is_refused_when_the_lock_is_taken() {
    let cases = [
        (false, false, None),
        (true, false, Some("ignores the condition If-None-Match")),
        (false, true, Some("ignores the condition If-Match")),
        (true, true, Some("ignores the condition If-None-Match")),
    ];
    for (if_none_match, if_match, refusal) in cases {
        let origin = bucket(Ignored { if_none_match, if_match }).await;
        let store = store(&origin, &format!("{BUCKET}/acme.json"));
        for _ in 0..2 {
            let locked = store.lock(&LockHolder::this("apply"), Duration::ZERO).await;
            match (locked, refusal) {
                (Ok(hold), None) => hold.release().await,
                (Err(error @ Error::Bucket { .. }), Some(refusal)) => {
                    assert!(error.to_string().contains(refusal), "{error}");
                    assert!(error.hint().unwrap().contains("--state"), "{error}");
                }
                (locked, refusal) => panic!("{refusal:?}: {locked:?}"),
            }
        }
    }
}
