//! The eight operations on managed accounts, as functions of the state.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{Answer, Body, Family, Invalid};
use super::body::Fields;
use super::query::{AccountsQuery, Page, Sort, StatusFilter};
use super::seed::{Account, AccountStatus, Seed};

const FAMILY: Family = Family::Accounts;

/// `GET /managed_accounts`
pub(super) fn list(state: &Seed, query: &AccountsQuery) -> Answer {
    let wanted = |account: &&Account| {
        let status = match query.status {
            // Cancelled ones are listed only when they are asked for.
            None | Some(StatusFilter::All) => {
                query.include_cancelled || account.status != AccountStatus::Cancelled
            }
            Some(StatusFilter::Active) => account.status != AccountStatus::Cancelled,
            Some(StatusFilter::One(status)) => account.status == status,
        };
        status && query.email.takes(&account.email) && query.name.takes(&account.organization_name)
    };
    let mut accounts: Vec<&Account> = state.accounts.iter().filter(wanted).collect();
    match query.sort {
        Some(Sort::CreatedAt) => accounts.sort_by_key(|account| (&account.created_at, &account.id)),
        Some(Sort::Email) => accounts.sort_by_key(|account| (&account.email, &account.id)),
        None => {
            accounts.sort_by_key(|account| (&account.created_at, &account.id));
            accounts.reverse();
        }
    }
    page(&accounts, query.page, |account| listed(state, account))
}

/// A page of a list, and what `meta` says of it. A list of nothing has one page.
pub(super) fn page<T>(items: &[T], page: Page, show: impl Fn(&T) -> Value) -> Answer {
    let start = page.size.saturating_mul(page.number - 1).min(items.len());
    let end = start.saturating_add(page.size).min(items.len());
    let data: Vec<Value> = items[start..end].iter().map(show).collect();
    let meta = json!({
        "total_pages": items.len().div_ceil(page.size).max(1),
        "total_results": items.len(),
        "page_number": page.number,
        "page_size": page.size,
    });
    Answer { status: 200, body: Body::Json(json!({ "data": data, "meta": meta })) }
}

/// `POST /managed_accounts`
pub(super) fn create(state: &mut Seed, fields: &mut Fields) -> Answer {
    let name = fields.text("business_name");
    let email = fields.text("email");
    let password = fields.text("password");
    let custom_pricing = fields.flag("managed_account_allow_custom_pricing").unwrap_or(false);
    let rollup_billing = fields.flag("rollup_billing").unwrap_or(false);
    if name.as_ref().is_none_or(|name| name.trim().is_empty()) && fields.problems.is_empty() {
        fields.refuse("business_name", "is required and can't be blank");
    }
    let email = email.unwrap_or_else(|| invented(state));
    if !looks_like_email(&email) {
        fields.refuse("email", "is not an email address");
    } else if state.accounts.iter().any(|account| same(&account.email, &email)) {
        fields.refuse("email", "has already been taken");
    }
    if password.is_some_and(|password| password.chars().count() < 8) {
        fields.refuse("password", "is too short (minimum is 8 characters)");
    }
    if !fields.problems.is_empty() {
        return Answer::invalid(FAMILY, &fields.problems);
    }
    let now = after_all(state);
    let left = state.channels.allocatable.saturating_sub(state.allocated());
    let account = Account {
        id: Uuid::new_v4().to_string(),
        channel_limit: Some(state.channels.default_allotment.min(left)),
        managed_account_allow_custom_pricing: custom_pricing,
        rollup_billing,
        created_at: now.clone(),
        updated_at: now,
        api_key: format!("KEY{}_{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()),
        api_token: Uuid::new_v4().simple().to_string(),
        ..Account::named(&email, &name.unwrap_or_default())
    };
    let answer = Answer::ok(whole(state, &account));
    state.accounts.push(account);
    answer
}

/// `GET /managed_accounts/{id}`
pub(super) fn retrieve(state: &Seed, id: &str) -> Answer {
    match state.accounts.iter().find(|account| account.id == id) {
        Some(account) => Answer::ok(whole(state, account)),
        None => Answer::not_found(FAMILY),
    }
}

/// `PATCH /managed_accounts/{id}`
pub(super) fn update(state: &mut Seed, id: &str, fields: &mut Fields) -> Answer {
    let custom_pricing = fields.flag("managed_account_allow_custom_pricing");
    change(state, id, &fields.problems, |account| {
        if let Some(custom_pricing) = custom_pricing {
            account.managed_account_allow_custom_pricing = custom_pricing;
        }
        Ok(())
    })
}

/// `POST /managed_accounts/{id}/actions/disable`
pub(super) fn disable(state: &mut Seed, id: &str) -> Answer {
    change(state, id, &[], |account| {
        if account.status == AccountStatus::Enabled {
            account.status = AccountStatus::Disabled;
            account.connections_enabled = false;
        }
        Ok(())
    })
}

/// `POST /managed_accounts/{id}/actions/enable`
pub(super) fn enable(state: &mut Seed, id: &str, fields: &mut Fields) -> Answer {
    let connections = fields.flag("reenable_all_connections").unwrap_or(false);
    change(state, id, &fields.problems, |account| {
        if account.status == AccountStatus::Blocked {
            return Err(Invalid::field("", "The account is blocked."));
        }
        account.status = AccountStatus::Enabled;
        account.connections_enabled |= connections;
        Ok(())
    })
}

/// `PATCH /managed_accounts/{id}/update_global_channel_limit`
pub(super) fn set_limit(state: &mut Seed, id: &str, fields: &mut Fields) -> Answer {
    let limit = fields.count("channel_limit");
    if limit.is_none() && fields.problems.is_empty() {
        fields.refuse("channel_limit", "is required");
    }
    let own = state.accounts.iter().find(|account| account.id == id);
    let own = own.and_then(|account| account.channel_limit).unwrap_or(0);
    let free = state.channels.allocatable.saturating_sub(state.allocated()).saturating_add(own);
    let answer = change(state, id, &fields.problems, |account| {
        if limit.is_some_and(|limit| limit > free) {
            let detail = format!("exceeds the {free} channels that can be allocated");
            return Err(Invalid::field("channel_limit", detail));
        }
        account.channel_limit = limit;
        Ok(())
    });
    match (answer.status, state.accounts.iter().find(|account| account.id == id)) {
        (200, Some(account)) => Answer::ok(json!({
            "record_type": "managed_account_global_outbound_settings",
            "id": account.id,
            "email": account.email,
            "manager_account_id": state.manager.id,
            "channel_limit": account.channel_limit,
        })),
        _ => answer,
    }
}

/// `GET /managed_accounts/allocatable_global_outbound_channels`
pub(super) fn channels(state: &Seed) -> Answer {
    Answer::ok(json!({
        "record_type": "allocatable_global_outbound_channels",
        "allocatable_global_outbound_channels": state.channels.allocatable,
        "total_global_channels_allocated": state.allocated(),
        "managed_account_allow_custom_pricing": state.manager.managed_account_allow_custom_pricing,
    }))
}

/// Changes an account that is there and not cancelled; an unknown one comes before an invalid body.
fn change(
    state: &mut Seed,
    id: &str,
    problems: &[Invalid],
    make: impl FnOnce(&mut Account) -> Result<(), Invalid>,
) -> Answer {
    let Some(place) = state.accounts.iter().position(|account| account.id == id) else {
        return Answer::not_found(FAMILY);
    };
    if !problems.is_empty() {
        return Answer::invalid(FAMILY, problems);
    }
    let account = &mut state.accounts[place];
    if account.status == AccountStatus::Cancelled {
        return Answer::invalid(FAMILY, &[Invalid::field("", "The account is cancelled.")]);
    }
    if let Err(problem) = make(account) {
        return Answer::invalid(FAMILY, &[problem]);
    }
    account.updated_at = text(Timestamp::now());
    Answer::ok(whole(state, &state.accounts[place]))
}

/// An account as in a list: without secrets, balance and status.
fn listed(state: &Seed, account: &Account) -> Value {
    json!({
        "record_type": "managed_account",
        "id": account.id,
        "email": account.email,
        "api_user": state.manager.email,
        "organization_name": account.organization_name,
        "manager_account_id": state.manager.id,
        "created_at": account.created_at,
        "updated_at": account.updated_at,
        "managed_account_allow_custom_pricing": account.managed_account_allow_custom_pricing,
        "rollup_billing": account.rollup_billing,
    })
}

/// An account as in every other answer: with its secrets, and a balance of its own if it has one.
fn whole(state: &Seed, account: &Account) -> Value {
    let mut value = listed(state, account);
    value["api_key"] = json!(account.api_key);
    value["api_token"] = json!(account.api_token);
    if !account.rollup_billing {
        value["balance"] = json!({
            "record_type": "balance",
            "balance": "0.00",
            "credit_limit": "0.00",
            "available_credit": "0.00",
            "currency": "USD",
        });
    }
    value
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn looks_like_email(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    let parts = text.split_once('@');
    parts.is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@')
    }) && !text.contains(odd)
}

/// The email of an account that was created without one, made from the manager's.
fn invented(state: &Seed) -> String {
    let (local, domain) =
        state.manager.email.split_once('@').unwrap_or(("managed", "acme.example"));
    format!("{local}+{}@{domain}", Uuid::new_v4().simple())
}

/// A moment that is later than the creation of every account there is.
fn after_all(state: &Seed) -> String {
    let newest = state.accounts.iter().filter_map(|account| account.created_at.parse().ok()).max();
    let next = newest
        .and_then(|newest: Timestamp| newest.checked_add(SignedDuration::from_millis(1)).ok());
    text(next.map_or(Timestamp::now(), |next| next.max(Timestamp::now())))
}

fn text(moment: Timestamp) -> String {
    format!("{moment:.3}")
}
