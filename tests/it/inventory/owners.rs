//! Owners of the organization, wherever and however the API lists them.

use std::path::Path;

use serde_json::{Value, json};
use trunkline::manifest;
use trunkline::model::{Desired, Email, Live, State};
use trunkline::plan::plan;

use super::fake::{List, Organization, body, detect, email, id};
use crate::support::bodies;
use crate::support::server::Reply;

const ACCOUNT_OWNER: &str = "manager@acme.example";

fn desired(accounts: &str, users: &str) -> Desired {
    let policy = "policy: { unlisted_users: remove, max_removals: 10 }";
    let text = format!("version: 1\norganization: acme\n{policy}\n{accounts}users:\n{users}");
    manifest::parse(Path::new("owners"), &text).unwrap()
}

fn accounts() -> String {
    format!("accounts:\n  - {{ name: first, email: {} }}\n", email(0))
}

/// A record of the groups report.
fn user(email: &str, role: &str) -> Value {
    let mut user = bodies::user(email);
    (user["email"], user["record_type"]) = (json!(email), json!(role));
    user
}

/// Reads an organization whose report has the users of `report` and these ones, and whose list has users 0 to 2.
async fn read(desired: &Desired, report: &'static [u32], more: Vec<Value>) -> Live {
    let detected = detect(Organization::eight(), desired, move |ask, all| match ask.list {
        List::Report => {
            let users = report.iter().map(|user| bodies::user(&id(*user)));
            Reply::json(200, bodies::one(&json!(users.chain(more.clone()).collect::<Vec<_>>())))
        }
        List::Users => {
            let users: Vec<Value> = all.users.iter().map(|user| bodies::user(&id(*user))).collect();
            Reply::json(200, bodies::list(&users))
        }
        _ => all.answer(ask),
    });
    detected.await.result.unwrap()
}

#[tokio::test]
async fn every_address_that_an_account_names_as_api_user_is_an_owner() {
    let desired = desired(&accounts(), "  - email: a0@acme.example\n");
    let detected = detect(Organization::eight(), &desired, |ask, all| match ask.list {
        List::All if ask.page == 1 => {
            let mut items: Vec<Value> = all.page(ask).accounts.into_iter().map(body).collect();
            // The user `id(1)` owns the first account only.
            items[0]["api_user"] = json!(format!("{}@acme.example", id(1)));
            Reply::json(200, bodies::page(&items, 1, 3, 8))
        }
        _ => all.answer(ask),
    });
    let live = detected.await.result.unwrap();
    let owner = Email::new(format!("{}@acme.example", id(1)));
    assert_eq!(live.owners, [Email::new(ACCOUNT_OWNER), owner.clone()].into());
    let plan = plan(&desired, &live, &State::default(), "2026-03-01".parse().unwrap());
    let removed: Vec<_> = plan.actions.iter().map(|row| row.action.email()).collect();
    assert!(!removed.is_empty() && !removed.contains(&&owner), "{removed:?}");
}

#[tokio::test]
async fn equal_counts_beside_an_owner_do_not_hide_a_missing_user() {
    let desired = desired(&accounts(), "  - email: a0@acme.example\n");
    let owner = user("root@acme.example", "organization_owner");
    let live = read(&desired, &[0, 1], vec![owner]).await;
    assert!(live.gaps.iter().any(|gap| gap.reason.contains("different users")), "{:?}", live.gaps);
}

#[tokio::test]
async fn an_owner_of_another_role_in_the_report_is_known_by_its_email() {
    let declared = format!("  - {{ email: {ACCOUNT_OWNER}, owner: true }}\n");
    let by_account = desired(&accounts(), "  - email: a0@acme.example\n");
    for desired in [by_account, desired("", &declared)] {
        for role in ["owner", "organization_sub_user"] {
            let live = read(&desired, &[0, 1, 2], vec![user(ACCOUNT_OWNER, role)]).await;
            assert_eq!((live.gaps, live.users.unwrap().len()), (Vec::new(), 4), "{role}");
        }
    }
}
