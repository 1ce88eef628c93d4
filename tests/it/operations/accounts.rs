//! The operations on managed accounts.

use secrecy::ExposeSecret;
use serde_json::json;
use trunkline::model::{AccountId, ChannelPool};
use trunkline::telnyx::{AccountRequest, AccountSelection, Created, Credentials, StatusFilter};

use super::refusals::{ACCOUNT, CHANGE, CREATE, LIST, POOL};
use super::{Got, ODD_ID, Operation, account_id, whole};
use crate::support::bodies::{account, account_with_secrets, list, live_account, one, page};
use crate::support::{PASSWORD, larry};

macro_rules! call {
    ($session:ident, $call:expr) => {
        |$session| Box::pin(async move { $call })
    };
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn reads() -> Vec<Operation> {
    let listed = |name, target, call| Operation {
        name,
        documented: ("GET", "/managed_accounts"),
        target,
        accept: "application/json",
        body: None,
        answer: list(&[account("a1"), account("a2")]),
        refusals: LIST.to_vec(),
        call,
        got: Got::Accounts(whole(vec![live_account("a1"), live_account("a2")])),
    };
    vec![
        listed(
            "accounts",
            "/v2/managed_accounts?sort=created_at&page%5Bnumber%5D=1&page%5Bsize%5D=250",
            call!(
                session,
                session.reader().accounts(AccountSelection::All).await.map(Got::Accounts)
            ),
        ),
        listed(
            "accounts, the cancelled ones too",
            "/v2/managed_accounts?include_cancelled_accounts=true&sort=created_at&page%5Bnumber%5D=1&page%5Bsize%5D=250",
            call!(
                session,
                session.reader().accounts(AccountSelection::WithCancelled).await.map(Got::Accounts)
            ),
        ),
        listed(
            "disabled accounts",
            "/v2/managed_accounts?filter%5Bstatus%5D%5Beq%5D=disabled&sort=created_at&page%5Bnumber%5D=1&page%5Bsize%5D=250",
            call!(session, {
                let disabled = AccountSelection::Of(StatusFilter::Disabled);
                session.reader().accounts(disabled).await.map(Got::Accounts)
            }),
        ),
        listed(
            "blocked accounts",
            "/v2/managed_accounts?filter%5Bstatus%5D%5Beq%5D=blocked&sort=created_at&page%5Bnumber%5D=1&page%5Bsize%5D=250",
            call!(session, {
                let blocked = AccountSelection::Of(StatusFilter::Blocked);
                session.reader().accounts(blocked).await.map(Got::Accounts)
            }),
        ),
        Operation {
            name: "the number of enabled accounts",
            target: "/v2/managed_accounts?filter%5Bstatus%5D%5Beq%5D=enabled&page%5Bnumber%5D=1&page%5Bsize%5D=1",
            answer: page(&[account("a1")], 1, 55, 55),
            got: Got::Count(55),
            ..listed(
                "",
                "",
                call!(
                    session,
                    session
                        .reader()
                        .count(StatusFilter::Enabled)
                        .await
                        .map(|count| Got::Count(count.unwrap()))
                ),
            )
        },
        Operation {
            name: "one account, whose id is odd",
            documented: ("GET", "/managed_accounts/{id}"),
            target: "/v2/managed_accounts/a%2Fb%3Fc%23d%20e%252F",
            accept: "application/json",
            body: None,
            answer: one(&account_with_secrets("a1")),
            refusals: ACCOUNT.to_vec(),
            call: call!(
                session,
                session.reader().account(&AccountId::new(ODD_ID)).await.map(Got::Account)
            ),
            got: Got::Account(live_account("a1")),
        },
        Operation {
            name: "the secrets of an account",
            documented: ("GET", "/managed_accounts/{id}"),
            target: "/v2/managed_accounts/a1",
            accept: "application/json",
            body: None,
            answer: one(&account_with_secrets("a1")),
            refusals: ACCOUNT.to_vec(),
            call: call!(session, {
                let read = session.reader().credentials(&account_id()).await?;
                let (key, token) = exposed(&read).unwrap();
                Ok(Got::Secrets(key, token))
            }),
            got: Got::Secrets("KEY_of_the_account".to_owned(), "token_of_the_account".to_owned()),
        },
        Operation {
            name: "the pool of channels",
            documented: ("GET", "/managed_accounts/allocatable_global_outbound_channels"),
            target: "/v2/managed_accounts/allocatable_global_outbound_channels",
            accept: "application/json",
            body: None,
            answer: one(&json!({
                "allocatable_global_outbound_channels": 500,
                "record_type": "allocatable_global_outbound_channels",
                "total_global_channels_allocated": 135,
            })),
            refusals: POOL.to_vec(),
            call: call!(session, session.reader().channels().await.map(Got::Pool)),
            got: Got::Pool(ChannelPool { allocatable: 500, allocated: 135 }),
        },
    ]
}

pub(super) fn creates() -> Vec<Operation> {
    vec![
        Operation {
            name: "create an account with everything",
            documented: ("POST", "/managed_accounts"),
            target: "/v2/managed_accounts",
            accept: "application/json",
            body: Some(json!({
                "business_name": "Larry's Cat Food",
                "email": "larry@catfood.example",
                "password": PASSWORD,
                "managed_account_allow_custom_pricing": true,
                "rollup_billing": false,
            })),
            answer: one(&account_with_secrets("a1")),
            refusals: CREATE.to_vec(),
            call: call!(session, {
                session.writer().create_account(&larry()).await.map(|made| created(made.value))
            }),
            got: Got::Created {
                account: live_account("a1"),
                secrets: Some(("KEY_of_the_account".to_owned(), "token_of_the_account".to_owned())),
            },
        },
        Operation {
            name: "create an account with the API's defaults, answered without secrets",
            documented: ("POST", "/managed_accounts"),
            target: "/v2/managed_accounts",
            accept: "application/json",
            body: Some(json!({
                "business_name": "Larry's Cat Food",
                "email": "larry@catfood.example",
            })),
            answer: one(&account("a1")),
            refusals: CREATE.to_vec(),
            call: call!(session, {
                let plain = AccountRequest {
                    password: None,
                    custom_pricing: None,
                    rollup_billing: None,
                    ..larry()
                };
                session.writer().create_account(&plain).await.map(|made| created(made.value))
            }),
            got: Got::Created { account: live_account("a1"), secrets: None },
        },
    ]
}

pub(super) fn changes() -> Vec<Operation> {
    let changed = |name, documented, target, body, call| Operation {
        name,
        documented,
        target,
        accept: "application/json",
        body,
        answer: one(&account_with_secrets("a1")),
        refusals: CHANGE.to_vec(),
        call,
        got: Got::Done,
    };
    let pricing = |operation| Operation { got: Got::Pricing(Some(true)), ..operation };
    vec![
        pricing(changed(
            "allow custom pricing",
            ("PATCH", "/managed_accounts/{id}"),
            "/v2/managed_accounts/a1",
            Some(json!({ "managed_account_allow_custom_pricing": true })),
            call!(session, {
                let done = session.writer().set_custom_pricing(&account_id(), true).await;
                done.map(|done| Got::Pricing(done.value))
            }),
        )),
        pricing(changed(
            "withdraw custom pricing",
            ("PATCH", "/managed_accounts/{id}"),
            "/v2/managed_accounts/a1",
            Some(json!({ "managed_account_allow_custom_pricing": false })),
            call!(session, {
                let done = session.writer().set_custom_pricing(&account_id(), false).await;
                done.map(|done| Got::Pricing(done.value))
            }),
        )),
        changed(
            "disable an account",
            ("POST", "/managed_accounts/{id}/actions/disable"),
            "/v2/managed_accounts/a1/actions/disable",
            None,
            call!(session, {
                let done = session.writer().disable_account(&account_id()).await;
                done.map(|_| Got::Done)
            }),
        ),
        changed(
            "enable an account",
            ("POST", "/managed_accounts/{id}/actions/enable"),
            "/v2/managed_accounts/a1/actions/enable",
            Some(json!({ "reenable_all_connections": false })),
            call!(session, {
                let done = session.writer().enable_account(&account_id(), false).await;
                done.map(|_| Got::Done)
            }),
        ),
        changed(
            "enable an account and its connections",
            ("POST", "/managed_accounts/{id}/actions/enable"),
            "/v2/managed_accounts/a1/actions/enable",
            Some(json!({ "reenable_all_connections": true })),
            call!(session, {
                let done = session.writer().enable_account(&account_id(), true).await;
                done.map(|_| Got::Done)
            }),
        ),
        Operation {
            answer: one(&json!({
                "channel_limit": 29,
                "email": "a1@customer.example",
                "id": "a1",
                "manager_account_id": "manager-1",
                "record_type": "managed_account_global_outbound_settings",
            })),
            // What is answered counts, not what was asked for.
            got: Got::Limit(29),
            ..changed(
                "set a channel limit",
                ("PATCH", "/managed_accounts/{id}/update_global_channel_limit"),
                "/v2/managed_accounts/a1/update_global_channel_limit",
                Some(json!({ "channel_limit": 30 })),
                call!(session, {
                    let done = session.writer().set_channel_limit(&account_id(), 30).await;
                    done.map(|done| Got::Limit(done.value))
                }),
            )
        },
    ]
}

fn created(Created { account, credentials }: Created) -> Got {
    Got::Created { account, secrets: exposed(&credentials) }
}

fn exposed(Credentials { api_key, api_token }: &Credentials) -> Option<(String, String)> {
    let both = api_key.as_ref().zip(api_token.as_ref());
    both.map(|(key, token)| (key.expose_secret().to_owned(), token.expose_secret().to_owned()))
}
