//! Findings: facts that people should know and that no request can change.

use super::{Loosened, Origin};
use crate::model::{AccountId, Amount, Balance, Code, Day, Email, LastSignIn};

/// A fact that a person should know and no request can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The account, user or organization that it is about.
    pub about: About,
    /// The fact.
    pub what: FindingKind,
    /// Its origin. `None` without a base.
    pub origin: Option<Origin>,
}

/// The account, user or organization that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The account with this email, live or only listed.
    Account(Email),
    /// The user with this email, live or only listed.
    User(Email),
    /// The organization as a whole.
    Organization,
}

/// The fact that a finding reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The balance of an account is below zero. Telnyx abolishes such an account after a month.
    NegativeBalance {
        /// The balance.
        balance: Balance,
        /// The time at which the daemon first saw it below zero, in seconds since 1970 (UTC), if the state knows it.
        since: Option<u64>,
    },
    /// The balance of an account is below its declared minimum.
    LowBalance {
        /// The balance.
        balance: Balance,
        /// The declared minimum.
        minimum: Amount,
    },
    /// A listed user is not in the organization. Only a person can invite.
    UserMissing,
    /// A live account is not listed.
    AccountUnlisted,
    /// Several live accounts have the email of one entry, so none of them is touched.
    AccountAmbiguous {
        /// The number of accounts.
        accounts: usize,
    },
    /// A live user is not listed.
    UserUnlisted {
        /// The last day of the entry, if it has passed.
        until: Option<Day>,
    },
    /// A live owner is not listed. Owners are never removed.
    OwnerUnlisted,
    /// The name of an account differs.
    ImmutableName {
        /// The live name.
        have: String,
        /// The listed name.
        want: String,
    },
    /// The account of an `id` has another email.
    ImmutableEmail {
        /// The live email.
        have: Email,
    },
    /// The `rollup_billing` of an account differs.
    ImmutableRollupBilling {
        /// The live value.
        have: bool,
        /// The listed value.
        want: bool,
    },
    /// The groups of a user differ. The API cannot change them.
    GroupMismatch {
        /// Listed groups that the user is not in.
        missing: Vec<String>,
        /// Groups that the user is in and that are not listed.
        extra: Vec<String>,
    },
    /// A user is in privileged groups that no entry grants.
    PrivilegedGroup {
        /// These groups.
        groups: Vec<String>,
    },
    /// A user has not signed in to the portal for as long as `stale_after` says.
    UserStale {
        /// The day of the user's creation.
        created: Day,
        /// The last sign-in.
        last_sign_in: LastSignIn,
    },
    /// A user may sign in without single sign-on, and `sso_bypass` does not list the user.
    UserBypassesSso,
    /// A listed user is blocked by Telnyx.
    UserBlocked,
    /// A listed user is disabled.
    UserDisabled,
    /// A listed account is blocked by Telnyx.
    AccountBlocked,
    /// A listed account was cancelled: its email stays taken.
    AccountCancelled,
    /// No account has the `id` of an entry. Creating one would give it another id.
    AccountGone {
        /// The `id` of the entry.
        id: AccountId,
    },
    /// An unlisted account or user may be a missing entry under another email.
    PossibleRename {
        /// The missing entry.
        missing: Email,
    },
    /// A missing entry may be an unlisted account or user under another email.
    PossibleRenameOf {
        /// The unlisted account or user.
        unlisted: Email,
    },
    /// The id or email of an entry belongs to accounts that another id, email or entry claims too.
    IdentityConflict {
        /// The ids of these accounts.
        accounts: Vec<AccountId>,
    },
    /// The state knows the account of a missing entry by its id, and the API does not know it any more.
    AccountVanished {
        /// The id.
        id: AccountId,
    },
    /// The entry says `owner: true`, and the API lists the user without that role.
    OwnerIsSubUser,
    /// The entry says `owner: true`, and the accounts name other owners.
    OwnerIsAnother {
        /// The owners that the accounts name.
        owners: Vec<Email>,
    },
    /// A removed user is still listed, as disabled.
    RemovalWithoutEffect,
    /// A protected address is neither listed nor live.
    ProtectedUnmatched(Email),
    /// An entry of `accept` applies to no finding.
    AcceptUnmatched {
        /// The code that it names.
        code: Code,
        /// The email that it names.
        email: Option<Email>,
        /// Its last day.
        until: Day,
        /// True if that day has passed.
        past: bool,
    },
    /// The plan creates more accounts than a manager may have by default.
    AccountQuota {
        /// The accounts after the plan.
        accounts: usize,
        /// The default quota.
        quota: usize,
    },
    /// No state keeps track of the creates of the plan.
    UntrackedCreates {
        /// The number of creates.
        creates: usize,
    },
    /// The outcome of a create is unknown.
    UnresolvedCreate,
    /// The declared limits do not fit into the pool, so none is raised.
    PoolExceeded {
        /// The channels that the limits need at least.
        needed: u64,
        /// The channels of the pool.
        allocatable: u64,
    },
    /// The channel limit of an account is withheld, because the pool is too small.
    LimitWithheld,
    /// The status of an account or user is unknown, so it is left alone.
    StatusUnknown,
    /// Telnyx does not return the live value of a declared field.
    NotCompared(UncomparedField),
    /// A created account is in no list yet, so it is left alone.
    NotYetListed,
    /// Live channel limits are unknown, so each declared one is set.
    ChannelLimitUnverified,
    /// An action was withheld because its target is protected.
    Protected,
    /// The inventory is incomplete, so nothing destructive and no create is planned. The reason.
    InventoryIncomplete(String),
    /// The account or user is left alone, because its half of the inventory is incomplete.
    NotFullyRead,
    /// The policy allows, or hides, more than that of the base. The stricter of both applies.
    PolicyLoosened(Loosened),
    /// A difference that the manifest accepts.
    Accepted {
        /// The code of the accepted finding.
        code: Code,
        /// The last day on which it is accepted.
        until: Day,
        /// The reason that the manifest gives.
        reason: Option<String>,
    },
}

/// A declared field whose live value is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UncomparedField {
    /// The manager of the organization, which only accounts name.
    ManagerAccountId,
    /// The name of an account.
    Name,
    /// The payer of the charges of an account.
    RollupBilling,
    /// The balance of an account.
    MinBalance,
    /// The groups of a user.
    Groups,
    /// The sign-ins of a user.
    StaleAfter,
    /// The permission of a user to bypass single sign-on.
    SsoBypass,
}

impl UncomparedField {
    /// The name of the field in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ManagerAccountId => "manager_account_id",
            Self::Name => "name",
            Self::RollupBilling => "rollup_billing",
            Self::MinBalance => "min_balance",
            Self::Groups => "groups",
            Self::StaleAfter => "stale_after",
            Self::SsoBypass => "sso_bypass",
        }
    }
}

/// The weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The organization differs from the manifest.
    Drift,
    /// A reader should know.
    Notice,
}

/// The kind of thing that a finding or an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A managed account.
    Account,
    /// A user of the organization.
    User,
    /// The organization as a whole.
    Organization,
}

impl About {
    /// The account or user with this email.
    #[must_use]
    pub fn new(subject: Subject, email: Email) -> Self {
        match subject {
            Subject::Account => Self::Account(email),
            Subject::User => Self::User(email),
            Subject::Organization => Self::Organization,
        }
    }
}

impl Finding {
    /// A finding about an account.
    #[must_use]
    pub fn account(email: Email, what: FindingKind) -> Self {
        Self { about: About::Account(email), what, origin: None }
    }

    /// A finding about a user.
    #[must_use]
    pub fn user(email: Email, what: FindingKind) -> Self {
        Self { about: About::User(email), what, origin: None }
    }

    /// A finding about the organization.
    #[must_use]
    pub fn organization(what: FindingKind) -> Self {
        Self { about: About::Organization, what, origin: None }
    }

    /// The code by which scripts and `accept` know the finding.
    #[must_use]
    pub fn code(&self) -> Code {
        match self.what {
            FindingKind::NegativeBalance { .. } => Code::NegativeBalance,
            FindingKind::LowBalance { .. } => Code::LowBalance,
            FindingKind::UserMissing => Code::UserMissing,
            FindingKind::AccountUnlisted | FindingKind::AccountAmbiguous { .. } => {
                Code::AccountUnlisted
            }
            FindingKind::UserUnlisted { .. } | FindingKind::RemovalWithoutEffect => {
                Code::UserUnlisted
            }
            FindingKind::OwnerUnlisted => Code::OwnerUnlisted,
            FindingKind::ImmutableName { .. } => Code::ImmutableName,
            FindingKind::ImmutableEmail { .. } => Code::ImmutableEmail,
            FindingKind::ImmutableRollupBilling { .. } => Code::ImmutableRollupBilling,
            FindingKind::GroupMismatch { .. } => Code::GroupMismatch,
            FindingKind::PrivilegedGroup { .. } => Code::PrivilegedGroup,
            FindingKind::UserStale { .. } => Code::UserStale,
            FindingKind::UserBypassesSso => Code::UserBypassesSso,
            FindingKind::UserBlocked => Code::UserBlocked,
            FindingKind::UserDisabled => Code::UserDisabled,
            FindingKind::AccountBlocked => Code::AccountBlocked,
            FindingKind::AccountCancelled | FindingKind::AccountGone { .. } => {
                Code::AccountCancelled
            }
            FindingKind::PossibleRename { .. } | FindingKind::PossibleRenameOf { .. } => {
                Code::PossibleRename
            }
            FindingKind::IdentityConflict { .. }
            | FindingKind::OwnerIsAnother { .. }
            | FindingKind::OwnerIsSubUser => Code::IdentityConflict,
            FindingKind::AccountVanished { .. } => Code::AccountVanished,
            FindingKind::ProtectedUnmatched(_) => Code::ProtectedUnmatched,
            FindingKind::AcceptUnmatched { .. } => Code::AcceptUnmatched,
            FindingKind::AccountQuota { .. } => Code::AccountQuota,
            FindingKind::UntrackedCreates { .. } => Code::UntrackedCreates,
            FindingKind::UnresolvedCreate => Code::UnresolvedCreate,
            FindingKind::PoolExceeded { .. } | FindingKind::LimitWithheld => Code::PoolExceeded,
            FindingKind::StatusUnknown | FindingKind::NotYetListed => Code::StatusUnknown,
            FindingKind::NotCompared(_) => Code::NotCompared,
            FindingKind::ChannelLimitUnverified => Code::ChannelLimitUnverified,
            FindingKind::Protected => Code::Protected,
            FindingKind::InventoryIncomplete(_) | FindingKind::NotFullyRead => {
                Code::InventoryIncomplete
            }
            FindingKind::PolicyLoosened(_) => Code::PolicyLoosened,
            FindingKind::Accepted { .. } => Code::Accepted,
        }
    }

    /// The weight of the finding.
    #[must_use]
    pub fn level(&self) -> Level {
        if self.code().is_drift() { Level::Drift } else { Level::Notice }
    }

    /// Returns true if waiting loses something that cannot be restored. Every report begins with these.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.code() == Code::NegativeBalance
    }

    /// Returns true if it names a rule that withholds actions, other than that the inventory is incomplete.
    #[must_use]
    pub fn names_a_rule(&self) -> bool {
        let code = match self.what {
            FindingKind::Accepted { code, .. } => code,
            FindingKind::AccountGone { .. } => return true,
            _ => self.code(),
        };
        matches!(
            code,
            Code::PossibleRename | Code::Protected | Code::PoolExceeded | Code::AccountVanished
        )
    }

    /// The kind of thing that it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self.about {
            About::Account(_) => Subject::Account,
            About::User(_) => Subject::User,
            About::Organization => Subject::Organization,
        }
    }

    /// The email of the account or user that it is about.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        match &self.about {
            About::Account(email) | About::User(email) => Some(email),
            About::Organization => None,
        }
    }

    /// The sort key of the finding in a plan.
    pub(super) fn order(&self) -> (Level, Code, Subject, Option<&Email>, Option<&FindingKind>) {
        let rest = match &self.what {
            // Policies keep the order of the manifest.
            FindingKind::PolicyLoosened(_) => None,
            // Two users who share an email may both have one.
            what => Some(what),
        };
        (self.level(), self.code(), self.subject(), self.email(), rest)
    }
}
