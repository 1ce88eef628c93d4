//! Answers of the API, and their models.

use serde_json::{Value, json};
use trunkline::model::{
    AccountId, Email, LastSignIn, LiveAccount, LiveUser, Role, UserId, UserStatus,
};

/// An item of the list of accounts: without secrets.
pub(crate) fn account(id: &str) -> Value {
    json!({
        "record_type": "managed_account",
        "id": id,
        "email": format!("{id}@Customer.example"),
        "api_user": "manager@acme.example",
        "organization_name": "Larry's Cat Food",
        "manager_account_id": "manager-1",
        "created_at": "2018-02-02T22:25:27.521Z",
        "updated_at": "2018-02-02T22:25:27.521Z",
        "managed_account_allow_custom_pricing": true,
        "rollup_billing": false,
    })
}

/// An answer about one account, with its secrets and balance.
pub(crate) fn account_with_secrets(id: &str) -> Value {
    let mut body = account(id);
    body["api_key"] = json!("KEY_of_the_account");
    body["api_token"] = json!("token_of_the_account");
    body["balance"] = json!({ "record_type": "balance", "balance": "300.00" });
    body
}

/// The model of [`account`].
pub(crate) fn live_account(id: &str) -> LiveAccount {
    LiveAccount {
        id: AccountId::new(id),
        email: Email::new(format!("{id}@Customer.example")),
        name: Some("Larry's Cat Food".to_owned()),
        manager: Some(AccountId::new("manager-1")),
        api_user: Some(Email::new("manager@acme.example")),
        custom_pricing: Some(true),
        rollup_billing: Some(false),
        status: None,
    }
}

/// A user, without groups.
pub(crate) fn user(id: &str) -> Value {
    json!({
        "id": id,
        "record_type": "organization_sub_user",
        "email": format!("{id}@acme.example"),
        "user_status": "enabled",
        "organization_user_bypasses_sso": false,
        "created_at": "2018-02-02T22:25:27.521Z",
        "last_sign_in_at": null,
    })
}

/// The same user in two groups.
pub(crate) fn user_in_groups(id: &str) -> Value {
    let mut body = user(id);
    body["groups"] =
        json!([{ "id": "g1", "name": "Engineering" }, { "id": "g2", "name": "Sales" }]);
    body
}

/// The model of [`user`].
pub(crate) fn live_user(id: &str) -> LiveUser {
    let email = Email::new(format!("{id}@acme.example"));
    let status = Some(UserStatus::Enabled);
    LiveUser {
        status,
        created: Some("2018-02-02".parse().unwrap()),
        last_sign_in: LastSignIn::Never,
        bypasses_sso: Some(false),
        ..LiveUser::new(UserId::new(id), email, Role::SubUser)
    }
}

/// The model of [`user_in_groups`].
pub(crate) fn live_user_in_groups(id: &str) -> LiveUser {
    let groups = ["Engineering", "Sales"].map(str::to_owned).to_vec();
    LiveUser { groups: Some(groups), ..live_user(id) }
}

/// An answer with one object.
pub(crate) fn one(data: &Value) -> String {
    json!({ "data": data }).to_string()
}

/// One page of a list.
pub(crate) fn page(items: &[Value], number: u64, total_pages: u64, total_results: usize) -> String {
    json!({
        "data": items,
        "meta": {
            "total_pages": total_pages,
            "total_results": total_results,
            "page_number": number,
            "page_size": 250,
        }
    })
    .to_string()
}

/// A list that fits on one page.
pub(crate) fn list(items: &[Value]) -> String {
    page(items, 1, 1, items.len())
}
