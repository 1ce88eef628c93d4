//! The fields of the configuration file. Editors show their documentation.

use schemars::JsonSchema;

use super::schema;

/// The organizations to check for drift, their schedules and notification targets. Paths are relative to the folder of this file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "Daemon of Trunkline", rename = "Daemon")]
#[expect(dead_code, reason = "only for the schema; fields are read one by one")]
pub(super) struct ConfigDocument {
    /// The version of this format: 1.
    #[schemars(schema_with = "schema::version")]
    version: u64,
    /// The address of the status page, metrics and probes. Without it the web server does not start. A change needs a restart.
    #[schemars(default, schema_with = "schema::listen")]
    listen: Option<String>,
    /// The host names that the web server answers to, besides `localhost` and addresses. A change needs a restart.
    #[schemars(default, schema_with = "schema::hosts")]
    hosts: Vec<String>,
    /// The organizations to check.
    #[schemars(length(min = 1))]
    organizations: Vec<OrganizationEntry>,
}

/// An organization to check.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Organization")]
#[expect(dead_code, reason = "only for the schema; fields are read one by one")]
pub(super) struct OrganizationEntry {
    /// The manifest: a file or a folder.
    #[schemars(schema_with = "schema::text")]
    manifest: String,
    /// The file with the API key.
    #[schemars(schema_with = "schema::text")]
    api_key_file: String,
    /// The base URL of the API. Default: `--base-url`, `TELNYX_BASE_URL`, or `https://api.telnyx.com/v2`.
    #[schemars(default, schema_with = "schema::text")]
    base_url: Option<String>,
    /// The state. `apply` should use the same. Default: `.trunkline/ORGANIZATION.json` beside the manifest.
    #[schemars(default, schema_with = "schema::text")]
    state: Option<String>,
    /// A cron expression of five fields, or of six with seconds first.
    #[schemars(schema_with = "schema::cron")]
    schedule: String,
    /// The IANA time zone of the schedule. Default: UTC.
    #[schemars(default, schema_with = "schema::zone")]
    timezone: Option<String>,
    /// The largest random delay of each run, which spreads load. Default: 0s.
    #[schemars(default, schema_with = "schema::time")]
    jitter: Option<String>,
    /// The number of runs in a row that must find a difference before it is notified. Default: 2.
    #[schemars(default, schema_with = "schema::count")]
    open_after: Option<u32>,
    /// The number of runs in a row without the difference before it is closed. Default: 2.
    #[schemars(default, schema_with = "schema::count")]
    close_after: Option<u32>,
    /// Changes that the daemon makes without approval. Never destructive ones. Default: none.
    #[schemars(default, schema_with = "schema::heal")]
    heal: Vec<String>,
    /// A file that suspends healing while it exists.
    #[schemars(default, schema_with = "schema::text")]
    freeze_file: Option<String>,
    /// The notification targets.
    #[schemars(default)]
    notify: Vec<TargetEntry>,
}

/// A notification target. Its address is `url` or `url_file`: https, or http to loopback.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Target")]
#[expect(dead_code, reason = "only for the schema; fields are read one by one")]
pub(super) struct TargetEntry {
    /// The name in logs. Undelivered notifications refer to it.
    #[schemars(schema_with = "schema::text")]
    name: String,
    /// `slack` for text, as Slack and compatible services accept it; `webhook` for JSON.
    #[schemars(schema_with = "schema::form")]
    r#type: String,
    /// The address. Put a secret one into a file.
    #[schemars(default, schema_with = "schema::text")]
    url: Option<String>,
    /// The file with the address.
    #[schemars(default, schema_with = "schema::text")]
    url_file: Option<String>,
    /// The file with the key for signatures (HMAC-SHA256). Only for `webhook`.
    #[schemars(default, schema_with = "schema::text")]
    hmac_key_file: Option<String>,
}
