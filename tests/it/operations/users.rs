//! The operations on users.

use serde_json::json;
use trunkline::model::UserId;

use super::refusals::{REPORT, USER, USERS};
use super::{Got, ODD_ID, Operation, user_id, whole};
use crate::support::bodies::{list, live_user, live_user_in_groups, one, user, user_in_groups};

const CSV: &str = "id,email,user_status,created_at,last_sign_in_at,groups\nu1,u1@acme.example,enabled,,,\"Engineering, Sales\"\n";

pub(super) fn all() -> Vec<Operation> {
    vec![
        Operation {
            name: "users, with groups",
            documented: ("GET", "/organizations/users"),
            target: "/v2/organizations/users?include_groups=true&page%5Bnumber%5D=1&page%5Bsize%5D=250",
            accept: "application/json",
            body: None,
            answer: list(&[user_in_groups("u1"), user("u2")]),
            refusals: USERS.to_vec(),
            call: |session| Box::pin(async move { session.reader().users().await.map(Got::Users) }),
            got: Got::Users(whole(vec![live_user_in_groups("u1"), live_user("u2")])),
        },
        Operation {
            name: "one user, whose id is odd",
            documented: ("GET", "/organizations/users/{id}"),
            target: "/v2/organizations/users/a%2Fb%3Fc%23d%20e%252F?include_groups=true",
            accept: "application/json",
            body: None,
            answer: one(&user_in_groups("u1")),
            refusals: USER.to_vec(),
            call: |session| {
                Box::pin(
                    async move { session.reader().user(&UserId::new(ODD_ID)).await.map(Got::User) },
                )
            },
            got: Got::User(live_user_in_groups("u1")),
        },
        Operation {
            name: "groups report",
            documented: ("GET", "/organizations/users/users_groups_report"),
            target: "/v2/organizations/users/users_groups_report",
            accept: "application/json",
            body: None,
            answer: one(&json!([user_in_groups("u1"), user("u2")])),
            refusals: REPORT.to_vec(),
            call: |session| {
                Box::pin(async move {
                    session.reader().groups_report().await.map(|report| Got::Report(report.items))
                })
            },
            got: Got::Report(vec![live_user_in_groups("u1"), live_user("u2")]),
        },
        Operation {
            name: "groups report as CSV",
            documented: ("GET", "/organizations/users/users_groups_report"),
            target: "/v2/organizations/users/users_groups_report",
            accept: "text/csv",
            body: None,
            answer: CSV.to_owned(),
            refusals: REPORT.to_vec(),
            call: |session| {
                Box::pin(async move { session.reader().groups_report_csv().await.map(Got::Csv) })
            },
            got: Got::Csv(CSV.to_owned()),
        },
        Operation {
            name: "remove a user",
            documented: ("POST", "/organizations/users/{id}/actions/remove"),
            target: "/v2/organizations/users/u1/actions/remove",
            accept: "application/json",
            body: None,
            answer: one(&user("u1")),
            refusals: USER.to_vec(),
            call: |session| {
                Box::pin(async move {
                    session.writer().remove_user(&user_id()).await.map(|_| Got::Done)
                })
            },
            got: Got::Done,
        },
    ]
}
