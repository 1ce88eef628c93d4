//! Retries. A create that may have happened is never sent again.

use std::time::Duration;

use futures_util::future::join_all;
use trunkline::model::{AccountId, UserId};
use trunkline::telnyx::{ErrorKind, RetryBudget, Session};

use crate::operations::{Operation, all};
use crate::support::bodies::{account_with_secrets, one};
use crate::support::server::{Closed, Reply, Server};
use crate::support::{HASTE, budget, hasty, larry, once, patient};

/// A fault after which the outcome of a request is unknown.
#[derive(Clone)]
struct Lost {
    fault: &'static str,
    reply: Reply,
    /// The session that meets it.
    session: fn(&str, RetryBudget) -> Session,
}

fn lost() -> Vec<Lost> {
    let account = one(&account_with_secrets("a1"));
    let late = Reply::json(200, account.as_str()).after(HASTE * 4);
    let timeouts = [("timeout", Reply::silence()), ("timeout, then the answer", late)];
    let timeouts = timeouts.map(|(fault, reply)| Lost { fault, reply, session: hasty });
    let faults = [
        ("500", Reply::json(500, r#"{"errors":[{"code":"10007","title":"Unexpected error"}]}"#)),
        ("502, a page", Reply::html(502)),
        ("503", Reply::json(503, "")),
        ("504, a page", Reply::html(504)),
        ("408", Reply::json(408, "")),
        ("cut answer", Reply::json(200, account.as_str()).cut()),
        ("closed without an answer", Reply::raw(b"")),
        ("reset after the request was read", Reply::reset()),
        ("no HTTP", Reply::raw(b"\0\x01garbage\r\n\r\n")),
        ("200, a page", Reply::html(200)),
        ("200 with JSON that ends early", Reply::json(200, r#"{"dat"#)),
    ];
    let faults = faults.map(|(fault, reply)| Lost { fault, reply, session: patient });
    timeouts.into_iter().chain(faults).collect()
}

async fn is_sent_again_and_succeeds(operation: Operation, lost: Lost) {
    let case = format!("{} after {}", operation.name, lost.fault);
    let server = Server::script([lost.reply, Reply::json(200, operation.answer.as_str())]).await;
    let got = (operation.call)((lost.session)(&server.origin, budget(1))).await;
    assert_eq!(got.unwrap(), operation.got, "{case}");
    assert_eq!(server.count(), 2, "{case}");
}

#[tokio::test]
async fn a_read_and_a_change_to_a_value_are_sent_again_and_succeed() {
    for lost in lost() {
        // Any text may be CSV: only of JSON can be seen that it ends early.
        let noticed = |operation: &Operation| {
            operation.name != "groups report as CSV" || !lost.fault.contains("JSON")
        };
        let harmless = all().into_iter().filter(|operation| !operation.creates());
        let cases = harmless.filter(noticed);
        join_all(cases.map(|operation| is_sent_again_and_succeeds(operation, lost.clone()))).await;
    }
}

async fn is_sent_once(operation: Operation, lost: Lost) {
    let case = format!("{} after {}", operation.name, lost.fault);
    let server = Server::script([lost.reply, Reply::json(200, operation.answer.as_str())]).await;
    let error = (operation.call)((lost.session)(&server.origin, budget(5))).await.unwrap_err();
    // Whoever sends again does so within milliseconds.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.count(), 1, "{case}");
    assert!(error.may_have_happened(), "{case}: {error}");
    assert_eq!((error.attempts, error.earlier_lost), (1, false), "{case}");
}

#[tokio::test]
async fn a_create_whose_outcome_is_unknown_is_sent_exactly_once() {
    let more = [
        ("200 without a body", Reply::json(200, "")),
        ("200 of another form", Reply::json(200, r#"{"data":{"id":"a1"}}"#)),
        ("201 with an error", Reply::json(201, r#"{"errors":[]}"#)),
        ("501", Reply::json(501, "")),
    ];
    let more = more.map(|(fault, reply)| Lost { fault, reply, session: patient });
    for lost in lost().into_iter().chain(more) {
        let creates = all().into_iter().filter(Operation::creates);
        join_all(creates.map(|operation| is_sent_once(operation, lost.clone()))).await;
    }
}

#[tokio::test]
async fn a_create_that_was_refused_for_being_too_fast_is_sent_again_and_creates_once() {
    let made = Reply::json(200, one(&account_with_secrets("a1")));
    let server = Server::script([Reply::too_many("0"), made]).await;
    let session = patient(&server.origin, budget(1));
    let created = session.writer().create_account(&larry()).await.unwrap();
    assert_eq!(created.value.account.id.as_str(), "a1");
    assert_eq!(server.count(), 2, "one that was refused, one that created");
    let bodies: Vec<_> = server.seen().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_create_that_was_lost_after_a_429_is_not_sent_again() {
    let made = Reply::json(200, one(&account_with_secrets("a1")));
    let server = Server::script([Reply::too_many("0"), Reply::html(502), made]).await;
    let session = patient(&server.origin, budget(5));
    let error = session.writer().create_account(&larry()).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.attempts), (ErrorKind::Server(502), 2));
    assert!(error.may_have_happened());
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_create_that_found_no_connection_is_sent_again_and_creates_once() {
    let closed = Closed::new();
    let endless = RetryBudget { attempts: u32::MAX, ..budget(0) };
    let session = patient(&closed.origin, endless);
    let creating = tokio::spawn(async move { session.writer().create_account(&larry()).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!creating.is_finished());
    let server = closed.open(Reply::json(200, one(&account_with_secrets("a1"))));
    let created = creating.await.unwrap().unwrap();
    assert_eq!(created.value.account.id.as_str(), "a1");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_create_that_never_found_a_connection_has_not_happened() {
    let closed = Closed::new();
    let session = patient(&closed.origin, budget(3));
    let error = session.writer().create_account(&larry()).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Connect(_)), "{error}");
    let server = closed.origin.trim_start_matches("http://");
    assert!(error.to_string().contains(&format!("no connection to {server}: ")), "{error}");
    assert!(!error.may_have_happened());
    assert_eq!(error.attempts, 4);
}

#[tokio::test]
async fn a_create_over_a_connection_that_was_closed_while_idle_creates_once() {
    let pool = r#"{"data":{"allocatable_global_outbound_channels":5,"total_global_channels_allocated":1}}"#;
    let made = Reply::json(200, one(&account_with_secrets("a1")));
    let server = Server::script([Reply::json(200, pool).closing(), made]).await;
    let session = once(&server.origin);
    session.reader().channels().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    session.writer().create_account(&larry()).await.unwrap();
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_create_that_a_used_connection_took_without_an_answer_is_sent_once() {
    let pool = r#"{"data":{"allocatable_global_outbound_channels":5,"total_global_channels_allocated":1}}"#;
    for (fault, reply) in [("closed", Reply::raw(b"")), ("reset", Reply::reset())] {
        let server = Server::script([Reply::json(200, pool), reply]).await;
        let session = patient(&server.origin, budget(5));
        session.reader().channels().await.unwrap();
        let error = session.writer().create_account(&larry()).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Broken(_)) && error.may_have_happened(), "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(server.count(), 2, "{fault}");
    }
}

#[tokio::test]
async fn what_telnyx_does_not_accept_is_final_and_has_not_happened() {
    for status in [400, 401, 403, 404, 409, 422] {
        let server = Server::script([Reply::json(status, "")]).await;
        let session = patient(&server.origin, budget(5));
        let error = session.writer().create_account(&larry()).await.unwrap_err();
        assert_eq!((error.status(), error.attempts), (Some(status), 1));
        assert!(!error.may_have_happened(), "{status}");
        assert_eq!(server.count(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_says_that_it_may_have_happened() {
    let server = Server::script([Reply::html(502), Reply::json(422, "")]).await;
    let session = patient(&server.origin, budget(5));
    let error = session.writer().set_channel_limit(&AccountId::new("a1"), 30).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid(422));
    assert!(error.may_have_happened() && error.earlier_lost);
}

#[tokio::test]
async fn a_user_who_is_gone_after_a_lost_answer_was_removed() {
    for Lost { fault, reply, session } in lost() {
        let server = Server::script([reply, Reply::json(404, "")]).await;
        let session = session(&server.origin, budget(5));
        session.writer().remove_user(&UserId::new("u1")).await.unwrap();
        assert_eq!(server.count(), 2, "{fault}");
    }
}

#[tokio::test]
async fn a_user_who_was_never_there_was_not_removed_by_us() {
    let not_found = Reply::json(404, "");
    for (case, replies) in [
        ("at first", vec![not_found.clone()]),
        ("after a refusal", vec![Reply::too_many("0"), not_found]),
    ] {
        let server = Server::script(replies).await;
        let session = patient(&server.origin, budget(5));
        let error = session.writer().remove_user(&UserId::new("u1")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{case}");
        assert!(!error.may_have_happened(), "{case}");
    }
    let closed = Closed::new();
    let session = patient(&closed.origin, RetryBudget { attempts: u32::MAX, ..budget(0) });
    let removing =
        tokio::spawn(async move { session.writer().remove_user(&UserId::new("u1")).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let _server = closed.open(Reply::json(404, ""));
    let error = removing.await.unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "after no connection");
}

#[tokio::test]
async fn attempts_are_bounded_and_counted() {
    for Lost { fault, reply, session } in lost() {
        let server = Server::script([reply]).await;
        let session = session(&server.origin, budget(2));
        let error = session.writer().remove_user(&UserId::new("u1")).await.unwrap_err();
        assert_eq!((server.count(), error.attempts), (3, 3), "{fault}");
        assert!(error.to_string().ends_with("(after 3 attempts)"), "{error}");
    }
    let server = Server::script([Reply::too_many("0")]).await;
    let error = patient(&server.origin, budget(2)).reader().channels().await.unwrap_err();
    assert_eq!((error.kind, server.count(), error.attempts), (ErrorKind::RateLimited, 3, 3));
}

#[tokio::test]
async fn no_attempt_is_begun_after_the_total_time() {
    let server = Server::script([Reply::html(502).after(Duration::from_millis(50))]).await;
    let retry = RetryBudget { attempts: u32::MAX, total: Duration::from_millis(300), ..budget(0) };
    let error = patient(&server.origin, retry).reader().users().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Server(502));
    // Each attempt takes 50 ms at least.
    assert!((1..=7).contains(&server.count()), "{}", server.count());
}
