//! What a person should know and no request can change.

use super::Loosened;
use crate::model::{AccountId, Code, Day, Email};

/// What a person should know and no request can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A listed user is not there. Only a person can invite.
    UserMissing(Email),
    /// An account is there and not listed.
    AccountUnlisted(Email),
    /// Several accounts have one email: nobody can say which is meant.
    AccountAmbiguous(Email, usize),
    /// A user is there and not listed.
    UserUnlisted(Email),
    /// An owner is there and not listed. Owners are never removed.
    OwnerUnlisted(Email),
    /// An account has another name.
    ImmutableName {
        /// The account.
        email: Email,
        /// The name it has.
        have: String,
        /// The name it should have.
        want: String,
    },
    /// The account of an `id` has another email.
    ImmutableEmail {
        /// The email it should have.
        email: Email,
        /// The email it has.
        have: Email,
    },
    /// The charges of an account go elsewhere.
    ImmutableRollupBilling {
        /// The account.
        email: Email,
        /// Whether they go to the manager.
        have: bool,
        /// Whether they should.
        want: bool,
    },
    /// A user is in other groups. The API cannot change that.
    GroupMismatch {
        /// The user.
        email: Email,
        /// The groups the user should be in and is not.
        missing: Vec<String>,
        /// The groups the user is in and should not be.
        extra: Vec<String>,
    },
    /// A listed user is blocked by Telnyx.
    UserBlocked(Email),
    /// A listed user is disabled.
    UserDisabled(Email),
    /// A listed account is blocked by Telnyx.
    AccountBlocked(Email),
    /// A listed account was cancelled: its email is taken, and nothing brings it back.
    AccountCancelled(Email),
    /// A listed account is neither live nor cancelled under its `id`, so it would not come back by creating it.
    IdentityGone {
        /// The email of the entry.
        email: Email,
        /// The `id` of the entry.
        id: AccountId,
    },
    /// Who would be lost or created looks like somebody who is missing or there under another email.
    PossibleRename {
        /// Whether it is about an account or a user.
        subject: Subject,
        /// Who is there and not listed.
        email: Email,
        /// Who is listed and not there.
        missing: Email,
    },
    /// The email of an entry is that of a live account with another `id`, so nobody can say which is meant.
    IdentityTaken {
        /// The email of the entry.
        email: Email,
        /// The account that has it.
        by: AccountId,
    },
    /// A create was sent and nobody knows what became of it.
    UnresolvedCreate(Email),
    /// The limits that are wanted do not fit into the pool, so none is raised.
    PoolExceeded {
        /// How many channels they need at least.
        needed: u64,
        /// How many there are.
        allocatable: u64,
    },
    /// Telnyx would not tell whether an account or a user is enabled, so nothing is done about it.
    StatusUnknown(Subject, Email),
    /// An account was created and no list shows it yet, so nothing else is done about it.
    NotYetListed(Email),
    /// The limits of channels that are live are not known, so each that is wanted is set.
    ChannelLimitUnverified,
    /// Something was not planned because its target is protected.
    Protected(Subject, Email),
    /// The inventory may lack something, so nothing is lost and nothing created. Why.
    InventoryIncomplete(String),
    /// The policy allows, or hides, what that of the base does not. The stricter of both holds.
    PolicyLoosened(Loosened),
    /// A difference that the manifest accepts.
    Accepted {
        /// The kind of finding that it would be.
        code: Code,
        /// Whether it is about an account, a user or the organization.
        subject: Subject,
        /// The account or user.
        email: Option<Email>,
        /// The last day on which it is accepted.
        until: Day,
        /// Why it is.
        reason: Option<String>,
    },
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The organization differs from the manifest.
    Drift,
    /// A reader should know.
    Notice,
}

/// What a finding or an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A managed account.
    Account,
    /// A user of the organization.
    User,
    /// The organization as a whole.
    Organization,
}

impl Finding {
    /// The kind of this finding.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::UserMissing(_) => Code::UserMissing,
            Self::AccountUnlisted(_) | Self::AccountAmbiguous(..) => Code::AccountUnlisted,
            Self::UserUnlisted(_) => Code::UserUnlisted,
            Self::OwnerUnlisted(_) => Code::OwnerUnlisted,
            Self::ImmutableName { .. } => Code::ImmutableName,
            Self::ImmutableEmail { .. } => Code::ImmutableEmail,
            Self::ImmutableRollupBilling { .. } => Code::ImmutableRollupBilling,
            Self::GroupMismatch { .. } => Code::GroupMismatch,
            Self::UserBlocked(_) => Code::UserBlocked,
            Self::UserDisabled(_) => Code::UserDisabled,
            Self::AccountBlocked(_) => Code::AccountBlocked,
            Self::AccountCancelled(_) | Self::IdentityGone { .. } => Code::AccountCancelled,
            Self::PossibleRename { .. } | Self::IdentityTaken { .. } => Code::PossibleRename,
            Self::UnresolvedCreate(_) => Code::UnresolvedCreate,
            Self::PoolExceeded { .. } => Code::PoolExceeded,
            Self::StatusUnknown(..) | Self::NotYetListed(_) => Code::StatusUnknown,
            Self::ChannelLimitUnverified => Code::ChannelLimitUnverified,
            Self::Protected(..) => Code::Protected,
            Self::InventoryIncomplete(_) => Code::InventoryIncomplete,
            Self::PolicyLoosened(_) => Code::PolicyLoosened,
            Self::Accepted { .. } => Code::Accepted,
        }
    }

    /// How much it matters.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.code().is_drift() { Level::Drift } else { Level::Notice }
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::UserMissing(_)
            | Self::UserUnlisted(_)
            | Self::OwnerUnlisted(_)
            | Self::GroupMismatch { .. }
            | Self::UserBlocked(_)
            | Self::UserDisabled(_) => Subject::User,
            Self::AccountUnlisted(_)
            | Self::AccountAmbiguous(..)
            | Self::ImmutableName { .. }
            | Self::ImmutableEmail { .. }
            | Self::ImmutableRollupBilling { .. }
            | Self::AccountBlocked(_)
            | Self::AccountCancelled(_)
            | Self::IdentityGone { .. }
            | Self::IdentityTaken { .. }
            | Self::UnresolvedCreate(_)
            | Self::NotYetListed(_) => Subject::Account,
            Self::PossibleRename { subject, .. }
            | Self::StatusUnknown(subject, _)
            | Self::Protected(subject, _)
            | Self::Accepted { subject, .. } => *subject,
            Self::PoolExceeded { .. }
            | Self::ChannelLimitUnverified
            | Self::InventoryIncomplete(_)
            | Self::PolicyLoosened(_) => Subject::Organization,
        }
    }

    /// The email of the account or user that it is about.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        match self {
            Self::UserMissing(email)
            | Self::AccountUnlisted(email)
            | Self::AccountAmbiguous(email, _)
            | Self::UserUnlisted(email)
            | Self::OwnerUnlisted(email)
            | Self::ImmutableName { email, .. }
            | Self::ImmutableEmail { email, .. }
            | Self::ImmutableRollupBilling { email, .. }
            | Self::GroupMismatch { email, .. }
            | Self::UserBlocked(email)
            | Self::UserDisabled(email)
            | Self::AccountBlocked(email)
            | Self::AccountCancelled(email)
            | Self::IdentityGone { email, .. }
            | Self::IdentityTaken { email, .. }
            | Self::PossibleRename { email, .. }
            | Self::UnresolvedCreate(email)
            | Self::NotYetListed(email)
            | Self::StatusUnknown(_, email)
            | Self::Protected(_, email) => Some(email),
            Self::Accepted { email, .. } => email.as_ref(),
            Self::PoolExceeded { .. }
            | Self::ChannelLimitUnverified
            | Self::InventoryIncomplete(_)
            | Self::PolicyLoosened(_) => None,
        }
    }

    /// Where it stands in the plan.
    pub(super) fn order(&self) -> (Level, Code, Subject, Option<&Email>, &str) {
        let rest = match self {
            Self::InventoryIncomplete(why) => why.as_str(),
            Self::PossibleRename { missing, .. } => missing.folded(),
            Self::Accepted { code, .. } => code.name(),
            // At most one of each kind is said of an email, so there is nothing left to order by.
            Self::UserMissing(_)
            | Self::AccountUnlisted(_)
            | Self::AccountAmbiguous(..)
            | Self::UserUnlisted(_)
            | Self::OwnerUnlisted(_)
            | Self::ImmutableName { .. }
            | Self::ImmutableEmail { .. }
            | Self::ImmutableRollupBilling { .. }
            | Self::GroupMismatch { .. }
            | Self::UserBlocked(_)
            | Self::UserDisabled(_)
            | Self::AccountBlocked(_)
            | Self::AccountCancelled(_)
            | Self::IdentityGone { .. }
            | Self::IdentityTaken { .. }
            | Self::UnresolvedCreate(_)
            | Self::PoolExceeded { .. }
            | Self::StatusUnknown(..)
            | Self::NotYetListed(_)
            | Self::ChannelLimitUnverified
            // These come in the order of the policy, and sorting keeps it.
            | Self::PolicyLoosened(_)
            | Self::Protected(..) => "",
        };
        (self.level(), self.code(), self.subject(), self.email(), rest)
    }
}
