//! Organizations as the vendor documents them, but other than the usual one.

use serde_json::{Value, json};
use trunkline::model::{AccountId, Status as Live};

use super::fake::{Ask, List, Organization, Status, body, detect, email};
use super::manifest;
use crate::support::bodies;
use crate::support::server::Reply;

/// The groups report with an owner whom the list of users lacks.
fn report_with_owner(all: &Organization) -> Reply {
    let mut owner = bodies::user("owner");
    owner["record_type"] = json!("organization_owner");
    let users = all.users.iter().map(|user| bodies::user(&super::fake::id(*user)));
    let users: Vec<Value> = users.chain([owner]).collect();
    Reply::json(200, bodies::one(&json!(users)))
}

/// All users on one page, whatever the size.
fn list_of_users(all: &Organization) -> Reply {
    let users: Vec<Value> =
        all.users.iter().map(|user| bodies::user(&super::fake::id(*user))).collect();
    Reply::json(200, bodies::list(&users))
}

#[tokio::test]
async fn an_owner_in_the_groups_report_only_leaves_the_inventory_complete() {
    let desired = manifest(&[&email(0)], true);
    let detected = detect(Organization::eight(), &desired, |ask, all| match ask.list {
        List::Report => report_with_owner(all),
        List::Users => list_of_users(all),
        _ => all.answer(ask),
    })
    .await;
    let live = detected.result.unwrap();
    assert_eq!(live.gaps, Vec::new());
    assert_eq!(live.users.unwrap().len(), 4);
}

#[tokio::test]
async fn a_report_that_has_the_owner_more_and_another_user_less_is_incomplete() {
    let desired = manifest(&[&email(0)], true);
    let detected = detect(Organization::eight(), &desired, |ask, all| match ask.list {
        List::Report => report_with_owner(&all.with_users(vec![0, 1, 7])),
        List::Users => list_of_users(all),
        _ => all.answer(ask),
    })
    .await;
    let gaps = detected.result.unwrap().gaps;
    assert!(gaps.len() == 1 && gaps[0].reason.contains("different users"), "{gaps:?}");
}

#[tokio::test]
async fn an_organization_that_is_not_a_manager_needs_no_accounts() {
    for status in [401, 403] {
        let refuse = move |ask: &Ask, all: &mut Organization| match ask.list {
            List::Report | List::Users => all.answer(ask),
            _ => Reply::json(status, ""),
        };
        let live = detect(Organization::eight(), &manifest(&[], true), refuse).await.result;
        let live = live.unwrap();
        assert_eq!((live.accounts.len(), live.users.unwrap().len()), (0, 3));
        let error = detect(Organization::eight(), &manifest(&[&email(0)], true), refuse).await;
        let error = error.result.unwrap_err();
        assert!(error.hint().unwrap().contains("not a manager"), "{error}");
    }
}

#[tokio::test]
async fn blocked_and_cancelled_accounts_among_the_disabled_are_subtracted() {
    let desired = manifest(&[&email(0)], false);
    let detected = detect(Organization::eight(), &desired, |ask, all| match ask.list {
        List::Of(Status::Disabled) => {
            let items: Vec<Value> = [3, 7, 8, 9].into_iter().map(body).collect();
            Reply::json(200, bodies::list(&items))
        }
        _ => all.answer(ask),
    })
    .await;
    let live = detected.result.unwrap();
    assert_eq!(live.gaps, Vec::new());
    let status = |account: u32| {
        let id = AccountId::new(super::fake::id(account));
        live.accounts.iter().find(|account| account.id == id).unwrap().status
    };
    assert_eq!([0, 3, 7].map(status), [Live::Enabled, Live::Disabled, Live::Blocked].map(Some));
}

#[tokio::test]
async fn an_odd_record_is_named_and_makes_the_inventory_incomplete() {
    let desired = manifest(&[&email(0)], true);
    let detected = detect(Organization::eight(), &desired, |ask, all| match ask.list {
        List::All if ask.page == 1 => {
            let mut items: Vec<Value> = all.page(ask).accounts.into_iter().map(body).collect();
            items[1]["email"] = Value::Null;
            Reply::json(200, bodies::page(&items, 1, 3, 8))
        }
        _ => all.answer(ask),
    })
    .await;
    let live = detected.result.unwrap();
    // The last read has another order.
    let words = "accounts: read 3 times, data[1].email is null (id \"a";
    assert!(live.gaps[0].reason.starts_with(words), "{:?}", live.gaps);
    assert_eq!((live.accounts.len(), live.users.unwrap().len()), (7, 3));
}

#[tokio::test]
async fn a_list_without_a_total_is_complete_if_a_second_read_agrees() {
    let untotalled = |ask: &Ask, all: &Organization| {
        let page = all.page(ask);
        let items: Vec<Value> = page.accounts.iter().copied().map(body).collect();
        let meta = json!({ "total_pages": page.pages, "page_number": page.number });
        Reply::json(200, json!({ "data": items, "meta": meta }).to_string())
    };
    let desired = manifest(&[&email(0)], true);
    let detected = detect(Organization::eight(), &desired, move |ask, all| match ask.list {
        List::All => untotalled(ask, all),
        _ => all.answer(ask),
    })
    .await;
    let live = detected.result.unwrap();
    assert_eq!((live.accounts.len(), live.gaps), (8, Vec::new()));
    assert_eq!(detected.reads[&List::All], 2);
    let detected = detect(Organization::eight(), &desired, move |ask, all| match ask.list {
        List::All => {
            if ask.page == 1 {
                all.create(Status::Enabled);
            }
            untotalled(ask, all)
        }
        _ => all.answer(ask),
    })
    .await;
    let gaps = detected.result.unwrap().gaps;
    assert!(gaps[0].reason.contains("no two reads agree"), "{gaps:?}");
}
