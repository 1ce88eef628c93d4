//! The JSON of a seed as it is written. Whatever can be left out may be left out here; [`super::resolve`] fills it in.

use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize};

use super::strict;
use crate::sandbox::{
    behavior::Behavior,
    stamp::stamp,
    state::{Account, Balance, Group, Role, State, Status, User, UserStatus},
};

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default, deserialize_with = "strict::object")]
    pub(super) manager: ManagerEntry,
    #[serde(default, deserialize_with = "strict::object")]
    pub(super) channels: ChannelsEntry,
    #[serde(default, deserialize_with = "accounts")]
    pub(super) accounts: Vec<AccountEntry>,
    #[serde(default, deserialize_with = "users")]
    pub(super) users: Vec<UserEntry>,
    #[serde(
        default,
        deserialize_with = "strict::object",
        skip_serializing_if = "Behavior::is_default"
    )]
    pub(super) behavior: Behavior,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ManagerEntry {
    pub(super) id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) custom_pricing: Option<bool>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelsEntry {
    pub(super) allocatable: Option<u64>,
    pub(super) default_allotment: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountEntry {
    pub(super) email: String,
    pub(super) organization_name: Option<String>,
    pub(super) id: Option<String>,
    pub(super) status: Option<Status>,
    pub(super) channel_limit: Option<u64>,
    pub(super) managed_account_allow_custom_pricing: Option<bool>,
    pub(super) rollup_billing: Option<bool>,
    #[serde(default, deserialize_with = "strict::object")]
    pub(super) balance: Balance,
    pub(super) connections_enabled: Option<bool>,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
    pub(super) api_key: Option<String>,
    pub(super) api_token: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEntry {
    pub(super) email: String,
    pub(super) id: Option<String>,
    pub(super) record_type: Option<Role>,
    pub(super) user_status: Option<UserStatus>,
    #[serde(default)]
    pub(super) groups: Vec<GroupEntry>,
    pub(super) organization_user_bypasses_sso: Option<bool>,
    pub(super) created_at: Option<String>,
    pub(super) last_sign_in_at: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a group is its name, or an object with `id` and `name`")]
pub(super) enum GroupEntry {
    Name(String),
    Full(FullGroup),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullGroup {
    pub(super) id: String,
    pub(super) name: String,
}

fn accounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AccountEntry>, D::Error> {
    strict::list(deserializer, "accounts")
}

fn users<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<UserEntry>, D::Error> {
    strict::list(deserializer, "users")
}

impl From<&State> for Document {
    fn from(state: &State) -> Self {
        let State { manager, pool, accounts, users, behavior } = state;
        Self {
            manager: ManagerEntry {
                id: Some(manager.id.clone()),
                email: Some(manager.email.clone()),
                custom_pricing: Some(manager.custom_pricing),
            },
            channels: ChannelsEntry {
                allocatable: Some(pool.allocatable),
                default_allotment: Some(pool.default_allotment),
            },
            accounts: accounts.iter().map(|account| AccountEntry::from(account.as_ref())).collect(),
            users: users.iter().map(|user| UserEntry::from(user.as_ref())).collect(),
            behavior: Behavior::clone(behavior),
        }
    }
}

impl From<&Account> for AccountEntry {
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

impl From<&User> for UserEntry {
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
                .map(|Group { id, name }| GroupEntry::Full(FullGroup { id, name }))
                .collect(),
            organization_user_bypasses_sso: Some(bypasses_sso),
            created_at: Some(stamp(created_at)),
            last_sign_in_at: last_sign_in_at.map(stamp),
        }
    }
}
