//! Neither the key nor a password comes out again, whatever the other side does with it.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use trunkline::model::AccountId;
use trunkline::telnyx::{BaseUrl, Error, Session, SessionConfig};

use crate::support::server::{Reply, Server};
use crate::support::{KEY, PASSWORD, budget, larry, once, patient};

/// Text that stands for the rest of an answer's body.
const BODY: &str = "only-in-the-body";

/// An answer whose every text repeats what it was sent.
fn echo(status: u16) -> Reply {
    let said = format!("you sent Bearer {KEY} and {PASSWORD}");
    let error = json!({
        "code": said, "title": said, "detail": said,
        "source": { "pointer": said }, "meta": { "url": BODY },
    });
    let body = json!({ "errors": [error], "data": { "id": said, "email": 1 }, "more": BODY });
    Reply::json(status, body.to_string()).header("x-request-id", KEY)
}

/// A page for people that repeats what it was sent.
fn echo_page(status: u16) -> Reply {
    Reply::json(status, format!("<html>{KEY} {PASSWORD} {BODY}"))
}

fn assert_silent(case: &str, error: &Error) {
    let texts = [error.to_string(), format!("{error:?}"), format!("{error:#?}")];
    for secret in [KEY, PASSWORD, BODY] {
        for text in &texts {
            assert!(!text.contains(secret), "{case}: {text}");
        }
    }
}

#[tokio::test]
async fn an_error_holds_no_key_no_password_and_no_body_even_if_the_answer_repeats_them() {
    let faulty = json!({ "data": { "id": "a1", "email": "expected", "organization_name": [KEY] } });
    let cases = [
        ("400", echo(400)),
        ("401", echo(401)),
        ("403", echo(403)),
        ("404", echo(404)),
        ("409", echo(409)),
        ("422", echo(422)),
        ("429", echo(429)),
        ("500", echo(500)),
        ("302", echo(302)),
        ("200 of another form", echo(200)),
        ("200 of yet another form", Reply::json(200, faulty.to_string())),
        ("200, a page", echo_page(200)),
        ("403, a page", echo_page(403)),
        ("502, a page", echo_page(502)),
        ("no HTTP", Reply::raw(format!("{KEY} {PASSWORD} {BODY}\r\n\r\n").as_bytes())),
    ];
    for (case, reply) in cases {
        let server = Server::script([reply]).await;
        let error = once(&server.origin).writer().create_account(&larry()).await.unwrap_err();
        assert_silent(case, &error);
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_not_repeated_whatever_is_in_it() {
    for value in [KEY.to_owned(), format!("it was expected {KEY}"), format!("missing field {KEY}")]
    {
        let body = json!({ "data": { "allocatable_global_outbound_channels": value } }).to_string();
        let server = Server::script([Reply::json(200, body)]).await;
        let error = once(&server.origin).reader().channels().await.unwrap_err();
        assert_silent(&value, &error);
    }
}

#[tokio::test]
async fn a_key_that_was_read_with_its_line_break_is_kept_out_all_the_same() {
    let server = Server::script([echo(401)]).await;
    let base_url = BaseUrl::parse(&server.origin).unwrap();
    let key = format!("{KEY}\n").into();
    let session =
        Session::new(SessionConfig { retry: budget(0), ..SessionConfig::new(base_url, key) })
            .unwrap();
    let error = session.reader().channels().await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains(KEY), "{error:?}");
}

#[tokio::test]
async fn an_id_in_an_error_cannot_move_the_cursor() {
    let server = Server::script([Reply::json(404, "")]).await;
    let id = AccountId::new("a1\u{1b}[2J\u{202e}\n");
    let error = once(&server.origin).reader().account(&id).await.unwrap_err();
    let text = error.to_string();
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\n']), "{text:?}");
}

#[test]
fn what_holds_a_secret_does_not_show_it() {
    let session = once("http://127.0.0.1:1");
    let texts = format!("{session:?} {:?} {:?} {:?}", session.reader(), session.writer(), larry());
    assert!(!texts.contains(KEY) && !texts.contains(PASSWORD), "{texts}");
}

/// A buffer for a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_level_of_the_log_has_a_secret_in_it() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // With just one subscriber alive, tracing lets a thread that has none, as of another test, decide
    // for all whether a line is of interest.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let _here = tracing::subscriber::set_default(subscriber);

    let secrets = crate::support::bodies::account_with_secrets("a1");
    let made = Reply::json(200, crate::support::bodies::one(&secrets));
    let server = Server::script([echo(200), echo(500), Reply::reset(), echo(422), made]).await;
    let session = patient(&server.origin, budget(2));
    session.writer().create_account(&larry()).await.unwrap_err();
    session.reader().channels().await.unwrap_err();
    session.writer().create_account(&larry()).await.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("request failed") && log.contains("status=200"), "{log}");
    for secret in [KEY, PASSWORD, BODY, "KEY_of_the_account", "token_of_the_account"] {
        assert!(!log.contains(secret), "{log}");
    }
}
