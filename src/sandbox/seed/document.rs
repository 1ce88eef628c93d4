//! The JSON of a seed as it is written. Whatever can be left out may be left out here; [`super::resolve`] fills it in.

use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize};

use super::strict;
use crate::sandbox::{
    behavior::Behavior,
    stamp::stamp,
    state::{
        Account, AccountStatus, RecordType, SandboxBalance, SandboxState, SignInStatus, User,
        UserGroup,
    },
};

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedDocument {
    #[serde(default, deserialize_with = "strict::object")]
    pub(super) manager: SeedManager,
    #[serde(default, deserialize_with = "strict::object")]
    pub(super) channels: SeedChannels,
    #[serde(default, deserialize_with = "accounts")]
    pub(super) accounts: Vec<SeedAccount>,
    #[serde(default, deserialize_with = "users")]
    pub(super) users: Vec<SeedUser>,
    #[serde(
        default,
        deserialize_with = "strict::object",
        skip_serializing_if = "Behavior::is_default"
    )]
    pub(super) behavior: Behavior,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedManager {
    pub(super) id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) custom_pricing: Option<bool>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedChannels {
    pub(super) allocatable: Option<u64>,
    pub(super) default_allotment: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedAccount {
    pub(super) email: String,
    pub(super) organization_name: Option<String>,
    pub(super) id: Option<String>,
    pub(super) status: Option<AccountStatus>,
    pub(super) channel_limit: Option<u64>,
    pub(super) managed_account_allow_custom_pricing: Option<bool>,
    pub(super) rollup_billing: Option<bool>,
    #[serde(default, deserialize_with = "strict::object")]
    pub(super) balance: SandboxBalance,
    pub(super) connections_enabled: Option<bool>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) api_token: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeedUser {
    pub(super) email: String,
    pub(super) id: Option<String>,
    pub(super) record_type: Option<RecordType>,
    pub(super) user_status: Option<SignInStatus>,
    #[serde(default)]
    pub(super) groups: Vec<SeedGroup>,
    pub(super) organization_user_bypasses_sso: Option<bool>,
    pub(super) created_at: Option<String>,
    pub(super) last_sign_in_at: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a group is its name, or an object with `id` and `name`")]
pub(super) enum SeedGroup {
    Name(String),
    Full(FullGroup),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullGroup {
    pub(super) id: String,
    pub(super) name: String,
}

fn accounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SeedAccount>, D::Error> {
    strict::list(deserializer, "accounts")
}

fn users<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SeedUser>, D::Error> {
    strict::list(deserializer, "users")
}

impl From<&SandboxState> for SeedDocument {
    fn from(state: &SandboxState) -> Self {
        let SandboxState { manager, pool, accounts, users, behavior } = state;
        Self {
            manager: SeedManager {
                id: Some(manager.id.clone()),
                email: Some(manager.email.clone()),
                custom_pricing: Some(manager.custom_pricing),
            },
            channels: SeedChannels {
                allocatable: Some(pool.allocatable),
                default_allotment: Some(pool.default_allotment),
            },
            accounts: accounts.iter().map(|account| SeedAccount::from(account.as_ref())).collect(),
            users: users.iter().map(|user| SeedUser::from(user.as_ref())).collect(),
            behavior: Behavior::clone(behavior),
        }
    }
}

impl From<&Account> for SeedAccount {
    fn from(account: &Account) -> Self {
        let Account {
            id,
            email,
            organization_name,
            status,
            channel_limit,
            custom_pricing,
            rollup_billing,
            balance,
            connections_enabled,
            created_at,
            updated_at,
            api_key,
            api_token,
        } = account.clone();
        Self {
            email,
            organization_name: Some(organization_name),
            id: Some(id),
            status: Some(status),
            channel_limit: Some(channel_limit),
            managed_account_allow_custom_pricing: Some(custom_pricing),
            rollup_billing: Some(rollup_billing),
            balance,
            connections_enabled: Some(connections_enabled),
            created_at: Some(stamp(created_at)),
            updated_at: Some(stamp(updated_at)),
            api_key: Some(api_key.expose_secret().to_owned()),
            api_token: Some(api_token.expose_secret().to_owned()),
        }
    }
}

impl From<&User> for SeedUser {
    fn from(user: &User) -> Self {
        let User { id, email, role, status, groups, bypasses_sso, created_at, last_sign_in_at } =
            user.clone();
        Self {
            email,
            id: Some(id),
            record_type: Some(role),
            user_status: Some(status),
            groups: groups
                .into_iter()
                .map(|UserGroup { id, name }| SeedGroup::Full(FullGroup { id, name }))
                .collect(),
            organization_user_bypasses_sso: Some(bypasses_sso),
            created_at: Some(stamp(created_at)),
            last_sign_in_at: last_sign_in_at.map(stamp),
        }
    }
}
