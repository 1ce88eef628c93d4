//! Accounts and users as the API returns them. List items have no secrets or balance; nothing has a status.

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{
    behavior::{Behavior, ChannelAccess, LimitAnswer, Totals},
    query::PageRequest,
    stamp::stamp,
    state::{Account, SandboxState, User},
};

/// An account in a list.
pub(super) fn listed_account(state: &SandboxState, account: &Account) -> Value {
    let mut shown = json!({
        "record_type": "managed_account",
        "id": account.id,
        "email": account.email,
        "organization_name": account.organization_name,
        "api_user": state.manager.email,
        "manager_account_id": state.manager.id,
        "managed_account_allow_custom_pricing": account.custom_pricing,
        "rollup_billing": account.rollup_billing,
        "created_at": stamp(account.created_at),
        "updated_at": stamp(account.updated_at),
    });
    blank(&state.behavior, &account.email, &mut shown);
    shown
}

/// Sets the fields to null that the seed lists for this email.
fn blank(behavior: &Behavior, email: &str, shown: &mut Value) {
    for field in behavior.null_fields(email) {
        if let Some(value) = shown.get_mut(field) {
            *value = Value::Null;
        }
    }
}

/// A single account, with its secrets, and its balance unless charges roll up.
pub(super) fn account(state: &SandboxState, account: &Account) -> Value {
    let mut shown = listed_account(state, account);
    shown["api_key"] = account.api_key.expose_secret().into();
    shown["api_token"] = account.api_token.expose_secret().into();
    if !account.rollup_billing {
        shown["balance"] = json!(account.balance);
        shown["balance"]["record_type"] = "balance".into();
    }
    shown
}

/// The answer to setting a channel limit.
pub(super) fn channel_limit(state: &SandboxState, account: &Account) -> Value {
    let mut shown = json!({
        "record_type": "managed_account_global_outbound_settings",
        "id": account.id,
        "email": account.email,
        "manager_account_id": state.manager.id,
    });
    if state.behavior.limit_answer == LimitAnswer::Full {
        shown["channel_limit"] = account.channel_limit.into();
    }
    blank(&state.behavior, &account.email, &mut shown);
    shown
}

/// The pool of channels.
pub(super) fn channels(state: &SandboxState) -> Value {
    let enabled = u64::from(state.behavior.channels != ChannelAccess::NotEnabled);
    json!({
        "record_type": "allocatable_global_outbound_channels",
        "managed_account_allow_custom_pricing": state.manager.custom_pricing,
        "allocatable_global_outbound_channels": state.pool.allocatable * enabled,
        "total_global_channels_allocated": state.allocated() * enabled,
    })
}

/// A user, with groups or without.
pub(super) fn user(state: &SandboxState, user: &User, groups: bool) -> Value {
    let mut shown = json!({
        "record_type": user.role,
        "id": user.id,
        "email": user.email,
        "user_status": user.status,
        "organization_user_bypasses_sso": user.bypasses_sso,
        "created_at": stamp(user.created_at),
        "last_sign_in_at": user.last_sign_in_at.map(stamp),
    });
    if groups {
        shown["groups"] = json!(user.groups);
    }
    blank(&state.behavior, &user.email, &mut shown);
    shown
}

/// One page of a list. Pages beyond the end are empty; an empty list has one page.
pub(super) fn page<T>(
    items: &[T],
    PageRequest { number, size }: PageRequest,
    totals: Totals,
    show: impl Fn(&T) -> Value,
) -> Value {
    let total = items.len() as u64;
    let skip = usize::try_from((number - 1).saturating_mul(size)).unwrap_or(usize::MAX);
    let take = usize::try_from(size).unwrap_or(usize::MAX);
    let data: Vec<_> = items.iter().skip(skip).take(take).map(show).collect();
    let mut meta = json!({ "page_number": number, "page_size": size });
    if totals != Totals::Neither {
        meta["total_pages"] = total.div_ceil(size).max(1).into();
    }
    if totals == Totals::Both {
        meta["total_results"] = total.into();
    }
    json!({ "data": data, "meta": meta })
}

/// The groups report as CSV (RFC 4180), with the line ends of the vendor's example.
pub(super) fn csv(state: &SandboxState, users: &[&Arc<User>]) -> String {
    let mut lines = vec!["id,email,user_status,created_at,last_sign_in_at,groups".to_owned()];
    for user in users {
        let shown = self::user(state, user, false);
        let groups: Vec<_> = user.groups.iter().map(|group| group.name.as_str()).collect();
        let field = |name: &str| quoted(shown[name].as_str().unwrap_or_default());
        let fields = ["id", "email", "user_status", "created_at", "last_sign_in_at"].map(field);
        lines.push(format!("{},{}", fields.join(","), quoted(&groups.join(", "))));
    }
    lines.join("\n")
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn csv_fields_are_quoted_where_needed() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a, b"), "\"a, b\"");
        assert_eq!(quoted("say \"hi\"\n"), "\"say \"\"hi\"\"\n\"");
    }
}
