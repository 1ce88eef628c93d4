//! Every operation over HTTP: what is sent, what is made of the answer, and of every documented refusal.

mod accounts;
mod refusals;
mod users;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use mockito::{Matcher, Request};
use serde_json::Value;
use trunkline::model::{AccountId, ChannelPool, LiveAccount, LiveUser, UserId};
use trunkline::telnyx::{Error, Listing, Session};

use crate::support::{KEY, once};
use refusals::Refusal;

/// One way to use one operation.
pub(crate) struct Operation {
    pub name: &'static str,
    /// Method and path as the vendor's document writes them.
    pub documented: (&'static str, &'static str),
    /// The first line of the request, with the query as sent.
    target: &'static str,
    accept: &'static str,
    /// `None`: no body at all, not even an empty object.
    body: Option<Value>,
    /// The body of the answer with status 200.
    pub answer: String,
    /// The other statuses that the document lists.
    refusals: Vec<Refusal>,
    pub call: fn(Session) -> BoxFuture<'static, Result<Got, Error>>,
    /// The result that the client returns.
    pub got: Got,
}

/// The result of an operation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Accounts(Listing<LiveAccount>),
    Account(LiveAccount),
    Created { account: LiveAccount, secrets: Option<(String, String)> },
    Secrets(String, String),
    Pool(ChannelPool),
    Limit(u64),
    Count(u64),
    Users(Listing<LiveUser>),
    User(LiveUser),
    Report(Vec<LiveUser>),
    Csv(String),
    Pricing(Option<bool>),
    Done,
}

impl Operation {
    /// True if the operation must never be sent twice.
    pub(crate) fn creates(&self) -> bool {
        self.documented == ("POST", "/managed_accounts")
    }
}

/// All that can be asked of the API.
pub(crate) fn all() -> Vec<Operation> {
    [accounts::reads(), accounts::creates(), accounts::changes(), users::all()]
        .into_iter()
        .flatten()
        .collect()
}

/// An id that has in it what ends a path, a query or a URL.
const ODD_ID: &str = "a/b?c#d e%2F";

fn account_id() -> AccountId {
    AccountId::new("a1")
}

fn user_id() -> UserId {
    UserId::new("u1")
}

fn whole<T>(items: Vec<T>) -> Listing<T> {
    Listing { items, gap: None }
}

/// The first line, all headers but `host`, and the body.
type Sent = (String, Vec<(String, String)>, Option<Value>);

fn sent(request: &Request) -> Sent {
    let headers = request.headers().iter().filter(|(name, _)| *name != "host");
    let text = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        let value = value.to_str().unwrap();
        // The key of a create follows from its body, whose bytes are checked below.
        let is_key = |digits: &str| {
            digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let key = value.strip_prefix("trunkline-").filter(|digits| is_key(digits));
        let value = if name == "idempotency-key" && key.is_some() { "KEY" } else { value };
        (name.to_string(), value.to_owned())
    };
    let mut headers: Vec<_> = headers.map(text).collect();
    headers.sort();
    let line = format!("{} {}", request.method(), request.path_and_query());
    let body = request.body().unwrap();
    let body = (!body.is_empty()).then(|| serde_json::from_slice(body).unwrap());
    (line, headers, body)
}

fn wanted(operation: &Operation) -> Sent {
    let mut headers = vec![
        ("accept".to_owned(), operation.accept.to_owned()),
        ("authorization".to_owned(), format!("Bearer {KEY}")),
        ("user-agent".to_owned(), concat!("trunkline/", env!("CARGO_PKG_VERSION")).to_owned()),
    ];
    if let Some(body) = &operation.body {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        headers.push(("content-length".to_owned(), body.to_string().len().to_string()));
    } else if operation.documented.0 == "POST" {
        headers.push(("content-length".to_owned(), "0".to_owned()));
    }
    if operation.documented == ("POST", "/managed_accounts") {
        headers.push(("idempotency-key".to_owned(), "KEY".to_owned()));
    }
    headers.sort();
    let line = format!("{} {}", operation.documented.0, operation.target);
    (line, headers, operation.body.clone())
}

#[tokio::test]
async fn every_operation_sends_exactly_what_is_documented_and_reads_the_whole_answer() {
    for operation in all() {
        let mut server = mockito::Server::new_async().await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let mock =
            server.mock(operation.documented.0, Matcher::Any).match_request(move |request| {
                log.lock().unwrap().push(sent(request));
                true
            });
        mock.with_body(&operation.answer).create_async().await;
        let got = (operation.call)(once(&server.url())).await;
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(seen, [wanted(&operation)], "{}", operation.name);
        assert_eq!(got.unwrap(), operation.got, "{}", operation.name);
    }
}

#[test]
fn all_twelve_operations_are_used() {
    let used: BTreeSet<_> = all().iter().map(|operation| operation.documented).collect();
    assert_eq!(used.len(), 12, "{used:#?}");
}

#[tokio::test]
async fn every_documented_refusal_has_a_kind_a_text_and_a_hint_of_its_own() {
    for operation in all() {
        let mut hints = BTreeSet::new();
        for refusal in &operation.refusals {
            let case = format!("{}: {}", operation.name, refusal.status);
            let mut server = mockito::Server::new_async().await;
            let mock = server
                .mock(operation.documented.0, operation.target)
                .with_status(refusal.status.into())
                .with_header("x-request-id", "request-7")
                .with_header("retry-after", "0")
                .with_body(refusal.body)
                .create_async()
                .await;
            let error = (operation.call)(once(&server.url())).await.unwrap_err();
            mock.assert_async().await;
            assert_eq!(error.kind, refusal.kind(), "{case}");
            assert_eq!(error.status(), Some(refusal.status), "{case}");
            assert_eq!(error.details.to_vec(), refusal.details(), "{case}");
            assert_eq!(error.code(), refusal.code, "{case}");
            assert_eq!(error.request_id.as_deref(), Some("request-7"), "{case}");
            assert!(!error.may_have_happened(), "{case}");
            assert!(hints.insert(error.hint().unwrap()), "{case}");
            let text = error.to_string();
            let begin = format!("{} /", operation.documented.0);
            let path = error.path.to_string();
            for part in [begin, path, refusal.status.to_string()] {
                assert!(text.contains(&part), "{case}: {text}");
            }
            for said in refusal.said {
                assert!(text.contains(said), "{case}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn the_identity_of_a_request_is_kept_with_its_answer() {
    let mut server = mockito::Server::new_async().await;
    let mock = server.mock("PATCH", Matcher::Any).with_header("x-request-id", "request-7");
    mock.with_body(r#"{"data":{"channel_limit":30}}"#).create_async().await;
    let answered = once(&server.url()).writer().set_channel_limit(&account_id(), 30).await.unwrap();
    assert_eq!(answered.request_id.as_deref(), Some("request-7"));
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_not_sent_at_all() {
    let mut server = mockito::Server::new_async().await;
    let mock = server.mock("GET", Matcher::Any).expect(0).create_async().await;
    for id in ["", ".", ".."] {
        let error = once(&server.url()).reader().account(&AccountId::new(id)).await.unwrap_err();
        assert_eq!(error.kind, trunkline::telnyx::ErrorKind::BadId, "{id:?}");
        assert!(error.hint().is_some() && !error.may_have_happened(), "{id:?}");
    }
    mock.assert_async().await;
}
