//! What a person should know and no request can change.

use crate::model::{Code, Email};

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
    /// The charges of an account go elsewhere.
    ImmutableRollupBilling {
        /// The account.
        email: Email,
        /// Whether they go to the manager.
        have: bool,
        /// Whether they should.
        want: bool,
    },
    /// A listed account is blocked by Telnyx.
    AccountBlocked(Email),
    /// Telnyx would not tell whether an account is enabled, so nothing is done about it.
    StatusUnknown(Email),
    /// A loss was not planned because its target is protected.
    Protected(Subject, Email),
    /// The inventory may lack something, so nothing is lost and nothing created. Why.
    InventoryIncomplete(String),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
            Self::ImmutableRollupBilling { .. } => Code::ImmutableRollupBilling,
            Self::AccountBlocked(_) => Code::AccountBlocked,
            Self::StatusUnknown(_) => Code::StatusUnknown,
            Self::Protected(..) => Code::Protected,
            Self::InventoryIncomplete(_) => Code::InventoryIncomplete,
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
            Self::UserMissing(_) | Self::UserUnlisted(_) | Self::OwnerUnlisted(_) => Subject::User,
            Self::AccountUnlisted(_)
            | Self::AccountAmbiguous(..)
            | Self::ImmutableName { .. }
            | Self::ImmutableRollupBilling { .. }
            | Self::AccountBlocked(_)
            | Self::StatusUnknown(_) => Subject::Account,
            Self::Protected(subject, _) => *subject,
            Self::InventoryIncomplete(_) => Subject::Organization,
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
            | Self::ImmutableRollupBilling { email, .. }
            | Self::AccountBlocked(email)
            | Self::StatusUnknown(email)
            | Self::Protected(_, email) => Some(email),
            Self::InventoryIncomplete(_) => None,
        }
    }

    pub(super) fn order(&self) -> (Level, Code, Subject, Option<&Email>, &str) {
        let text = match self {
            Self::InventoryIncomplete(why) => why.as_str(),
            _ => "",
        };
        (self.level(), self.code(), self.subject(), self.email(), text)
    }
}
