//! Answers of the API over the real path: a socket, the client, the reader or the writer.
//!
//! The bytes are a small script: a line with the request and the status of the answer, then the body verbatim. The pages of a list are separated by a line of [`NEXT_PAGE`].

mod checks;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use trunkline::model::{
    AccountId, ChannelPool, Day, Email, LastSignIn, LiveAccount, LiveUser, Role, UserId, UserStatus,
};
use trunkline::telnyx::{
    AccountRequest, AccountSelection, BaseUrl, Error, ErrorKind, Listing, RetryBudget, Session,
    SessionConfig, StatusFilter,
};

use checks::*;

use super::{Taken, assert_harmless, wait};
use crate::support::server::{Reply, Server};

/// The separator of two pages.
pub(crate) const NEXT_PAGE: &str = "%%";

/// The secrets that no error may contain: those sent, and those in the answers about accounts.
const SENT: [&str; 2] = ["KEY0123_of_the_parsers", "3jVjLq-of-the-parsers"];
const HELD: [&str; 2] = ["KEY_of_the_account", "token_of_the_account"];

/// A request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Accounts,
    Cancelled,
    Count,
    Account,
    Credentials,
    Channels,
    Users,
    User,
    Report,
    Csv,
    Create,
    Disable,
    Pricing,
    Limit,
    Remove,
}

/// Their names in scripts.
const NAMES: [(&str, Asked); 15] = [
    ("accounts", Asked::Accounts),
    ("cancelled", Asked::Cancelled),
    ("count", Asked::Count),
    ("account", Asked::Account),
    ("credentials", Asked::Credentials),
    ("channels", Asked::Channels),
    ("users", Asked::Users),
    ("user", Asked::User),
    ("report", Asked::Report),
    ("csv", Asked::Csv),
    ("create", Asked::Create),
    ("disable", Asked::Disable),
    ("pricing", Asked::Pricing),
    ("limit", Asked::Limit),
    ("remove", Asked::Remove),
];

/// The statuses that an answer may have here; others the client never hands on, or reads no body of.
const STATUSES: [u16; 13] = [200, 201, 202, 302, 400, 401, 403, 404, 408, 409, 422, 429, 503];

/// Takes answers.
///
/// Whatever is accepted is in the body as it stands there, and of a list all of it: as many as every page counts, each
/// once, none without an identity. What the body does not say is unknown. What is refused has a text and a hint
/// and no secret, and a change whose answer cannot be used may have happened.
pub(crate) fn answers(bytes: &[u8]) -> Taken {
    let Some((asked, status, pages)) = script(bytes) else { return Taken::Refused };
    wait(async {
        let server = serve(status, pages.clone()).await;
        let asking = ask(&session(&server.origin), asked, &pages).await;
        match asking {
            Ok(check) => {
                assert!((200..300).contains(&status), "{status} is taken for a success");
                // The client ignores unneeded parts, even invalid ones.
                let bodies: Option<Vec<Value>> = pages.iter().map(|page| parsed(page)).collect();
                bodies.map_or(Taken::Accepted, |bodies| check(&bodies))
            }
            Err(error) => {
                assert_refused(&error, asked, status);
                Taken::Refused
            }
        }
    })
}

/// The request, the status, and the pages.
fn script(bytes: &[u8]) -> Option<(Asked, u16, Vec<Vec<u8>>)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (name, status) = std::str::from_utf8(&bytes[..end]).ok()?.split_once(' ')?;
    let (_, asked) = NAMES.into_iter().find(|(known, _)| *known == name)?;
    let status = status.parse().ok().filter(|status| STATUSES.contains(status))?;
    let mut pages = vec![Vec::new()];
    for line in bytes[end + 1..].split_inclusive(|byte| *byte == b'\n') {
        match pages.last_mut() {
            _ if line.trim_ascii_end() == NEXT_PAGE.as_bytes() => pages.push(Vec::new()),
            Some(page) => page.extend_from_slice(line),
            None => {}
        }
    }
    Some((asked, status, pages))
}

/// A server with these pages and no others.
async fn serve(status: u16, pages: Vec<Vec<u8>>) -> Server {
    Server::start(move |_, request| {
        let number = |rest: &str| rest.split('&').next()?.parse::<usize>().ok();
        let parameter = request.target.split("page%5Bnumber%5D=").nth(1);
        let number = parameter.and_then(number).unwrap_or(1);
        match pages.get(number.wrapping_sub(1)) {
            Some(page) => Reply::json(status, page.clone()),
            None => Reply::json(404, r#"{"errors":[{"code":"10005","title":"No such page"}]}"#),
        }
    })
    .await
}

/// A session without retries.
fn session(origin: &str) -> Session {
    let retry = RetryBudget { attempts: 0, rate_limited: 0, ..RetryBudget::default() };
    let base_url = BaseUrl::parse(&format!("{origin}/v2")).unwrap();
    let timeout = Duration::from_secs(20);
    Session::new(SessionConfig { timeout, retry, ..SessionConfig::new(base_url, SENT[0].into()) })
        .unwrap()
}

/// A check of the result, given the bodies it was read from.
type Check = Box<dyn FnOnce(&[Value]) -> Taken>;

/// Sends the request, and returns the check of its result.
async fn ask(session: &Session, asked: Asked, pages: &[Vec<u8>]) -> Result<Check, Error> {
    let (reader, writer) = (session.reader(), session.writer());
    let (account, user) = (AccountId::new("a1"), UserId::new("u1"));
    Ok(match asked {
        Asked::Accounts => accounts(reader.accounts(AccountSelection::All).await?),
        Asked::Cancelled => accounts(reader.accounts(AccountSelection::Cancelled).await?),
        Asked::Users => users(reader.users().await?),
        Asked::Count => {
            let count = reader.count(StatusFilter::Disabled).await?;
            of_body(move |body| assert_eq!(number(&body["meta"]["total_results"]), count))
        }
        Asked::Account => account_of(reader.account(&account).await?),
        Asked::Credentials => {
            let read = reader.credentials(&account).await?;
            assert_hidden(&format!("{read:?}"));
            of_body(move |body| {
                assert_eq!(read.api_key.is_some(), is_text(&body["data"]["api_key"]));
                assert_eq!(read.api_token.is_some(), is_text(&body["data"]["api_token"]));
            })
        }
        Asked::Channels => {
            let ChannelPool { allocatable, allocated } = reader.channels().await?;
            of_body(move |body| {
                assert_eq!(body["data"]["allocatable_global_outbound_channels"], allocatable);
                assert_eq!(body["data"]["total_global_channels_allocated"], allocated);
            })
        }
        Asked::User => user_of(reader.user(&user).await?),
        Asked::Report => {
            let read = reader.groups_report().await?;
            of_body(move |body| {
                let written = body["data"].as_array().unwrap();
                // A record that cannot be used is set aside, and the report is then incomplete.
                assert_eq!(read.gap.is_none(), read.items.len() == written.len());
                if read.gap.is_none() {
                    let both = read.items.iter().zip(written);
                    both.for_each(|(read, written)| assert_user(read, written));
                }
            })
        }
        Asked::Csv => {
            let read = reader.groups_report_csv().await?;
            assert!(read.as_bytes() == pages[0] && !read.trim().is_empty());
            of_body(|_| {})
        }
        Asked::Create => {
            let created = writer.create_account(&new()).await?.value;
            assert_hidden(&format!("{created:?}"));
            account_of(created.account)
        }
        Asked::Disable => {
            writer.disable_account(&account).await?;
            of_body(|_| {})
        }
        Asked::Pricing => {
            let allowed = writer.set_custom_pricing(&account, true).await?.value;
            of_body(move |body| {
                let answered = &body["data"]["managed_account_allow_custom_pricing"];
                // A body that repeats a field is of no use.
                assert!(allowed.is_none() || allowed == answered.as_bool());
            })
        }
        Asked::Limit => {
            let limit = writer.set_channel_limit(&account, 7).await?.value;
            of_body(move |body| match body["data"]["channel_limit"].as_u64() {
                // If the answer omits it, the value sent counts.
                None => assert_eq!(limit, 7),
                // A body that repeats the field is of no use.
                Some(answered) => assert!(limit == answered || limit == 7),
            })
        }
        Asked::Remove => {
            writer.remove_user(&user).await?;
            of_body(|_| {})
        }
    })
}

/// A check of an answer that is one body.
fn of_body(check: impl FnOnce(&Value) + 'static) -> Check {
    Box::new(|bodies| {
        check(&bodies[0]);
        Taken::Accepted
    })
}

fn account_of(read: LiveAccount) -> Check {
    of_body(move |body| assert_account(&read, &body["data"]))
}

fn user_of(read: LiveUser) -> Check {
    of_body(move |body| assert_user(&read, &body["data"]))
}

fn assert_hidden(shown: &str) {
    assert!(HELD.iter().all(|secret| !shown.contains(secret)), "{shown}");
}

/// A body as JSON, if it is valid, without parts nested too deeply for a `Value`, which the client ignores.
fn parsed(body: &[u8]) -> Option<Value> {
    const DEEP: usize = 100;
    let mut shallow = Vec::new();
    let (mut depth, mut text, mut escaped) = (0_usize, false, false);
    for byte in body {
        let inside = text;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            _ => {}
        }
        match byte {
            b'[' | b'{' if !inside => {
                match depth {
                    0..DEEP => shallow.push(*byte),
                    DEEP => shallow.extend(b"null"),
                    _ => {}
                }
                depth += 1;
            }
            b']' | b'}' if !inside => {
                depth = depth.saturating_sub(1);
                shallow.extend((depth < DEEP).then_some(*byte));
            }
            _ => shallow.extend((depth <= DEEP).then_some(*byte)),
        }
    }
    serde_json::from_slice(&shallow).ok()
}

fn new() -> AccountRequest {
    AccountRequest {
        name: "Larry's Cat Food".to_owned(),
        email: "larry@catfood.example".to_owned(),
        password: Some(SENT[1].into()),
        custom_pricing: None,
        rollup_billing: None,
    }
}

fn accounts(listing: Listing<LiveAccount>) -> Check {
    let id = |account: &LiveAccount| account.id.as_str().to_owned();
    Box::new(move |bodies| list(&listing, bodies, id, assert_account))
}

fn users(listing: Listing<LiveUser>) -> Check {
    let id = |user: &LiveUser| user.id.as_str().to_owned();
    Box::new(move |bodies| list(&listing, bodies, id, assert_user))
}
