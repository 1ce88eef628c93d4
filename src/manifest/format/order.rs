//! The order of the fields of a manifest.

use crate::manifest::canonical::ACCOUNT_FIELDS;

/// The part of a manifest that a map belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LayoutSection {
    Manifest,
    Policy,
    Accept,
    Defaults,
    Account,
    User,
    Source,
    /// A map without a defined order.
    Other,
}

impl LayoutSection {
    /// The fields in canonical order.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Manifest => &[
                "version",
                "organization",
                "manager_account_id",
                "policy",
                "accept",
                "defaults",
                "accounts",
                "users",
            ],
            Self::Policy => &[
                "unlisted_accounts",
                "unlisted_users",
                "max_removals",
                "max_disables",
                "max_enables",
                "max_channel_cut",
                "max_pricing_withdrawals",
                "max_creates",
                "protected",
                "stale_after",
                "stale_users",
                "sso_bypass",
                "privileged_groups",
            ],
            Self::Accept => &["code", "email", "until", "reason"],
            Self::Defaults => &["account"],
            Self::Account => &ACCOUNT_FIELDS,
            Self::User => &["email", "groups", "until", "keep", "absent", "owner"],
            Self::Source => &["env", "file"],
            Self::Other => &[],
        }
    }

    /// The index of a field in the canonical order; unknown fields come last.
    pub(super) fn index(self, field: &str) -> usize {
        let fields = self.fields();
        fields.iter().position(|one| *one == field).unwrap_or(fields.len())
    }

    /// The section of the value of a field, or of its entries.
    pub(super) fn of(self, field: &str) -> Self {
        match (self, field) {
            (Self::Manifest, "policy") => Self::Policy,
            (Self::Manifest, "accept") => Self::Accept,
            (Self::Manifest, "defaults") => Self::Defaults,
            (Self::Manifest, "accounts") | (Self::Defaults, "account") => Self::Account,
            (Self::Manifest, "users") => Self::User,
            (Self::Account, "password_from") => Self::Source,
            (
                Self::Manifest
                | Self::Policy
                | Self::Accept
                | Self::Defaults
                | Self::Account
                | Self::User
                | Self::Source
                | Self::Other,
                _,
            ) => Self::Other,
        }
    }
}
