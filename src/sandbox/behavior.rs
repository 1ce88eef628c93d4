//! Variants of the API: the ways in which organizations differ, or in which the documentation leaves room.
//!
//! A seed selects them in its `behavior` object. Every field is optional; the defaults are the first values.
//!
//! | field | values |
//! |---|---|
//! | `owner` | `listed`, `report_only`, `hidden`: where the organization owner appears |
//! | `managed_accounts` | `available`, or refused: `unauthorized` (401, empty), `forbidden` (403, empty), `not_authorized` (403, code 10010), `no_grant` (403, code 10010, `no grant allows …`), `inactive` (403, code 20012) |
//! | `users` | the same values for `/organizations/users`; its refusals always have a body |
//! | `channels` | `available`, `not_enabled` (both numbers are 0), `forbidden` (403 for reading the pool) |
//! | `disabled_filter` | `narrow`, `wide` (includes blocked and cancelled accounts) |
//! | `status_filter` | `applied`, `ignored`, `rejected` (422) |
//! | `api_key`, `api_token` | `immediate`, `never`, `{ "after_reads": N }`: when the secret of a new account is first returned |
//! | `limit_answer` | `full`, `without_channel_limit` |
//! | `taken_emails` | `refused`, `accepted` |
//! | `rate_limit_fields` | `plain`, `policy` (`20, 20;window=1`), `ietf`, `reset_time` (a Unix time) |
//! | `totals` | `both`, `pages_only` (`meta` lacks `total_results`), `neither` |
//! | `lists_late` | number of list requests that still show the state before a change (0) |
//! | `account_quota` | largest number of accounts; unlimited by default |
//! | `unlisted` | emails of accounts that lists omit and a retrieve returns |
//! | `null_fields` | `{ "EMAIL": ["email", "record_type"] }`: fields of an account or user that answers show as null |

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The fields that `null_fields` may name.
pub(super) const NULL_FIELDS: [&str; 14] = [
    "id",
    "email",
    "record_type",
    "organization_name",
    "api_user",
    "manager_account_id",
    "managed_account_allow_custom_pricing",
    "rollup_billing",
    "created_at",
    "updated_at",
    "user_status",
    "groups",
    "organization_user_bypasses_sso",
    "last_sign_in_at",
];

/// The `behavior` object of a seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Behavior {
    pub(super) owner: OwnerVisibility,
    pub(super) managed_accounts: Access,
    pub(super) users: Access,
    pub(super) channels: ChannelAccess,
    pub(super) disabled_filter: DisabledFilter,
    pub(super) status_filter: StatusFilter,
    pub(super) api_key: SecretDelivery,
    pub(super) api_token: SecretDelivery,
    pub(super) limit_answer: LimitAnswer,
    pub(super) taken_emails: TakenEmails,
    pub(super) rate_limit_fields: RateLimitFields,
    pub(super) totals: Totals,
    pub(super) lists_late: u64,
    pub(super) account_quota: Option<u64>,
    pub(super) unlisted: Vec<String>,
    pub(super) null_fields: BTreeMap<String, Vec<String>>,
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            owner: OwnerVisibility::Listed,
            managed_accounts: Access::Available,
            users: Access::Available,
            channels: ChannelAccess::Available,
            disabled_filter: DisabledFilter::Narrow,
            status_filter: StatusFilter::Applied,
            api_key: SecretDelivery::Immediate,
            api_token: SecretDelivery::Immediate,
            limit_answer: LimitAnswer::Full,
            taken_emails: TakenEmails::Refused,
            rate_limit_fields: RateLimitFields::Plain,
            totals: Totals::Both,
            lists_late: 0,
            account_quota: None,
            unlisted: Vec::new(),
            null_fields: BTreeMap::new(),
        }
    }
}

impl Behavior {
    /// Returns true if every field has its default value.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The fields of the account or user with this email that are null.
    pub(super) fn null_fields(&self, email: &str) -> impl Iterator<Item = &String> {
        let same = self.null_fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(email));
        same.flat_map(|(_, fields)| fields)
    }

    /// Returns true if lists omit the account with this email.
    pub(super) fn omits(&self, email: &str) -> bool {
        self.unlisted.iter().any(|omitted| omitted.eq_ignore_ascii_case(email))
    }
}

/// Defines enums whose JSON values are their variants in snake case.
macro_rules! variants {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident),+ })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($variant),+ }
    )+ };
}

variants! {
    /// Places in which the organization owner appears.
    OwnerVisibility { Listed, ReportOnly, Hidden }
    /// Access of the key to one half of the API.
    Access { Available, Unauthorized, Forbidden, NotAuthorized, NoGrant, Inactive }
    /// Access of the key to the pool of channels.
    ChannelAccess { Available, NotEnabled, Forbidden }
    /// Accounts that `filter[status][eq]=disabled` selects.
    DisabledFilter { Narrow, Wide }
    /// Effect of `filter[status][eq]`.
    StatusFilter { Applied, Ignored, Rejected }
    /// Answer to a change of a channel limit.
    LimitAnswer { Full, WithoutChannelLimit }
    /// Treatment of a create whose email another account has.
    TakenEmails { Refused, Accepted }
    /// Totals in the `meta` of a page.
    Totals { Both, PagesOnly, Neither }
    /// Header fields that describe the rate limit.
    RateLimitFields { Plain, Policy, Ietf, ResetTime }
}

/// First answer that has a secret of a new account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SecretDelivery {
    /// The answer to the create.
    Immediate,
    /// No answer.
    Never,
    /// The retrieve after this many without it.
    AfterReads(u64),
}
