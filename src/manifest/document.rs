//! A manifest file as it is written: every value has the right form, and nothing is said yet about
//! whether they fit together. The documentation of the fields is also what an editor shows.

use schemars::JsonSchema;

use super::reading::Written;
use super::schema;
use crate::model::{
    AccountId, Budget, Code, Day, Email, PasswordSource, UnlistedAccounts, UnlistedUsers,
};

/// A Telnyx organization as it should be: its managed accounts, and the users who may be in it.
///
/// A manifest is this file, or a folder of such files whose sections are joined.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Manifest of Trunkline", rename = "Manifest")]
pub(super) struct ManifestDocument {
    /// The version of this format: 1.
    #[schemars(schema_with = "schema::version")]
    pub version: Option<Written<u64>>,
    /// A label for reports, file names and metrics. In a folder one file has to say it.
    #[schemars(default, schema_with = "schema::label")]
    pub organization: Option<Written<String>>,
    /// Whether `organization` is there, even if its value is wrong.
    #[schemars(skip)]
    pub names_organization: bool,
    /// The id of the manager account that this manifest is for. A key of another manager is refused.
    #[schemars(default, schema_with = "schema::id")]
    pub manager_account_id: Option<Written<AccountId>>,
    /// What may be done, and how much of it by one plan.
    #[schemars(default, with = "PolicyEntry")]
    pub policy: Option<PolicyEntry>,
    /// Findings that are known and fine, each until a day.
    #[schemars(default, with = "Vec<AcceptEntry>")]
    pub accept: Vec<Written<AcceptEntry>>,
    /// What holds for every account that does not say otherwise.
    #[schemars(default, with = "DefaultsEntry")]
    pub defaults: Option<DefaultsEntry>,
    /// The managed accounts that should exist.
    #[schemars(default, with = "Vec<ManifestAccount>")]
    pub accounts: Vec<Written<ManifestAccount>>,
    /// The users who may be in the organization. Left out: users are not managed, and not read.
    #[schemars(default, with = "Vec<ManifestUser>", length(min = 1))]
    pub users: Option<Vec<Written<ManifestUser>>>,
}

/// What may be done, and how much of it by one plan. A budget is a number, or a percentage that is
/// rounded down but is at least 1; 0 allows none.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Policy")]
pub(super) struct PolicyEntry {
    /// What to do about live accounts that are not listed: `ignore` them, `report` them (the
    /// default), or `disable` them.
    #[schemars(default, schema_with = "schema::unlisted_accounts")]
    pub unlisted_accounts: Option<Written<UnlistedAccounts>>,
    /// What to do about users of the organization who are not listed: `ignore` them, `report` them
    /// (the default), or `remove` them.
    #[schemars(default, schema_with = "schema::unlisted_users")]
    pub unlisted_users: Option<Written<UnlistedUsers>>,
    /// How many users one plan may remove, of all users. Default: 25%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_removals: Option<Written<Budget>>,
    /// How many accounts one plan may disable, of the enabled ones; a channel limit that is set to
    /// 0 counts too. Default: 25%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_disables: Option<Written<Budget>>,
    /// How many accounts one plan may enable, of the disabled ones. Default: 25%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_enables: Option<Written<Budget>>,
    /// How many channels one plan may take away, of those that are allocated. Default: 50%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_channel_cut: Option<Written<Budget>>,
    /// From how many accounts one plan may withdraw custom pricing, of those that have it.
    /// Default: 25%.
    #[schemars(default, schema_with = "schema::budget")]
    pub max_pricing_withdrawals: Option<Written<Budget>>,
    /// The accounts that one plan may create: nothing can delete an account. A number. Default: 100.
    #[schemars(default, schema_with = "schema::count")]
    pub max_creates: Option<Written<u64>>,
    /// The emails of accounts and users that suffer no loss of any kind.
    #[schemars(default, schema_with = "schema::emails")]
    pub protected: Vec<Written<Email>>,
}

/// A finding that is known and fine until a day. It is still shown, and is no drift.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Accept")]
pub(super) struct AcceptEntry {
    /// The kind of the finding, as a plan shows it.
    #[schemars(schema_with = "schema::code")]
    pub code: Option<Written<Code>>,
    /// The account or user that it is about. Only `pool_exceeded`, which is about the whole
    /// organization, can do without.
    #[schemars(default, schema_with = "schema::email")]
    pub email: Option<Written<Email>>,
    /// The last day (UTC) on which it is fine.
    #[schemars(schema_with = "schema::day")]
    pub until: Option<Written<Day>>,
    /// Why it is fine, for whoever reads the report.
    #[schemars(default, schema_with = "schema::text")]
    pub reason: Option<Written<String>>,
}

/// What holds for every entry that does not say otherwise.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Defaults")]
pub(super) struct DefaultsEntry {
    /// What holds for every account that does not say otherwise.
    #[schemars(default, with = "AccountDefaults")]
    pub account: Option<AccountDefaults>,
}

/// What holds for every account that does not say otherwise.
#[derive(Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct AccountDefaults {
    /// Whether accounts may use Telnyx.
    #[schemars(default, with = "bool")]
    pub enabled: Option<Written<bool>>,
    /// How many channels of the manager's pool each account may use at once.
    #[schemars(default, schema_with = "schema::channel_limit")]
    pub channel_limit: Option<Written<u64>>,
    /// Whether accounts may have prices of their own.
    #[schemars(default, with = "bool")]
    pub custom_pricing: Option<Written<bool>>,
    /// Whether the charges of accounts go to the manager. Cannot be changed after creation.
    #[schemars(default, with = "bool")]
    pub rollup_billing: Option<Written<bool>>,
    /// Whether enabling an account also enables its connections again.
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
    /// Its email, by which it is known; upper and lower case are the same.
    #[schemars(schema_with = "schema::email")]
    pub email: Option<Written<Email>>,
    /// Its id at Telnyx, which stays when its email changes.
    #[schemars(default, schema_with = "schema::id")]
    pub id: Option<Written<AccountId>>,
    /// Whether it may use Telnyx.
    #[schemars(default, with = "bool")]
    pub enabled: Option<Written<bool>>,
    /// How many channels of the manager's pool it may use at once.
    #[schemars(default, schema_with = "schema::channel_limit")]
    pub channel_limit: Option<Written<u64>>,
    /// Whether it may have prices of its own.
    #[schemars(default, with = "bool")]
    pub custom_pricing: Option<Written<bool>>,
    /// Whether its charges go to the manager. Cannot be changed after creation.
    #[schemars(default, with = "bool")]
    pub rollup_billing: Option<Written<bool>>,
    /// Whether enabling it also enables its connections again.
    #[schemars(default, with = "bool")]
    pub reenable_connections: Option<Written<bool>>,
    /// Where its password is read from when it is created; never the password itself.
    #[schemars(default, schema_with = "schema::password_source")]
    pub password_from: Option<Written<PasswordSource>>,
}

/// A user who may be in the organization, or who is to be gone.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "User")]
pub(super) struct ManifestUser {
    /// The user's email; upper and lower case are the same.
    #[schemars(schema_with = "schema::email")]
    pub email: Option<Written<Email>>,
    /// The names of the groups that the user should be in. Left out: they are not checked.
    #[schemars(default, schema_with = "schema::groups")]
    pub groups: Option<Written<Vec<Written<String>>>>,
    /// The last day (UTC) on which the user may be in the organization.
    #[schemars(default, schema_with = "schema::day")]
    pub until: Option<Written<Day>>,
    /// `true`: the user is to be gone, whatever `unlisted_users` says.
    #[schemars(default, schema_with = "schema::absent")]
    pub absent: Option<Written<bool>>,
    /// `true`: the user owns the organization. The API may not list the owner, so the user is never reported
    /// as missing and never removed. At most one user.
    #[schemars(default, schema_with = "schema::absent")]
    pub owner: Option<Written<bool>>,
}
