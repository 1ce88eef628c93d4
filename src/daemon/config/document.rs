//! The configuration as it is written. The documentation of the fields is also what an editor shows.

use schemars::JsonSchema;

use super::schema;

/// What the daemon watches, how often, and whom it tells. Files are relative to the folder of this one.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "Daemon of Trunkline", rename = "Daemon")]
#[expect(dead_code, reason = "it is only described here, and read field by field")]
pub(super) struct Document {
    /// The version of this format: 1.
    #[schemars(schema_with = "schema::version")]
    version: u64,
    /// Where the status page, the metrics and the probes listen. Left out: nowhere. A change needs a restart.
    #[schemars(default, schema_with = "schema::listen")]
    listen: Option<String>,
    /// The names that they answer to, without a port. `localhost` and addresses always are. A change needs a restart.
    #[schemars(default, schema_with = "schema::hosts")]
    hosts: Vec<String>,
    /// What is watched.
    #[schemars(length(min = 1))]
    organizations: Vec<OrganizationEntry>,
}

/// An organization that is watched.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Organization")]
#[expect(dead_code, reason = "it is only described here, and read field by field")]
pub(super) struct OrganizationEntry {
    /// Its manifest: a file or a folder.
    #[schemars(schema_with = "schema::text")]
    manifest: String,
    /// The file with its API key.
    #[schemars(schema_with = "schema::text")]
    api_key_file: String,
    /// Where the API is. Default: what `--base-url` or `TELNYX_BASE_URL` says, or `https://api.telnyx.com/v2`.
    #[schemars(default, schema_with = "schema::text")]
    base_url: Option<String>,
    /// The state, which `apply` should use too. Default: `.trunkline/NAME.json` below the working directory.
    #[schemars(default, schema_with = "schema::text")]
    state: Option<String>,
    /// When it is looked at: a cron expression of five fields, or of six that begin with seconds.
    #[schemars(schema_with = "schema::cron")]
    schedule: String,
    /// The time zone of the schedule, by its IANA name. Default: UTC.
    #[schemars(default, schema_with = "schema::zone")]
    timezone: Option<String>,
    /// By at most so much each run is put off at random, so that not all come at once. Default: 0s.
    #[schemars(default, schema_with = "schema::time")]
    jitter: Option<String>,
    /// So many equal sightings in a row open an episode. Default: 2.
    #[schemars(default, schema_with = "schema::count")]
    open_after: Option<u32>,
    /// So many runs in a row without a sighting close it. Default: 2.
    #[schemars(default, schema_with = "schema::count")]
    close_after: Option<u32>,
    /// What may be done without a person. Never a loss. Default: nothing.
    #[schemars(default, schema_with = "schema::heal")]
    heal: Vec<String>,
    /// While there is a file here nothing is healed.
    #[schemars(default, schema_with = "schema::text")]
    freeze_file: Option<String>,
    /// Who is told.
    #[schemars(default)]
    notify: Vec<TargetEntry>,
}

/// Who is told. An address is `url` or `url_file`: https, or http to this machine.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Target")]
#[expect(dead_code, reason = "it is only described here, and read field by field")]
pub(super) struct TargetEntry {
    /// Its name in logs. What waits for a target is known by it.
    #[schemars(schema_with = "schema::text")]
    name: String,
    /// `slack` for a text, as Slack and all that are compatible with it take it; `webhook` for JSON.
    #[schemars(schema_with = "schema::form")]
    r#type: String,
    /// Its address. One that is a secret belongs into a file.
    #[schemars(default, schema_with = "schema::text")]
    url: Option<String>,
    /// The file with its address.
    #[schemars(default, schema_with = "schema::text")]
    url_file: Option<String>,
    /// The file with the key that signs what is sent (HMAC-SHA256). Only for `webhook`.
    #[schemars(default, schema_with = "schema::text")]
    hmac_key_file: Option<String>,
}
