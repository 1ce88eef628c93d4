//! A list that cannot be read is an error, never a shorter inventory. Temporary failures are retried.

use std::time::Duration;

use trunkline::model::Half;
use trunkline::telnyx::{AnswerFault, ErrorKind};

use super::fake::{Ask, List, Organization, Status, detect, email};
use super::manifest;
use crate::support::server::Reply;

const LISTS: [List; 8] = [
    List::All,
    List::Of(Status::Disabled),
    List::Of(Status::Blocked),
    List::Of(Status::Enabled),
    List::Of(Status::Cancelled),
    List::Count(Status::Enabled),
    List::Report,
    List::Users,
];

/// Honest, but so that every list is needed: one account too many is counted.
fn everything(ask: &Ask, all: &Organization) -> Reply {
    match ask.list {
        List::Count(_) => {
            let mut page = all.page(ask);
            page.total += 1;
            page.reply()
        }
        _ => all.answer(ask),
    }
}

#[tokio::test]
async fn what_cannot_be_read_at_all_is_an_error_of_whatever_list() {
    let desired = manifest(&[&email(0), "missing@shop.example"], true);
    for list in LISTS {
        for status in [401, 403, 404, 503] {
            let detected = detect(Organization::eight(), &desired, move |ask, all| {
                if ask.list == list { Reply::json(status, "") } else { everything(ask, all) }
            })
            .await;
            let error = detected.result.unwrap_err();
            assert_eq!(error.status(), Some(status), "{list:?}");
        }
    }
}

#[tokio::test]
async fn a_pool_that_cannot_be_read_is_a_gap_of_the_accounts_and_a_refused_one_an_error() {
    let desired = manifest(&[&email(0)], true);
    let read = async |status, body: &'static str| {
        let detected = detect(Organization::eight(), &desired, move |ask, all| match ask.list {
            List::Pool => Reply::json(status, body),
            _ => all.answer(ask),
        });
        detected.await.result
    };
    for (status, body) in [(404, ""), (422, ""), (400, ""), (503, ""), (200, r#"{"data":null}"#)] {
        let live = read(status, body).await.unwrap();
        assert!(live.gaps.iter().all(|gap| gap.half == Half::Accounts), "{status}");
        assert!(live.gaps[0].reason.starts_with("channels: GET /managed_accounts"), "{status}");
        assert_eq!(live.users.map(|users| users.len()), Some(3), "{status}");
    }
    for status in [401, 403] {
        assert_eq!(read(status, "").await.unwrap_err().status(), Some(status));
    }
}

#[tokio::test]
async fn a_refusal_of_what_is_no_status_filter_is_an_error() {
    let desired = manifest(&[&email(0)], true);
    for list in [List::All, List::Report, List::Users] {
        let detected = detect(Organization::eight(), &desired, move |ask, all| {
            if ask.list == list { Reply::json(422, "") } else { all.answer(ask) }
        })
        .await;
        assert_eq!(detected.result.unwrap_err().kind, ErrorKind::Invalid(422), "{list:?}");
    }
}

#[tokio::test]
async fn an_html_page_is_an_error_and_a_page_without_meta_makes_the_inventory_incomplete() {
    let desired = manifest(&[&email(0)], true);
    let page_2 = async |reply: Reply| {
        let answer = move |ask: &Ask, all: &mut Organization| {
            if ask.list == List::All && ask.page == 2 { reply.clone() } else { all.answer(ask) }
        };
        detect(Organization::eight(), &desired, answer).await.result
    };
    let error = page_2(Reply::html(200)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Answer(AnswerFault::Html));
    let live = page_2(Reply::json(200, r#"{"data":[]}"#)).await.unwrap();
    assert!(!live.is_complete(Half::Accounts) && live.is_complete(Half::Users));
}

#[tokio::test]
async fn a_page_for_people_or_a_429_in_the_middle_is_read_again_and_costs_nothing_else() {
    let desired = manifest(&[&email(0)], true);
    for passing in [Reply::html(502), Reply::html(200), Reply::too_many("0"), Reply::json(503, "")]
    {
        let met = std::sync::atomic::AtomicBool::new(false);
        let detected = detect(Organization::eight(), &desired, move |ask, all| {
            let middle = ask.list == List::All && ask.page == 2;
            if middle && !met.swap(true, std::sync::atomic::Ordering::SeqCst) {
                return passing.clone();
            }
            all.answer(ask)
        })
        .await;
        let live = detected.result.unwrap();
        assert_eq!((live.accounts.len(), live.gaps), (8, Vec::new()));
        assert!(live.accounts.iter().all(|account| account.status.is_some()));
        assert_eq!(detected.reads[&List::All], 1);
    }
}

#[tokio::test]
async fn the_error_to_report_does_not_depend_on_which_list_fails_first() {
    let desired = manifest(&[&email(0)], true);
    for slow in [List::All, List::Report, List::Pool] {
        let detected = detect(Organization::eight(), &desired, move |ask, all| {
            let reply = match ask.list {
                List::All => Reply::json(403, ""),
                List::Report | List::Pool => Reply::json(401, ""),
                _ => return all.answer(ask),
            };
            let delay = if ask.list == slow { Duration::from_millis(100) } else { Duration::ZERO };
            reply.after(delay)
        })
        .await;
        assert_eq!(detected.result.unwrap_err().status(), Some(403), "{slow:?} is slow");
    }
}
