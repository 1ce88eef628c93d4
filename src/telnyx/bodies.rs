//! The bodies of accounts, users and channels, and their conversion to the model.
//!
//! Source of every field: the vendor's `OpenAPI` document. Unknown fields are ignored, unknown values kept. Only
//! [`CredentialsBody`] has fields for secrets.

use secrecy::SecretString;
use serde::de::{DeserializeOwned, Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::wire::JsonObject;
use crate::model::{
    AccountId, ChannelPool, Day, Email, LastSignIn, LiveAccount, LiveUser, Role, UserId, UserStatus,
};

/// A managed account, in lists and in answers to changes.
#[derive(Deserialize)]
pub(super) struct AccountBody {
    #[serde(deserialize_with = "stated")]
    id: String,
    #[serde(deserialize_with = "stated")]
    email: String,
    organization_name: Option<String>,
    manager_account_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    api_user: Option<String>,
    managed_account_allow_custom_pricing: Option<bool>,
    rollup_billing: Option<bool>,
}

impl From<AccountBody> for LiveAccount {
    fn from(body: AccountBody) -> Self {
        Self {
            id: AccountId::new(body.id),
            email: Email::new(body.email),
            name: body.organization_name,
            manager: body.manager_account_id.map(AccountId::new),
            api_user: body.api_user.filter(|email| !email.trim().is_empty()).map(Email::new),
            custom_pricing: body.managed_account_allow_custom_pricing,
            rollup_billing: body.rollup_billing,
            status: None,
        }
    }
}

/// The secrets of an account, each optional. Read only where they are handed to the user.
#[derive(Deserialize)]
pub(super) struct CredentialsBody {
    #[serde(default, deserialize_with = "secret")]
    pub api_key: Option<SecretString>,
    #[serde(default, deserialize_with = "secret")]
    pub api_token: Option<SecretString>,
}

/// Reads a secret. One that is not text counts as missing, so that the answer to a create stays usable.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.into()),
        _ => None,
    })
}

/// A created account and its secrets.
#[derive(Deserialize)]
pub(super) struct CreatedBody {
    #[serde(flatten)]
    pub account: AccountBody,
    #[serde(flatten)]
    pub credentials: CredentialsBody,
}

/// The body of a create.
#[derive(Serialize)]
pub(super) struct CreateBody<'a> {
    pub business_name: &'a str,
    pub email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_account_allow_custom_pricing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollup_billing: Option<bool>,
}

/// The channel pool of the manager.
#[derive(Deserialize)]
pub(super) struct PoolBody {
    allocatable_global_outbound_channels: u64,
    total_global_channels_allocated: u64,
}

impl From<PoolBody> for ChannelPool {
    fn from(body: PoolBody) -> Self {
        Self {
            allocatable: body.allocatable_global_outbound_channels,
            allocated: body.total_global_channels_allocated,
        }
    }
}

/// The answer to setting a channel limit.
#[derive(Deserialize)]
pub(super) struct LimitBody {
    channel_limit: Option<u64>,
}

/// The answer to setting custom pricing.
#[derive(Deserialize)]
pub(super) struct PricingBody {
    #[serde(default, deserialize_with = "lenient")]
    managed_account_allow_custom_pricing: Option<bool>,
}

impl From<PricingBody> for Option<bool> {
    fn from(body: PricingBody) -> Self {
        body.managed_account_allow_custom_pricing
    }
}

/// An answer of which nothing is used.
#[derive(Deserialize)]
pub(super) struct UnusedBody {}

impl From<UnusedBody> for () {
    fn from(_: UnusedBody) -> Self {}
}

impl From<LimitBody> for Option<u64> {
    fn from(body: LimitBody) -> Self {
        body.channel_limit
    }
}

/// A user of the organization.
#[derive(Deserialize)]
pub(super) struct UserBody {
    #[serde(deserialize_with = "stated")]
    id: String,
    #[serde(deserialize_with = "stated")]
    email: String,
    record_type: String,
    user_status: Option<String>,
    groups: Option<Vec<JsonObject<GroupBody>>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) created_at: Option<String>,
    /// `null` for a user who has never signed in. `None` if the answer lacks it.
    #[serde(default, deserialize_with = "present")]
    last_sign_in_at: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) organization_user_bypasses_sso: Option<bool>,
}

impl UserBody {
    /// The time of the last sign-in, as Telnyx sends it.
    pub(super) fn signed_in_at(&self) -> Option<String> {
        self.last_sign_in_at.as_ref().and_then(Value::as_str).map(str::to_owned)
    }

    fn last_sign_in(&self) -> LastSignIn {
        match &self.last_sign_in_at {
            Some(Value::Null) => LastSignIn::Never,
            Some(Value::String(time)) => day(time).map_or(LastSignIn::Unknown, LastSignIn::On),
            Some(_) | None => LastSignIn::Unknown,
        }
    }
}

/// The day of a time in ISO 8601, in UTC.
fn day(time: &str) -> Option<Day> {
    let Ok(time) = time.parse::<jiff::Timestamp>() else { return time.parse().ok() };
    time.strftime("%Y-%m-%d").to_string().parse().ok()
}

/// Keeps a value that is present, even `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct GroupBody {
    name: String,
}

impl From<UserBody> for LiveUser {
    fn from(body: UserBody) -> Self {
        let last_sign_in = body.last_sign_in();
        Self {
            created: body.created_at.as_deref().and_then(day),
            last_sign_in,
            bypasses_sso: body.organization_user_bypasses_sso,
            id: UserId::new(body.id),
            email: Email::new(body.email),
            role: match body.record_type.as_str() {
                "organization_owner" => Role::Owner,
                "organization_sub_user" => Role::SubUser,
                _ => Role::Other(body.record_type),
            },
            status: body.user_status.map(|status| match status.as_str() {
                "enabled" => UserStatus::Enabled,
                "disabled" => UserStatus::Disabled,
                "blocked" => UserStatus::Blocked,
                _ => UserStatus::Other(status),
            }),
            groups: body
                .groups
                .map(|groups| groups.into_iter().map(|JsonObject(group)| group.name).collect()),
        }
    }
}

/// Reads a field that no plan depends on. A value of another type counts as missing.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// Reads an id or email. Blank ones are rejected, because records that share one would count as the same.
fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() {
        return Err(D::Error::invalid_value(Unexpected::Str(&text), &"a text that is not blank"));
    }
    Ok(text)
}
