//! The codes of findings.

/// The code of a finding. The planner's `Finding` documents each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "documented at the finding of that name")]
pub enum Code {
    NegativeBalance,
    UserMissing,
    AccountUnlisted,
    UserUnlisted,
    OwnerUnlisted,
    ImmutableName,
    ImmutableEmail,
    ImmutableRollupBilling,
    GroupMismatch,
    PrivilegedGroup,
    UserStale,
    UserBypassesSso,
    LowBalance,
    UserBlocked,
    UserDisabled,
    AccountBlocked,
    AccountCancelled,
    IdentityConflict,
    AccountVanished,
    PossibleRename,
    UnresolvedCreate,
    PoolExceeded,
    StatusUnknown,
    ChannelLimitUnverified,
    Protected,
    InventoryIncomplete,
    PolicyLoosened,
    Accepted,
    ProtectedUnmatched,
    AcceptUnmatched,
    AccountQuota,
    UntrackedCreates,
    NotCompared,
}

impl Code {
    /// All codes, in the order of reports: the most urgent first.
    pub const ALL: [Self; 33] = [
        Self::NegativeBalance,
        Self::UserMissing,
        Self::AccountUnlisted,
        Self::UserUnlisted,
        Self::OwnerUnlisted,
        Self::ImmutableName,
        Self::ImmutableEmail,
        Self::ImmutableRollupBilling,
        Self::GroupMismatch,
        Self::PrivilegedGroup,
        Self::UserStale,
        Self::UserBypassesSso,
        Self::LowBalance,
        Self::UserBlocked,
        Self::UserDisabled,
        Self::AccountBlocked,
        Self::AccountCancelled,
        Self::IdentityConflict,
        Self::AccountVanished,
        Self::PossibleRename,
        Self::UnresolvedCreate,
        Self::PoolExceeded,
        Self::StatusUnknown,
        Self::ChannelLimitUnverified,
        Self::Protected,
        Self::InventoryIncomplete,
        Self::PolicyLoosened,
        Self::Accepted,
        Self::ProtectedUnmatched,
        Self::AcceptUnmatched,
        Self::AccountQuota,
        Self::UntrackedCreates,
        Self::NotCompared,
    ];

    /// The name in manifests and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NegativeBalance => "negative_balance",
            Self::UserMissing => "user_missing",
            Self::AccountUnlisted => "account_unlisted",
            Self::UserUnlisted => "user_unlisted",
            Self::OwnerUnlisted => "owner_unlisted",
            Self::ImmutableName => "immutable_name",
            Self::ImmutableEmail => "immutable_email",
            Self::ImmutableRollupBilling => "immutable_rollup_billing",
            Self::GroupMismatch => "group_mismatch",
            Self::PrivilegedGroup => "privileged_group",
            Self::UserStale => "user_stale",
            Self::UserBypassesSso => "user_bypasses_sso",
            Self::LowBalance => "low_balance",
            Self::UserBlocked => "user_blocked",
            Self::UserDisabled => "user_disabled",
            Self::AccountBlocked => "account_blocked",
            Self::AccountCancelled => "account_cancelled",
            Self::IdentityConflict => "identity_conflict",
            Self::AccountVanished => "account_vanished",
            Self::PossibleRename => "possible_rename",
            Self::UnresolvedCreate => "unresolved_create",
            Self::PoolExceeded => "pool_exceeded",
            Self::StatusUnknown => "status_unknown",
            Self::ChannelLimitUnverified => "channel_limit_unverified",
            Self::Protected => "protected",
            Self::InventoryIncomplete => "inventory_incomplete",
            Self::PolicyLoosened => "policy_loosened",
            Self::Accepted => "accepted",
            Self::ProtectedUnmatched => "protected_unmatched",
            Self::AcceptUnmatched => "accept_unmatched",
            Self::NotCompared => "not_compared",
            Self::AccountQuota => "account_quota",
            Self::UntrackedCreates => "untracked_creates",
        }
    }

    /// Returns true if the finding is drift, and false if it is a notice. Only drift can be accepted.
    #[must_use]
    pub fn is_drift(self) -> bool {
        match self {
            Self::NegativeBalance
            | Self::UserMissing
            | Self::AccountUnlisted
            | Self::UserUnlisted
            | Self::OwnerUnlisted
            | Self::ImmutableName
            | Self::ImmutableEmail
            | Self::ImmutableRollupBilling
            | Self::GroupMismatch
            | Self::PrivilegedGroup
            | Self::UserStale
            | Self::UserBypassesSso
            | Self::LowBalance
            | Self::UserBlocked
            | Self::UserDisabled
            | Self::AccountBlocked
            | Self::AccountCancelled
            | Self::PossibleRename
            | Self::UnresolvedCreate
            | Self::PoolExceeded
            | Self::IdentityConflict
            | Self::AccountVanished => true,
            Self::StatusUnknown
            | Self::ChannelLimitUnverified
            | Self::Protected
            | Self::InventoryIncomplete
            | Self::PolicyLoosened
            | Self::Accepted
            | Self::ProtectedUnmatched
            | Self::AcceptUnmatched
            | Self::NotCompared
            | Self::AccountQuota
            | Self::UntrackedCreates => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Code;
    use std::collections::BTreeSet;

    #[test]
    fn all_codes_are_listed_once_and_in_order() {
        assert!(Code::ALL.is_sorted());
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
