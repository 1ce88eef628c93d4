//! Answers that are not as documented: each is an error of its own, none is taken for less than it was.

use std::collections::BTreeSet;

use serde_json::json;
use trunkline::model::{AccountId, Role, UserId, UserStatus};
use trunkline::telnyx::{
    AccountRequest, AccountSelection, AnswerFault, BaseUrl, ErrorKind, Session, SessionConfig,
};

use crate::support::bodies::{account, account_with_secrets, list, live_account, one, user};
use crate::support::server::{Reply, Server};
use crate::support::{budget, hasty, larry, once, patient};

#[tokio::test]
async fn fields_and_values_that_telnyx_may_add_do_no_harm() {
    let mut bot = user("u1");
    bot["record_type"] = json!("organization_robot");
    bot["user_status"] = json!("asleep");
    bot["new"] = json!({ "nested": [1, { "deep": null }] });
    bot["groups"] = json!([{ "id": "g1", "name": "Sales", "colour": "red" }]);
    let mut changed = account("a1");
    changed["record_type"] = json!("managed_account_v3");
    changed["status"] = json!("dormant");
    changed["created_at"] = json!(1_517_610_327);
    let server = Server::start(move |_, request| {
        let item = if request.target.contains("users") { &bot } else { &changed };
        Reply::json(200, list(std::slice::from_ref(item)))
    })
    .await;
    let reader = once(&server.origin).reader();

    let users = reader.users().await.unwrap();
    assert_eq!(users.gap, None);
    assert_eq!(users.items[0].role, Role::Other("organization_robot".to_owned()));
    assert_eq!(users.items[0].status, Some(UserStatus::Other("asleep".to_owned())));
    assert_eq!(users.items[0].groups, Some(vec!["Sales".to_owned()]));
    let accounts = reader.accounts(AccountSelection::All).await.unwrap();
    assert_eq!((accounts.items, accounts.gap), (vec![live_account("a1")], None));
}

#[tokio::test]
async fn what_an_answer_leaves_out_is_unknown_and_not_false() {
    let bare = json!({ "id": "a1", "email": "a1@customer.example", "rollup_billing": null });
    let server = Server::script([Reply::json(200, one(&bare))]).await;
    let account = once(&server.origin).reader().account(&AccountId::new("a1")).await.unwrap();
    assert_eq!((account.custom_pricing, account.rollup_billing), (None, None));
    assert_eq!((account.name, account.manager), (None, None));
}

fn shape(what: &str) -> ErrorKind {
    ErrorKind::Answer(AnswerFault::Shape(what.to_owned()))
}

#[tokio::test]
async fn every_unusable_list_is_an_error_of_its_own_and_never_a_shorter_list() {
    let whole = list(&[account("a1"), account("a2")]);
    let meta = r#""meta":{"total_pages":1,"total_results":0}"#;
    let cases = [
        ("empty body", Reply::json(200, ""), ErrorKind::Answer(AnswerFault::Empty)),
        ("page for people", Reply::html(200), ErrorKind::Answer(AnswerFault::Html)),
        ("page of a gateway", Reply::html(502), ErrorKind::Server(502)),
        (
            "JSON that ends early",
            Reply::json(200, &whole.as_bytes()[..whole.len() / 2]),
            ErrorKind::Answer(AnswerFault::Cut),
        ),
        ("no JSON", Reply::json(200, "\u{fffd} oops"), ErrorKind::Answer(AnswerFault::NotJson)),
        ("data is null", Reply::json(200, format!(r#"{{"data":null,{meta}}}"#)), shape("expected")),
        ("no data", Reply::json(200, format!("{{{meta}}}")), shape("missing field `data`")),
    ];
    let mut texts = BTreeSet::new();
    for (case, reply, wanted) in cases {
        let server = Server::script([reply]).await;
        let error =
            once(&server.origin).reader().accounts(AccountSelection::All).await.unwrap_err();
        match (&error.kind, &wanted) {
            (
                ErrorKind::Answer(AnswerFault::Shape(what)),
                ErrorKind::Answer(AnswerFault::Shape(beginning)),
            ) => assert!(what.starts_with(beginning), "{case}: {what}"),
            (kind, wanted) => assert_eq!(kind, wanted, "{case}"),
        }
        assert!(error.hint().is_some(), "{case}");
        assert!(texts.insert(error.to_string()), "{case}: {error}");
    }
}

#[tokio::test]
async fn an_odd_record_is_set_aside_named_and_no_reason_to_stop() {
    for (field, fault) in [("id", "data[1].id is missing"), ("email", "data[1].email is missing")] {
        let mut odd = account("a2");
        odd.as_object_mut().unwrap().remove(field);
        let page = list(&[account("a1"), odd, account("a3")]);
        let server = Server::start(move |_, _| Reply::json(200, page.clone())).await;
        let accounts = once(&server.origin).reader().accounts(AccountSelection::All).await.unwrap();
        assert_eq!(accounts.items.len(), 2);
        let gap = accounts.gap.unwrap();
        assert!(gap.starts_with(&format!("read 3 times, {fault}")), "{gap}");
    }
}

#[tokio::test]
async fn no_answer_in_time_is_an_error_of_its_own() {
    let server = Server::script([Reply::silence()]).await;
    let reader = hasty(&server.origin, budget(0)).reader();
    let error = reader.accounts(AccountSelection::All).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.hint().is_some() && !error.may_have_happened());
}

#[tokio::test]
async fn a_connection_that_breaks_midway_never_makes_a_shorter_list() {
    let whole = Reply::json(200, list(&[account("a1"), account("a2")]));
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"data\":[],\"meta\r\n";
    let cut = ErrorKind::Answer(AnswerFault::Cut);
    for (case, reply, wanted) in [
        ("less than Content-Length", whole.clone().cut(), Some(cut.clone())),
        ("chunks without an end", Reply::raw(chunked), Some(cut)),
        ("no byte of an answer", Reply::raw(b""), None),
        ("half a head", Reply::raw(b"HTTP/1.1 200 OK\r\nContent-Le"), None),
        ("no HTTP", Reply::raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), None),
        ("torn down", Reply::reset(), None),
    ] {
        let server = Server::script([reply]).await;
        let error =
            once(&server.origin).reader().accounts(AccountSelection::All).await.unwrap_err();
        match wanted {
            Some(wanted) => assert_eq!(error.kind, wanted, "{case}"),
            None => assert!(matches!(error.kind, ErrorKind::Broken(_)), "{case}: {error}"),
        }
        assert!(!error.may_have_happened(), "{case}: it was a read");
    }
}

#[tokio::test]
async fn a_report_that_is_no_report_is_an_error() {
    for (reply, wanted) in [
        (Reply::json(200, " \n"), AnswerFault::Empty),
        (Reply::html(200), AnswerFault::Html),
        (
            Reply::json(200, b"id,email\n\xff\xfe"),
            AnswerFault::Shape("the report is not text".into()),
        ),
        (
            Reply::json(200, r#"{"data":[]}"#),
            AnswerFault::Shape("the report is JSON, not CSV".into()),
        ),
    ] {
        let server = Server::script([reply]).await;
        let error = once(&server.origin).reader().groups_report_csv().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Answer(wanted));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_the_key_goes_nowhere() {
    let elsewhere = Server::script([Reply::json(200, list(&[]))]).await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = Reply::json(status, "").header("Location", &elsewhere.origin);
        let server = Server::script([redirect]).await;
        let session = once(&server.origin);
        let read = session.reader().accounts(AccountSelection::All).await.unwrap_err();
        assert_eq!(read.kind, ErrorKind::Redirected(status));
        assert!(read.hint().is_some());
        let created = session.writer().create_account(&larry()).await.unwrap_err();
        assert_eq!(created.kind, ErrorKind::Redirected(status));
        assert!(created.may_have_happened(), "{status} after a POST may mean: done, look there");
        assert_eq!(server.count(), 2);
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn a_limit_that_the_answer_leaves_out_is_believed_as_sent() {
    let server = Server::script([Reply::json(200, r#"{"data":{"id":"a1"}}"#)]).await;
    let limit = once(&server.origin).writer().set_channel_limit(&AccountId::new("a1"), 30).await;
    assert_eq!(limit.unwrap().value, 30);
}

#[tokio::test]
async fn an_accepted_change_with_an_odd_answer_is_done_and_sent_once() {
    for body in ["", "[]", r#"{"data":null}"#, r#"{"data":{"id":5,"email":null}}"#] {
        let server = Server::script([Reply::json(200, body)]).await;
        let writer = patient(&server.origin, budget(5)).writer();
        let (account, user) = (AccountId::new("a1"), UserId::new("u1"));
        writer.disable_account(&account).await.unwrap();
        writer.enable_account(&account, false).await.unwrap();
        writer.remove_user(&user).await.unwrap();
        assert_eq!(writer.set_custom_pricing(&account, true).await.unwrap().value, None);
        assert_eq!(server.count(), 4, "{body}");
    }
    let odd = r#"{"data":{"id":5,"managed_account_allow_custom_pricing":false}}"#;
    let server = Server::script([Reply::json(200, odd)]).await;
    let writer = once(&server.origin).writer();
    let answer = writer.set_custom_pricing(&AccountId::new("a1"), true).await;
    assert_eq!(answer.unwrap().value, Some(false), "a refused value is not overlooked");
}

#[tokio::test]
async fn each_secret_of_a_created_account_is_optional() {
    for name in ["api_key", "api_token"] {
        for odd in [None, Some(json!(null)), Some(json!(5)), Some(json!(""))] {
            let mut body = account_with_secrets("a1");
            body.as_object_mut().unwrap().remove(name);
            if let Some(odd) = odd {
                body[name] = odd;
            }
            let server = Server::script([Reply::json(200, one(&body))]).await;
            let created = once(&server.origin).writer().create_account(&larry()).await.unwrap();
            let credentials = created.value.credentials;
            assert_eq!(credentials.missing(), [name]);
        }
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_key_is_asked_only_a_few_more_times() {
    let refusal = r#"{"errors":[{"code":"20002","title":"API key revoked"}]}"#;
    let server = Server::script([Reply::json(401, refusal)]).await;
    let reader = once(&server.origin).reader();
    for _ in 0..20 {
        reader.channels().await.unwrap_err();
    }
    assert_eq!(server.count(), 3);
    assert_eq!(reader.channels().await.unwrap_err().kind, ErrorKind::Stopped);
}

#[test]
fn a_key_that_is_not_bare_is_refused_before_any_request() {
    for (key, words) in [
        ("\"KEY_1\"", "quotation marks"),
        ("'KEY_1'", "quotation marks"),
        ("Bearer KEY_1", "Bearer"),
        ("\u{feff}KEY_1", "byte order mark"),
        ("KEY 1", "space"),
        ("KEY_\u{e4}", "character"),
    ] {
        let base_url = BaseUrl::parse("http://127.0.0.1:1/v2").unwrap();
        let error = Session::new(SessionConfig::new(base_url, key.into())).unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains("KEY_1"), "{error}");
    }
}

#[tokio::test]
async fn a_base_url_of_another_version_is_named_in_the_hint() {
    let server = Server::script([Reply::json(404, "")]).await;
    for path in ["", "/v1"] {
        let base_url = BaseUrl::parse(&format!("{}{path}", server.origin)).unwrap();
        let session = Session::new(SessionConfig::new(base_url, "KEY_1".into())).unwrap();
        let error = session.reader().channels().await.unwrap_err();
        assert!(error.hint().unwrap().contains("/v2"), "{error}");
    }
}

#[tokio::test]
async fn equal_creates_have_equal_idempotency_keys() {
    let made = || Reply::json(200, one(&account_with_secrets("a1")));
    let server = Server::script([made()]).await;
    let writer = once(&server.origin).writer();
    let other = AccountRequest { name: "Another".to_owned(), ..larry() };
    for new in [&larry(), &larry(), &other] {
        writer.create_account(new).await.unwrap();
    }
    let keys: Vec<String> = server.seen().iter().map(|seen| seen.idempotency_key.clone()).collect();
    assert!(
        keys[0].starts_with("trunkline-") && keys[0] == keys[1] && keys[0] != keys[2],
        "{keys:?}"
    );
}

#[tokio::test]
async fn an_accepted_change_whose_answer_has_errors_or_is_no_answer_of_the_api_may_have_happened() {
    for body in [r#"{"errors":[{"code":"20012"}]}"#, "<html>", "{"] {
        let server = Server::start(move |_, _| Reply::json(200, body)).await;
        let error = once(&server.origin).writer().disable_account(&AccountId::new("a1")).await;
        assert!(error.unwrap_err().may_have_happened(), "{body}");
    }
}
