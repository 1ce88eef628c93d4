//! The fields of a manifest file, with valid values that are not yet checked against each other. Editors show
//! the documentation of the fields.

use schemars::JsonSchema;

use super::reading::Written;
use super::schema;
use crate::model::{
    AccountId, Amount, Budget, Code, Day, Email, PasswordSource, StaleUsers, UnlistedAccounts,
    UnlistedUsers,
};

/// The desired state of a Telnyx organization: its managed accounts, and the users who may be in it.
///
/// A manifest is one such file, or a folder of them whose sections are joined.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Manifest of Trunkline", rename = "Manifest")]
pub(super) struct ManifestDocument {
    /// The version of this format: 1.
    #[schemars(schema_with = "schema::version")]
    pub version: Option<Written<u64>>,
    /// A label for reports, file names and metrics. In a folder, at least one file must set it.
    #[schemars(default, schema_with = "schema::label")]
    pub organization: Option<Written<String>>,
    /// True if `organization` is present, even with an invalid value.
    #[schemars(skip)]
    pub names_organization: bool,
    /// The id of the manager account that this manifest is for. A key of another manager is refused.
    #[schemars(default, schema_with = "schema::id")]
    pub manager_account_id: Option<Written<AccountId>>,
    /// The allowed actions, and the safety limits of one plan.
    #[schemars(default, with = "PolicyEntry")]
    pub policy: Option<PolicyEntry>,
    /// Known findings that are accepted until a day.
    #[schemars(default, with = "Vec<AcceptEntry>")]
    pub accept: Vec<Written<AcceptEntry>>,
    /// Default values for accounts.
    #[schemars(default, with = "DefaultsEntry")]
    pub defaults: Option<DefaultsEntry>,
    /// The managed accounts that should exist.
    #[schemars(default, with = "Vec<ManifestAccount>")]
    pub accounts: Vec<Written<ManifestAccount>>,
    /// The users who may be in the organization. Left out: users are not managed, and not read.
    #[schemars(default, with = "Vec<ManifestUser>", length(min = 1))]
    pub users: Option<Vec<Written<ManifestUser>>>,
}

/// The allowed actions, and the safety limits of one plan. A limit is a number, or a percentage that is
/// rounded down but is at least 1; 0 allows none.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Policy")]
pub(super) struct PolicyEntry {
    /// The treatment of live accounts that are not listed: `ignore` them, `report` them (the
    /// default), or `disable` them.
    #[schemars(default, schema_with = "schema::unlisted_accounts")]
    pub unlisted_accounts: Option<Written<UnlistedAccounts>>,
    /// The treatment of users of the organization who are not listed: `ignore` them, `report` them
    /// (the default), or `remove` them.
    #[schemars(default, schema_with = "schema::unlisted_users")]
    pub unlisted_users: Option<Written<UnlistedUsers>>,
    /// The maximum number of users that one plan may remove, of all users. Default: 25%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_removals: Option<Written<Budget>>,
    /// The maximum number of accounts that one plan may disable, of the enabled ones. Setting a
    /// channel limit to 0 counts too. Default: 25%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_disables: Option<Written<Budget>>,
    /// The maximum number of accounts that one plan may enable, of the disabled ones. Default: 25%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_enables: Option<Written<Budget>>,
    /// The maximum number of channels that one plan may take away, of the allocated ones. Default: 50%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_channel_cut: Option<Written<Budget>>,
    /// The maximum number of accounts from which one plan may withdraw custom pricing, of those that
    /// have it. Default: 25%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_pricing_withdrawals: Option<Written<Budget>>,
    /// The maximum number of accounts that one plan may create; accounts cannot be deleted. Default: 100.
    #[schemars(default, schema_with = "schema::count")]
    pub max_creates: Option<Written<u64>>,
    /// The emails of accounts and users that are protected from destructive actions.
    #[schemars(default, schema_with = "schema::emails")]
    pub protected: Vec<Written<Email>>,
    /// The time after which a user who has not signed in to the portal is stale, in days: `90d`. A user who was
    /// created within that time is never stale. Left out: sign-ins are not checked.
    #[schemars(default, schema_with = "schema::days")]
    pub stale_after: Option<Written<u32>>,
    /// The treatment of listed users who are stale: `report` them (the default), or `remove` them. Owners,
    /// protected users and users with `keep: true` are never removed, nor users whose dates Telnyx does not return.
    #[schemars(default, schema_with = "schema::stale_users")]
    pub stale_users: Option<Written<StaleUsers>>,
    /// The emails of the only users who may sign in without single sign-on. Left out: not checked.
    #[schemars(default, schema_with = "schema::emails")]
    pub sso_bypass: Option<Written<Vec<Written<Email>>>>,
    /// The names of groups whose members must have the group in the `groups` of their entry.
    #[schemars(default, schema_with = "schema::groups")]
    pub privileged_groups: Option<Written<Vec<Written<String>>>>,
}

/// A known finding that is accepted until a day. It is still shown, but does not count as drift.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Accept")]
pub(super) struct AcceptEntry {
    /// The code of the finding, as a plan shows it.
    #[schemars(schema_with = "schema::code")]
    pub code: Option<Written<Code>>,
    /// The account or user concerned. Required except for `pool_exceeded`, which concerns the whole
    /// organization.
    #[schemars(default, schema_with = "schema::email")]
    pub email: Option<Written<Email>>,
    /// The last day (UTC) on which the finding is accepted.
    #[schemars(schema_with = "schema::day")]
    pub until: Option<Written<Day>>,
    /// The reason, shown in reports.
    #[schemars(default, schema_with = "schema::text")]
    pub reason: Option<Written<String>>,
}

/// Default values for entries.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Defaults")]
pub(super) struct DefaultsEntry {
    /// Default values for accounts.
    #[schemars(default, with = "AccountDefaults")]
    pub account: Option<AccountDefaults>,
}

/// Default values for accounts.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct AccountDefaults {
    /// True if accounts may use Telnyx.
    #[schemars(default, with = "bool")]
    pub enabled: Option<Written<bool>>,
    /// The number of channels of the manager's pool that each account may use at once.
    #[schemars(default, schema_with = "schema::channel_limit")]
    pub channel_limit: Option<Written<u64>>,
    /// True if accounts may have custom pricing.
    #[schemars(default, with = "bool")]
    pub custom_pricing: Option<Written<bool>>,
    /// True if the charges of accounts are billed to the manager. Cannot be changed after creation.
    #[schemars(default, with = "bool")]
    pub rollup_billing: Option<Written<bool>>,
    /// The balance below which an account is reported. Does not apply to accounts with `rollup_billing: true`,
    /// which have no balance.
    #[schemars(default, schema_with = "schema::amount")]
    pub min_balance: Option<Written<Amount>>,
    /// True if enabling an account also re-enables its connections.
    #[schemars(default, with = "bool")]
    pub reenable_connections: Option<Written<bool>>,
}

/// A managed account. A field that is neither here nor in `defaults` is not managed.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Account")]
pub(super) struct ManifestAccount {
    /// The name of its organization, as Telnyx shows it. Only Telnyx can change it later.
    #[schemars(schema_with = "schema::text")]
    pub name: Option<Written<String>>,
    /// Its email, which identifies it. Compared without regard to case.
    #[schemars(schema_with = "schema::email")]
    pub email: Option<Written<Email>>,
    /// Its Telnyx id, which survives a change of email. A UUID in any spelling.
    #[schemars(default, schema_with = "schema::id")]
    pub id: Option<Written<AccountId>>,
    /// True if it may use Telnyx.
    #[schemars(default, with = "bool")]
    pub enabled: Option<Written<bool>>,
    /// The number of channels of the manager's pool that it may use at once.
    #[schemars(default, schema_with = "schema::channel_limit")]
    pub channel_limit: Option<Written<u64>>,
    /// True if it may have custom pricing.
    #[schemars(default, with = "bool")]
    pub custom_pricing: Option<Written<bool>>,
    /// True if its charges are billed to the manager. Cannot be changed after creation.
    #[schemars(default, with = "bool")]
    pub rollup_billing: Option<Written<bool>>,
    /// The balance below which it is reported, in its own currency. Left out: its balance is not read.
    #[schemars(default, schema_with = "schema::amount")]
    pub min_balance: Option<Written<Amount>>,
    /// True if enabling it also re-enables its connections.
    #[schemars(default, with = "bool")]
    pub reenable_connections: Option<Written<bool>>,
    /// The source of its initial password; never the password itself.
    #[schemars(default, schema_with = "schema::password_source")]
    pub password_from: Option<Written<PasswordSource>>,
}

/// A user who may be in the organization, or who must not be.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "User")]
pub(super) struct ManifestUser {
    /// The user's email. Compared without regard to case.
    #[schemars(schema_with = "schema::email")]
    pub email: Option<Written<Email>>,
    /// The names of the user's groups. Left out: groups are not checked.
    #[schemars(default, schema_with = "schema::groups")]
    pub groups: Option<Written<Vec<Written<String>>>>,
    /// The last day (UTC) on which the user may be in the organization.
    #[schemars(default, schema_with = "schema::day")]
    pub until: Option<Written<Day>>,
    /// True if the user never counts as stale, such as a user of the API only.
    #[schemars(default, schema_with = "schema::absent")]
    pub keep: Option<Written<bool>>,
    /// True if the user must not be in the organization, whatever `unlisted_users` is.
    #[schemars(default, schema_with = "schema::absent")]
    pub absent: Option<Written<bool>>,
    /// True if the user owns the organization. The API may not list the owner, so the user is never reported
    /// as missing and never removed. At most one user.
    #[schemars(default, schema_with = "schema::absent")]
    pub owner: Option<Written<bool>>,
}
